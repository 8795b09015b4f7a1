/** `models`: prints the alias table as it resolves, with prices, context windows and advice on choosing. */
import { type ArkModel, arkCatalogue, findAliasAdvice, findArkModel } from "../config/ark-models.ts";
import type { Config, ModelConfig } from "../config/config.ts";
import { readConfig } from "../config/read-config.ts";
import type { Language } from "../core/language.ts";
import { type MicroYuan, type PriceTier, yuanOf } from "../core/money.ts";
import { printProblems } from "./check.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { modelPhrases } from "./messages.ts";
import { layOutTable, paintFor } from "./text-layout.ts";

const TOKENS_PER_K = 1_024;

/** Yuan per million tokens: one figure, or the range over the lengths of requests. */
type PriceRange = {
  readonly input: readonly [number, number];
  readonly cachedInput: readonly [number, number] | null;
  readonly output: readonly [number, number];
};

type ModelRow = {
  readonly model: ModelConfig;
  readonly upstream: string;
  readonly id: string;
  readonly known: ArkModel | null;
  readonly successors: readonly string[];
};

function rangeOf(microYuan: readonly number[]): readonly [number, number] {
  return [yuanOf(Math.min(...microYuan)), yuanOf(Math.max(...microYuan))];
}

function pricesOf({ model }: ModelRow): readonly PriceTier[] {
  return model.price?.tiers ?? [];
}

function priceRange(prices: readonly PriceTier[]): PriceRange | null {
  if (prices.length === 0) return null;
  const cached = prices.flatMap((price) => (price.cachedInput === null ? [] : [price.cachedInput]));
  return {
    input: rangeOf(prices.map((price) => price.input)),
    cachedInput: cached.length === 0 ? null : rangeOf(cached),
    output: rangeOf(prices.map((price) => price.output)),
  };
}

function rowOf(model: ModelConfig): ModelRow {
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

function rangeText(range: readonly [number, number] | null): string {
  if (range === null) return "-";
  const [least, most] = range;
  return least === most ? String(least) : `${least}–${most}`;
}

function priceText(price: PriceRange | null): string {
  if (price === null) return "-";
  return [price.input, price.cachedInput, price.output].map(rangeText).join(" / ");
}

function contextText(known: ArkModel | null): string {
  return known === null ? "-" : `${known.contextTokens / TOKENS_PER_K}k`;
}

function adviceText({ model, known, successors }: ModelRow, language: Language): string {
  const advice = known?.advice ?? findAliasAdvice(model.alias)?.advice;
  const today = successors.length === 0 ? "" : modelPhrases.today(successors)[language];
  return [advice?.[language] ?? "", today].filter((part) => part !== "").join(language === "zh" ? "" : " ");
}

function cellsOf(row: ModelRow, config: Config, language: Language): readonly string[] {
  const { model, known } = row;
  const marks = [
    ...(model.alias === config.defaultModel ? [modelPhrases.isDefault[language]] : []),
    ...(known?.isRetiring === true ? [modelPhrases.isRetiring[language]] : []),
  ];
  const alias = marks.length === 0 ? model.alias : `${model.alias} (${marks.join(", ")})`;
  const target = `${row.upstream}/${row.id}${model.isExample ? " *" : ""}`;
  return [alias, target, priceText(priceRange(pricesOf(row))), contextText(known), "chat"];
}

function print(invocation: Invocation, config: Config): void {
  const { standardOutput: output, language, environment } = invocation;
  const paint = paintFor(output, environment);
  const { alias, target, price, context, speaks } = modelPhrases;
  const head = [alias, target, price, context, speaks].map((phrase) => phrase[language]);
  const rows = config.models.map(rowOf);
  const [headLine = "", ...lines] = layOutTable([head, ...rows.map((row) => cellsOf(row, config, language))]);
  output.write(`${paint("bold", headLine)}\n`);
  for (const [index, row] of rows.entries()) {
    output.write(`${lines[index] ?? ""}\n`);
    const advice = adviceText(row, language);
    if (advice !== "") output.write(`${paint("dim", `    ${advice}`)}\n`);
  }
  const example = rows.find((row) => row.model.isExample);
  const notes = [
    ...(example === undefined ? [] : [modelPhrases.exampleNote(example.model.alias)]),
    modelPhrases.defaultNote(config.defaultModel),
    modelPhrases.passthroughNote(config.passthroughModels),
  ];
  output.write(`\n${notes.map((note) => note[language]).join("\n")}\n`);
}

/** In micro-yuan per million tokens; in yuan. */
function yuan(amount: MicroYuan | null): number | null {
  return amount === null ? null : yuanOf(amount);
}

function tierObject(tier: PriceTier): object {
  return {
    up_to_input_tokens: tier.inputTokensMax,
    up_to_output_tokens: tier.outputTokensMax,
    input: yuan(tier.input),
    cached_input: yuan(tier.cachedInput),
    output: yuan(tier.output),
  };
}

/** The fast tier and audio have list prices of their own, which a configured price leaves open. */
function priceObjects(row: ModelRow): object {
  const { model, known } = row;
  const isListed = known !== null && model.price === known.price;
  return {
    price_cny_per_million: pricesOf(row).map((tier, index) => ({
      ...tierObject(tier),
      audio_input: yuan((isListed && known.audioInput[index]) || null),
    })),
    fast_price_cny_per_million: isListed ? (known.fastPrice?.tiers ?? []).map(tierObject) : [],
  };
}

function printJson(invocation: Invocation, config: Config): void {
  const models = config.models.map(rowOf).map((row) => ({
    alias: row.model.alias,
    upstream: row.upstream,
    model: row.id,
    example: row.model.isExample,
    retiring: row.known?.isRetiring ?? false,
    price_version: row.model.price?.version ?? null,
    ...priceObjects(row),
    context_tokens: row.known?.contextTokens ?? null,
    speaks: ["chat"],
    advice: adviceText(row, invocation.language),
    successors: row.successors,
  }));
  const result = {
    list_price_version: arkCatalogue().priceVersion,
    models,
    default_model: config.defaultModel,
    passthrough_models: config.passthroughModels,
  };
  invocation.standardOutput.write(`${JSON.stringify(result, null, 2)}\n`);
}

export async function models(invocation: Invocation): Promise<number> {
  const reading = readConfig(invocation);
  if (reading.kind === "broken") {
    printProblems(invocation, reading.problems);
    return exitCodes.failed;
  }
  if (invocation.flags.json === true) printJson(invocation, reading.config);
  else print(invocation, reading.config);
  return exitCodes.ok;
}
