/** Others may read the ledger while a gateway runs: reports, in its own thread too, and backups. */
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BeijingDay } from "../../../../src/core/beijing-day.ts";
import type { LedgerReports, UsageQuery } from "../../../../src/ledger/reports.ts";
import { ledgerPath } from "../../../../src/ledger/store/ledger-file.ts";
import { LedgerStore } from "../../../../src/ledger/store/ledger-store.ts";
import { openReports } from "../../../../src/ledger/store/open-reports.ts";
import { type ReportsOptions, startReports } from "../../../../src/ledger/store/start-reports.ts";
import { NOON } from "../../../support/attempt-rows.ts";
import { endOf, holder } from "./child.ts";
import { select, sums } from "./inspection.ts";
import { gathered, newFolder, openStore, start, thrownBy, wholeAttempts } from "./records.ts";

const day = "2026-08-27" as BeijingDay;
const query: UsageQuery = { period: { firstDay: day, lastDay: day }, groupBy: ["keyId"] };

function filledFolder(attempts: number): string {
  const folder = newFolder();
  const store = LedgerStore.open(folder);
  store.apply(wholeAttempts(attempts), start);
  store.close();
  return folder;
}

function startedReports(folder: string, options: ReportsOptions = {}): LedgerReports {
  const reports = startReports(folder, options);
  onTestFinished(() => reports.close());
  return reports;
}

async function attemptsIn(reports: LedgerReports): Promise<number> {
  return (await reports.usage(query)).totals.attempts;
}

describe("reports of the command line", () => {
  test("work beside a gateway of another process", async () => {
    const folder = filledFolder(5);
    const child = await holder(folder);
    const reports = openReports(folder);
    expect(await attemptsIn(reports)).toBe(5);
    await reports.close();
    expect(thrownBy(() => LedgerStore.open(folder))).toMatchObject({ fault: "in_use" });
    child.kill("SIGTERM");
    expect(await endOf(child)).toBeNull();
    openStore(folder);
  });

  test("see each batch once it is applied, and keep none from being written", async () => {
    const folder = newFolder();
    const store = openStore(folder, { busyTimeoutMs: 0 });
    const reports = openReports(folder);
    for (let batch = 1; batch <= 3; batch++) {
      store.apply(wholeAttempts(10, NOON, `req_${batch}_`), start);
      expect(await attemptsIn(reports)).toBe(10 * batch);
    }
    const rows = reports.attempts({ period: query.period })[Symbol.asyncIterator]();
    await rows.next();
    store.apply(wholeAttempts(10, NOON, "req_4_"), start);
    await reports.close();
    expect(thrownBy(() => openReports(folder))).toBeNull();
  });

  test("work where no gateway runs, and where one was killed", async () => {
    const folder = filledFolder(5);
    expect(await attemptsIn(openReports(folder))).toBe(5);
    const child = await holder(folder);
    child.kill("SIGKILL");
    await endOf(child);
    expect(await attemptsIn(openReports(folder))).toBe(5);
  });

  test("refuse politely where there is no ledger, and make none", () => {
    const folder = newFolder();
    for (const nowhere of [folder, join(folder, "missing")]) {
      expect(thrownBy(() => openReports(nowhere))).toMatchObject({
        code: "ledger_unavailable",
        message: `${ledgerPath(nowhere)} is not there. Name the data folder of a gateway that has run.`,
      });
    }
    expect(existsSync(ledgerPath(folder))).toBe(false);
    writeFileSync(ledgerPath(folder), "no database".repeat(1_000));
    expect(thrownBy(() => openReports(folder))).toMatchObject({ code: "ledger_unavailable" });
  });

  test("change nothing", () => {
    const folder = filledFolder(1);
    const reports = openReports(folder);
    const before = sums(folder);
    expect(
      thrownBy(() =>
        new DatabaseSync(ledgerPath(folder), { readOnly: true, timeout: 5_000 }).exec("DELETE FROM attempts"),
      ),
    ).not.toBeNull();
    expect(sums(folder)).toEqual(before);
    return reports.close();
  });
});

