/** The catalogue of Ark's text models, from `models.yaml`: windows, list prices, and advice on choosing. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import type { Phrase } from "../core/language.ts";

/** Micro-yuan per million tokens, for requests of at most so many input tokens; null: of any length. */
export type PriceTier = {
  readonly inputTokensMax: number | null;
  readonly input: number;
  readonly cachedInput: number | null;
  readonly output: number;
};

export type ArkModel = {
  readonly id: string;
  /** Ark has announced its end. */
  readonly isRetiring: boolean;
  readonly contextTokens: number;
  readonly inputTokensMax: number | null;
  readonly outputTokensMax: number | null;
  readonly inputModalities: readonly string[];
  /** In ascending order of length; empty where the price is not known. */
  readonly priceTiers: readonly PriceTier[];
  readonly advice: Phrase;
};

/** What to know of an alias that people bring from the first proxy. */
export type AliasAdvice = {
  readonly advice: Phrase;
  /** Ids of the catalogue that take its place today, the nearest first. */
  readonly successors: readonly string[];
};

export type ArkCatalogue = {
  readonly models: ReadonlyMap<string, ArkModel>;
  readonly aliases: ReadonlyMap<string, AliasAdvice>;
};

const MICRO_YUAN = 1_000_000;

/** Micro-yuan of an amount in yuan. */
export function microYuan(yuan: number): number {
  return Math.round(yuan * MICRO_YUAN);
}

const tokens = z.int().positive();
const phrase = z.strictObject({ en: z.string().min(1), zh: z.string().min(1) });

const tierSchema = z
  .strictObject({
    up_to_input_tokens: tokens.optional(),
    input: z.number().positive(),
    cached_input: z.number().positive().optional(),
    output: z.number().positive(),
  })
  .transform(
    (tier): PriceTier => ({
      inputTokensMax: tier.up_to_input_tokens ?? null,
      input: microYuan(tier.input),
      cachedInput: tier.cached_input === undefined ? null : microYuan(tier.cached_input),
      output: microYuan(tier.output),
    }),
  );

const modelSchema = z
  .strictObject({
    id: z.string().min(1),
    retiring: z.literal(true).optional(),
    context_tokens: tokens,
    input_tokens_max: tokens.optional(),
    output_tokens_max: tokens.optional(),
    input_modalities: z.array(z.enum(["text", "image", "video", "audio"])),
    price: z.array(tierSchema).optional(),
    advice: phrase,
  })
  .transform(
    (model): ArkModel => ({
      id: model.id,
      isRetiring: model.retiring ?? false,
      contextTokens: model.context_tokens,
      inputTokensMax: model.input_tokens_max ?? null,
      outputTokensMax: model.output_tokens_max ?? null,
      inputModalities: model.input_modalities,
      priceTiers: model.price ?? [],
      advice: model.advice,
    }),
  );

const catalogueSchema = z.strictObject({
  models: z.array(modelSchema),
  aliases: z.record(z.string(), z.strictObject({ advice: phrase, successors: z.array(z.string()) })),
});

let catalogue: ArkCatalogue | null = null;

/** The catalogue as it ships, read once, when it is first asked for. */
export function arkCatalogue(): ArkCatalogue {
  if (catalogue === null) {
    // The same place seen from src/config and from dist/config: beside package.json.
    const text = readFileSync(new URL("../../models.yaml", import.meta.url), "utf8");
    const { models, aliases } = catalogueSchema.parse(parse(text));
    catalogue = {
      models: new Map(models.map((model) => [model.id, model])),
      aliases: new Map(Object.entries(aliases)),
    };
  }
  return catalogue;
}

/** What is known of a model id; null for endpoint ids, which do not say what stands behind them. */
export function findArkModel(id: string): ArkModel | null {
  return id.startsWith("ep-") ? null : (arkCatalogue().models.get(id) ?? null);
}

/** Advice on an alias; null for one that only its owner knows. */
export function findAliasAdvice(alias: string): AliasAdvice | null {
  return arkCatalogue().aliases.get(alias) ?? null;
}
