/** The estimator that learns: what an event, a Latin letter and a Chinese character weigh with each model. */
import type { TextMeasure } from "../../core/text-measure.ts";
import { TOKENS_MAX, type Usage } from "../../core/usage.ts";
import type { EstimatedModel, Estimator } from "../estimator.ts";
import { type FitPrior, LinearFit } from "./linear-fit.ts";

export const ESTIMATED_MODELS_MAX = 1_000;
const VERSION = 1;

/**
 * Tokens for each event, narrow byte, mark, middle and wide character, and what there are more for each byte
 * and each event of thoughts.
 */
const outputPrior: FitPrior = {
  weights: [0.3, 0.2, 0.3, 0.4, 0.5, 0, 0],
  spreads: [0.6, 0.1, 0.4, 0.3, 0.3, 0.3, 1],
};
/** The body itself, then as above. Most marks of a body are JSON's own. */
const inputPrior: FitPrior = { weights: [0, 0.2, 0, 0.4, 0.55], spreads: [20, 0.1, 0.4, 0.3, 0.3] };

const FLOOR_DIVISOR = 4;

/** Nothing is learned from a body with more text: its measure comes from too small a part of it. */
const LEARNED_BODY_BYTES_MAX = 1_048_576;

const OUTPUT_TOKENS_AT_FIRST = 512;
const MEAN_SHARE_MIN = 0.02;
/** An answer of more than so many means counts as that many. */
const MEAN_GROWTH_MAX = 8;

const outputFeatures = new Float64Array(outputPrior.weights.length);
const inputFeatures = new Float64Array(inputPrior.weights.length);

class ModelCalibration {
  readonly output = new LinearFit(outputPrior);
  readonly input = new LinearFit(inputPrior);
  meanOutputTokens = OUTPUT_TOKENS_AT_FIRST;
  answers = 0;
  learnedAt = 0;

  /** The first figures count as much as all before, later ones a fixed share: old ones are forgotten. */
  learnMean(outputTokens: number): void {
    this.answers++;
    const mean = this.meanOutputTokens;
    const figure = Math.min(outputTokens, MEAN_GROWTH_MAX * (mean + 1));
    this.meanOutputTokens = mean + (figure - mean) * Math.max(1 / (this.answers + 1), MEAN_SHARE_MIN);
  }
}

/** The features are read before the next are taken: one array serves all. */
function featuresOfBody(body: TextMeasure): Float64Array {
  inputFeatures[0] = 1;
  inputFeatures[1] = body.narrowBytes;
  inputFeatures[2] = body.marks;
  inputFeatures[3] = body.middleCharacters;
  inputFeatures[4] = body.wideCharacters;
  return inputFeatures;
}

function featuresOfStream(delivered: TextMeasure): Float64Array {
  outputFeatures[0] = delivered.events;
  outputFeatures[1] = delivered.narrowBytes;
  outputFeatures[2] = delivered.marks;
  outputFeatures[3] = delivered.middleCharacters;
  outputFeatures[4] = delivered.wideCharacters;
  outputFeatures[5] = delivered.thoughtBytes;
  // Their events, as if all were equally long.
  outputFeatures[6] = (delivered.events * delivered.thoughtBytes) / Math.max(1, byteCount(delivered));
  return outputFeatures;
}

function tokensBy(weights: ArrayLike<number>, measured: Float64Array): number {
  let tokens = 0;
  for (let index = 0; index < measured.length; index++) {
    tokens += (weights[index] ?? 0) * (measured[index] ?? 0);
  }
  return tokens;
}

/** No text has far fewer tokens than usual, whatever was learned from texts unlike it. */
function estimated(weights: ArrayLike<number>, prior: FitPrior, measured: Float64Array): number {
  return clamped(Math.max(tokensBy(weights, measured), tokensBy(prior.weights, measured) / FLOOR_DIVISOR));
}

function clamped(tokens: number): number {
  return tokens > 0 ? Math.min(Math.round(tokens), TOKENS_MAX) : 0;
}

function byteCount(measure: TextMeasure): number {
  return measure.narrowBytes + 2 * measure.middleCharacters + 3 * measure.wideCharacters;
}