describe("reports of a running gateway", () => {
  test("are read in a thread beside the store, sums and rows", async () => {
    const folder = newFolder();
    const store = openStore(folder);
    const reports = startedReports(folder);
    store.apply(wholeAttempts(2_500), start);
    expect(await attemptsIn(reports)).toBe(2_500);
    expect(await gathered(reports.attempts({ period: query.period }))).toHaveLength(2_500);
    store.apply(wholeAttempts(1, NOON, "req_more_"), start);
    expect(await attemptsIn(reports)).toBe(2_501);
  });

  test("are told what is wrong with a question, or the ledger", async () => {
    const folder = newFolder();
    const reports = startedReports(folder);
    await expect(reports.usage(query)).rejects.toMatchObject({
      code: "ledger_unavailable",
      message: expect.stringContaining("is not there"),
    });
    openStore(folder);
    await expect(reports.usage({ ...query, rowsMax: 0 })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(
      gathered(reports.attempts({ requestIds: new Array(2_000).fill("a") })),
    ).rejects.toMatchObject({ code: "invalid_request" });
    expect(await attemptsIn(reports)).toBe(0);
  });

  test("n questions wait, one more is refused, and the n are answered", async () => {
    const reports = startedReports(filledFolder(3), { questionsMax: 4 });
    const asked = Array.from({ length: 4 }, () => attemptsIn(reports));
    await expect(reports.usage(query)).rejects.toMatchObject({ code: "overloaded" });
    expect(await Promise.all(asked)).toEqual([3, 3, 3, 3]);
    expect(await attemptsIn(reports)).toBe(3);
  });

  test("that take too long fail by themselves; those behind them get a thread of their own", async () => {
    // No thread starts within a millisecond.
    const reports = startedReports(filledFolder(3), { timeoutMs: 1 });
    const asked = await Promise.allSettled([reports.usage(query), reports.usage(query)]);
    expect(asked).toMatchObject([
      { status: "rejected", reason: { code: "ledger_unavailable" } },
      { status: "rejected", reason: { code: "ledger_unavailable" } },
    ]);
  });

  test("end with the gateway: what was asked is refused, and so is what is asked later", async () => {
    const reports = startedReports(filledFolder(3));
    const asked = expect(reports.usage(query)).rejects.toMatchObject({ code: "shutting_down" });
    await reports.close();
    await asked;
    await expect(reports.usage(query)).rejects.toMatchObject({ code: "shutting_down" });
    await reports.close();
  });

  test("start nothing before the first question", async () => {
    await startReports(join(newFolder(), "missing")).close();
  });
});

describe("a backup", () => {
  function restored(backup: string): string {
    const folder = join(newFolder(), "restored");
    mkdirSync(folder);
    copyFileSync(backup, ledgerPath(folder));
    return folder;
  }

  test("is a copy of the folder of a stopped gateway", () => {
    const folder = filledFolder(50);
    // A gateway that stops leaves all in the one file.
    expect(existsSync(`${ledgerPath(folder)}-wal`)).toBe(false);
    const again = restored(ledgerPath(folder));
    const store = openStore(again);
    expect(sums(again)).toEqual(sums(folder));
    store.apply(wholeAttempts(51), start);
    expect(select(again, "SELECT count(*) AS n FROM attempts")).toEqual([{ n: 51 }]);
  });

  test("is what VACUUM INTO writes beside a running gateway", () => {
    const folder = newFolder();
    const store = openStore(folder, { busyTimeoutMs: 0 });
    store.apply(wholeAttempts(50), { segment: 4, offset: 2 });
    const backup = join(newFolder(), "backup.sqlite");
    const shell = new DatabaseSync(ledgerPath(folder));
    shell.prepare("VACUUM INTO ?").run(backup);
    shell.close();
    store.apply(wholeAttempts(60), { segment: 5, offset: 0 });
    const again = restored(backup);
    const restoredStore = openStore(again);
    expect(restoredStore.position()).toEqual({ segment: 4, offset: 2 });
    expect(restoredStore.salt).toEqual(store.salt);
    expect(select(again, "SELECT count(*) AS n FROM attempts")).toEqual([{ n: 50 }]);
    expect(sums(again).kept).toEqual(sums(again).due);
  });

  test("is put back in the place of a damaged file, without the two files beside it", () => {
    const folder = filledFolder(50);
    const backup = join(newFolder(), "backup.sqlite");
    copyFileSync(ledgerPath(folder), backup);
    const store = LedgerStore.open(folder);
    store.apply(wholeAttempts(60), start);
    store.close();
    writeFileSync(ledgerPath(folder), "damaged".repeat(10_000));
    expect(thrownBy(() => LedgerStore.open(folder))).toMatchObject({ fault: "corrupt" });
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${ledgerPath(folder)}${suffix}`, { force: true });
    copyFileSync(backup, ledgerPath(folder));
    openStore(folder);
    expect(select(folder, "SELECT count(*) AS n FROM attempts")).toEqual([{ n: 50 }]);
  });
});
