/** Counts for clients that shorten their conversations by them: rather too many tokens than too few. */
import { expect, test } from "vitest";
import { CalibratedEstimator } from "../../../src/ledger/estimate/calibrated-estimator.ts";
import { measureBody } from "../../../src/wire/text-measure.ts";

const MODEL = "ark/ep-1";

function measureOf(content: string) {
  return measureBody(Buffer.from(JSON.stringify({ model: "m", messages: [{ role: "user", content }] })));
}

test("what short calls have taught does not shrink long ones", () => {
  const estimator = new CalibratedEstimator();
  const long = measureOf("Tell me about tides. ".repeat(200));
  const untaught = estimator.cautiousInputTokens(MODEL, long);
  expect(untaught).toBe(estimator.inputTokens(MODEL, long));
  for (let call = 0; call < 50; call++) {
    const usage = { inputTokens: 9, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0 };
    estimator.learn(MODEL, measureOf("hi"), null, usage);
  }
  expect(estimator.inputTokens(MODEL, long)).toBeLessThan(untaught);
  expect(estimator.cautiousInputTokens(MODEL, long)).toBe(untaught);
});

test("what a model is known to need beyond it counts", () => {
  const estimator = new CalibratedEstimator();
  const text = measureOf("Tell me about tides. ".repeat(20));
  const untaught = estimator.cautiousInputTokens(MODEL, text);
  for (let call = 0; call < 50; call++) {
    const inputTokens = Math.round(untaught * 2);
    const usage = { inputTokens, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0 };
    estimator.learn(MODEL, text, null, usage);
  }
  expect(estimator.cautiousInputTokens(MODEL, text)).toBeGreaterThan(untaught * 1.5);
});
