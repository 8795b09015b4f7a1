/** The estimator learns, forgets, bears nonsense, and goes on where it was saved. */
import { describe, expect, test } from "vitest";
import type { TextMeasure } from "../../../src/core/text-measure.ts";
import { TOKENS_MAX, type Usage } from "../../../src/core/usage.ts";
import {
  CalibratedEstimator,
  ESTIMATED_MODELS_MAX,
} from "../../../src/ledger/estimate/calibrated-estimator.ts";
import { Seeded } from "../../support/seeded.ts";

const MODEL = "ark/model";

function text(events: number, narrowBytes: number, wideCharacters = 0): TextMeasure {
  const marks = Math.floor(narrowBytes / 20);
  return { events, narrowBytes, marks, middleCharacters: 0, wideCharacters, thoughtBytes: 0 };
}

function usage(outputTokens: number, inputTokens = 100): Usage {
  return { inputTokens, cachedInputTokens: 0, outputTokens, reasoningTokens: 0 };
}

const BODY = text(1, 400);

/** Answers of a model that has so many tokens for each event, of English and of Chinese. */
function teach(estimator: CalibratedEstimator, answers: number, tokensPerEvent: number, model = MODEL): void {
  const random = new Seeded(answers);
  for (let answer = 0; answer < answers; answer++) {
    const events = 10 + random.below(500);
    const isChinese = random.below(2) === 0;
    const delivered = isChinese ? text(events, 0, 2 * events) : text(events, 5 * events);
    estimator.learn(model, BODY, delivered, usage(Math.round(tokensPerEvent * events)));
  }
}

const ANSWER = text(200, 1_000);

describe("what is learned", () => {
  test("is each model's own", () => {
    const estimator = new CalibratedEstimator();
    teach(estimator, 50, 1, "ark/one");
    teach(estimator, 50, 3, "ark/three");
    expect(Math.abs(estimator.outputTokens("ark/one", ANSWER) - 200)).toBeLessThan(20);
    expect(Math.abs(estimator.outputTokens("ark/three", ANSWER) - 600)).toBeLessThan(60);
    const unknown = new CalibratedEstimator().outputTokens("ark/one", ANSWER);
    expect(estimator.outputTokens("ark/unknown", ANSWER)).toBe(unknown);
  });

  test("is learned anew where a model has changed", () => {
    const estimator = new CalibratedEstimator();
    teach(estimator, 2_000, 1);
    teach(estimator, 1_000, 2);
    expect(Math.abs(estimator.outputTokens(MODEL, ANSWER) - 400)).toBeLessThan(40);
  });

  test.each([
    ["a figure without bounds", ANSWER, usage(TOKENS_MAX, TOKENS_MAX)],
    ["no tokens for much text", text(5_000, 900_000, 500_000), usage(0, 0)],
    ["a measure that is no number", text(Number.NaN, Number.POSITIVE_INFINITY), usage(9)],
    ["a text without bounds", text(1e15, 1e15, 1e15), usage(9)],
  ])("bears %s", (_name, delivered, figures) => {
    const estimator = new CalibratedEstimator();
    teach(estimator, 50, 1);
    const input = estimator.inputTokens(MODEL, BODY);
    for (let time = 0; time < 3; time++) estimator.learn(MODEL, BODY, delivered, figures);
    expect(Math.abs(estimator.outputTokens(MODEL, ANSWER) - 200)).toBeLessThan(40);
    expect(Math.abs(estimator.inputTokens(MODEL, BODY) - input)).toBeLessThan(20);
  });

  test("is not led astray by the few answers that are like no other", () => {
    const estimator = new CalibratedEstimator();
    for (let round = 0; round < 20; round++) {
      teach(estimator, 8, 1);
      estimator.learn(MODEL, BODY, ANSWER, usage(4_000));
    }
    expect(Math.abs(estimator.outputTokens(MODEL, ANSWER) - 200)).toBeLessThan(20);
  });

  test("lasts, however many answers there were", () => {
    const estimator = new CalibratedEstimator();
    teach(estimator, 250_000, 1);
    expect(Math.abs(estimator.outputTokens(MODEL, ANSWER) - 200)).toBeLessThan(20);
    teach(estimator, 1_000, 2);
    expect(Math.abs(estimator.outputTokens(MODEL, ANSWER) - 400)).toBeLessThan(40);
  });

  test("of the input comes from whole answers too", () => {
    const estimator = new CalibratedEstimator();
    for (const bytes of [300, 900, 2_000, 5_000, 400, 8_000, 700, 1_200]) {
      estimator.learn(MODEL, text(1, bytes), null, usage(20, Math.round(bytes / 3)));
    }
    expect(Math.abs(estimator.inputTokens(MODEL, text(1, 3_000)) - 1_000)).toBeLessThan(100);
  });

  test("does not come from a body that is too long to be measured well", () => {
    const estimator = new CalibratedEstimator();
    const wanted = new CalibratedEstimator().inputTokens(MODEL, BODY);
    const long = { ...text(1, 1_048_577), marks: 0 };
    estimator.learn(MODEL, long, null, usage(20, 900_000));
    expect(estimator.inputTokens(MODEL, BODY)).toBe(wanted);
    estimator.learn(MODEL, { ...long, narrowBytes: 1_048_576 }, null, usage(20, 900_000));
    expect(estimator.inputTokens(MODEL, BODY)).not.toBe(wanted);
  });
});