type SavedModel = {
  readonly name: unknown;
  readonly output: unknown;
  readonly input: unknown;
  readonly meanOutputTokens: unknown;
  readonly answers: unknown;
  readonly learnedAt: unknown;
};

type Saved = { readonly version: unknown; readonly models: readonly SavedModel[] };

function isTokens(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= TOKENS_MAX;
}

function isRank(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export class CalibratedEstimator implements Estimator {
  readonly #models = new Map<EstimatedModel, ModelCalibration>();
  #learned = 0;

  inputTokens(model: EstimatedModel, body: TextMeasure): number {
    const weights = this.#models.get(model)?.input.weights() ?? inputPrior.weights;
    return estimated(weights, inputPrior, featuresOfBody(body));
  }

  /** What was learned of short calls says little of long ones: no less than what nobody has taught it. */
  cautiousInputTokens(model: EstimatedModel, body: TextMeasure): number {
    const untaught = estimated(inputPrior.weights, inputPrior, featuresOfBody(body));
    return Math.max(untaught, this.inputTokens(model, body));
  }

  outputTokens(model: EstimatedModel, delivered: TextMeasure): number {
    const weights = this.#models.get(model)?.output.weights() ?? outputPrior.weights;
    return estimated(weights, outputPrior, featuresOfStream(delivered));
  }

  unseenOutputTokens(model: EstimatedModel, outputTokensMax: number | null): number {
    const mean = this.#models.get(model)?.meanOutputTokens ?? OUTPUT_TOKENS_AT_FIRST;
    return clamped(Math.min(mean, outputTokensMax ?? TOKENS_MAX));
  }

  learn(model: EstimatedModel, body: TextMeasure, delivered: TextMeasure | null, usage: Usage): void {
    const calibration = this.#models.get(model) ?? this.#begin(model);
    calibration.learnedAt = ++this.#learned;
    calibration.learnMean(usage.outputTokens);
    if (delivered !== null) calibration.output.learn(featuresOfStream(delivered), usage.outputTokens);
    if (byteCount(body) <= LEARNED_BODY_BYTES_MAX)
      calibration.input.learn(featuresOfBody(body), usage.inputTokens);
  }

  /** All that was learned, for `restore`. */
  save(): string {
    const models = [...this.#models].map(([name, calibration]) => ({
      name,
      output: calibration.output.save(),
      input: calibration.input.save(),
      meanOutputTokens: calibration.meanOutputTokens,
      answers: calibration.answers,
      learnedAt: calibration.learnedAt,
    }));
    return JSON.stringify({ version: VERSION, models });
  }

  /** From what `save` gave; from anything else one that has learned nothing. Never throws. */
  static restore(text: string): CalibratedEstimator {
    const estimator = new CalibratedEstimator();
    try {
      estimator.#take(JSON.parse(text));
    } catch {
      return new CalibratedEstimator();
    }
    return estimator;
  }

  /** Throws where it is not what `save` gives. */
  #take(saved: Saved): void {
    if (saved.version !== VERSION) return;
    for (const model of saved.models.slice(0, ESTIMATED_MODELS_MAX)) {
      const { name, output, input, meanOutputTokens, answers, learnedAt } = model;
      if (typeof name !== "string" || !isTokens(meanOutputTokens)) continue;
      if (!isRank(answers) || !isRank(learnedAt)) continue;
      const calibration = new ModelCalibration();
      if (!calibration.output.restore(output) || !calibration.input.restore(input)) continue;
      calibration.meanOutputTokens = meanOutputTokens;
      calibration.answers = answers;
      calibration.learnedAt = learnedAt;
      this.#models.set(name, calibration);
      this.#learned = Math.max(this.#learned, learnedAt);
    }
  }

  #begin(model: EstimatedModel): ModelCalibration {
    if (this.#models.size >= ESTIMATED_MODELS_MAX) this.#forgetOldest();
    const calibration = new ModelCalibration();
    this.#models.set(model, calibration);
    return calibration;
  }

  #forgetOldest(): void {
    let oldest: EstimatedModel | null = null;
    let learnedAt = Number.POSITIVE_INFINITY;
    for (const [name, calibration] of this.#models) {
      if (calibration.learnedAt >= learnedAt) continue;
      oldest = name;
      learnedAt = calibration.learnedAt;
    }
    if (oldest !== null) this.#models.delete(oldest);
  }
}
