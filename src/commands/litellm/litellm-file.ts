/** Reads what we know of a LiteLLM configuration: its deployments, and the names of its other settings. */
import { parseDocument } from "yaml";

/** One entry of `model_list`; null where it says nothing that can be read. */
export type Deployment = {
  /** What clients ask for. */
  readonly name: string | null;
  /** `custom_llm_provider`, else what stands before the first slash of the model. */
  readonly provider: string | null;
  /** The model without its provider. */
  readonly model: string | null;
  readonly apiBase: string | null;
  /** A reference to the environment, or a secret: never to be printed. */
  readonly apiKey: string | null;
  /** As written: numbers, or texts of digits. */
  readonly limits: { readonly [setting in LimitWord]: unknown };
  readonly costs: { readonly [word in CostWord]: number | null };
  /** What the model is by its public name. */
  readonly baseModel: string | null;
  readonly mode: string | null;
  /** Names of parameters that are none of these. */
  readonly more: readonly string[];
};

/** Our setting by LiteLLM's. */
export const limitWords = {
  rpm: "requests_per_minute",
  tpm: "tokens_per_minute",
  max_parallel_requests: "concurrent",
} as const;
export type LimitWord = keyof typeof limitWords;

/** Our word by LiteLLM's. */
export const costWords = {
  input_cost_per_token: "input",
  cache_read_input_token_cost: "cached_input",
  output_cost_per_token: "output",
} as const;
export type CostWord = keyof typeof costWords;

export type LiteLlmFile = {
  readonly deployments: readonly Deployment[];
  /** Another name for a name of the list. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Calls in flight at once, of the whole proxy, as written. */
  readonly concurrent: unknown;
  /** The names of the other sections' settings, such as `general_settings.master_key`. */
  readonly settings: readonly string[];
};

export type LiteLlmReading =
  | { readonly kind: "ok"; readonly file: LiteLlmFile }
  | { readonly kind: "not-yaml"; readonly line: number; readonly detail: string }
  | { readonly kind: "no-model-list" };

/** These have a place of their own among the results. */
const PARAMETERS_READ: readonly string[] = [
  "model",
  "custom_llm_provider",
  "api_base",
  "base_url",
  "api_key",
  ...Object.keys(limitWords),
  ...Object.keys(costWords),
];

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function namesOf(value: unknown): readonly string[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

/** A cost may be written as `3e-6`, which some readers of YAML take for text. */
function costOf(value: unknown): number | null {
  const cost = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof cost === "number" && Number.isFinite(cost) && cost >= 0 ? cost : null;
}

function splitModel(parameters: unknown): Pick<Deployment, "provider" | "model"> {
  const model = textOf(memberOf(parameters, "model"));
  const named = textOf(memberOf(parameters, "custom_llm_provider"));
  if (model === null) return { provider: named, model: null };
  const slash = model.indexOf("/");
  const prefix = slash < 0 ? null : model.slice(0, slash);
  if (prefix === null || (named !== null && named !== prefix)) return { provider: named, model };
  return { provider: prefix, model: textOf(model.slice(slash + 1)) };
}

function deploymentOf(entry: unknown): Deployment {
  const parameters = memberOf(entry, "litellm_params");
  const information = memberOf(entry, "model_info");
  const cost = (word: CostWord): number | null =>
    costOf(memberOf(parameters, word)) ?? costOf(memberOf(information, word));
  return {
    name: textOf(memberOf(entry, "model_name")),
    ...splitModel(parameters),
    apiBase: textOf(memberOf(parameters, "api_base")) ?? textOf(memberOf(parameters, "base_url")),
    apiKey: textOf(memberOf(parameters, "api_key")),
    limits: {
      rpm: memberOf(parameters, "rpm"),
      tpm: memberOf(parameters, "tpm"),
      max_parallel_requests: memberOf(parameters, "max_parallel_requests"),
    },
    costs: {
      input_cost_per_token: cost("input_cost_per_token"),
      cache_read_input_token_cost: cost("cache_read_input_token_cost"),
      output_cost_per_token: cost("output_cost_per_token"),
    },
    baseModel: textOf(memberOf(information, "base_model")),
    mode: textOf(memberOf(information, "mode")),
    more: namesOf(parameters).filter((name) => !PARAMETERS_READ.includes(name)),
  };
}

/** `other: name`, or `other: { model: name, hidden: true }`. */
function aliasesOf(value: unknown): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  for (const alias of namesOf(value)) {
    const target = memberOf(value, alias);
    const name = textOf(target) ?? textOf(memberOf(target, "model"));
    if (name !== null) aliases.set(alias, name);
  }
  return aliases;
}

function settingsOf(root: unknown): readonly string[] {
  return namesOf(root)
    .filter((section) => section !== "model_list")
    .flatMap((section) => {
      const names = namesOf(memberOf(root, section));
      return names.length === 0 ? [section] : names.map((name) => `${section}.${name}`);
    })
    .filter(
      (name) =>
        name !== "router_settings.model_group_alias" &&
        name !== "general_settings.global_max_parallel_requests",
    );
}

/** Never throws: LiteLLM reads YAML 1.1, where the last of two equal names holds. */
export function readLiteLlm(text: string): LiteLlmReading {
  try {
    const options = { version: "1.1", merge: true, uniqueKeys: false, prettyErrors: true } as const;
    const document = parseDocument(text, { ...options, logLevel: "silent" });
    const [error] = document.errors;
    if (error !== undefined) {
      return { kind: "not-yaml", line: error.linePos?.[0].line ?? 1, detail: error.code };
    }
    const root: unknown = document.toJS();
    const list = memberOf(root, "model_list");
    if (!Array.isArray(list)) return { kind: "no-model-list" };
    return {
      kind: "ok",
      file: {
        deployments: list.map(deploymentOf),
        aliases: aliasesOf(memberOf(memberOf(root, "router_settings"), "model_group_alias")),
        concurrent: memberOf(memberOf(root, "general_settings"), "global_max_parallel_requests"),
        settings: settingsOf(root),
      },
    };
  } catch {
    // Nested too deeply, or aliases that multiply.
    return { kind: "not-yaml", line: 1, detail: "RESOURCE_EXHAUSTION" };
  }
}
