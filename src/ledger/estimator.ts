/** The port of the estimator: tokens of texts whose usage never came, learned from those whose usage did. */
import type { TextMeasure } from "../core/text-measure.ts";
import type { Usage } from "../core/usage.ts";

/** Whose answers are alike: the upstream's name, a slash, the model asked of it. */
export type EstimatedModel = string;

export interface Estimator {
  inputTokens(model: EstimatedModel, body: TextMeasure): number;
  /** Rather too many than too few, for clients that shorten their conversations by it. */
  cautiousInputTokens(model: EstimatedModel, body: TextMeasure): number;
  /** Of what was delivered of a stream. */
  outputTokens(model: EstimatedModel, delivered: TextMeasure): number;
  /** Of an answer that nobody saw: what this model's answers have had on average, within the bound. */
  unseenOutputTokens(model: EstimatedModel, outputTokensMax: number | null): number;
  /** From an answer that came with its usage; `delivered` is null where it was no stream. */
  learn(model: EstimatedModel, body: TextMeasure, delivered: TextMeasure | null, usage: Usage): void;
}
