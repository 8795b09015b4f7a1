/** Proves what programs get of the sums: exact money, unknown costs that are not none, no formulas. */
import { expect, test } from "vitest";
import { renderUsage } from "../../../src/server/admin/usage-rendering.ts";
import { noUsage, usageReport, usageRow } from "../../support/stub-reports.ts";

const sums = {
  attempts: 3,
  inputTokens: 100,
  cachedInputTokens: 40,
  outputTokens: 20,
  reasoningTokens: 5,
  costMicroYuan: 1_234_567,
  unknownCostAttempts: 1,
  countedAttempts: 1,
  estimatedAttempts: 1,
};

const report = usageReport({
  rows: [
    usageRow({ day: "2026-11-21", alias: "fast" }, sums),
    usageRow({ day: "2026-11-22", alias: "=cmd" }, { ...noUsage, attempts: 2, unknownCostAttempts: 2 }),
  ],
  totals: { ...sums, attempts: 5, unknownCostAttempts: 3 },
});

test("JSON", () => {
  const figures = {
    attempts: 3,
    input_tokens: 100,
    cached_input_tokens: 40,
    output_tokens: 20,
    reasoning_tokens: 5,
    cost_cny: 1.234567,
    unknown_cost_attempts: 1,
    counted_attempts: 1,
    estimated_attempts: 1,
  };
  expect(JSON.parse(renderUsage(report, "json"))).toEqual({
    from: "2026-11-20",
    to: "2026-11-22",
    utc_offset: "+08:00",
    by: ["day", "model"],
    rows: [
      { day: "2026-11-21", model: "fast", ...figures },
      {
        day: "2026-11-22",
        model: "=cmd",
        attempts: 2,
        input_tokens: 0,
        cached_input_tokens: 0,
        output_tokens: 0,
        reasoning_tokens: 0,
        cost_cny: null,
        unknown_cost_attempts: 2,
        counted_attempts: 0,
        estimated_attempts: 0,
      },
    ],
    totals: { ...figures, attempts: 5, unknown_cost_attempts: 3 },
    truncated: false,
  });
});

test("CSV: the same columns, an empty cost where none is known, and no formula of a client's", () => {
  expect(renderUsage(report, "csv").split("\n")).toEqual([
    "day,model,attempts,input_tokens,cached_input_tokens,output_tokens,reasoning_tokens,cost_cny," +
      "unknown_cost_attempts,counted_attempts,estimated_attempts",
    "2026-11-21,fast,3,100,40,20,5,1.234567,1,1,1",
    "2026-11-22,'=cmd,2,0,0,0,0,,2,0,0",
    "",
  ]);
});

test("sums of a billion yuan stay exact in JSON", () => {
  const row = usageRow({ day: "2026-11-21", alias: "a" }, { costMicroYuan: 999_999_999_999_999 });
  expect(renderUsage(usageReport({ rows: [row] }), "json")).toContain('"cost_cny": 999999999.999999,');
});
