/** Pages of rows: the newest first, none twice and none left out, however they are cut. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { idPrefixAt } from "../../../../src/core/ids.ts";
import type { JournalRecord } from "../../../../src/ledger/journal/record.ts";
import {
  type AttemptRow,
  type AuditPage,
  type AuditQuery,
  FILTER_VALUES_MAX,
  type LedgerReports,
  PAGE_ROWS_MAX,
  type RowCursor,
  type RowsQuery,
} from "../../../../src/ledger/reports.ts";
import { LedgerStore } from "../../../../src/ledger/store/ledger-store.ts";
import { openReports } from "../../../../src/ledger/store/open-reports.ts";
import { startReports } from "../../../../src/ledger/store/start-reports.ts";
import { NOON } from "../../../support/attempt-rows.ts";
import { gathered, newFolder, opened, settled, start } from "./records.ts";

const newest: RowsQuery = { fromWallMs: null, toWallMs: null, before: null, rowsMax: 100 };

function folderWith(records: readonly JournalRecord[]): string {
  const folder = newFolder();
  const store = LedgerStore.open(folder);
  store.apply(records, start);
  store.close();
  return folder;
}

async function allPages(reports: LedgerReports, query: RowsQuery): Promise<AttemptRow[]> {
  const rows: AttemptRow[] = [];
  let before: RowCursor | null = query.before;
  do {
    const page = await reports.page({ ...query, before });
    expect(page.rows.length).toBeLessThanOrEqual(query.rowsMax);
    if (page.next !== null) expect(page.rows).toHaveLength(query.rowsMax);
    rows.push(...page.rows);
    before = page.next;
  } while (before !== null);
  return rows;
}

type Row = {
  readonly at: number;
  readonly requestedAt: number;
  readonly key: string;
  readonly alias: string;
  readonly isOpen: boolean;
};

function idOf({ requestedAt }: Row, index: number): string {
  return `${idPrefixAt(requestedAt)}${String(index).padStart(16, "0")}`;
}

describe("pages of rows", () => {
  const row = fc.record<Row>({
    at: fc.integer({ min: 0, max: 5 }),
    // As a rule just before; a long wait or a clock that was set may lie between.
    requestedAt: fc.constantFrom(NOON, NOON + 2, NOON + 3, NOON - 400_000, NOON + 40_000, 0, 2 * NOON),
    key: fc.constantFrom("alice", "bob", "carol"),
    alias: fc.constantFrom("fast", "big"),
    isOpen: fc.boolean(),
  });
  const question = fc.record({
    from: fc.option(fc.integer({ min: 0, max: 5 })),
    to: fc.option(fc.integer({ min: 0, max: 6 })),
    keys: fc.option(fc.subarray(["alice", "bob", "nobody"])),
    isOpen: fc.option(fc.boolean()),
    rowsMax: fc.integer({ min: 1, max: 7 }),
  });

  test("give each row that fits once, the newest first", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 20 }),
        fc.array(question, { minLength: 1, maxLength: 5 }),
        async (rows, questions) => {
          const named = rows.map((one, index) => ({ ...one, id: idOf(one, index) }));
          const records = named.flatMap(({ at, key, alias, isOpen, id }) => {
            const open = opened(id, { openedAtWallMs: NOON + at, keyId: key as never, alias });
            return isOpen ? [open] : [open, settled(id)];
          });
          const reports = openReports(folderWith(records));
          for (const { from, to, keys, isOpen, rowsMax } of questions) {
            const expected = named
              .filter(({ at }) => (from === null || at >= from) && (to === null || at < to))
              .filter(({ key }) => keys === null || keys.includes(key))
              .filter((one) => isOpen === null || one.isOpen === isOpen)
              .map(({ id }) => `${id}.1`)
              .sort()
              .reverse();
            const found = await allPages(reports, {
              fromWallMs: from === null ? null : NOON + from,
              toWallMs: to === null ? null : NOON + to,
              filters: {
                ...(keys === null ? {} : { keyId: keys }),
                ...(isOpen === null ? {} : { state: [isOpen ? "open" : "settled"] }),
              },
              before: null,
              rowsMax,
            });
            expect(found.map(({ attemptId }) => attemptId)).toEqual(expected);
            const period = { fromWallMs: NOON + (from ?? 0), toWallMs: NOON + (to ?? 6) };
            if (period.fromWallMs >= period.toWallMs) continue;
            const filters = keys === null ? {} : { keyId: keys };
            const ascending = await gathered(reports.attempts({ period, filters, includeOpen: true }));
            const fits = ({ at, key, id }: (typeof named)[number]) =>
              at >= (from ?? 0) && at < (to ?? 6) && (keys?.includes(key) ?? true) ? [`${id}.1`] : [];
            expect(ascending.map(({ attemptId }) => attemptId)).toEqual(named.flatMap(fits).sort());
          }
          await reports.close();
        },
      ),
      { numRuns: 50 },
    );
  });

  test("a cursor behind the period's end begins at its end", async () => {
    const ids = ["req_a", "req_b", "req_c"];
    const records = ids.map((id, index) => opened(id, { openedAtWallMs: NOON + index }));
    const before = "req_z.1";
    const { rows } = await openReports(folderWith(records)).page({ ...newest, toWallMs: NOON + 1, before });
    expect(rows.map(({ requestId }) => requestId)).toEqual(["req_a"]);
  });

  test("the whole list of keys that an owner may have fits into one question, also to the thread", async () => {
    const folder = folderWith([opened("req_a"), opened("req_b", { keyId: "key_last" as never })]);
    const keyId = Array.from({ length: FILTER_VALUES_MAX - 1 }, (_, index) => `key_${index}`);
    const reports = startReports(folder);
    const query = { ...newest, filters: { keyId: [...keyId, "key_last"] } };
    const { rows } = await reports.page(query);
    expect(rows.map(({ requestId }) => requestId)).toEqual(["req_b"]);
    const tooMany = { ...newest, filters: { keyId: [...keyId, "key_last", "one-more"] } };
    await expect(reports.page(tooMany)).rejects.toMatchObject({ code: "invalid_request" });
    await reports.close();
  });

  test("an empty list of keys has no rows, and none is not all", async () => {
    const reports = openReports(folderWith([opened("req_a")]));
    expect((await reports.page({ ...newest, filters: { keyId: [] } })).rows).toEqual([]);
    expect((await reports.page(newest)).rows).toHaveLength(1);
  });

  test.each<[string, Partial<RowsQuery>]>([
    ["no rows", { rowsMax: 0 }],
    ["too many rows", { rowsMax: PAGE_ROWS_MAX + 1 }],
    ["half a row", { rowsMax: 1.5 }],
    ["no moment", { fromWallMs: Number.NaN }],
    ["a moment that no date has", { toWallMs: 1e300 }],
    ["an unknown filter", { filters: { "1=1 OR key_id": ["x"] } as RowsQuery["filters"] & object }],
  ])("%s is refused", async (_what, wrong) => {
    const reports = openReports(folderWith([]));
    await expect(reports.page({ ...newest, ...wrong })).rejects.toMatchObject({ code: "invalid_request" });
    expect((await reports.page({ ...newest, rowsMax: PAGE_ROWS_MAX })).rows).toEqual([]);
  });
});

describe("pages of the audit trail", () => {
  test("give each entry once, the newest first; those of one subject, too", async () => {
    const folder = newFolder();
    const store = LedgerStore.open(folder);
    const subjects = Array.from({ length: 7 }, (_, index) =>
      index % 3 === 0 ? "key_a" : "key_'; DROP TABLE audit",
    );
    for (const [index, subject] of subjects.entries()) {
      const entry = {
        atWallMs: NOON + index,
        actor: "admin",
        action: "key.change",
        subject,
        detail: { index },
      };
      store.keepRecord({ kind: "key", id: subject, body: "{}" }, entry);
    }
    store.close();
    const reports = openReports(folder);
    const all = async (query: Omit<AuditQuery, "before">): Promise<unknown[]> => {
      const found: unknown[] = [];
      let before: number | null = null;
      do {
        const page: AuditPage = await reports.audit({ ...query, before });
        expect(page.entries.length).toBeLessThanOrEqual(query.rowsMax);
        found.push(...page.entries.map(({ detail }) => detail["index"]));
        before = page.next;
      } while (before !== null);
      return found;
    };
    for (const rowsMax of [1, 2, 3, 6, 7, 8]) expect(await all({ rowsMax })).toEqual([6, 5, 4, 3, 2, 1, 0]);
    expect(await all({ rowsMax: 2, subject: "key_a" })).toEqual([6, 3, 0]);
    expect(await all({ rowsMax: 2, subject: subjects[1] ?? "" })).toEqual([5, 4, 2, 1]);
    expect(await all({ rowsMax: 2, subject: "key_" })).toEqual([]);
    const [entry] = (await reports.audit({ before: null, rowsMax: 1 })).entries;
    expect(entry).toEqual({
      id: 7,
      atWallMs: NOON + 6,
      actor: "admin",
      action: "key.change",
      subject: "key_a",
      detail: { index: 6 },
    });
    for (const rowsMax of [0, PAGE_ROWS_MAX + 1]) {
      await expect(reports.audit({ before: null, rowsMax })).rejects.toMatchObject({
        code: "invalid_request",
      });
    }
  });
});
