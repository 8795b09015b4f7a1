/** Money in integer micro-yuan, and what a call costs by its usage. */
import type { Usage } from "./usage.ts";

/** A millionth of a yuan (CNY). */
export type MicroYuan = number;

/** Micro-yuan per million tokens, for the requests that its bounds let in. */
export type PriceTier = {
  /** For requests of at most so many input tokens; null: of any length. */
  readonly inputTokensMax: number | null;
  /** And for answers of at most so many output tokens; null: of any length. */
  readonly outputTokensMax: number | null;
  readonly input: MicroYuan;
  /** Null: cached input costs what input costs. */
  readonly cachedInput: MicroYuan | null;
  readonly output: MicroYuan;
};

/** One version of a model's price. */
export type PriceList = {
  /** Says where the figures are from, such as `ark-2026-08-27`; a row of the ledger keeps it. */
  readonly version: string;
  /** At least one: the first whose bounds let a call in prices it, so the narrower come first. */
  readonly tiers: readonly PriceTier[];
};

export const MICRO_YUAN_PER_YUAN = 1_000_000;
const YUAN_DECIMALS = 6;
/** Up to here, micro-yuan and yuan lead to each other without loss. */
export const EXACT_YUAN_MAX = 1_000_000_000;
const TOKENS_PER_UNIT = 1_000_000;
const HALF_UNIT = TOKENS_PER_UNIT / 2;

/**
 * What the tokens cost, exactly, rounded once, half up. The tier that the whole input (and, where it is
 * bounded, the whole output) falls into prices all of its tokens (ark-api 18); a call beyond every tier is
 * priced by the last one. Exact while the result itself is a safe integer.
 */
export function costOf(usage: Usage, { tiers }: PriceList): MicroYuan {
  const { input, cachedInput, output } = tierOf(usage, tiers);
  const freshTokens = usage.inputTokens - usage.cachedInputTokens;
  const cached = cachedInput ?? input;
  const parts = freshTokens * input + usage.cachedInputTokens * cached + usage.outputTokens * output;
  if (parts <= Number.MAX_SAFE_INTEGER - HALF_UNIT) {
    const raised = parts + HALF_UNIT;
    // A quotient with a fraction would be rounded; this one has none.
    return (raised - (raised % TOKENS_PER_UNIT)) / TOKENS_PER_UNIT;
  }
  const exactParts =
    BigInt(freshTokens) * BigInt(input) +
    BigInt(usage.cachedInputTokens) * BigInt(cached) +
    BigInt(usage.outputTokens) * BigInt(output);
  return Number((exactParts + BigInt(HALF_UNIT)) / BigInt(TOKENS_PER_UNIT));
}

/**
 * The most that a call of at most so many tokens can cost, by any tier that it may fall into: what a budget
 * must have left.
 */
export function costAtMost(inputTokensMax: number, outputTokensMax: number, { tiers }: PriceList): MicroYuan {
  let input = 0;
  let output = 0;
  for (const tier of tiers) {
    input = Math.max(input, tier.input, tier.cachedInput ?? 0);
    output = Math.max(output, tier.output);
    const takesAll = tier.inputTokensMax === null || inputTokensMax <= tier.inputTokensMax;
    if (takesAll && (tier.outputTokensMax === null || outputTokensMax <= tier.outputTokensMax)) break;
  }
  const parts = inputTokensMax * input + outputTokensMax * output;
  return Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(parts / TOKENS_PER_UNIT) + 1);
}

function tierOf({ inputTokens, outputTokens }: Usage, tiers: readonly PriceTier[]): PriceTier {
  for (const tier of tiers) {
    const { inputTokensMax, outputTokensMax } = tier;
    const takesInput = inputTokensMax === null || inputTokens <= inputTokensMax;
    if (takesInput && (outputTokensMax === null || outputTokens <= outputTokensMax)) return tier;
  }
  return tiers.at(-1) ?? noTier();
}

function noTier(): never {
  throw new TypeError("a price list has no tiers");
}

/** The amount in yuan as an exact decimal number without needless zeros: 1234500 is `1.2345`. */
export function yuanText(amount: MicroYuan): string {
  if (amount < 0) return `-${yuanText(-amount)}`;
  const rest = amount % MICRO_YUAN_PER_YUAN;
  const whole = (amount - rest) / MICRO_YUAN_PER_YUAN;
  if (rest === 0) return String(whole);
  let digits = YUAN_DECIMALS;
  let fraction = rest;
  while (fraction % 10 === 0) {
    fraction /= 10;
    digits--;
  }
  return `${whole}.${String(fraction).padStart(digits, "0")}`;
}

/** The amount in yuan with all of its six decimals, for columns and CSV: 1234500 is `1.234500`. */
export function fullYuanText(amount: MicroYuan): string {
  const digits = String(Math.abs(amount)).padStart(YUAN_DECIMALS + 1, "0");
  const sign = amount < 0 ? "-" : "";
  return `${sign}${digits.slice(0, -YUAN_DECIMALS)}.${digits.slice(-YUAN_DECIMALS)}`;
}

/** The amount in yuan as a number. Exact below a billion yuan: fifteen digits fit a double. */
export function yuanOf(amount: MicroYuan): number {
  return amount / MICRO_YUAN_PER_YUAN;
}

/** Micro-yuan of an amount in yuan, to the nearest. */
export function microYuan(yuan: number): MicroYuan {
  return Math.round(yuan * MICRO_YUAN_PER_YUAN);
}

/** Micro-yuan of an amount in yuan of at most a billion and six decimals; null for any other. */
export function exactMicroYuan(yuan: number): MicroYuan | null {
  if (!Number.isFinite(yuan) || Math.abs(yuan) > EXACT_YUAN_MAX) return null;
  const amount = microYuan(yuan);
  return yuanOf(amount) === yuan ? amount : null;
}

/**
 * Whether there are tiers, each bound only once and the narrower before the wider, the last of them for
 * answers of any length: then a call finds the narrowest tier that it fits into.
 */
export function areTiersInOrder(tiers: readonly PriceTier[]): boolean {
  const last = tiers.at(-1);
  if (last === undefined || last.outputTokensMax !== null) return false;
  return tiers.every((tier, index) => {
    const next = tiers[index + 1];
    if (next === undefined) return true;
    const [input, nextInput] = [boundOf(tier.inputTokensMax), boundOf(next.inputTokensMax)];
    if (input !== nextInput) return input < nextInput;
    return boundOf(tier.outputTokensMax) < boundOf(next.outputTokensMax);
  });
}

function boundOf(tokensMax: number | null): number {
  return tokensMax ?? Number.POSITIVE_INFINITY;
}
