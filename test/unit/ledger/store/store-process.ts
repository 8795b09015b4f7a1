/**
 * A program for the tests that need another process: `hold` opens the ledger and keeps it; `migrate` dies in
 * the middle of a step of the schema.
 */
import { DatabaseSync } from "node:sqlite";
import { ledgerPath } from "../../../../src/ledger/store/ledger-file.ts";
import { LedgerStore } from "../../../../src/ledger/store/ledger-store.ts";
import { migrate } from "../../../../src/ledger/store/migrate.ts";

const [, , task, folder = "", stepsText = "[]"] = process.argv;

if (task === "hold") {
  const store = LedgerStore.open(folder);
  process.on("SIGTERM", () => {
    store.close();
    process.exit(0);
  });
  process.stdout.write("held\n");
  setInterval(() => store.position(), 1_000);
} else {
  const database = new DatabaseSync(ledgerPath(folder));
  database.function("die", () => {
    process.kill(process.pid, "SIGKILL");
    return 0;
  });
  migrate(database, JSON.parse(stepsText) as string[]);
}
