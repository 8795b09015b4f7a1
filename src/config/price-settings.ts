/** What `price` of an alias may say: figures, tiers of them, or the id of one of Ark's models. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { areTiersInOrder, microYuan, type PriceList, type PriceTier, yuanOf } from "../core/money.ts";
import { arkCatalogue } from "./ark-models.ts";
import { expecting, section } from "./expectations.ts";
import { tokensMaxSchema } from "./quantity-schemas.ts";

const TIERS_MAX = 16;
const VERSION_CHARACTERS = 8;

const figureSchema = expecting(
  z.number().min(0).max(1_000_000),
  "CNY per million tokens, 0 or more",
  "每百万 token 的人民币价格，不小于 0",
);

const figures = {
  input: figureSchema.describe("CNY per million input tokens."),
  cached_input: figureSchema.optional().describe("CNY per million input tokens that Ark had cached."),
  output: figureSchema.describe("CNY per million output tokens."),
};

const tierSchema = section({
  up_to_input_tokens: tokensMaxSchema
    .optional()
    .describe("For requests of at most so many input tokens. Default: of any length."),
  up_to_output_tokens: tokensMaxSchema
    .optional()
    .describe("And for answers of at most so many output tokens. Default: of any length."),
  ...figures,
});

type TierSettings = z.infer<typeof tierSchema>;

function tierOf(settings: TierSettings): PriceTier {
  const { cached_input: cached } = settings;
  return {
    inputTokensMax: settings.up_to_input_tokens ?? null,
    outputTokensMax: settings.up_to_output_tokens ?? null,
    input: microYuan(settings.input),
    cachedInput: cached === undefined ? null : microYuan(cached),
    output: microYuan(settings.output),
  };
}

export const priceSchema = expecting(
  z.union([
    expecting(z.string().min(1).max(256), "the id of one of Ark's models", "方舟模型的 ID"),
    section(figures),
    expecting(
      z
        .array(tierSchema)
        .min(1)
        .max(TIERS_MAX)
        .refine((tiers) => areTiersInOrder(tiers.map(tierOf))),
      `1 to ${TIERS_MAX} tiers, the narrower before the wider, the last without up_to_output_tokens`,
      ` 1 到 ${TIERS_MAX} 个档位，由窄到宽，最后一档不设 up_to_output_tokens`,
    ),
  ]),
  [
    "`input`, `cached_input` and `output` in CNY per million tokens, the id of one of Ark's models,",
    `or a list of 1 to ${TIERS_MAX} tiers, the narrower before the wider, the last without up_to_output_tokens`,
  ].join(" "),
  [
    "每百万 token 的 `input`、`cached_input` 与 `output`（人民币），或方舟模型的 ID，",
    `或 1 到 ${TIERS_MAX} 个档位的列表（由窄到宽，最后一档不设 up_to_output_tokens）`,
  ].join(""),
);

export type PriceSettings = z.infer<typeof priceSchema>;

/** Names the figures themselves: the same ones have the same version, wherever and whenever they are read. */
function versionOf(tiers: readonly PriceTier[]): string {
  const text = JSON.stringify(
    tiers.map((tier) => [
      tier.inputTokensMax,
      tier.outputTokensMax,
      tier.input,
      tier.cachedInput,
      tier.output,
    ]),
  );
  const hash = createHash("sha256").update(text).digest("hex");
  return `config-${hash.slice(0, VERSION_CHARACTERS)}`;
}

/** The price that the figures of the file give. */
export function configuredPrice(settings: Exclude<PriceSettings, string>): PriceList {
  const tiers = Array.isArray(settings) ? settings.map(tierOf) : [tierOf(settings)];
  return { version: versionOf(tiers), tiers };
}

function tierSettings(tier: PriceTier): TierSettings {
  const { inputTokensMax, outputTokensMax, cachedInput } = tier;
  return {
    ...(inputTokensMax === null ? {} : { up_to_input_tokens: inputTokensMax }),
    ...(outputTokensMax === null ? {} : { up_to_output_tokens: outputTokensMax }),
    input: yuanOf(tier.input),
    ...(cachedInput === null ? {} : { cached_input: yuanOf(cachedInput) }),
    output: yuanOf(tier.output),
  };
}

/** The price in the words of the file: one of Ark's by its model's id, any other by its figures. */
export function priceSettings(price: PriceList): PriceSettings {
  for (const model of arkCatalogue().models.values()) if (model.price === price) return model.id;
  const [only, ...more] = price.tiers.map(tierSettings);
  return only === undefined || more.length > 0 || only.up_to_input_tokens !== undefined
    ? price.tiers.map(tierSettings)
    : only;
}
