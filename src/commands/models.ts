/** `models`: prints the alias table as it resolves, with prices, context windows and advice on choosing. */
import { type ArkModel, arkCatalogue, findAliasAdvice } from "../config/ark-models.ts";
import type { Config } from "../config/config.ts";
import { readConfig } from "../config/read-config.ts";
import type { Language } from "../core/language.ts";
import { type PriceTier, yuanOf } from "../core/money.ts";
import { type ModelRow, modelJson, modelRowOf, priceTiersOf } from "../server/admin/model-facts.ts";
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

function rangeOf(microYuan: readonly number[]): readonly [number, number] {
  return [yuanOf(Math.min(...microYuan)), yuanOf(Math.max(...microYuan))];
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
  return [
    alias,
    target,
    priceText(priceRange(priceTiersOf(row))),
    contextText(known),
    [...model.speaks].join(", "),
  ];
}

function print(invocation: Invocation, config: Config): void {
  const { standardOutput: output, language, environment } = invocation;
  const paint = paintFor(output, environment);
  const { alias, target, price, context, speaks } = modelPhrases;
  const head = [alias, target, price, context, speaks].map((phrase) => phrase[language]);
  const rows = config.models.map(modelRowOf);
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

function printJson(invocation: Invocation, config: Config): void {
  const models = config.models
    .map(modelRowOf)
    .map((row) => modelJson(row, adviceText(row, invocation.language)));
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
