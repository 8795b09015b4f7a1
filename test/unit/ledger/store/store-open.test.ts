/** A ledger opens, or says in words what is wrong and what to do. */

import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { LedgerOpenError, LedgerStoreError } from "../../../../src/ledger/store/failures.ts";
import { ledgerPath } from "../../../../src/ledger/store/ledger-file.ts";
import { LedgerStore } from "../../../../src/ledger/store/ledger-store.ts";
import { schemaSteps } from "../../../../src/ledger/store/schema.ts";
import { endOf, holder } from "./child.ts";
import { change, select } from "./inspection.ts";
import { newFolder, openStore, start, thrownBy, wholeAttempts } from "./records.ts";

const PAGE_BYTES = 4_096;

function refusalOf(folder: string, options = {}): LedgerOpenError {
  const thrown = thrownBy(() => LedgerStore.open(folder, options).close());
  if (thrown instanceof LedgerOpenError) return thrown;
  throw new Error(`the store was not refused: ${String(thrown)}`);
}

function filledFolder(attempts: number): string {
  const folder = newFolder();
  const store = LedgerStore.open(folder);
  store.apply(wholeAttempts(attempts), start);
  store.close();
  return folder;
}

/** The page in the middle of the table of attempts, filled with what is no page. */
function damage(folder: string): void {
  const [{ page } = {}] = select(
    folder,
    `SELECT pageno AS page FROM dbstat WHERE name = 'attempts' AND pagetype = 'leaf'
     ORDER BY path LIMIT 1 OFFSET 5`,
  );
  const file = openSync(ledgerPath(folder), "r+");
  writeSync(file, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, (Number(page) - 1) * PAGE_BYTES);
  closeSync(file);
}

