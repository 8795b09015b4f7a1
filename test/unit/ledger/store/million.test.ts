/** A million rows: opened, summed over thirty days, and retired, each within its time. */

import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BeijingDay, DAY_MS, startOfBeijingDay } from "../../../../src/core/beijing-day.ts";
import { idPrefixAt } from "../../../../src/core/ids.ts";
import type { UsageDimension, UsageReport } from "../../../../src/ledger/reports.ts";
import { ledgerPath } from "../../../../src/ledger/store/ledger-file.ts";
import { LedgerReader } from "../../../../src/ledger/store/ledger-reader.ts";
import { LedgerStore } from "../../../../src/ledger/store/ledger-store.ts";
import type { ReportsAnswer } from "../../../../src/ledger/store/reports-message.ts";

const ROWS = 1_000_000;
const KEYS = 50;
const MODELS = 10;
const DAYS = 30;
const OPEN_MS_MAX = 3_000;
const SUMS_MS_MAX = 100;
/** Every row is looked at. */
const SEARCH_MS_MAX = 1_500;
const RETIRE_STEP_MS_MAX = 20;

const firstDay = "2026-08-01" as BeijingDay;
const lastDay = "2026-08-30" as BeijingDay;
const firstWallMs = startOfBeijingDay(firstDay);
const period = { firstDay, lastDay };
const folder = mkdtempSync(join(tmpdir(), "ledger-million-"));

/** By SQL alone, as a million records through the journal would take as long as the other tests together. */
const rowsInSql = `
  INSERT INTO attempts (attempt_id, key_id, door, alias, upstream, upstream_model, stream, state, cause,
    status, opened_at, queue_ms, connect_ms, first_byte_ms, total_ms, input_tokens, cached_input_tokens,
    output_tokens, reasoning_tokens, provenance, cost_micro_yuan, price_version)
  WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${ROWS - 1}),
  drawn (n, key, model, ending) AS (
    SELECT n, n % ${KEYS}, n / ${KEYS} % ${MODELS}, n / ${KEYS * MODELS} % 20 FROM numbers)
  SELECT id_prefix(${firstWallMs} + n * ${(DAYS * DAY_MS) / ROWS}) || printf('%016d.1', n),
    'key-' || key, 'chat', 'model-' || model, 'ark',
    'doubao-seed-1-' || model, 1, iif(ending = 0, 'failed', iif(ending = 1, 'partial', 'settled')), '-E', 200,
    ${firstWallMs} + n * ${(DAYS * DAY_MS) / ROWS}, 1.5, 3.25, 200.5, 1500.5, 1200, 300, 400, 100,
    iif(ending = 0, 'none', iif(ending = 1, 'counted', 'upstream_final')), iif(n % 50 = 0, NULL, 12345),
    'ark-2026-08-27'
  FROM drawn;
  INSERT INTO usage_groups (key_id, alias, upstream, upstream_model, state, provenance)
    SELECT DISTINCT key_id, alias, upstream, upstream_model, state, provenance FROM attempts
    LIMIT ${KEYS * MODELS * 3};
  INSERT INTO usage_days
    SELECT (opened_at + 28800000) / 86400000, id, count(*), sum(input_tokens), sum(cached_input_tokens),
      sum(output_tokens), sum(reasoning_tokens), total(cost_micro_yuan), sum(cost_micro_yuan IS NULL)
    FROM attempts JOIN usage_groups USING (key_id, alias, upstream, upstream_model, state, provenance)
    GROUP BY 1, 2;`;

/** The first that is within its time, of ten at most, as the machine has other things to do as well. */
function quickestMs(work: () => unknown): number {
  let quickest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 10 && quickest >= SUMS_MS_MAX; run++) {
    const began = performance.now();
    work();
    quickest = Math.min(quickest, performance.now() - began);
  }
  return quickest;
}

