/** The catalogue of Ark's models, from `models.yaml`: windows, list prices, and advice on choosing. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Phrase } from "../core/language.ts";
import type { MicroYuan, PriceList } from "../core/money.ts";
import type { Protocol } from "../core/protocols.ts";
import { type ModelsFile, modelsFileSchema } from "./models-file.ts";

export type ArkModel = {
  readonly id: string;
  /** Ark has announced its end. */
  readonly isRetiring: boolean;
  readonly contextTokens: number;
  readonly inputTokensMax: number | null;
  readonly outputTokensMax: number | null;
  /** Of the thoughts beside the answer; 0: it does not think. */
  readonly reasoningTokensMax: number | null;
  readonly inputModalities: readonly string[];
  readonly speaks: ReadonlySet<Protocol>;
  /** Null where it is not known. */
  readonly price: PriceList | null;
  /** Of audio, per million tokens, for each tier of `price`; null where it has no price of its own. */
  readonly audioInput: readonly (MicroYuan | null)[];
  /** On Ark's fast tier; null where there is none, or its price is not known. */
  readonly fastPrice: PriceList | null;
  readonly advice: Phrase;
};

/** What to know of an alias that people bring from the first proxy. */
export type AliasAdvice = {
  readonly advice: Phrase;
  /** Ids of the catalogue that take its place today, the nearest first. */
  readonly successors: readonly string[];
};

export type ArkCatalogue = {
  /** Says from when the prices are; a row of the ledger keeps it. */
  readonly priceVersion: string;
  /** What reads and writes text, by id. */
  readonly models: ReadonlyMap<string, ArkModel>;
  readonly aliases: ReadonlyMap<string, AliasAdvice>;
  /** What is priced otherwise than a text model, with its units as in the file, in micro-yuan. */
  readonly media: Readonly<Pick<ModelsFile, "embeddings" | "images" | "videos" | "objects">>;
};

function arkModel(model: ModelsFile["models"][number], version: string): ArkModel {
  const { price, price_fast: fast } = model;
  return Object.freeze({
    id: model.id,
    isRetiring: model.retiring ?? false,
    contextTokens: model.context_tokens,
    inputTokensMax: model.input_tokens_max ?? null,
    outputTokensMax: model.output_tokens_max ?? null,
    reasoningTokensMax: model.reasoning_tokens_max ?? null,
    inputModalities: model.input_modalities,
    speaks: new Set(model.speaks),
    price: price === undefined ? null : { version, tiers: price.tiers },
    audioInput: price?.audioInput ?? [],
    fastPrice: fast === undefined ? null : { version, tiers: fast.tiers },
    advice: model.advice,
  });
}

/** The catalogue in a text such as `models.yaml`. @throws ZodError where a figure is missing or malformed */
export function readCatalogue(text: string): ArkCatalogue {
  const file = modelsFileSchema.parse(parse(text));
  const { price_version: priceVersion, models, aliases, ...media } = file;
  return {
    priceVersion,
    models: new Map(models.map((model) => [model.id, arkModel(model, priceVersion)])),
    aliases: new Map(Object.entries(aliases)),
    media,
  };
}

let catalogue: ArkCatalogue | null = null;

/** The catalogue as it ships, read once, when it is first asked for. */
export function arkCatalogue(): ArkCatalogue {
  // The same place seen from src/config and from dist/config: beside package.json.
  catalogue ??= readCatalogue(readFileSync(new URL("../../models.yaml", import.meta.url), "utf8"));
  return catalogue;
}

/** What is known of a model id; null for endpoint ids, which do not say what stands behind them. */
export function findArkModel(id: string): ArkModel | null {
  return id.startsWith("ep-") ? null : (arkCatalogue().models.get(id) ?? null);
}

/** Ark's list price of a text model by its id; null where it is not known, as for endpoint ids. */
export function priceOfModel(id: string): PriceList | null {
  return findArkModel(id)?.price ?? null;
}

/** Advice on an alias; null for one that only its owner knows. */
export function findAliasAdvice(alias: string): AliasAdvice | null {
  return arkCatalogue().aliases.get(alias) ?? null;
}
