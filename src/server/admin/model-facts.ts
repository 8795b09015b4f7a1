/** What is known of the configuration's models, as JSON: for the admin API and for `models --json`. */
import { z } from "zod";
import { type ArkModel, findAliasAdvice, findArkModel } from "../../config/ark-models.ts";
import type { ModelConfig } from "../../config/config.ts";
import { type MicroYuan, type PriceTier, yuanOf } from "../../core/money.ts";

export type ModelRow = {
  readonly model: ModelConfig;
  readonly upstream: string;
  readonly id: string;
  readonly known: ArkModel | null;
  readonly successors: readonly string[];
};

export function modelRowOf(model: ModelConfig): ModelRow {
  const [target] = model.targets;
  const id = target?.model ?? "";
  const known = findArkModel(id);
  return {
    model,
    upstream: target?.upstream ?? "",
    id,
    known,
    successors: known === null ? (findAliasAdvice(model.alias)?.successors ?? []) : [],
  };
}

export function priceTiersOf({ model }: ModelRow): readonly PriceTier[] {
  return model.price?.tiers ?? [];
}

const amount = z.number().nullable();
const tier = {
  up_to_input_tokens: z.int().nullable(),
  up_to_output_tokens: z.int().nullable(),
  input: amount,
  cached_input: amount,
  output: amount,
};
export const tierSchema = z.object(tier);

export const modelSchema = z.object({
  alias: z.string(),
  upstream: z.string(),
  model: z.string(),
  example: z.boolean(),
  retiring: z.boolean(),
  price_version: z.string().nullable(),
  price_cny_per_million: z.array(z.object({ ...tier, audio_input: amount })),
  fast_price_cny_per_million: z.array(tierSchema),
  context_tokens: z.int().nullable(),
  speaks: z.array(z.string()),
  advice: z.string(),
  successors: z.array(z.string()),
});

type ModelJson = z.infer<typeof modelSchema>;

/** In micro-yuan per million tokens; in yuan. */
function yuan(price: MicroYuan | null): number | null {
  return price === null ? null : yuanOf(price);
}

export function tierJson(price: PriceTier): z.infer<typeof tierSchema> {
  return {
    up_to_input_tokens: price.inputTokensMax,
    up_to_output_tokens: price.outputTokensMax,
    input: yuan(price.input),
    cached_input: yuan(price.cachedInput),
    output: yuan(price.output),
  };
}

/** @param advice on choosing the model, in whichever language */
export function modelJson(row: ModelRow, advice: string): ModelJson {
  const { model, upstream, id, known, successors } = row;
  // The fast tier and audio have list prices of their own, which a configured price leaves open.
  const isListed = known !== null && model.price === known.price;
  return {
    alias: model.alias,
    upstream,
    model: id,
    example: model.isExample,
    retiring: known?.isRetiring ?? false,
    price_version: model.price?.version ?? null,
    price_cny_per_million: priceTiersOf(row).map((price, index) => ({
      ...tierJson(price),
      audio_input: yuan((isListed && known.audioInput[index]) || null),
    })),
    fast_price_cny_per_million: isListed ? (known.fastPrice?.tiers ?? []).map(tierJson) : [],
    context_tokens: known?.contextTokens ?? null,
    speaks: [...model.speaks],
    advice,
    successors: [...successors],
  };
}

/** In English, as all of the API is. */
export function modelAdvice({ model, known }: ModelRow): string {
  return (known?.advice ?? findAliasAdvice(model.alias)?.advice)?.en ?? "";
}
