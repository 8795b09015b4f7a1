/** The aliases of the matrix: what serves them, and a second reckoning of what a call costs. */

/** Tokens up to which a tier goes (input, output; null: any), and micro-yuan per million tokens. */
type Tier = {
  readonly inputMax: bigint | null;
  readonly outputMax: bigint | null;
  readonly input: bigint;
  readonly cached: bigint;
  readonly output: bigint;
};

export type PricedModel = {
  readonly model: string;
  readonly thinks: boolean;
  /** Responses and Messages too, by models.yaml; of endpoints it is not known. */
  readonly speaksAll: boolean;
  /** As the configuration file says it; undefined for a model whose price nobody knows. */
  readonly settings?: object;
  readonly tiers: readonly Tier[] | null;
};

export const UNPRICED_ENDPOINT = "ep-20260101000000-nobody";
export const UNPRICED_MODEL = "doubao-seed-2-0-mini-260215";

/** Prime figures, so that a mistake does not cancel out. */
export const pricedModels: Readonly<Record<string, PricedModel>> = {
  plain: {
    model: "ep-20250218170310-pvmdb",
    thinks: false,
    speaksAll: false,
    settings: { input: 2.000003, output: 8.000009 },
    tiers: [{ inputMax: null, outputMax: null, input: 2_000_003n, cached: 2_000_003n, output: 8_000_009n }],
  },
  thinking: {
    model: "doubao-seed-2-0-lite-260215",
    thinks: true,
    speaksAll: true,
    settings: [
      { up_to_input_tokens: 60, up_to_output_tokens: 20, input: 0.8, output: 2 },
      { up_to_input_tokens: 60, input: 0.800011, cached_input: 0.160001, output: 8.000023 },
      { input: 1.600033, cached_input: 0.160007, output: 16.000057 },
    ],
    tiers: [
      { inputMax: 60n, outputMax: 20n, input: 800_000n, cached: 800_000n, output: 2_000_000n },
      { inputMax: 60n, outputMax: null, input: 800_011n, cached: 160_001n, output: 8_000_023n },
      { inputMax: null, outputMax: null, input: 1_600_033n, cached: 160_007n, output: 16_000_057n },
    ],
  },
  digest: {
    model: "doubao-seed-2-1-pro-260628",
    thinks: true,
    speaksAll: true,
    settings: { input: 3.000017, cached_input: 0.600011, output: 15.000013 },
    tiers: [{ inputMax: null, outputMax: null, input: 3_000_017n, cached: 600_011n, output: 15_000_013n }],
  },
  unpriced: { model: UNPRICED_ENDPOINT, thinks: true, speaksAll: false, tiers: null },
};

export type Tokens = { readonly input: number; readonly cached: number; readonly output: number };

/** Micro-yuan, rounded half up once; null where the price is not known. */
export function costByHand(name: string, { input, cached, output }: Tokens): number | null {
  const tiers = pricedModels[name]?.tiers ?? null;
  if (tiers === null) return null;
  const fits = ({ inputMax, outputMax }: Tier): boolean =>
    (inputMax === null || BigInt(input) <= inputMax) && (outputMax === null || BigInt(output) <= outputMax);
  const tier = tiers.find(fits) ?? tiers.at(-1);
  if (tier === undefined) throw new TypeError("a price list without tiers");
  const parts =
    BigInt(input - cached) * tier.input + BigInt(cached) * tier.cached + BigInt(output) * tier.output;
  return Number((2n * parts + 1_000_000n) / 2_000_000n);
}
