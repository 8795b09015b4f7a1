/** No call within its bounds costs more than what a budget was asked to have left for it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { areTiersInOrder, costAtMost, costOf, type PriceTier } from "../../src/core/money.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

const RUNS_SHARE = 0.5;
const price = fc.integer({ min: 0, max: 1_000_000_000 });
const bound = fc.constantFrom(0, 1, 32_768, 131_072, 262_144);
const tokens = fc.oneof(fc.integer({ min: 0, max: 300_000 }), bound);

const tier: fc.Arbitrary<PriceTier> = fc.record({
  inputTokensMax: fc.option(bound),
  outputTokensMax: fc.option(bound),
  input: price,
  cachedInput: fc.option(price),
  output: price,
});

function orderOf(one: PriceTier): number {
  const [input, output] = [one.inputTokensMax ?? 1e9, one.outputTokensMax ?? 1e9];
  return input * 1e10 + output;
}

/** Narrow ones first, each bound once, the last for any length: as the configuration takes them. */
const tiers = fc
  .uniqueArray(tier, { minLength: 1, maxLength: 6, selector: orderOf })
  .map((list) => list.toSorted((one, other) => orderOf(one) - orderOf(other)))
  .filter(areTiersInOrder);

describe("the most that a call can cost", () => {
  test(
    "is never passed, whatever tier the call falls into and whatever of it is cached",
    () => {
      let tight = 0;
      fc.assert(
        fc.property(tiers, tokens, tokens, fc.nat(), fc.nat(), fc.nat(), (list, inMax, outMax, a, b, c) => {
          const inputTokens = a % (inMax + 1);
          const usage = {
            inputTokens,
            cachedInputTokens: b % (inputTokens + 1),
            outputTokens: c % (outMax + 1),
            reasoningTokens: 0,
          };
          const prices = { version: "test", tiers: list };
          const most = costAtMost(inMax, outMax, prices);
          const cost = costOf(usage, prices);
          expect(cost).toBeLessThanOrEqual(most);
          if (list.length === 1 && list[0]?.cachedInput === null) {
            const whole = { ...usage, inputTokens: inMax, cachedInputTokens: 0, outputTokens: outMax };
            expect(most - costOf(whole, prices)).toBeLessThanOrEqual(2);
            tight++;
          }
        }),
        propertyRuns(RUNS_SHARE),
      );
      expect(tight).toBeGreaterThan(0);
    },
    propertyTimeoutMs(RUNS_SHARE),
  );
});
