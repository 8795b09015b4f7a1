/** Does what the ledger's page says of backup and restore, in the page's own words, beside an open ledger. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import type { BeijingDay } from "../../src/core/beijing-day.ts";
import { CalibratedEstimator } from "../../src/ledger/estimate/calibrated-estimator.ts";
import { LedgerStore } from "../../src/ledger/store/ledger-store.ts";
import { openReports } from "../../src/ledger/store/open-reports.ts";
import { ledgerWith, openedRecord, recordsOf } from "../support/ledger-fixture.ts";

const DAY = "2026-11-21" as BeijingDay;

/** The statement that the page tells to run, in both languages and both ways the same. */
function statementOfPages(): string {
  const pages = ["docs/ledger.md", "docs/ledger.zh-CN.md"].map((path) =>
    readFileSync(join(import.meta.dirname, "../..", path), "utf8"),
  );
  const statements = pages.flatMap((page) => page.match(/VACUUM INTO '[^']+'/g) ?? []);
  expect(statements).toHaveLength(4);
  expect(new Set(statements).size).toBe(1);
  return statements[0] ?? "";
}

async function sumsOf(folder: string): Promise<{ attempts: number; estimated: number }> {
  const reports = openReports(folder);
  const period = { firstDay: DAY, lastDay: DAY };
  const { totals } = await reports.usage({ period, groupBy: [] });
  await reports.close();
  return { attempts: totals.attempts, estimated: totals.estimatedAttempts };
}

test("a copy made beside a running gateway is a ledger of its own, and goes on from there", async () => {
  const home = mkdtempSync(join(tmpdir(), "ledger-backup-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const store = ledgerWith(join(home, "data"), [{ attemptId: "req_a.1" }, { attemptId: "req_b.1" }]);
  onTestFinished(() => store.close());
  store.setMeta("admin_key_hash", "of the key");
  store.apply([openedRecord({ attemptId: "req_c.1" })], { segment: 7, offset: 2 });

  mkdirSync(join(home, "backup"));
  const reader = new DatabaseSync(join(home, "data", "ledger.sqlite"), { readOnly: true, timeout: 5_000 });
  reader.exec(statementOfPages().replace("backup/", `${home}/backup/`));
  reader.close();
  store.apply(recordsOf({ attemptId: "req_late.1" }), { segment: 7, offset: 3 });
  expect(await sumsOf(join(home, "data"))).toEqual({ attempts: 3, estimated: 0 });

  mkdirSync(join(home, "restored"));
  cpSync(join(home, "backup", "ledger.sqlite"), join(home, "restored", "ledger.sqlite"));
  const restored = LedgerStore.open(join(home, "restored"));
  onTestFinished(() => restored.close());
  expect(restored.salt).toEqual(store.salt);
  expect(restored.meta("admin_key_hash")).toBe("of the key");
  // The journal of the gateway that starts on it begins behind this segment, so nothing of it is passed over.
  expect(restored.position()).toEqual({ segment: 7, offset: 2 });
  expect(restored.interruptOpenRows(new CalibratedEstimator())).toBe(1);
  restored.apply(recordsOf({ attemptId: "req_new.1" }), { segment: 8, offset: 1 });
  expect(await sumsOf(join(home, "restored"))).toEqual({ attempts: 4, estimated: 1 });
});
