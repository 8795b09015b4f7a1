/** Builds one version of the house from a configuration: here the plug-ins meet the rooms. */
import { findArkModel, priceOfModel } from "../config/ark-models.ts";
import type { Compat, Config, ModelConfig } from "../config/config.ts";
import { protocolsOf } from "../config/resolve-models.ts";
import type { Repair } from "../core/changes.ts";
import type { Memories } from "../core/memories.ts";
import type { Protocol } from "../core/protocols.ts";
import { PRODUCT, VERSION } from "../core/version.ts";
import type { House } from "../pipeline/house.ts";
import { type Route, RouteTable, type Window } from "../pipeline/route.ts";
import { Cors } from "../pipeline/visit/cors.ts";
import { Occupancy } from "../pipeline/visit/in-flight.ts";
import type { TargetTraits } from "../protocols/door.ts";
import { doors } from "../protocols/index.ts";
import { openaiDialect } from "../protocols/openai-dialect.ts";
import { upstreamKinds } from "../upstreams/index.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { Foundation } from "./foundation.ts";
import { modelCards } from "./model-cards.ts";
import { ModelPages } from "./model-pages.ts";
import { storedPages } from "./stored-pages.ts";

/** One version of the house, and how to leave it once nobody is in it any more. */
export type BuiltHouse = { readonly house: House; close(): Promise<void> };

/** The first aliases of the configuration have labels of their own in metrics; the rest count as `other`. */
export const LABELLED_ALIASES_MAX = 50;

/** @throws Error where a part refuses what the configuration says; the message says which setting */
export function buildHouse(config: Config, foundation: Foundation): BuiltHouse {
  const upstreams = new Map(
    config.upstreams.map((settings) => [
      settings.name,
      upstreamKinds[settings.kind]({
        name: settings.name,
        baseUrl: settings.baseUrl,
        anthropicBaseUrl: settings.anthropicBaseUrl,
        apiKeys: settings.apiKeys,
        environment: foundation.environment,
        userAgent: `${PRODUCT}/${VERSION}`,
      }),
    ]),
  );
  const house: House = Object.freeze({
    ...foundation,
    memories: memoriesFor(config, foundation.memories),
    storedPages,
    occupancy: new Occupancy(),
    doors: new Map(doors.flatMap((door) => door.paths.map((path) => [path, door] as const))),
    dialect: openaiDialect,
    gate: foundation.gates[config.auth.mode],
    authMode: config.auth.mode,
    lendsKey: config.auth.mode === "passthrough" && holdsKey(config),
    routes: buildRoutes(config, upstreams),
    pages: new ModelPages(modelCards(config)),
    cors: new Cors(config.server.corsOrigins),
    settings: {
      bodyBytesMax: config.server.bodyBytesMax,
      requestBodyTimeoutMs: config.server.requestBodyTimeoutMs,
      heartbeat: config.heartbeat,
      attemptsMax: config.retries.attemptsMax,
      clientLoss: config.ledger.clientLoss,
    },
  });
  return {
    house,
    close: async () => {
      await house.occupancy.empty();
      await Promise.all(Array.from(upstreams.values(), (upstream) => upstream.close()));
    },
  };
}

function memoriesFor({ reasoning }: Config, memories: Memories): Memories {
  return reasoning.memory ? memories : { ...memories, reasoning: null };
}

/** The labels that metrics may use for models, in the order of the configuration. */
export function modelLabels(config: Config): readonly string[] {
  return config.models.slice(0, LABELLED_ALIASES_MAX).map(({ alias }) => alias);
}

function buildRoutes(config: Config, upstreams: ReadonlyMap<string, Upstream>): RouteTable {
  const labels = new Set(modelLabels(config));
  const [first] = upstreams.values();
  if (first === undefined) throw new Error("The configuration has no upstream.");
  return new RouteTable({
    routes: config.models.map((model) => routeOf(model, upstreams, labels)),
    passthrough: config.passthroughModels,
    passthroughRoute: (name) => ({
      alias: name,
      modelLabel: "other",
      target: {
        upstream: first,
        model: name,
        traits: traitsOf(first, name, protocolsOf(name), config.repairs, config.compat),
        label: `${first.name}/${name}`,
        metricLabel: `${first.name}/other`,
      },
      timeouts: config.timeouts,
      price: priceOfModel(name),
      window: windowOf(name),
      isExample: false,
    }),
    defaultAlias: config.defaultModel,
  });
}

function routeOf(
  model: ModelConfig,
  upstreams: ReadonlyMap<string, Upstream>,
  labels: ReadonlySet<string>,
): Route {
  const [target] = model.targets;
  const upstream = target === undefined ? undefined : upstreams.get(target.upstream);
  if (target === undefined || upstream === undefined) {
    throw new Error(`The model ${model.alias} has no target on a known upstream.`);
  }
  const label = `${upstream.name}/${target.model}`;
  return Object.freeze({
    alias: model.alias,
    modelLabel: labels.has(model.alias) ? model.alias : "other",
    target: {
      upstream,
      model: target.model,
      traits: traitsOf(upstream, target.model, model.speaks, model.repairs, model.compat),
      label,
      metricLabel: labels.has(model.alias) ? label : `${upstream.name}/other`,
    },
    timeouts: model.timeouts,
    price: model.price,
    window: windowOf(target.model),
    isExample: model.isExample,
  });
}

/** What doors must know of a target; on an upstream without a base for Messages, nothing speaks them. */
function traitsOf(
  upstream: Upstream,
  model: string,
  speaks: ReadonlySet<Protocol>,
  repairs: ReadonlySet<Repair>,
  compat: Compat,
): TargetTraits {
  const spoken = upstream.hasMessagesBase
    ? speaks
    : new Set([...speaks].filter((protocol) => protocol !== "messages"));
  return {
    model,
    speaks: spoken,
    repairs,
    fillsRequired: compat === "openai",
    readError: (status, body) => upstream.readError(status, body),
  };
}

function windowOf(model: string): Window {
  const known = findArkModel(model);
  return {
    contextTokens: known?.contextTokens ?? null,
    reasoningTokensMax: known?.reasoningTokensMax ?? null,
  };
}

/** Whether an upstream has an Ark key of the gateway's own. */
export function holdsKey({ upstreams }: Config): boolean {
  return upstreams.some(({ apiKeys }) => apiKeys.length > 0);
}
