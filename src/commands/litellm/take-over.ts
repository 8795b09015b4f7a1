/** Decides which deployments of LiteLLM's become aliases of ours, and why not the others. */
import { priceOfModel } from "../../config/ark-models.ts";
import { defaults } from "../../config/defaults.ts";
import { modelLimitsSchema } from "../../config/limit-settings.ts";
import { aliasSchema, upstreamModelSchema } from "../../config/schema.ts";
import type { Environment } from "../../config/substitution.ts";
import { baseUrlSchema } from "../../config/upstream-schemas.ts";
import { type Deployment, type LimitWord, type LiteLlmFile, limitWords } from "./litellm-file.ts";

/** Why an entry is not taken over. */
export type LeftReason =
  | { readonly kind: "unreadable" }
  | { readonly kind: "unusable-name" }
  | { readonly kind: "unusable-model" }
  | { readonly kind: "model-pattern" }
  | { readonly kind: "other-provider" }
  | { readonly kind: "other-host" }
  | { readonly kind: "host-unset"; readonly variable: string }
  | { readonly kind: "unusable-base" }
  | { readonly kind: "not-chat"; readonly mode: string }
  | { readonly kind: "another-target" }
  | { readonly kind: "no-such-name" };

export type Left = { readonly name: string; readonly model: string; readonly reason: LeftReason };

/** How the key that LiteLLM has gets to us: nothing but a variable's name is ever written. */
export type KeySource = "reference" | "unsaid" | "literal";

export type ImportedUpstream = {
  readonly name: string;
  /** As the file has it: a URL, or a reference to the environment. */
  readonly baseUrl: string;
  readonly keyVariable: string;
  readonly keySource: KeySource;
};

export type ImportedModel = {
  readonly alias: string;
  readonly upstream: ImportedUpstream;
  readonly model: string;
  readonly limits: { readonly [setting: string]: number };
  /** The id of an Ark model whose list price holds; null where the target's own id says it, or none does. */
  readonly priceOf: string | null;
  readonly deployment: Deployment;
  /** Limits that cannot be ours, by LiteLLM's names. */
  readonly unusableLimits: readonly LimitWord[];
  /** The name whose settings these are, for an entry of `model_group_alias`. */
  readonly aliasOf: string | null;
};

export type Import = {
  /** The first one is the one that `ARK_API_KEY` stands for, where any is. */
  readonly upstreams: readonly ImportedUpstream[];
  readonly models: readonly ImportedModel[];
  readonly left: readonly Left[];
  readonly concurrent: number | null;
  readonly settings: readonly string[];
};

const OUR_KEY_VARIABLE = "ARK_API_KEY";
const REFERENCE = /^os\.environ\/([A-Za-z_][A-Za-z0-9_]*)$/;
const ARK_HOST = /^ark(?:\.[a-z0-9-]+)?\.(?:volces|bytepluses)\.com$/;
/** Providers that speak OpenAI's API to whatever `api_base` names. */
const OPENAI_PROVIDERS: readonly string[] = ["openai", "custom_openai", "openai_like"];
const CHAT_MODES: readonly string[] = ["chat", "completion"];

function variableOf(text: string | null): string | null {
  return (text === null ? null : REFERENCE.exec(text)?.[1]) ?? null;
}

/** The base URL as we write it; null where it is none. People paste it with the path of the call. */
function cleanBase(text: string): string | null {
  const base = text.trim().replace(/\/chat\/completions\/?$/, "");
  return baseUrlSchema.safeParse(base).success ? base : null;
}

function isArk(base: string): boolean {
  return ARK_HOST.test(URL.parse(base)?.hostname ?? "");
}

type Base = { readonly kind: "ok"; readonly text: string } | LeftReason;