beforeAll(() => {
  LedgerStore.open(folder).close();
  const database = new DatabaseSync(ledgerPath(folder));
  database.function("id_prefix", (wallMs) => idPrefixAt(Number(wallMs)));
  database.exec(`PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN; ${rowsInSql} COMMIT`);
  database.close();
  // What is still on its way to the disk would be waited for by the first step of retention.
  const file = openSync(ledgerPath(folder), "r+");
  fsyncSync(file);
  closeSync(file);
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test(`they open within ${OPEN_MS_MAX} ms, read through for damage`, () => {
  const began = performance.now();
  const store = LedgerStore.open(folder);
  expect(performance.now() - began).toBeLessThan(OPEN_MS_MAX);
  store.close();
});

function usageIn(answer: ReportsAnswer): UsageReport {
  if (answer.kind !== "usage") throw new Error(`not sums but ${answer.kind}`);
  return answer.report;
}

test.each<{ groupBy: UsageDimension[]; rows: number }>([
  { groupBy: [], rows: 1 },
  { groupBy: ["keyId"], rows: KEYS },
  { groupBy: ["alias"], rows: MODELS },
  { groupBy: ["upstreamModel"], rows: MODELS },
  { groupBy: ["day"], rows: DAYS },
  { groupBy: ["state"], rows: 3 },
  { groupBy: ["provenance"], rows: 3 },
  { groupBy: ["day", "keyId"], rows: DAYS * KEYS },
])(`their sums over ${DAYS} days by $groupBy take less than ${SUMS_MS_MAX} ms`, ({ groupBy, rows }) => {
  const reader = LedgerReader.open(folder);
  const question = { kind: "usage", query: { period, groupBy } } as const;
  const report = usageIn(reader.answer(question));
  expect(report.rows).toHaveLength(rows);
  expect(report.totals).toMatchObject({
    attempts: ROWS,
    inputTokens: ROWS * 1_200,
    costMicroYuan: (ROWS - ROWS / 50) * 12_345,
    unknownCostAttempts: ROWS / 50,
    countedAttempts: ROWS / 20,
  });
  expect(quickestMs(() => reader.answer(question))).toBeLessThan(SUMS_MS_MAX);
  reader.close();
});

test("a page of rows is read within as much, from anywhere in the period", () => {
  const reader = LedgerReader.open(folder);
  const halfway = { fromWallMs: firstWallMs + (DAYS * DAY_MS) / 2, toWallMs: firstWallMs + DAYS * DAY_MS };
  const question = { kind: "attempts", query: { period: halfway }, after: null } as const;
  expect(reader.answer(question)).toMatchObject({ page: { rows: { length: 1_000 } } });
  expect(quickestMs(() => reader.answer(question))).toBeLessThan(SUMS_MS_MAX);
  reader.close();
});

test("a page of the newest is read at once, and a search for what is not there ends", () => {
  const reader = LedgerReader.open(folder);
  const newest = { fromWallMs: null, toWallMs: null, before: null, rowsMax: 100 };
  const page = { kind: "page", query: newest } as const;
  expect(reader.answer(page)).toMatchObject({ page: { rows: { length: 100 } } });
  expect(quickestMs(() => reader.answer(page))).toBeLessThan(SUMS_MS_MAX);
  const nobody = { kind: "page", query: { ...newest, filters: { keyId: ["nobody"] } } } as const;
  expect(reader.answer(nobody)).toEqual({ kind: "page", page: { rows: [], next: null } });
  expect(quickestMs(() => reader.answer(nobody))).toBeLessThan(SEARCH_MS_MAX);
  reader.close();
});

test(`they are retired 500 at a time, each step within ${RETIRE_STEP_MS_MAX} ms as a rule`, () => {
  const store = LedgerStore.open(folder);
  const stepsMs: number[] = [];
  for (let step = 0; step < 41; step++) {
    const began = performance.now();
    expect(store.retire(firstWallMs + DAYS * DAY_MS, DAY_MS, 500)).toBe(500);
    stepsMs.push(performance.now() - began);
  }
  store.close();
  stepsMs.sort((one, other) => one - other);
  // Some wait for the disk, of which a test knows nothing, and some for other tests.
  expect(stepsMs[20]).toBeLessThan(RETIRE_STEP_MS_MAX);
});
