/** The estimator that learns: what an event, a Latin letter and a Chinese character weigh with each model. */
import type { TextMeasure } from "../../core/text-measure.ts";
import { TOKENS_MAX, type Usage } from "../../core/usage.ts";
import type { EstimatedModel, Estimator } from "../estimator.ts";
import { type FitPrior, LinearFit } from "./linear-fit.ts";

export const ESTIMATED_MODELS_MAX = 1_000;
const VERSION = 1;

/** Of Ark's chunks, around the text (ark-api 4.4); how far a model's are off it, its event's weight learns. */
const ENVELOPE_BYTES = 230;

/** Events, narrow bytes but for the usual envelopes, middle and wide characters; once for each answer. */
const outputPrior: FitPrior = { weights: [1.2, 0.02, 0.2, 0.1, 0], spreads: [2, 0.2, 0.4, 0.4, 4] };
/** What the envelope of the body costs; then its letters, middle and wide characters. */
const inputPrior: FitPrior = { weights: [-8, 0.22, 0.4, 0.6], spreads: [20, 0.1, 0.3, 0.3] };

/** A body above it may have been sampled, or hold images: nothing is learned from it. */
const LEARNED_BODY_BYTES_MAX = 65_536;

const OUTPUT_TOKENS_AT_FIRST = 512;
const MEAN_SHARE_MIN = 0.02;
/** How far beyond the mean an answer counts in full. */
const MEAN_GROWTH_MAX = 8;

const features = { output: new Float64Array(5), input: new Float64Array(4) };

class ModelCalibration {
  readonly output = new LinearFit(outputPrior);
  readonly input = new LinearFit(inputPrior);
  meanOutputTokens = OUTPUT_TOKENS_AT_FIRST;
  answers = 0;
  learnedAt = 0;
}

function inputFeatures(body: TextMeasure): Float64Array {
  const { input } = features;
  input[0] = 1;
  input[1] = body.narrowBytes;
  input[2] = body.middleCharacters;
  input[3] = body.wideCharacters;
  return input;
}

function outputFeatures(delivered: TextMeasure, answers: 0 | 1): Float64Array {
  const { output } = features;
  output[0] = delivered.events;
  output[1] = delivered.narrowBytes - ENVELOPE_BYTES * delivered.events;
  output[2] = delivered.middleCharacters;
  output[3] = delivered.wideCharacters;
  output[4] = answers;
  return output;
}

function tokensBy(weights: ArrayLike<number>, measured: Float64Array): number {
  let tokens = 0;
  for (let index = 0; index < measured.length; index++)
    tokens += (weights[index] ?? 0) * (measured[index] ?? 0);
  return clamped(tokens);
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
    return tokensBy(this.#models.get(model)?.input.weights() ?? inputPrior.weights, inputFeatures(body));
  }

  outputTokens(model: EstimatedModel, delivered: TextMeasure): number {
    const weights = this.#models.get(model)?.output.weights() ?? outputPrior.weights;
    return tokensBy(weights, outputFeatures(delivered, 0));
  }

  unseenOutputTokens(model: EstimatedModel, outputTokensMax: number | null): number {
    const mean = this.#models.get(model)?.meanOutputTokens ?? OUTPUT_TOKENS_AT_FIRST;
    return clamped(Math.min(mean, outputTokensMax ?? TOKENS_MAX));
  }

  learn(model: EstimatedModel, body: TextMeasure, delivered: TextMeasure | null, usage: Usage): void {
    const calibration = this.#models.get(model) ?? this.#begin(model);
    calibration.learnedAt = ++this.#learned;
    calibration.answers++;
    const mean = calibration.meanOutputTokens;
    const figure = Math.min(usage.outputTokens, MEAN_GROWTH_MAX * (mean + 1));
    calibration.meanOutputTokens = mean + (figure - mean) * Math.max(1 / calibration.answers, MEAN_SHARE_MIN);
    if (delivered !== null) calibration.output.learn(outputFeatures(delivered, 1), usage.outputTokens);
    if (byteCount(body) <= LEARNED_BODY_BYTES_MAX)
      calibration.input.learn(inputFeatures(body), usage.inputTokens);
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