function baseOf({ provider, apiBase }: Deployment, environment: Environment): Base {
  const mustBeArk = provider !== "volcengine";
  if (apiBase === null) {
    return mustBeArk ? { kind: "other-host" } : { kind: "ok", text: defaults.upstream.base_url };
  }
  const variable = variableOf(apiBase);
  const value = variable === null ? apiBase : environment[variable];
  if (value === undefined || value === "") {
    if (variable === null || mustBeArk) return { kind: "host-unset", variable: variable ?? "" };
    return { kind: "ok", text: `\${${variable}}` };
  }
  const base = cleanBase(value);
  if (base === null) return mustBeArk ? { kind: "other-host" } : { kind: "unusable-base" };
  if (mustBeArk && !isArk(base)) return { kind: "other-host" };
  return { kind: "ok", text: variable !== null && base === value ? `\${${variable}}` : base };
}

/** In our patterns # is one digit; LiteLLM means the character. */
function isUsableName(name: string): boolean {
  return aliasSchema.safeParse(name).success && name !== "__proto__" && !name.includes("#");
}

/** Why the entry cannot be an alias of ours, wherever it leads; null where it can. */
function flawOf({ name, provider, model, mode }: Deployment): LeftReason | null {
  if (name === null || model === null) return { kind: "unreadable" };
  if (provider !== "volcengine" && !OPENAI_PROVIDERS.includes(provider ?? ""))
    return { kind: "other-provider" };
  if (!isUsableName(name)) return { kind: "unusable-name" };
  if (model.includes("*")) return { kind: "model-pattern" };
  if (!upstreamModelSchema.safeParse(model).success) return { kind: "unusable-model" };
  return mode === null || CHAT_MODES.includes(mode) ? null : { kind: "not-chat", mode };
}

