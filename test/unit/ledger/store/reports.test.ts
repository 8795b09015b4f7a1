/** Reports add up what they were asked for, by any names, and refuse what makes no sense. */
import { describe, expect, test } from "vitest";
import { type BeijingDay, DAY_MS, HOUR_MS } from "../../../../src/core/beijing-day.ts";
import type { JournalRecord } from "../../../../src/ledger/journal/record.ts";
import type { AttemptOpened, AttemptSettled } from "../../../../src/ledger/ledger.ts";
import {
  type AttemptRow,
  type AttemptsQuery,
  FILTER_VALUES_MAX,
  HOURLY_DAYS_MAX,
  type LedgerReports,
  PERIOD_DAYS_MAX,
  REQUEST_IDS_MAX,
  USAGE_ROWS_MAX,
  type UsageDimension,
  type UsagePeriod,
  type UsageQuery,
  usageDimensions,
} from "../../../../src/ledger/reports.ts";
import { PAGE_ROWS } from "../../../../src/ledger/store/attempt-rows.ts";
import { openReports } from "../../../../src/ledger/store/open-reports.ts";
import { NOON } from "../../../support/attempt-rows.ts";
import { gathered, newFolder, opened, openStore, settled, start, wholeAttempts } from "./records.ts";

const TODAY = "2026-08-27" as BeijingDay;
const today: UsagePeriod = { firstDay: TODAY, lastDay: TODAY };
const midnight = Date.parse("2026-08-27T00:00:00+08:00");
const always: UsagePeriod = { fromWallMs: NOON - 100 * DAY_MS, toWallMs: NOON + 100 * DAY_MS };

function attempt(
  id: string,
  changes: Partial<AttemptOpened> = {},
  ending: Partial<AttemptSettled> = {},
): JournalRecord[] {
  return [opened(id, changes), settled(id, ending)];
}

function reportsOn(records: readonly JournalRecord[]): LedgerReports {
  const folder = newFolder();
  openStore(folder).apply(records, start);
  return openReports(folder);
}

async function rowsOf(reports: LedgerReports, query: AttemptsQuery): Promise<AttemptRow[]> {
  return await gathered(reports.attempts(query));
}

const counted = { state: "partial", cause: "CS", provenance: "counted", cost: 70 } as const;
const estimated = { state: "interrupted", cause: "GS", provenance: "estimated", cost: null } as const;
const mixed = [
  ...attempt("req_a", { keyId: "alice" as never }),
  ...attempt("req_b", { keyId: "alice" as never, alias: "big" }, counted),
  ...attempt("req_c", { keyId: "bob" as never, openedAtWallMs: NOON + HOUR_MS }, estimated),
  ...attempt(
    "req_d",
    { keyId: "bob" as never, openedAtWallMs: midnight - 1 },
    { state: "failed", usage: null, provenance: "none", cost: 0 },
  ),
  opened("req_e"),
];
const oneSum = {
  attempts: 1,
  inputTokens: 100,
  cachedInputTokens: 20,
  outputTokens: 50,
  reasoningTokens: 10,
  costMicroYuan: 200,
  unknownCostAttempts: 0,
  countedAttempts: 0,
  estimatedAttempts: 0,
};

