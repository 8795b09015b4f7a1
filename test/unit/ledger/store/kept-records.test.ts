/** What operators change: a record and the entry that says who changed it, both or neither. */
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import type { AuditEntry } from "../../../../src/core/audit.ts";
import { ledgerPath } from "../../../../src/ledger/store/ledger-file.ts";
import { openRecords } from "../../../../src/ledger/store/offline-records.ts";
import { openReports } from "../../../../src/ledger/store/open-reports.ts";
import { NOON } from "../../../support/attempt-rows.ts";
import { change } from "./inspection.ts";
import { newFolder, openStore, thrownBy } from "./records.ts";

function entryFor(subject: string, changes: Partial<AuditEntry> = {}): AuditEntry {
  return { atWallMs: NOON, actor: "admin", action: "key.create", subject, detail: { name: "a" }, ...changes };
}

async function entriesIn(folder: string): Promise<readonly object[]> {
  const reports = openReports(folder);
  const { entries } = await reports.audit({ before: null, rowsMax: 100 });
  await reports.close();
  return entries;
}

describe("records", () => {
  test("are kept by kind and id, the last body of each, with one entry for each change", async () => {
    const folder = newFolder();
    const store = openStore(folder);
    store.keepRecord({ kind: "key", id: "b", body: "1" }, entryFor("b"));
    store.keepRecord({ kind: "key", id: "a", body: "2" }, entryFor("a"));
    store.keepRecord({ kind: "other", id: "a", body: "3" }, entryFor("a", { action: "other.create" }));
    store.keepRecord({ kind: "key", id: "b", body: "4" }, entryFor("b", { detail: { name: "b" } }));
    store.close();
    expect(openStore(folder).records()).toEqual([
      { kind: "key", id: "a", body: "2" },
      { kind: "key", id: "b", body: "4" },
      { kind: "other", id: "a", body: "3" },
    ]);
    expect(await entriesIn(folder)).toEqual([
      { id: 4, ...entryFor("b", { detail: { name: "b" } }) },
      { id: 3, ...entryFor("a", { action: "other.create" }) },
      { id: 2, ...entryFor("a") },
      { id: 1, ...entryFor("b") },
    ]);
  });

  test("that are asked for again, as the answer was lost, are entered once", async () => {
    const folder = newFolder();
    const store = openStore(folder);
    for (let time = 0; time < 3; time++) {
      store.keepRecord({ kind: "key", id: "a", body: "1" }, entryFor("a"));
    }
    store.keepRecord({ kind: "key", id: "a", body: "1" }, entryFor("a", { atWallMs: NOON + 1 }));
    expect(await entriesIn(folder)).toHaveLength(2);
  });

  test("and their entries are kept together or not at all", async () => {
    const folder = newFolder();
    const store = openStore(folder);
    change(folder, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END");
    const work = () => store.keepRecord({ kind: "key", id: "a", body: "1" }, entryFor("a"));
    expect(thrownBy(work)).toMatchObject({ name: "LedgerStoreError" });
    expect(store.records()).toEqual([]);
    change(folder, "DROP TRIGGER full");
    work();
    expect(await entriesIn(folder)).toHaveLength(1);
  });
});

describe("records without a gateway", () => {
  test("are read and kept, in a folder that is made where it is missing", async () => {
    const folder = `${newFolder()}/new`;
    const records = openRecords(folder);
    expect(records.records("key")).toEqual([]);
    await records.keepRecord("key", "a", "1", entryFor("a"));
    await records.keepRecord("other", "b", "2", entryFor("b"));
    expect(records.records("key")).toMatchObject([{ id: "a", body: "1" }]);
    records.close();
    const again = openRecords(folder);
    expect(again.records("other")).toMatchObject([{ id: "b", body: "2" }]);
    again.close();
    expect(await entriesIn(folder)).toHaveLength(2);
  });

  test("are not opened beside a gateway", () => {
    const folder = newFolder();
    openStore(folder);
    expect(thrownBy(() => openRecords(folder))).toMatchObject({ name: "LedgerOpenError", fault: "in_use" });
  });

  test("that cannot be kept say why", async () => {
    const folder = newFolder();
    const records = openRecords(folder);
    const other = new DatabaseSync(ledgerPath(folder), { timeout: 5_000 });
    other.exec("BEGIN IMMEDIATE");
    await expect(records.keepRecord("key", "a", "1", entryFor("a"))).rejects.toMatchObject({
      code: "ledger_unavailable",
      message: expect.stringContaining("locked by another program"),
    });
    other.close();
    await records.keepRecord("key", "a", "1", entryFor("a"));
    records.close();
  });
});
