/** Money in integer micro-yuan, and what a call costs by its usage. */
import type { Usage } from "./usage.ts";

/** A millionth of a yuan (CNY). */
export type MicroYuan = number;

/** Micro-yuan per million tokens, for requests of at most so many input tokens; null: of any length. */
export type PriceTier = {
  readonly inputTokensMax: number | null;
  readonly input: MicroYuan;
  readonly cachedInput: MicroYuan | null;
  readonly output: MicroYuan;
};

/** One version of a model's price. */
export type PriceList = {
  /** Says where the figures are from, such as `ark-2026-08-27`; a row of the ledger keeps it. */
  readonly version: string;
  /** At least one, in ascending order of length. */
  readonly tiers: readonly PriceTier[];
};

const TOKENS_PER_UNIT = 1_000_000;

/**
 * What the tokens cost, rounded once, half up. The tier that the whole input falls into prices all of its
 * tokens (ark-api 18); beyond the last tier, the last one does. Where cached input has no price of its own
 * it costs what input costs.
 */
export function costOf(usage: Usage, { tiers }: PriceList): MicroYuan {
  const tier = tiers.find(
    ({ inputTokensMax }) => inputTokensMax === null || usage.inputTokens <= inputTokensMax,
  );
  const { input, cachedInput, output } = tier ?? tiers.at(-1) ?? noTier();
  const fresh = usage.inputTokens - usage.cachedInputTokens;
  const parts =
    fresh * input + usage.cachedInputTokens * (cachedInput ?? input) + usage.outputTokens * output;
  return Math.floor(parts / TOKENS_PER_UNIT + 0.5);
}

function noTier(): never {
  throw new TypeError("a price list has no tiers");
}