describe("an estimate", () => {
  test("is a whole number of tokens, whatever is measured", () => {
    const estimator = new CalibratedEstimator();
    teach(estimator, 50, 1);
    const measures = [text(0, 0), text(1, 0), text(1e9, 1e12, 1e12), text(3, 1e18), text(Number.NaN, 1)];
    for (const measure of measures) {
      for (const tokens of [estimator.outputTokens(MODEL, measure), estimator.inputTokens(MODEL, measure)]) {
        expect(Number.isInteger(tokens) && tokens >= 0 && tokens <= TOKENS_MAX).toBe(true);
      }
    }
    expect(estimator.outputTokens(MODEL, text(0, 0))).toBe(0);
  });

  test("of text unlike any that was learned from does not vanish", () => {
    const estimator = new CalibratedEstimator();
    for (let answer = 0; answer < 50; answer++) {
      // The longer the lines, the fewer the tokens: a rule that would give less than none for long ones.
      estimator.learn(MODEL, BODY, text(100, 100 * (answer + 1)), usage(Math.max(1, 300 - 6 * answer)));
    }
    expect(estimator.outputTokens(MODEL, text(100, 100_000))).toBeGreaterThan(4_000);
  });

  test("of an unseen answer is what answers have had lately, within the bound", () => {
    const estimator = new CalibratedEstimator();
    expect(estimator.unseenOutputTokens(MODEL, null)).toBeGreaterThan(0);
    for (let answer = 0; answer < 300; answer++) estimator.learn(MODEL, BODY, null, usage(40));
    expect(Math.abs(estimator.unseenOutputTokens(MODEL, null) - 40)).toBeLessThanOrEqual(2);
    expect(estimator.unseenOutputTokens(MODEL, 12)).toBe(12);
    expect(estimator.unseenOutputTokens(MODEL, 0)).toBe(0);
    estimator.learn(MODEL, BODY, null, usage(TOKENS_MAX));
    expect(estimator.unseenOutputTokens(MODEL, null)).toBeLessThan(60);
    for (let answer = 0; answer < 300; answer++) estimator.learn(MODEL, BODY, null, usage(900));
    expect(Math.abs(estimator.unseenOutputTokens(MODEL, null) - 900)).toBeLessThanOrEqual(9);
  });
});