function wholeNumber(value: unknown): unknown {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

function limitsOf(deployment: Deployment): Pick<ImportedModel, "limits" | "unusableLimits"> {
  const limits: Record<string, number> = {};
  const unusableLimits: LimitWord[] = [];
  for (const [word, setting] of Object.entries(limitWords) as [LimitWord, string][]) {
    const value = wholeNumber(deployment.limits[word]);
    if (value === undefined || value === null) continue;
    const isUsable = typeof value === "number" && modelLimitsSchema.safeParse({ [setting]: value }).success;
    if (isUsable) limits[setting] = value;
    else unusableLimits.push(word);
  }
  return { limits, unusableLimits };
}

/** Where an endpoint id does not say its model, `base_model` may. */
function priceOf({ model, baseModel }: Deployment): string | null {
  const id = baseModel?.replace(/^volcengine\//, "") ?? null;
  return id !== null && priceOfModel(model ?? "") === null && priceOfModel(id) !== null ? id : null;
}

/** Makes one upstream of each pair of base URL and key. */
class UpstreamTable {
  readonly #byIdentity = new Map<string, ImportedUpstream>();
  /** Variables for keys that the file spells out, by the key: the second key must not pass for the first. */
  readonly #literals = new Map<string, string>();
  readonly #taken: Set<string>;

  constructor(deployments: readonly Deployment[]) {
    const variables = deployments.map((deployment) => unspelledVariable(deployment));
    this.#taken = new Set(variables.filter((variable) => variable !== null));
  }

  upstreamFor(deployment: Deployment, baseUrl: string): ImportedUpstream {
    const unspelled = unspelledVariable(deployment);
    const keyVariable = unspelled ?? this.#variableForLiteral(deployment.apiKey ?? "");
    const identity = JSON.stringify([baseUrl, keyVariable]);
    const known = this.#byIdentity.get(identity);
    if (known !== undefined) return known;
    const count = this.#byIdentity.size + 1;
    const upstream: ImportedUpstream = {
      name: count === 1 ? "ark" : `ark-${count}`,
      baseUrl,
      keyVariable,
      keySource: unspelled === null ? "literal" : deployment.apiKey === null ? "unsaid" : "reference",
    };
    this.#byIdentity.set(identity, upstream);
    return upstream;
  }

  #variableForLiteral(key: string): string {
    const known = this.#literals.get(key);
    if (known !== undefined) return known;
    let variable = OUR_KEY_VARIABLE;
    for (let count = 2; this.#taken.has(variable); count++) variable = `${OUR_KEY_VARIABLE}_${count}`;
    this.#taken.add(variable);
    this.#literals.set(key, variable);
    return variable;
  }

  /** `ARK_API_KEY` in the environment speaks of the first upstream, so the one that it is for comes first. */
  inOrder(): readonly ImportedUpstream[] {
    const upstreams = [...this.#byIdentity.values()];
    const isOurs = ({ keyVariable }: ImportedUpstream): boolean => keyVariable === OUR_KEY_VARIABLE;
    return [...upstreams.filter(isOurs), ...upstreams.filter((upstream) => !isOurs(upstream))];
  }
}

/** The variable that LiteLLM itself takes the key from; null where the file spells the key out. */
function unspelledVariable({ apiKey, provider }: Deployment): string | null {
  if (apiKey !== null) return variableOf(apiKey);
  return provider === "volcengine" ? OUR_KEY_VARIABLE : "OPENAI_API_KEY";
}

function leftOf(deployment: Deployment, reason: LeftReason): Left {
  const { name, provider, model } = deployment;
  const whole = [provider, model].filter((part) => part !== null).join("/");
  return { name: name ?? "", model: whole, reason };
}

/** The first deployment of each name that leads to Ark is taken over; an alias has one target here. */
export function takeOver(file: LiteLlmFile, environment: Environment): Import {
  const models = new Map<string, ImportedModel>();
  const left: Left[] = [];
  const usable = file.deployments.flatMap((deployment) => {
    const base = flawOf(deployment) ?? baseOf(deployment, environment);
    if (base.kind === "ok") return [{ deployment, base: base.text }];
    left.push(leftOf(deployment, base));
    return [];
  });
  const table = new UpstreamTable(usable.map(({ deployment }) => deployment));
  for (const { deployment, base } of usable) {
    const { name: alias, model } = deployment;
    if (alias === null || model === null) continue;
    if (models.has(alias)) {
      left.push(leftOf(deployment, { kind: "another-target" }));
      continue;
    }
    const upstream = table.upstreamFor(deployment, base);
    const own = { ...limitsOf(deployment), priceOf: priceOf(deployment), aliasOf: null };
    models.set(alias, { alias, upstream, model, deployment, ...own });
  }
  addAliases(file.aliases, models, left);
  const used = new Set([...models.values()].map(({ upstream }) => upstream));
  return {
    upstreams: table.inOrder().filter((upstream) => used.has(upstream)),
    models: [...models.values()],
    left,
    ...totalOf(file),
  };
}

function totalOf({ concurrent, settings }: LiteLlmFile): Pick<Import, "concurrent" | "settings"> {
  if (concurrent === undefined || concurrent === null) return { concurrent: null, settings };
  const bound = wholeNumber(concurrent);
  const isUsable = typeof bound === "number" && modelLimitsSchema.safeParse({ concurrent: bound }).success;
  if (isUsable) return { concurrent: bound, settings };
  return { concurrent: null, settings: [...settings, "general_settings.global_max_parallel_requests"] };
}

function addAliases(
  aliases: ReadonlyMap<string, string>,
  models: Map<string, ImportedModel>,
  left: Left[],
): void {
  const listed = new Map(models);
  for (const [alias, name] of aliases) {
    const model = listed.get(name);
    // Such an alias stands before an entry of the list with the same name, as it does in LiteLLM.
    if (!isUsableName(alias)) left.push({ name: alias, model: name, reason: { kind: "unusable-name" } });
    else if (model === undefined) left.push({ name: alias, model: name, reason: { kind: "no-such-name" } });
    else models.set(alias, { ...model, alias, aliasOf: name });
  }
}
