/** Proves which tier prices a call, and how a cost is rounded. */
import { describe, expect, test } from "vitest";
import {
  areTiersInOrder,
  costOf,
  EXACT_YUAN_MAX,
  exactMicroYuan,
  fullYuanText,
  microYuan,
  type PriceTier,
  yuanOf,
  yuanText,
} from "../../../src/core/money.ts";
import type { Usage } from "../../../src/core/usage.ts";

function tier(fields: Partial<PriceTier>): PriceTier {
  return {
    ...{
      inputTokensMax: null,
      outputTokensMax: null,
      input: 1_000_000,
      cachedInput: null,
      output: 1_000_000,
    },
    ...fields,
  };
}

function used(inputTokens: number, outputTokens: number, cachedInputTokens = 0): Usage {
  return { inputTokens, cachedInputTokens, outputTokens, reasoningTokens: 0 };
}

function cost(usage: Usage, ...tiers: PriceTier[]): number {
  return costOf(usage, { version: "test", tiers });
}

describe("tiers", () => {
  const short = tier({ inputTokensMax: 100, outputTokensMax: 10, output: 2_000_000 });
  const middle = tier({ inputTokensMax: 100, input: 3_000_000, output: 4_000_000 });
  const long = tier({ inputTokensMax: 200, input: 5_000_000, output: 6_000_000 });

  test.each([
    ["at both bounds of a tier", used(100, 10), 100 * 1 + 10 * 2],
    ["one token of output beyond them", used(100, 11), 100 * 3 + 11 * 4],
    ["one token of input beyond them", used(101, 10), 101 * 5 + 10 * 6],
    ["at the last bound", used(200, 11), 200 * 5 + 11 * 6],
    ["beyond every tier: the last one prices it", used(201, 11), 201 * 5 + 11 * 6],
  ])("%s", (_where, usage, yuanCost) => {
    expect(cost(usage, short, middle, long)).toBe(yuanCost);
  });

  test("cached input has its price, or that of input; reasoning is output already", () => {
    const usage = { ...used(10, 5, 4), reasoningTokens: 5 };
    expect(cost(usage, tier({ cachedInput: 100_000 }))).toBe(11);
    expect(cost(usage, tier({ cachedInput: 0 }))).toBe(11);
    expect(cost(usage, tier({ cachedInput: null }))).toBe(15);
  });

  test("a list without tiers is a defect", () => {
    expect(() => cost(used(1, 1))).toThrow("no tiers");
  });

  test("are in order where each can be reached", () => {
    expect(areTiersInOrder([short, middle, long])).toBe(true);
    expect(areTiersInOrder([short, middle, long, tier({})])).toBe(true);
    expect(areTiersInOrder([])).toBe(false);
    expect(areTiersInOrder([short])).toBe(false);
    expect(areTiersInOrder([middle, short, long])).toBe(false);
    expect(areTiersInOrder([short, long, middle])).toBe(false);
    expect(areTiersInOrder([tier({}), long])).toBe(false);
    expect(areTiersInOrder([long, long])).toBe(false);
  });
});

test("the whole cost is rounded once, half up", () => {
  const price = tier({ input: 300_000, cachedInput: 100_000, output: 100_000 });
  expect(cost(used(1, 2), price)).toBe(1);
  expect(cost(used(1, 1), price)).toBe(0);
  // 0.1 + 0.1 + 0.3: three parts that are nothing each.
  expect(cost(used(2, 1, 1), price)).toBe(1);
  expect(cost(used(0, 0), price)).toBe(0);
});

test("a cost of many million yuan is not rounded to what a number can hold", () => {
  const price = tier({ input: 999_999_999_999, output: 1 });
  expect(cost(used(1_000_000_000, 1), price)).toBe(999_999_999_999_000);
  expect(cost(used(999_999_999, 499_998), price)).toBe(999_999_998_999_000);
  expect(cost(used(999_999_999, 499_999), price)).toBe(999_999_998_999_001);
});

test.each([
  [0.15, 150_000],
  [1.005, 1_005_000],
  [9.007199254740993, 9_007_199],
])("%d yuan in micro-yuan", (yuan, amount) => expect(microYuan(yuan)).toBe(amount));

test.each([
  [0, "0"],
  [1, "0.000001"],
  [1_234_500, "1.2345"],
  [3_000_000, "3"],
  [-1_500_000, "-1.5"],
])("%d micro-yuan in yuan", (amount, yuan) => expect(yuanText(amount)).toBe(yuan));

test.each([
  [0, "0.000000"],
  [1, "0.000001"],
  [999_999, "0.999999"],
  [1_000_000, "1.000000"],
  [-1_500_000, "-1.500000"],
  [Number.MAX_SAFE_INTEGER, "9007199254.740991"],
])("%d micro-yuan in full", (amount, yuan) => expect(fullYuanText(amount)).toBe(yuan));

test.each([
  [0.000001, 1],
  [0.1, 100_000],
  [123_456_789.123457, 123_456_789_123_457],
  [999_999_999.999999, 999_999_999_999_999],
  [EXACT_YUAN_MAX, 1_000_000_000_000_000],
  [-2.5, -2_500_000],
  [0.0000001, null],
  [1.2345678, null],
  [EXACT_YUAN_MAX + 0.000001, null],
  [EXACT_YUAN_MAX + 1, null],
  [Number.POSITIVE_INFINITY, null],
  [Number.NaN, null],
])("%d yuan are exactly so many micro-yuan, or not", (yuan, amount) => {
  expect(exactMicroYuan(yuan)).toBe(amount);
  if (amount !== null) expect(yuanOf(amount)).toBe(yuan);
});
