/** An open store that fails keeps nothing of the batch, says why, and takes the same batch later. */
import { renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { faultOf, LedgerStoreError, storeErrorOf } from "../../../../src/ledger/store/failures.ts";
import { ledgerPath } from "../../../../src/ledger/store/ledger-file.ts";
import type { LedgerStore } from "../../../../src/ledger/store/ledger-store.ts";
import { schemaSteps } from "../../../../src/ledger/store/schema.ts";
import { NOON } from "../../../support/attempt-rows.ts";
import { select, sums } from "./inspection.ts";
import {
  fourBytesAToken,
  newFolder,
  opened,
  openStore,
  settled,
  start,
  thrownBy,
  wholeAttempts,
} from "./records.ts";

const LATER = { segment: 7, offset: 7 };

function faultThrownBy(work: () => unknown): string {
  const thrown = thrownBy(work);
  if (thrown instanceof LedgerStoreError) return thrown.fault;
  throw new Error(`no LedgerStoreError was thrown: ${String(thrown)}`);
}

test("a full disk: nothing of the batch is kept, and it is taken when there is room", () => {
  const folder = newFolder();
  const PAGES_MAX = 60;
  const store = openStore(folder, { steps: [...schemaSteps, `PRAGMA max_page_count = ${PAGES_MAX}`] });
  store.apply(wholeAttempts(400), start);
  const before = sums(folder);
  const batch = [
    ...wholeAttempts(1_000, NOON + 1_000, "req_late_"),
    opened("req_x", { alias: "seen for the first time" }),
  ];
  for (let attempt = 0; attempt < 3; attempt++) {
    expect(faultThrownBy(() => store.apply(batch, LATER))).toBe("full");
    expect(sums(folder)).toEqual(before);
    expect(store.position()).toEqual(start);
    expect(store.openRows).toBe(0);
  }
  expect(thrownBy(() => store.apply(batch, LATER))).toMatchObject({
    message: expect.stringContaining("There is no space left for"),
  });
  // A small batch fits still, and old rows may go.
  store.apply([opened("req_x", { alias: "seen for the first time" }), settled("req_x")], start);
  expect(store.retire(NOON + 400, 0, 1_000)).toBe(401);
  store.apply(batch.slice(0, 600), LATER);
  expect(select(folder, "SELECT count(*) AS n FROM attempts")).toEqual([{ n: 300 }]);
  const made = (rows: readonly Record<string, unknown>[]) =>
    rows.reduce((total, { attempts }) => total + Number(attempts), 0);
  expect(made(sums(folder).kept.hours)).toBe(701);
  expect(made(sums(folder).kept.days)).toBe(701);
});

test("a full disk: a settlement that had waited goes on waiting", () => {
  const folder = newFolder();
  const store = openStore(folder, { steps: [...schemaSteps, "PRAGMA max_page_count = 40"] });
  store.apply([settled("req_early")], start);
  const batch = [opened("req_early"), ...wholeAttempts(1_000)];
  expect(faultThrownBy(() => store.apply(batch, LATER))).toBe("full");
  expect(store.earlySettlements).toBe(1);
  store.apply([opened("req_early")], LATER);
  expect(select(folder, "SELECT attempt_id, state FROM attempts")).toEqual([
    { attempt_id: "req_early.1", state: "settled" },
  ]);
});

const entry = { atWallMs: NOON, actor: "admin", action: "key.create", subject: "key_1", detail: {} };

test("another program's write lock: every writing call says so, and works afterwards", () => {
  const folder = newFolder();
  const store = openStore(folder, { busyTimeoutMs: 0 });
  store.apply([opened("req_open")], start);
  const other = new DatabaseSync(ledgerPath(folder));
  other.exec("BEGIN IMMEDIATE");
  const batch = wholeAttempts(3);
  const calls: ((store: LedgerStore) => unknown)[] = [
    (locked) => locked.apply(batch, LATER),
    (locked) => locked.retire(NOON, 0, 10),
    (locked) => locked.setMeta("name", "value"),
    (locked) => locked.keepRecord({ kind: "key", id: "key_1", body: "{}" }, entry),
    (locked) => locked.interruptOpenRows(fourBytesAToken),
  ];
  for (const call of calls) expect(faultThrownBy(() => call(store))).toBe("busy");
  expect(store.meta("name")).toBeNull();
  expect(store.records()).toEqual([]);
  other.exec("ROLLBACK");
  other.close();
  for (const call of calls) call(store);
  expect(store.position()).toEqual(LATER);
  expect(sums(folder).kept).toEqual(sums(folder).due);
  expect(sums(folder).kept.hours).toHaveLength(2);
});

test("a lock that comes free within the time to wait is waited for", () => {
  const folder = newFolder();
  const store = openStore(folder, { busyTimeoutMs: 300 });
  const other = new DatabaseSync(ledgerPath(folder));
  other.exec("BEGIN IMMEDIATE");
  const began = performance.now();
  expect(faultThrownBy(() => store.apply(wholeAttempts(1), start))).toBe("busy");
  expect(performance.now() - began).toBeGreaterThan(250);
  expect(performance.now() - began).toBeLessThan(5_000);
  other.close();
});

test("a file that is deleted or replaced takes no more rows, until it is back", () => {
  const folder = newFolder();
  const store = openStore(folder);
  const path = ledgerPath(folder);
  store.apply(wholeAttempts(2), start);
  renameSync(path, `${path}.away`);
  expect(faultThrownBy(() => store.apply(wholeAttempts(3), LATER))).toBe("missing");
  new DatabaseSync(path).close();
  new DatabaseSync(path).exec("CREATE TABLE other (a)");
  expect(faultThrownBy(() => store.apply(wholeAttempts(3), LATER))).toBe("missing");
  rmSync(path);
  renameSync(`${path}.away`, path);
  store.apply(wholeAttempts(3), LATER);
  store.close();
  expect(select(folder, "SELECT count(*) AS n FROM attempts")).toEqual([{ n: 3 }]);
});

test.each([
  [5, "busy"],
  [261, "busy"],
  [13, "full"],
  [10, "io"],
  [778, "io"],
  [1034, "io"],
  [11, "corrupt"],
  [26, "corrupt"],
  [8, "not_writable"],
  [14, "not_writable"],
  [1, "unknown"],
])("SQLite's code %i is %s", (errcode, fault) => {
  const thrown = Object.assign(new Error("SQLite's words"), { code: "ERR_SQLITE_ERROR", errcode });
  expect(faultOf(thrown)).toBe(fault);
  const error = storeErrorOf(thrown, "/data/ledger.sqlite");
  expect(error.message).toContain("/data/ledger.sqlite");
  expect(error.message).toContain("SQLite's words");
  expect(error.cause).toBe(thrown);
});
