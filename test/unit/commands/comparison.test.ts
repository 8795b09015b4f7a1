/** Proves what is matched, what is not, and what only one side has; and how it is written for programs. */
import { describe, expect, test } from "vitest";
import {
  areAlike,
  compare,
  costTolerance,
  noSide,
  type Side,
} from "../../../src/commands/reconcile/compare.ts";
import { comparisonCsv, comparisonJson } from "../../../src/commands/reconcile/comparison-rendering.ts";
import { type Bill, readBill } from "../../../src/commands/reconcile/read-bill.ts";
import type { BeijingDay } from "../../../src/core/beijing-day.ts";
import type { UsageRow } from "../../../src/ledger/reports.ts";
import { attemptRow, StubReports, usageReport, usageRow } from "../../support/stub-reports.ts";

const FIRST = "2026-11-21" as BeijingDay;
const LAST = "2026-11-22" as BeijingDay;

const billOf = (...lines: string[]): Bill => readBill(lines.join("\n"), {}, { first: null, last: null });

function ledgerWith(...rows: UsageRow[]): StubReports {
  return new StubReports(() => usageReport({ groupBy: ["day", "upstreamModel"], rows }));
}

const our = (day: string, upstreamModel: string, sums = {}): UsageRow =>
  usageRow({ day, upstreamModel }, sums);

describe("by day and model", () => {
  const bill = billOf(
    "day,model,input,output,cost",
    "2026-11-21,EP-1,10,5,0.000025",
    "2026-11-21,ep-2,10,6,0.01",
    "2026-11-22,ep-3,1,1,0.5",
  );
  const ledger = ledgerWith(
    our("2026-11-21", "ep-1", { inputTokens: 10, outputTokens: 5, costMicroYuan: 25 }),
    our("2026-11-21", "ep-2", {
      inputTokens: 10,
      outputTokens: 5,
      costMicroYuan: 10_000,
      countedAttempts: 1,
    }),
    our("2026-11-22", "ep-4", { inputTokens: 3, costMicroYuan: 0, unknownCostAttempts: 1 }),
    our("2026-11-22", "ep-refused", { attempts: 9 }),
  );

  test("each day and model is in one of four states; what costs nothing is no difference", async () => {
    const comparison = await compare(ledger, bill, FIRST, LAST);
    expect(comparison.rows.map(({ state, day, model }) => [state, day, model])).toEqual([
      ["matched", "2026-11-21", "ep-1"],
      ["different", "2026-11-21", "ep-2"],
      ["theirs_only", "2026-11-22", "ep-3"],
      ["ours_only", "2026-11-22", "ep-4"],
    ]);
    expect(comparison.counts).toEqual({ matched: 1, different: 1, theirs_only: 1, ours_only: 1 });
    expect(comparison.ours).toMatchObject({ input: 23, output: 10, costMicroYuan: 10_025 });
    expect(comparison.theirs).toMatchObject({ attempts: 3, input: 21, output: 12, costMicroYuan: 510_025 });
    expect(ledger.usageQueries).toEqual([
      { period: { firstDay: FIRST, lastDay: LAST }, groupBy: ["day", "upstreamModel"] },
    ]);
  });

  test("as JSON: both sides, and what the bill has more", async () => {
    const comparison = await compare(ledger, bill, FIRST, LAST);
    const json = JSON.parse(comparisonJson(comparison, bill));
    expect(json).toMatchObject({
      by: ["day", "model"],
      from: FIRST,
      to: LAST,
      compared: ["input_tokens", "output_tokens", "cost_cny"],
      counts: { matched: 1, different: 1, ours_only: 1, theirs_only: 1 },
      passed_over: { lines: 0, first_line: null },
      other_items: [],
    });
    expect(json.rows[1]).toEqual({
      state: "different",
      day: "2026-11-21",
      model: "ep-2",
      ours: {
        attempts: 1,
        unknown_cost_attempts: 0,
        counted_or_estimated_attempts: 1,
        input_tokens: 10,
        output_tokens: 5,
        cost_cny: 0.01,
      },
      theirs: { lines: 1, input_tokens: 10, output_tokens: 6, cost_cny: 0.01 },
      difference: { input_tokens: 0, output_tokens: 1, cost_cny: 0 },
    });
    expect(json.rows[2].ours).toBeNull();
    expect(json.rows[3]).toMatchObject({
      theirs: null,
      ours: { cost_cny: null },
      difference: { cost_cny: null },
    });
  });

  test("as CSV", async () => {
    const comparison = await compare(ledger, bill, FIRST, LAST);
    expect(comparisonCsv(comparison, bill).split("\n")).toEqual([
      "state,day,model,our_input_tokens,their_input_tokens,difference_input_tokens," +
        "our_output_tokens,their_output_tokens,difference_output_tokens," +
        "our_cost_cny,their_cost_cny,difference_cost_cny,counted_or_estimated_attempts",
      "matched,2026-11-21,ep-1,10,10,0,5,5,0,0.000025,0.000025,0.000000,0",
      "different,2026-11-21,ep-2,10,10,0,5,6,1,0.010000,0.010000,0.000000,1",
      "theirs_only,2026-11-22,ep-3,,1,1,,1,1,,0.500000,0.500000,",
      "ours_only,2026-11-22,ep-4,3,,-3,0,,0,,,,0",
      "",
    ]);
  });

  test("a report that was cut off is compared with nothing", async () => {
    const cut = new StubReports(() => usageReport({ truncated: true }));
    await expect(compare(cut, bill, FIRST, LAST)).rejects.toMatchObject({ name: "TooMuchError" });
  });
});