describe("sums", () => {
  test("of everything, open rows aside", async () => {
    const report = await reportsOn(mixed).usage({ period: always, groupBy: [] });
    const all = {
      ...oneSum,
      attempts: 4,
      inputTokens: 300,
      cachedInputTokens: 60,
      outputTokens: 150,
      reasoningTokens: 30,
      costMicroYuan: 270,
      unknownCostAttempts: 1,
      countedAttempts: 1,
      estimatedAttempts: 1,
    };
    expect(report.rows).toEqual([{ group: {}, ...all }]);
    expect(report.totals).toEqual(all);
    expect(report.truncated).toBe(false);
  });

  test("by key, sorted", async () => {
    const { rows } = await reportsOn(mixed).usage({ period: always, groupBy: ["keyId"] });
    expect(rows.map(({ group, attempts }) => [group, attempts])).toEqual([
      [{ keyId: "alice" }, 2],
      [{ keyId: "bob" }, 2],
    ]);
  });

  test("by day and state: days are Beijing's", async () => {
    const { rows } = await reportsOn(mixed).usage({ period: always, groupBy: ["day", "state"] });
    expect(rows.map(({ group }) => group)).toEqual([
      { day: "2026-08-26", state: "failed" },
      { day: "2026-08-27", state: "interrupted" },
      { day: "2026-08-27", state: "partial" },
      { day: "2026-08-27", state: "settled" },
    ]);
  });

  test("by hour", async () => {
    const { rows } = await reportsOn(mixed).usage({ period: today, groupBy: ["hour"] });
    expect(rows.map(({ group, attempts }) => [group.hour, attempts])).toEqual([
      ["2026-08-27T12:00+08:00", 2],
      ["2026-08-27T13:00+08:00", 1],
    ]);
  });

  test("by day out of hours are what they are out of days", async () => {
    const reports = reportsOn(mixed);
    const groupBy = ["day", "keyId"] as const;
    const whole = { fromWallMs: midnight - DAY_MS, toWallMs: midnight + DAY_MS };
    const byDays = await reports.usage({ period: whole, groupBy });
    const byHours = await reports.usage({
      period: { ...whole, toWallMs: whole.toWallMs + 1 },
      groupBy,
    });
    expect(byHours.rows).toEqual(byDays.rows);
    expect(byHours.rows).toHaveLength(3);
  });

  test("by every name, alone and all together", async () => {
    const reports = reportsOn(mixed);
    for (const dimension of usageDimensions) {
      const { rows, totals } = await reports.usage({ period: today, groupBy: [dimension] });
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.every(({ group }) => typeof group[dimension] === "string")).toBe(true);
      expect(totals.attempts).toBe(3);
    }
    const { rows } = await reports.usage({ period: today, groupBy: usageDimensions });
    expect(rows).toHaveLength(3);
    expect(Object.keys(rows[0]?.group ?? {})).toEqual([...usageDimensions]);
  });

  test("of some rows only", async () => {
    const reports = reportsOn(mixed);
    const count = async (filters: UsageQuery["filters"]) =>
      (await reports.usage({ period: always, groupBy: [], ...(filters && { filters }) })).totals.attempts;
    expect(await count({ keyId: ["alice"] })).toBe(2);
    expect(await count({ keyId: ["alice", "bob"], state: ["settled", "failed"] })).toBe(2);
    expect(await count({ alias: ["big"], provenance: ["counted"] })).toBe(1);
    expect(await count({ upstream: ["ark"], upstreamModel: ["doubao-seed-1-6"] })).toBe(4);
    expect(await count({ keyId: ["nobody' OR 1=1 --"] })).toBe(0);
    expect(await count({ keyId: [] })).toBe(0);
  });

  test("of a time with nothing in it are no rows, and zeros in all", async () => {
    const day = "2020-01-01" as BeijingDay;
    const report = await reportsOn(mixed).usage({
      period: { firstDay: day, lastDay: day },
      groupBy: ["keyId"],
    });
    expect(report.rows).toEqual([]);
    expect(report.totals.attempts).toBe(0);
    const ungrouped = await reportsOn([]).usage({ period: today, groupBy: [] });
    expect(ungrouped.rows).toEqual([]);
  });

  test("n rows are whole, n+1 are cut off, and the totals are of all", async () => {
    const reports = reportsOn(mixed);
    const query = { period: always, groupBy: ["state"] } as const;
    expect(await reports.usage({ ...query, rowsMax: 4 })).toMatchObject({ truncated: false });
    const cut = await reports.usage({ ...query, rowsMax: 3 });
    expect(cut.truncated).toBe(true);
    expect(cut.rows).toHaveLength(3);
    expect(cut.totals.attempts).toBe(4);
  });

  test("a period of moments is widened to whole hours, and the report says so", async () => {
    const report = await reportsOn(mixed).usage({
      period: { fromWallMs: NOON + 1, toWallMs: NOON + 2 },
      groupBy: [],
    });
    expect(report).toMatchObject({ fromWallMs: NOON, toWallMs: NOON + HOUR_MS });
    expect(report.totals.attempts).toBe(2);
  });

  test("both days of a period are in it", async () => {
    const period = { firstDay: "2026-08-26" as BeijingDay, lastDay: TODAY };
    const report = await reportsOn(mixed).usage({ period, groupBy: [] });
    expect(report).toMatchObject({ fromWallMs: midnight - DAY_MS, toWallMs: midnight + DAY_MS });
    expect(report.totals.attempts).toBe(4);
  });
});

