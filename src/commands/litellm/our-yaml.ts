/** Writes what is taken over from LiteLLM as a configuration file of ours, with the rest in comments. */
import { priceOfModel } from "../../config/ark-models.ts";
import { exampleModels } from "../../config/defaults.ts";
import type { Language, Phrase } from "../../core/language.ts";
import { importPhrases, keyPhrases, leftPhrase, settingHints } from "./import-phrases.ts";
import type { CostWord } from "./litellm-file.ts";
import { costWords, type Deployment } from "./litellm-file.ts";
import type { Import, ImportedModel, ImportedUpstream, Left } from "./take-over.ts";

const SHOWN_MAX = 120;
const TOKENS_PER_UNIT = 1_000_000;
/** Beyond these, a cost is not worth a digit. */
const COST_DIGITS = 10;

/** Breaks lines in YAML, or cannot be seen; JSON lets it stand. */
const unseen = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function quoted(text: string): string {
  return JSON.stringify(text).replace(unseen, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Text of the other file in a comment: on one line, whatever it holds, and of a bounded length. */
function shown(text: string): string {
  return quoted(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text);
}

/** The text with its `${` written so that it stands for itself. */
function unreferenced(text: string): string {
  return text.split("${").join("$${");
}

/** A value as YAML has it, in a block. */
function scalar(text: string): string {
  const plain =
    /^[A-Za-z][A-Za-z0-9._/:-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return plain && !text.endsWith(":") ? text : quoted(unreferenced(text));
}

function flow(settings: { readonly [name: string]: number }): string {
  return `{ ${Object.entries(settings)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ")} }`;
}

class Writer {
  readonly #language: Language;
  readonly lines: string[] = [];

  constructor(language: Language) {
    this.#language = language;
  }

  #told(phrase: Phrase): string {
    return phrase[this.#language];
  }

  comment(phrase: Phrase, indent = ""): void {
    this.lines.push(`${indent}# ${this.#told(phrase)}`);
  }

  upstreams(upstreams: readonly ImportedUpstream[]): void {
    if (upstreams.length === 0) return;
    this.lines.push("", "upstreams:");
    for (const { name, baseUrl, keyVariable, keySource } of upstreams) {
      const note = keyPhrases[keySource];
      if (note !== null) this.comment(note, "  ");
      // References are ours, everything else is LiteLLM's text.
      const base = baseUrl.startsWith("${") ? baseUrl : scalar(baseUrl);
      this.lines.push(`  ${name}:`, `    base_url: ${base}`, `    api_keys: \${${keyVariable}}`);
    }
  }

  models(models: readonly ImportedModel[]): void {
    this.lines.push("");
    this.comment(importPhrases.onlyListed);
    this.lines.push("models:");
    for (const model of models) this.#model(model);
    const named = new Set(models.map(({ alias }) => alias));
    for (const alias of exampleModels.keys()) {
      if (!named.has(alias)) this.lines.push(`  ${scalar(alias)}: null`);
    }
    this.lines.push("", "default_model: null", "passthrough_models: []");
  }

  #model(model: ImportedModel): void {
    const { alias, upstream, aliasOf, limits, unusableLimits, priceOf, deployment } = model;
    this.lines.push(`  ${quoted(alias)}:`);
    if (aliasOf !== null) this.comment(importPhrases.aliasOf(shown(aliasOf)), "    ");
    this.lines.push(`    targets: [{ upstream: ${upstream.name}, model: ${flowScalar(model.model)} }]`);
    if (Object.keys(limits).length > 0) this.lines.push(`    limits: ${flow(limits)}`);
    if (unusableLimits.length > 0)
      this.comment(importPhrases.unusableLimits(unusableLimits.join(", ")), "    ");
    if (priceOf !== null) this.lines.push(`    price: ${scalar(priceOf)}`);
    const figures = figuresOf(deployment);
    if (figures !== "") {
      const isListed = priceOf !== null || priceOfModel(model.model) !== null;
      const { listPrice, priceToSet } = importPhrases;
      this.comment((isListed ? listPrice : priceToSet)(figures), "    ");
    }
    const { more } = deployment;
    if (more.length > 0) this.comment(importPhrases.parameters(more.map(shown).join(", ")), "    ");
  }

  left(left: readonly Left[]): void {
    if (left.length === 0) return;
    this.lines.push("");
    this.comment(importPhrases.left);
    for (const { name, model, reason } of left) {
      this.lines.push(`#   ${shown(name)} (${shown(model)}): ${this.#told(leftPhrase(reason))}`);
    }
  }

  settings(settings: readonly string[]): void {
    if (settings.length === 0) return;
    this.lines.push("");
    this.comment(importPhrases.settings);
    for (const name of settings) {
      const hint = Object.hasOwn(settingHints, name) ? settingHints[name] : undefined;
      this.lines.push(`#   ${shown(name)}${hint === undefined ? "" : `: ${this.#told(hint)}`}`);
    }
  }
}

/** Between braces, where a colon or a comma would mean something. */
function flowScalar(text: string): string {
  return /^[A-Za-z][A-Za-z0-9._-]*$/.test(text) ? scalar(text) : quoted(unreferenced(text));
}

/** What LiteLLM says that a million tokens cost; empty where it says nothing. */
function figuresOf({ costs }: Deployment): string {
  const figures: Record<string, number> = {};
  for (const [word, ours] of Object.entries(costWords) as [CostWord, string][]) {
    const cost = costs[word];
    if (cost !== null) figures[ours] = Number((cost * TOKENS_PER_UNIT).toPrecision(COST_DIGITS));
  }
  return Object.keys(figures).length === 0 ? "" : flow(figures);
}

/** The file, in the language of its comments. Holds no secret: keys are references to the environment. */
export function ourYaml(imported: Import, language: Language): string {
  const writer = new Writer(language);
  writer.comment(importPhrases.made);
  writer.lines.push("");
  writer.comment(importPhrases.keys);
  writer.lines.push("auth: { mode: keys }");
  writer.upstreams(imported.upstreams);
  writer.models(imported.models);
  if (imported.concurrent !== null) {
    writer.lines.push("", `limits: { total: { concurrent: ${imported.concurrent} } }`);
  }
  writer.left(imported.left);
  writer.settings(imported.settings);
  return `${writer.lines.join("\n")}\n`;
}