describe("models", () => {
  test(`are kept up to ${ESTIMATED_MODELS_MAX}; the one learned from longest ago goes`, () => {
    const estimator = new CalibratedEstimator();
    const unlearned = estimator.unseenOutputTokens("ark/none", null);
    for (let model = 0; model < ESTIMATED_MODELS_MAX; model++) {
      estimator.learn(`ark/${model}`, BODY, ANSWER, usage(7));
    }
    estimator.learn("ark/0", BODY, ANSWER, usage(7));
    expect(estimator.unseenOutputTokens("ark/1", null)).toBeLessThan(unlearned);
    estimator.learn("ark/more", BODY, ANSWER, usage(7));
    expect(estimator.unseenOutputTokens("ark/0", null)).toBeLessThan(unlearned);
    expect(estimator.unseenOutputTokens("ark/1", null)).toBe(unlearned);
    expect(estimator.unseenOutputTokens("ark/more", null)).toBeLessThan(unlearned);
  });
});

describe("what is saved", () => {
  test("goes on where it was", () => {
    const estimator = new CalibratedEstimator();
    teach(estimator, 200, 2.5);
    const restored = CalibratedEstimator.restore(estimator.save());
    for (const measure of [ANSWER, text(3, 10), text(500, 0, 900)]) {
      expect(restored.outputTokens(MODEL, measure)).toBe(estimator.outputTokens(MODEL, measure));
      expect(restored.inputTokens(MODEL, measure)).toBe(estimator.inputTokens(MODEL, measure));
    }
    expect(restored.unseenOutputTokens(MODEL, null)).toBe(estimator.unseenOutputTokens(MODEL, null));
    expect(restored.save()).toBe(estimator.save());
    teach(estimator, 20, 2);
    teach(restored, 20, 2);
    expect(restored.outputTokens(MODEL, ANSWER)).toBe(estimator.outputTokens(MODEL, ANSWER));
  });

  test("is left where it makes no sense", () => {
    const good = new CalibratedEstimator();
    teach(good, 50, 3);
    const saved = good.save();
    const spoiled = [
      "",
      "{",
      "null",
      "[]",
      "7",
      "{}",
      '{"version":1}',
      '{"version":1,"models":7}',
      '{"version":1,"models":[null]}',
      '{"version":1,"models":[{"name":"ark/model"}]}',
      saved.slice(0, -9),
      saved.replace('"version":1', '"version":2'),
      saved.replace('"ark/model"', "7"),
      saved.replace(/"output":\[[^,]+,/, '"output":['),
      saved.replace(/"output":\[[^,]+,/, '"output":["1",'),
      saved.replace(/"input":\[[^,]+,/, '"input":[null,'),
      saved.replace(/"meanOutputTokens":[\d.]+/, '"meanOutputTokens":-1'),
      saved.replace(/"answers":\d+/, '"answers":0.5'),
      saved.replace(/"learnedAt":\d+/, '"learnedAt":null'),
    ];
    const fresh = new CalibratedEstimator().outputTokens(MODEL, ANSWER);
    for (const text of spoiled) {
      const estimator = CalibratedEstimator.restore(text);
      expect(estimator.outputTokens(MODEL, ANSWER), text).toBe(fresh);
      expect(() => estimator.learn(MODEL, BODY, ANSWER, usage(50))).not.toThrow();
    }
    expect(CalibratedEstimator.restore(saved).outputTokens(MODEL, ANSWER)).not.toBe(fresh);
  });

  test("may hold sums that no answers give", () => {
    const estimator = new CalibratedEstimator();
    teach(estimator, 50, 1);
    const odd = estimator
      .save()
      .replace(/"output":\[[^\]]+\]/, (sums) => sums.replaceAll(/[\d.e+-]+/g, "-9"));
    const restored = CalibratedEstimator.restore(odd);
    expect(restored.outputTokens(MODEL, ANSWER)).toBe(new CalibratedEstimator().outputTokens(MODEL, ANSWER));
  });

  test("is bounded in models", () => {
    const models = Array.from({ length: ESTIMATED_MODELS_MAX + 1 }, (_, index) => `ark/${index}`);
    const estimator = new CalibratedEstimator();
    estimator.learn("ark/x", BODY, ANSWER, usage(7));
    const [one] = JSON.parse(estimator.save()).models;
    const text = JSON.stringify({ version: 1, models: models.map((name) => ({ ...one, name })) });
    expect(JSON.parse(CalibratedEstimator.restore(text).save()).models).toHaveLength(ESTIMATED_MODELS_MAX);
  });
});