describe("a folder of its own", () => {
  test("is made with all above it, for this user's eyes alone", () => {
    const folder = join(newFolder(), "deep", "data");
    openStore(folder);
    expect(statSync(folder).mode & 0o077).toBe(0);
    expect(statSync(ledgerPath(folder)).mode & 0o077).toBe(0);
    expect(statSync(`${ledgerPath(folder)}-wal`).mode & 0o077).toBe(0);
  });

  test("SQLite keeps what it was told to be safe with", () => {
    const folder = newFolder();
    openStore(folder);
    expect(select(folder, "PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
  });
});

describe("a folder in use", () => {
  test("by this process is refused, and free again after closing", () => {
    const folder = newFolder();
    const store = openStore(folder);
    const refusal = refusalOf(folder);
    expect(refusal.fault).toBe("in_use");
    expect(refusal.message).toContain(
      `The data folder ${folder} is in use by another gateway (pid ${process.pid}).`,
    );
    store.close();
    openStore(folder);
  });

  test("by another process is refused with its pid, and free once that is killed", async () => {
    const folder = newFolder();
    const child = await holder(folder);
    const refusal = refusalOf(folder);
    expect(refusal.fault).toBe("in_use");
    expect(refusal.message).toContain(`(pid ${child.pid})`);
    child.kill("SIGKILL");
    expect(await endOf(child)).toBe("SIGKILL");
    openStore(folder);
    expect(readFileSync(join(folder, "lock.pid"), "latin1")).toBe(`${process.pid}\n`);
  });

  test("is free again when the thread that had it is ended, so that it can be started anew", async () => {
    const folder = newFolder();
    const module = new URL("../../../../src/ledger/store/ledger-store.ts", import.meta.url).href;
    const worker = new Worker(
      `import { parentPort } from "node:worker_threads";
       const { LedgerStore } = await import(${JSON.stringify(module)});
       globalThis.store = LedgerStore.open(${JSON.stringify(folder)});
       setInterval(() => {}, 1000);
       parentPort.postMessage("held");`,
      { eval: true, execArgv: ["--disable-warning=ExperimentalWarning", "--input-type=module"] },
    );
    await once(worker, "message");
    expect(refusalOf(folder).fault).toBe("in_use");
    await worker.terminate();
    openStore(folder);
  });

  test("the message does without a pid where there is none to read", () => {
    const folder = newFolder();
    openStore(folder);
    writeFileSync(join(folder, "lock.pid"), "what\nis this");
    expect(refusalOf(folder).message).toContain("(pid not known)");
  });
});

describe("a file that is no ledger of this program", () => {
  test("no database at all", () => {
    const folder = newFolder();
    writeFileSync(ledgerPath(folder), "a text that somebody put here ".repeat(100));
    const refusal = refusalOf(folder);
    expect(refusal.fault).toBe("corrupt");
    expect(refusal.message).toContain("Put a backup in its place");
    expect(refusalOf(folder).fault).toBe("corrupt");
  });

  test("another program's database", () => {
    const folder = newFolder();
    change(folder, "CREATE TABLE theirs (a)");
    expect(refusalOf(folder).fault).toBe("foreign");
    expect(select(folder, "SELECT name FROM sqlite_schema")).toEqual([{ name: "theirs" }]);
  });

  test("a newer version's ledger, which is left as it is", () => {
    const folder = filledFolder(1);
    change(folder, `PRAGMA user_version = ${schemaSteps.length + 1}`);
    const refusal = refusalOf(folder);
    expect(refusal.fault).toBe("newer_schema");
    expect(refusal.message).toContain("was written by a newer version of this program");
    expect(select(folder, "SELECT count(*) AS n FROM attempts")).toEqual([{ n: 1 }]);
  });

  test("an empty file is a ledger to be", () => {
    const folder = newFolder();
    writeFileSync(ledgerPath(folder), "");
    openStore(folder).apply(wholeAttempts(1), start);
    expect(select(folder, "SELECT count(*) AS n FROM attempts")).toEqual([{ n: 1 }]);
  });
});

describe("a damaged file", () => {
  test("cut short", () => {
    const folder = filledFolder(1_000);
    truncateSync(ledgerPath(folder), 20 * PAGE_BYTES);
    expect(refusalOf(folder).fault).toBe("corrupt");
  });

  test("cut within a page", () => {
    const folder = filledFolder(1_000);
    truncateSync(ledgerPath(folder), 100);
    expect(["corrupt", "foreign"]).toContain(refusalOf(folder).fault);
  });

  test("a page overwritten", () => {
    const folder = filledFolder(1_000);
    damage(folder);
    const refusal = refusalOf(folder);
    expect(refusal.fault).toBe("corrupt");
    expect(refusal.message).toContain("is damaged");
  });

  test("too large to be read through: it opens, and the damage is told where it is met", () => {
    const folder = filledFolder(1_000);
    damage(folder);
    const store = openStore(folder, { checkedBytesMax: statSync(ledgerPath(folder)).size - 1 });
    const thrown = thrownBy(() => store.retire(Number.MAX_SAFE_INTEGER, 0, 1_000));
    expect(thrown).toBeInstanceOf(LedgerStoreError);
    expect(thrown).toMatchObject({ fault: "corrupt" });
    store.apply(wholeAttempts(1, 0, "req_new_"), start);
  });

  test("its lock is freed with the refusal", () => {
    const folder = newFolder();
    writeFileSync(ledgerPath(folder), "no database".repeat(1_000));
    refusalOf(folder);
    writeFileSync(ledgerPath(folder), "");
    openStore(folder);
  });
});

describe("a place that cannot be written", () => {
  test("a file where the folder should be", () => {
    const folder = join(newFolder(), "data");
    writeFileSync(folder, "");
    expect(refusalOf(folder).fault).toBe("not_writable");
    expect(refusalOf(join(folder, "below")).fault).toBe("not_writable");
  });

  test("a folder where the file should be", () => {
    const folder = newFolder();
    mkdirSync(ledgerPath(folder));
    expect(refusalOf(folder).fault).toBe("not_writable");
  });

  test("a folder below a link that leads nowhere: it cannot be made, which is not that it is missing", () => {
    const link = join(newFolder(), "data");
    symlinkSync(join(newFolder(), "gone", "further"), link);
    const { fault, message } = refusalOf(join(link, "below"));
    expect([fault, message.includes("VOLCANO_PROXY_DATA")]).toEqual(["not_writable", true]);
  });
});

test("a file that another program keeps locked is refused, not waited for", () => {
  const folder = filledFolder(1);
  const other = new DatabaseSync(ledgerPath(folder));
  other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM attempts");
  expect(refusalOf(folder, { busyTimeoutMs: 0 }).fault).toBe("busy");
  other.exec("ROLLBACK");
  other.close();
  openStore(folder);
});
