/** Lays the aliases of the file and the environment over the default table and resolves each one. */
import { defaultRepairs, type Repair, repairs } from "../core/changes.ts";
import type { PriceList } from "../core/money.ts";
import { nearestName } from "../core/nearest-name.ts";
import type { Protocol } from "../core/protocols.ts";
import type { Timeouts } from "../core/timeouts.ts";
import { arkCatalogue, findArkModel, priceOfModel } from "./ark-models.ts";
import type { Compat, ModelConfig, TargetConfig, UpstreamConfig } from "./config.ts";
import { exampleModels, isExampleId } from "./defaults.ts";
import type { Override } from "./environment.ts";
import { limitsOf } from "./limit-settings.ts";
import { configuredPrice, type PriceSettings } from "./price-settings.ts";
import { type Place, type Problem, problemAt } from "./problem.ts";
import { mergeTimeouts } from "./resolve-timeouts.ts";
import type { ModelSettings, Settings } from "./schema.ts";
import type { Path } from "./yaml-tree.ts";

/** What the models are resolved against, and where what is wrong is written down. */
export type ModelContext = {
  readonly upstreams: readonly UpstreamConfig[];
  readonly timeouts: Timeouts;
  /** Of models that say nothing of it. */
  readonly compat: Compat;
  placeOf(path: Path): Place;
  readonly problems: Problem[];
  readonly warnings: Problem[];
};

function resolveRepairs(changes: readonly string[]): ReadonlySet<Repair> {
  if (changes.length === 0) return defaultRepairs;
  const added = repairs.filter((repair) => changes.includes(repair));
  const kept = [...defaultRepairs].filter((repair) => !changes.includes(`-${repair}`));
  return new Set(repairs.filter((repair) => added.includes(repair) || kept.includes(repair)));
}

/** What an endpoint speaks that no list names: chat, as every one does. */
const CHAT_ALONE: ReadonlySet<Protocol> = new Set(["chat"]);

/** What a model speaks by its id. */
export function protocolsOf(model: string): ReadonlySet<Protocol> {
  return findArkModel(model)?.speaks ?? CHAT_ALONE;
}

/** The file's price, by its figures or by the id of one of Ark's models; else Ark's list price. */
function resolvePrice(
  context: ModelContext,
  alias: string,
  settings: PriceSettings | undefined,
  model: string,
): PriceList | null {
  if (settings === undefined) return priceOfModel(model);
  if (typeof settings !== "string") return configuredPrice(settings);
  const price = priceOfModel(settings);
  if (price !== null) return price;
  const known = [...arkCatalogue().models.values()].flatMap(({ id, price: own }) => (own === null ? [] : id));
  const nearest = nearestName(settings, known);
  const place = context.placeOf(["models", alias, "price"]);
  context.problems.push(problemAt(place, { kind: "price-unknown", name: settings, nearest }));
  return null;
}

function resolveTarget(
  context: ModelContext,
  alias: string,
  settings: Exclude<ModelSettings, string | null>,
): TargetConfig | null {
  const first = context.upstreams[0]?.name ?? "";
  const target = settings.targets?.[0];
  if (target === undefined) {
    const example = exampleModels.get(alias);
    if (example !== undefined) return { upstream: first, model: example };
    context.problems.push(problemAt(context.placeOf(["models", alias]), { kind: "no-target" }));
    return null;
  }
  const upstream = target.upstream ?? first;
  const known = context.upstreams.map((candidate) => candidate.name);
  if (!known.includes(upstream)) {
    const place = context.placeOf(["models", alias, "targets", 0, "upstream"]);
    const nearest = nearestName(upstream, known);
    context.problems.push(problemAt(place, { kind: "unknown-upstream", name: upstream, nearest, known }));
    return null;
  }
  return { upstream, model: target.model };
}

function resolveModel(
  context: ModelContext,
  alias: string,
  settings: Exclude<ModelSettings, string | null>,
): ModelConfig | null {
  const target = resolveTarget(context, alias, settings);
  if (target === null) return null;
  if (findArkModel(target.model)?.isRetiring === true) {
    const place = context.placeOf(["models", alias]);
    context.warnings.push(problemAt(place, { kind: "retiring-model", model: target.model }));
  }
  return {
    alias,
    targets: [target],
    repairs: resolveRepairs(settings.repairs ?? []),
    speaks: settings.speaks === undefined ? protocolsOf(target.model) : new Set(settings.speaks),
    compat: settings.compat ?? context.compat,
    timeouts: mergeTimeouts(context.timeouts, settings.timeouts ?? {}),
    price: resolvePrice(context, alias, settings.price, target.model),
    limits: limitsOf(settings.limits ?? {}),
    isExample: isExampleId(target.model),
  };
}

/** The default table, over it the file's aliases (null takes one out), over them the environment's. */
export function resolveModels(
  context: ModelContext,
  fromFile: NonNullable<Settings["models"]>,
  fromEnvironment: Override<ReadonlyMap<string, string>> | null,
): readonly ModelConfig[] {
  const table = new Map<string, ModelSettings>(exampleModels);
  for (const [alias, settings] of Object.entries(fromFile)) {
    if (settings === null && !exampleModels.has(alias)) {
      const nearest = nearestName(alias, exampleModels.keys());
      const place = context.placeOf(["models", alias]);
      context.problems.push(problemAt(place, { kind: "nothing-to-remove", name: alias, nearest }));
    }
    table.set(alias, settings);
  }
  for (const [alias, model] of fromEnvironment?.value ?? []) table.set(alias, model);
  const models: ModelConfig[] = [];
  for (const [alias, settings] of table) {
    if (settings === null) continue;
    const long = typeof settings === "string" ? { targets: [{ model: settings }] } : settings;
    const model = resolveModel(context, alias, long);
    if (model !== null) models.push(model);
  }
  return models;
}
