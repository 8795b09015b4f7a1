/** Costs are exact whatever the size: held against rationals of BigInt, rounded once, half up. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costOf, type PriceTier, yuanText } from "../../src/core/money.ts";
import { TOKENS_MAX, type Usage } from "../../src/core/usage.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

const COST_SHARE = 0.5;
/** The greatest figure that the configuration takes: a million yuan per million tokens. */
const FIGURE_MAX = 1_000_000_000_000;

/** Every size is as likely as any other, and what is round as likely as what is not. */
function whole(max: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: 0, max: 1_000 }),
    fc.integer({ min: 0, max: 1_000_000 }),
    fc.integer({ min: 0, max }),
    fc.integer({ min: max - 1_000, max }),
    fc.constantFrom(0, 1, 499_999, 500_000, 500_001, 999_999, 1_000_000, 1_500_000),
  );
}

const usage: fc.Arbitrary<Usage> = fc
  .tuple(whole(TOKENS_MAX), whole(TOKENS_MAX), whole(TOKENS_MAX))
  .map(([inputTokens, cached, outputTokens]) => ({
    inputTokens,
    cachedInputTokens: Math.min(cached, inputTokens),
    outputTokens,
    reasoningTokens: 0,
  }));

const tier: fc.Arbitrary<PriceTier> = fc.record({
  inputTokensMax: fc.constant(null),
  outputTokensMax: fc.constant(null),
  input: whole(FIGURE_MAX),
  cachedInput: fc.option(whole(FIGURE_MAX)),
  output: whole(FIGURE_MAX),
});

/** The numerator over a million, as a whole number with its rest. */
function exactCost({ inputTokens, cachedInputTokens, outputTokens }: Usage, one: PriceTier): bigint {
  const numerator =
    (BigInt(inputTokens) - BigInt(cachedInputTokens)) * BigInt(one.input) +
    BigInt(cachedInputTokens) * BigInt(one.cachedInput ?? one.input) +
    BigInt(outputTokens) * BigInt(one.output);
  const down = numerator / 1_000_000n;
  const rest = numerator - down * 1_000_000n;
  return rest * 2n >= 1_000_000n ? down + 1n : down;
}

describe("a cost", () => {
  test(
    "is exact to the micro-yuan, whatever the size",
    () => {
      const seen = { small: 0, great: 0 };
      fc.assert(
        fc.property(usage, tier, (used, one) => {
          const cost = costOf(used, { version: "test", tiers: [one] });
          seen[exactCost(used, one) * 1_000_000n > BigInt(Number.MAX_SAFE_INTEGER) ? "great" : "small"]++;
          expect(BigInt(cost)).toBe(exactCost(used, one));
          expect(Number.isSafeInteger(cost)).toBe(true);
        }),
        propertyRuns(COST_SHARE),
      );
      expect(Math.min(seen.small, seen.great)).toBeGreaterThan(0);
    },
    propertyTimeoutMs(COST_SHARE),
  );

  test("is exact on both sides of where numbers end", () => {
    // Around 2^53 parts, where a fraction of a micro-yuan no longer fits into a number.
    for (let outputTokens = 9_007_199_254 - 3; outputTokens <= 9_007_199_254 + 3; outputTokens++) {
      for (const output of [999_999, 1_000_000, 1_000_001]) {
        const one = {
          inputTokensMax: null,
          outputTokensMax: null,
          input: 499_999,
          cachedInput: null,
          output,
        };
        const used = { inputTokens: 1, cachedInputTokens: 0, outputTokens, reasoningTokens: 0 };
        expect(BigInt(costOf(used, { version: "test", tiers: [one] }))).toBe(exactCost(used, one));
      }
    }
  });

  test("in yuan is the same amount, without needless zeros", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (amount) => {
        const text = yuanText(amount);
        expect(text).toMatch(/^-?\d+(?:\.\d{0,5}[1-9])?$/);
        const [whole_ = "", fraction = ""] = text.split(".");
        const sign = text.startsWith("-") ? -1n : 1n;
        const micro = BigInt(whole_.replace("-", "")) * 1_000_000n + BigInt(fraction.padEnd(6, "0"));
        expect(sign * micro).toBe(BigInt(amount));
      }),
      propertyRuns(COST_SHARE),
    );
  });
});