describe("by request", () => {
  const at = (text: string): number => Date.parse(`${text}+08:00`);

  test("matched by attempt, by request or by the client's own id; attempts of one request are summed", async () => {
    const bill = billOf(
      "request_id,day,input,output",
      "req_a.1,2026-11-21,10,5",
      "req_b,2026-11-21,20,10",
      "mine-1,2026-11-22,10,5",
      "req_x,2026-11-22,1,1",
    );
    const ledger = new StubReports(usageReport, [
      attemptRow("req_a.1"),
      attemptRow("req_b.1"),
      attemptRow("req_b.2"),
      attemptRow("req_c.1", { clientRequestId: "mine-1" }),
      attemptRow("req_d.1", { provenance: "estimated" }),
      attemptRow("req_e.1", { provenance: "none", inputTokens: null, outputTokens: null, costMicroYuan: 0 }),
    ]);
    const { rows, counts } = await compare(ledger, bill, FIRST, LAST);
    expect(rows.map(({ state, requestId }) => [state, requestId])).toEqual([
      ["matched", "req_a"],
      ["matched", "req_b"],
      ["matched", "req_c"],
      ["ours_only", "req_d"],
      ["theirs_only", "req_x"],
    ]);
    expect(counts).toEqual({ matched: 3, different: 0, ours_only: 1, theirs_only: 1 });
    expect(rows[3]?.ours?.guessedAttempts).toBe(1);
  });

  test("a call of the evening before is found where it is billed, and is not missed where it is not", async () => {
    const bill = billOf("request_id,day,input", "req_late.1,2026-11-21,10");
    const ledger = new StubReports(usageReport, [
      attemptRow("req_late.1", { openedAtWallMs: at("2026-11-20T23:59:59.999") }),
      attemptRow("req_other.1", { openedAtWallMs: at("2026-11-20T23:59:59.999") }),
      attemptRow("req_in.1", { openedAtWallMs: at("2026-11-21T00:00:00") }),
      attemptRow("req_next.1", { openedAtWallMs: at("2026-11-22T00:00:00") }),
    ]);
    const { rows } = await compare(ledger, bill, FIRST, FIRST);
    expect(rows.map(({ state, requestId }) => [state, requestId])).toEqual([
      ["matched", "req_late"],
      ["ours_only", "req_in"],
    ]);
    expect(ledger.attemptsQueries).toEqual([{ period: { firstDay: "2026-11-20", lastDay: "2026-11-22" } }]);
  });
});

describe("alike", () => {
  const side = (part: Partial<Side>): Side => ({ ...noSide, attempts: 1, ...part });
  const bill = billOf("day,model,input,cached,cost", "2026-11-21,m,1,1,0.00000001");

  test("tokens to the last one", () => {
    expect(areAlike(side({ input: 10 }), side({ input: 10 }), bill)).toBe(true);
    expect(areAlike(side({ input: 10 }), side({ input: 11 }), bill)).toBe(false);
    expect(areAlike(side({ cached: 1 }), side({ cached: 0 }), bill)).toBe(false);
  });

  test("what the bill does not have is not compared", () => {
    expect(areAlike(side({ output: 1 }), side({ output: 0 }), bill)).toBe(true);
  });

  test("money, as far as rounding can move it", () => {
    expect(costTolerance(side({}), side({}), 8)).toBe(2);
    expect(costTolerance(side({ attempts: 3 }), side({ attempts: 2 }), 2)).toBe(3 + 20_000);
    expect(areAlike(side({ costMicroYuan: 10 }), side({ costMicroYuan: 12 }), bill)).toBe(true);
    expect(areAlike(side({ costMicroYuan: 10 }), side({ costMicroYuan: 13 }), bill)).toBe(false);
  });

  test("a cost that is unknown here says nothing against the bill's", () => {
    const ours = side({ unknownCostAttempts: 1 });
    expect(areAlike(ours, side({ costMicroYuan: 1_000_000 }), bill)).toBe(true);
  });
});
