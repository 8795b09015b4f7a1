/** Order statistics, against what a hand can count. */
import { describe, expect, test } from "vitest";
import { differences, median, percentile, ratios } from "../../../bench/statistics.ts";

describe("percentile", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => ((index * 37) % 100) + 1);

  test.each([
    [0, 1],
    [0.01, 1],
    [0.5, 50],
    [0.501, 51],
    [0.99, 99],
    [1, 100],
  ])("of 1 to 100 in any order, share %d is %d", (share, expected) => {
    expect(percentile(hundred, share)).toBe(expected);
  });

  test("sorts as numbers, leaves the samples alone, and has nothing to say of none", () => {
    const samples = [10, 9, 100];
    expect(percentile(samples, 0.5)).toBe(10);
    expect(samples).toEqual([10, 9, 100]);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe("median", () => {
  test("is the middle, or halfway between the two in the middle", () => {
    expect(median([5])).toBe(5);
    expect(median([100, 9, 10])).toBe(10);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

describe("pairs of rounds", () => {
  test("relate each round to its own yardstick", () => {
    expect(ratios([20, 60], [10, 20])).toEqual([2, 3]);
    expect(differences([20, 60], [10, 20])).toEqual([10, 40]);
  });

  test("are refused where a round is missing", () => {
    expect(() => ratios([1, 2], [1])).toThrow("do not pair");
    expect(() => differences([1], [1, 2])).toThrow("do not pair");
  });
});
