/**
 * What `GET /v1/models` shows: the configuration's aliases, then the catalogue's models that pass through.
 */
import { type ArkModel, arkCatalogue, findAliasAdvice, findArkModel } from "../config/ark-models.ts";
import type { Config, ModelConfig } from "../config/config.ts";
import type { PriceList } from "../core/money.ts";
import { isPattern, matchesPattern } from "../core/name-pattern.ts";
import type { ModelCard } from "../protocols/model-list.ts";

/** When an id does not say its date: OpenAI's clients want a number. */
const UNDATED_SECONDS = Date.UTC(2025, 1, 18) / 1_000;
const DATED_ID = /(?:-|^ep-)(?:20)?(\d{2})(\d{2})(\d{2})(?:\d{6}-\w+)?$/;

/** Seconds since 1970 of the date in an id such as `glm-5-2-260617` or `ep-20250218144306-sshj5`. */
function createdAtOf(id: string): number {
  const match = DATED_ID.exec(id);
  if (match === null) return UNDATED_SECONDS;
  const atMs = Date.UTC(2000 + Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return Number.isNaN(atMs) ? UNDATED_SECONDS : atMs / 1_000;
}

/** Clients know one price for each model: that of a short request, whatever the length of its answer. */
function priceOf(price: PriceList | null): ModelCard["price"] {
  const tier = price?.tiers.find(({ outputTokensMax }) => outputTokensMax === null);
  return tier === undefined ? null : { input: tier.input, output: tier.output };
}

function aliasCard({ alias, targets, price }: ModelConfig): ModelCard {
  const target = targets[0]?.model ?? alias;
  const known = findArkModel(target);
  return {
    id: alias,
    displayName: alias,
    createdAt: createdAtOf(target),
    contextTokens: known?.contextTokens ?? null,
    inputTokensMax: known?.inputTokensMax ?? null,
    outputTokensMax: known?.outputTokensMax ?? null,
    inputModalities: known?.inputModalities ?? ["text"],
    price: priceOf(price),
    description: aliasAdvice(alias) ?? known?.advice.en ?? "",
  };
}

/** What the alias is for, and which of Ark's models take its place today. */
function aliasAdvice(alias: string): string | null {
  const found = findAliasAdvice(alias);
  if (found === null) return null;
  const { advice, successors } = found;
  return successors.length === 0 ? advice.en : `${advice.en} Today: ${successors.join(" or ")}.`;
}

function catalogueCard(model: ArkModel): ModelCard {
  return {
    id: model.id,
    displayName: model.id,
    createdAt: createdAtOf(model.id),
    contextTokens: model.contextTokens,
    inputTokensMax: model.inputTokensMax,
    outputTokensMax: model.outputTokensMax,
    inputModalities: model.inputModalities,
    price: priceOf(model.price),
    description: model.advice.en,
  };
}

/** A pattern is no name that a client could send, so it has no card. */
export function modelCards(config: Config): readonly ModelCard[] {
  const aliases = config.models.filter(({ alias }) => !isPattern(alias));
  const taken = new Set(aliases.map(({ alias }) => alias));
  const passing = [...arkCatalogue().models.values()].filter(
    ({ id }) => !taken.has(id) && config.passthroughModels.some((pattern) => matchesPattern(pattern, id)),
  );
  return [...aliases.map(aliasCard), ...passing.map(catalogueCard)];
}
