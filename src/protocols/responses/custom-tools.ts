/** Turns tools that take free text into functions with one argument, and what is called of them back. */
import type { JsonObject } from "../../core/chat.ts";
import { isObject, textOf } from "../chat-answer.ts";
import { parseObject } from "../event-tap.ts";

const INPUT = "input";
/** A grammar for the free text goes into the description up to this length. */
const GRAMMAR_CHARACTERS_MAX = 16_384;

export const customParameters: JsonObject = {
  type: "object",
  properties: { [INPUT]: { type: "string", description: "The tool's whole input, as plain text." } },
  required: [INPUT],
};

/** Its own description, with what its text must look like: Ark knows no grammars (ark-api 5.4). */
export function describeCustom(tool: JsonObject): string {
  const description = textOf(tool["description"]);
  const { format } = tool;
  const lines = description === null ? [] : [description];
  if (isObject(format) && format["type"] === "grammar") {
    const definition = textOf(format["definition"]);
    const syntax = textOf(format["syntax"]) ?? "given";
    if (definition !== null && definition.length <= GRAMMAR_CHARACTERS_MAX) {
      lines.push(`The input must match this ${syntax} grammar:\n${definition}`);
    }
  }
  return lines.join("\n\n");
}

/** The arguments of the function for a call with this text. */
export function customArguments(input: string): string {
  return JSON.stringify({ [INPUT]: input });
}

/**
 * The text in a function's arguments, as far as it goes where they are cut off; where a model has written
 * them otherwise, all that it wrote.
 */
export function customInput(given: string): string {
  const reader = new CustomInputReader();
  return reader.push(given) + reader.finish();
}

/** Of arguments that do not begin with their text. */
function inputOf(given: string): string {
  const input = parseObject(given)?.[INPUT];
  return typeof input === "string" ? input : given;
}

const OPENING = /^\s*\{\s*"input"\s*:\s*"/;
/** What could still become an opening is no longer than this, but for white space. */
const OPENING_CHARACTERS_MAX = 256;
const ESCAPE = "\\";
const HIGH_SURROGATE = /[\ud800-\udbff]$/;

const shortEscapes: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** What the escape at `at` stands for, or null where not all of it is there yet. */
function readEscape(text: string, at: number): { readonly text: string; readonly end: number } | null {
  const letter = text[at + 1];
  if (letter === undefined) return null;
  if (letter !== "u") return { text: shortEscapes[letter] ?? letter, end: at + 2 };
  if (at + 6 > text.length) return null;
  const unit = Number.parseInt(text.slice(at + 2, at + 6), 16);
  return { text: String.fromCharCode(Number.isNaN(unit) ? 0xfffd : unit), end: at + 6 };
}

/**
 * Reads the text out of arguments that come in fragments. What `push` and then `finish` give, put together,
 * is {@link customInput} of the whole.
 */
export class CustomInputReader {
  #state: "opening" | "text" | "ended" | "other" = "opening";
  /** Fragments not read yet: of the opening, or of an escape; all of them where there is no opening. */
  #rest = "";

  /** The text that this fragment adds; often none. */
  push(fragment: string): string {
    if (this.#state === "ended") return "";
    this.#rest += fragment;
    if (this.#state === "opening") this.#readOpening();
    return this.#state === "text" ? this.#readText() : "";
  }

  /** What is left once the arguments have ended. */
  finish(): string {
    const rest = this.#rest;
    const state = this.#state;
    this.#state = "ended";
    this.#rest = "";
    return state === "opening" || state === "other" ? inputOf(rest) : "";
  }

  #readOpening(): void {
    const opening = OPENING.exec(this.#rest);
    if (opening !== null) {
      this.#rest = this.#rest.slice(opening[0].length);
      this.#state = "text";
    } else if (this.#rest.length > OPENING_CHARACTERS_MAX) this.#state = "other";
  }

  #readText(): string {
    const rest = this.#rest;
    const pieces: string[] = [];
    let from = 0;
    let at = 0;
    for (; at < rest.length; at++) {
      const letter = rest[at];
      if (letter !== '"' && letter !== ESCAPE) continue;
      pieces.push(rest.slice(from, at));
      if (letter === '"') {
        this.#state = "ended";
        this.#rest = "";
        return pieces.join("");
      }
      const escaped = readEscape(rest, at);
      if (escaped === null) {
        from = at;
        break;
      }
      pieces.push(escaped.text);
      from = escaped.end;
      at = escaped.end - 1;
    }
    if (at === rest.length) {
      pieces.push(rest.slice(from));
      from = rest.length;
    }
    this.#rest = rest.slice(from);
    return this.#wholeCharacters(pieces.join(""));
  }

  /** Half a surrogate pair waits for its other half. */
  #wholeCharacters(text: string): string {
    if (!HIGH_SURROGATE.test(text)) return text;
    const half = text.slice(-1);
    this.#rest = `${ESCAPE}u${half.charCodeAt(0).toString(16)}${this.#rest}`;
    return text.slice(0, -1);
  }
}
