/** What a client's settings are made from: where the gateway is, whom it lets in, and which model. */
import { findArkModel } from "../../config/ark-models.ts";
import type { AuthMode, Config } from "../../config/config.ts";
import type { Phrase } from "../../core/language.ts";
import { isPattern, matchesPattern } from "../../core/name-pattern.ts";
import { nearestNames } from "../../core/nearest-name.ts";
import { connectPhrases } from "./connect-phrases.ts";

export type SiteModel = {
  /** As clients name it. */
  readonly name: string;
  /** Null: not known, as for endpoint ids. */
  readonly contextTokens: number | null;
  readonly outputTokensMax: number | null;
  readonly seesImages: boolean;
  /** Ark itself answers Responses for it, without fields that OpenAI guarantees, and nobody fills them in. */
  readonly leavesFieldsOut: boolean;
};

export type Site = {
  /** Such as `http://127.0.0.1:5000`, without a path's `/v1`. */
  readonly origin: string;
  /** Null: none was given. */
  readonly key: string | null;
  /** The key, or a word that stands for it. */
  readonly keyText: string;
  readonly model: SiteModel;
};

/** The variable that clients which read one find their key in. */
export const KEY_VARIABLE = "VOLCANO_PROXY_API_KEY";

/** What stands for a key that was not given. */
export function keyWord(mode: AuthMode): string {
  return mode === "passthrough" ? "YOUR_ARK_KEY" : "YOUR_GATEWAY_KEY";
}

export function keyAdvice(mode: AuthMode): Phrase {
  return mode === "passthrough" ? connectPhrases.arkKey : connectPhrases.gatewayKey;
}

const URL_CHARACTERS_MAX = 2_048;

/**
 * The gateway's URL as clients build on it: without a trailing slash, and without the `/v1` that is often
 * typed behind it. Null for what is no URL of a gateway.
 */
export function originOf(text: string): string | null {
  const url = text.length <= URL_CHARACTERS_MAX ? URL.parse(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return null;
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return null;
  const path = url.pathname.replace(/\/$/, "").replace(/\/v1$/, "");
  return `${url.origin}${path}`;
}

/** What may stand in a header as it is (RFC 9110, section 5.5), without blanks. */
export function isUsableKey(key: string): boolean {
  return /^[\x21-\x7e]{1,4096}$/.test(key);
}

export type ModelChoice =
  | { readonly kind: "ok"; readonly model: SiteModel; readonly notes: readonly Phrase[] }
  | { readonly kind: "missing"; readonly sentence: Phrase };

const NEAREST_MAX = 3;

type Target = { readonly id: string; readonly isExample: boolean; readonly leavesFieldsOut: boolean };

/** The alias of the name, itself or by its pattern, and the model behind it. */
function targetOf({ models, passthroughModels, compat }: Config, name: string): Target | null {
  const alias =
    models.find((model) => model.alias === name) ??
    models.find((model) => isPattern(model.alias) && matchesPattern(model.alias, name));
  if (alias !== undefined) {
    const leavesFieldsOut = alias.speaks.has("responses") && alias.compat === "verbatim";
    return { id: alias.targets[0]?.model ?? "", isExample: alias.isExample, leavesFieldsOut };
  }
  if (!passthroughModels.some((pattern) => matchesPattern(pattern, name))) return null;
  const speaksResponses = findArkModel(name)?.speaks.has("responses") ?? false;
  const leavesFieldsOut = speaksResponses && compat === "verbatim";
  return { id: name, isExample: false, leavesFieldsOut };
}

/** @param wanted the name that was asked for; null for the default alias, or the first where there is none */
export function chooseModel(config: Config, wanted: string | null): ModelChoice {
  const aliases = config.models.map(({ alias }) => alias).filter((alias) => !isPattern(alias));
  const name = wanted ?? config.defaultModel ?? aliases[0];
  if (name === undefined) return { kind: "missing", sentence: connectPhrases.noAlias };
  const target = targetOf(config, name);
  if (target === null) return fallback(config, name, aliases);
  const known = findArkModel(target.id);
  const notes = [
    ...(target.isExample ? [connectPhrases.example(name)] : []),
    ...(known === null && !target.isExample ? [connectPhrases.unknownWindow(name)] : []),
    ...(known?.isRetiring === true ? [connectPhrases.retiring(target.id)] : []),
  ];
  return { kind: "ok", model: siteModel(name, target), notes };
}

/** A name that the default model answers for: a client may use it, but should know. */
function fallback(config: Config, name: string, aliases: readonly string[]): ModelChoice {
  const served = config.defaultModel;
  if (served === null) {
    return {
      kind: "missing",
      sentence: connectPhrases.noModel(name, nearestNames(name, aliases, NEAREST_MAX)),
    };
  }
  const target = targetOf(config, served);
  return {
    kind: "ok",
    model: siteModel(name, target),
    notes: [connectPhrases.fallsBack(name, served)],
  };
}

function siteModel(name: string, target: Target | null): SiteModel {
  const known = target === null ? null : findArkModel(target.id);
  return {
    name,
    contextTokens: known?.contextTokens ?? null,
    outputTokensMax: known?.outputTokensMax ?? null,
    seesImages: known?.inputModalities.includes("image") ?? false,
    leavesFieldsOut: target?.leavesFieldsOut ?? false,
  };
}