describe("what makes no sense is refused", () => {
  const days = (count: number): UsagePeriod => ({
    fromWallMs: midnight - count * DAY_MS,
    toWallMs: midnight,
  });
  const many = Array.from({ length: FILTER_VALUES_MAX }, (_, index) => `key-${index}`);
  const fits: UsageQuery[] = [
    { period: days(PERIOD_DAYS_MAX), groupBy: ["day"] },
    { period: days(HOURLY_DAYS_MAX), groupBy: ["hour"] },
    { period: today, groupBy: [], filters: { keyId: many } },
    { period: today, groupBy: [], rowsMax: USAGE_ROWS_MAX },
  ];
  const refused: UsageQuery[] = [
    { period: days(PERIOD_DAYS_MAX + 1), groupBy: ["day"] },
    { period: days(HOURLY_DAYS_MAX + 1), groupBy: ["hour"] },
    { period: today, groupBy: [], filters: { keyId: [...many, "one-more"] } },
    { period: today, groupBy: [], rowsMax: USAGE_ROWS_MAX + 1 },
    { period: today, groupBy: [], rowsMax: 0 },
    { period: today, groupBy: [], rowsMax: 1.5 },
    { period: today, groupBy: ["keyId", "keyId"] },
    { period: today, groupBy: ["1; DROP TABLE attempts" as UsageDimension] },
    { period: today, groupBy: [], filters: { "1=1 OR key_id": ["x"] } as UsageQuery["filters"] & object },
    { period: { firstDay: TODAY, lastDay: "2026-08-26" as BeijingDay }, groupBy: [] },
    { period: { firstDay: "2026-02-30" as BeijingDay, lastDay: TODAY }, groupBy: [] },
    { period: { firstDay: "yesterday" as BeijingDay, lastDay: TODAY }, groupBy: [] },
    { period: { fromWallMs: NOON, toWallMs: NOON }, groupBy: [] },
    { period: { fromWallMs: Number.NaN, toWallMs: NOON }, groupBy: [] },
    { period: { fromWallMs: 0.5, toWallMs: NOON }, groupBy: [] },
    { period: { fromWallMs: -1e300, toWallMs: NOON }, groupBy: [] },
  ];

  test.each(fits.map((query, index) => [index, query] as const))("not query %i", async (_index, query) => {
    expect((await reportsOn([]).usage(query)).rows).toEqual([]);
  });

  test.each(refused.map((query, index) => [index, query] as const))("but query %i", async (_index, query) => {
    await expect(reportsOn([]).usage(query)).rejects.toMatchObject({ code: "invalid_request" });
  });

  test("more requests than may be asked for at once", async () => {
    const reports = reportsOn([]);
    const requestIds = Array.from({ length: REQUEST_IDS_MAX }, (_, index) => `req_${index}`);
    expect(await rowsOf(reports, { requestIds })).toEqual([]);
    await expect(rowsOf(reports, { requestIds: [...requestIds, "req_x"] })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });
});

describe("rows", () => {
  test("of a period, exactly, in the order of their ids", async () => {
    const reports = reportsOn(mixed);
    const ids = async (query: AttemptsQuery) =>
      (await rowsOf(reports, query)).map(({ requestId }) => requestId);
    expect(await ids({ period: always })).toEqual(["req_a", "req_b", "req_c", "req_d"]);
    expect(await ids({ period: today, includeOpen: true })).toEqual(["req_a", "req_b", "req_c", "req_e"]);
    expect(await ids({ period: { fromWallMs: NOON, toWallMs: NOON + HOUR_MS } })).toEqual(["req_a", "req_b"]);
    expect(await ids({ period: always, filters: { keyId: ["bob"], state: ["failed"] } })).toEqual(["req_d"]);
  });

  test("say all that the ledger keeps", async () => {
    const [row, open] = await rowsOf(reportsOn([...attempt("req_a"), opened("req_b", { price: null })]), {
      period: today,
      includeOpen: true,
    });
    expect(row).toEqual({
      attemptId: "req_a.1",
      requestId: "req_a",
      clientRequestId: null,
      keyId: "key-1",
      door: "chat",
      alias: "fast",
      upstream: "ark",
      upstreamModel: "doubao-seed-1-6",
      stream: true,
      state: "settled",
      cause: "-E",
      status: 200,
      errorCode: null,
      openedAtWallMs: NOON,
      queueMs: 1.5,
      dispatchedMs: 2.5,
      firstByteMs: 100.25,
      totalMs: 900.75,
      inputTokens: 100,
      cachedInputTokens: 20,
      outputTokens: 50,
      reasoningTokens: 10,
      provenance: "upstream_final",
      costMicroYuan: 200,
      priceVersion: "ark-2026-08-27",
    } satisfies Record<keyof AttemptRow, unknown>);
    expect(open).toMatchObject({ state: "open", cause: null, totalMs: null, inputTokens: null });
  });

  test("come page by page, each once, where many were opened at one moment", async () => {
    const records = wholeAttempts(PAGE_ROWS * 2 + 1).map(
      (record): JournalRecord =>
        record.kind === "opened" ? { ...record, row: { ...record.row, openedAtWallMs: NOON } } : record,
    );
    const rows = await rowsOf(reportsOn(records), { period: today });
    expect(new Set(rows.map(({ attemptId }) => attemptId)).size).toBe(PAGE_ROWS * 2 + 1);
    expect(rows).toHaveLength(PAGE_ROWS * 2 + 1);
  });

  test("of some requests: all their attempts, and none of requests with like names", async () => {
    const again = { attemptId: "req_a.2" as never, openedAtWallMs: NOON + 1 };
    const reports = reportsOn([
      ...attempt("req_a"),
      ...attempt("req_a", again, { attemptId: "req_a.2" as never }),
      ...attempt("req_ab"),
      ...attempt("req_b"),
    ]);
    const rows = await rowsOf(reports, { requestIds: ["req_b", "req_a", "req_a", "req_gone", "req_%"] });
    expect(rows.map(({ attemptId }) => attemptId)).toEqual(["req_a.1", "req_b.1", "req_a.2"]);
  });
});
