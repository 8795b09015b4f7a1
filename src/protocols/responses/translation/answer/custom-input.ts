/** Takes the text for a custom tool out of the arguments that a model writes for it, as they come. */

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const UNICODE_ESCAPE_CHARACTERS = 6;

/** What a JSON string escapes with one letter. */
const shortEscapes: ReadonlyMap<string, string> = new Map([
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/** Up to where its text begins: the object, and its one member. */
const opening = /^\s*\{\s*"input"\s*:\s*"/;
/** An opening is not longer, unless it is none. */
const OPENING_CHARACTERS_MAX = 256;

/**
 * The model is asked for `{"input":"..."}`, and the tool is given what stands in the string. What does not
 * begin like that is given as it is, once it is whole: some models write the bare text.
 */
export class CustomInput {
  /** What has been given so far. */
  text = "";
  #pending = "";
  #state: "before" | "inside" | "after" | "bare" = "before";

  /** Takes the next fragment of the arguments; gives what the tool's text goes on with, perhaps nothing. */
  add(fragment: string): string {
    if (this.#state === "after") return "";
    this.#pending += fragment;
    if (this.#state === "before") this.#open();
    return this.#state === "inside" ? this.#give(this.#decode()) : "";
  }

  /** The arguments are over: gives what is left. */
  end(): string {
    if (this.#state === "before" || this.#state === "bare") return this.#give(bareText(this.#pending));
    return "";
  }

  #give(text: string): string {
    this.text += text;
    return text;
  }

  #open(): void {
    const start = opening.exec(this.#pending)?.[0];
    if (start !== undefined) {
      this.#state = "inside";
      this.#pending = this.#pending.slice(start.length);
    } else if (this.#pending.length > OPENING_CHARACTERS_MAX) this.#state = "bare";
  }

  /** Decodes what is whole of the string, and keeps the rest: half an escape, or half a surrogate pair. */
  #decode(): string {
    const pending = this.#pending;
    let text = "";
    let from = 0;
    let at = 0;
    while (at < pending.length) {
      const unit = pending.charCodeAt(at);
      if (unit === QUOTE) {
        text += pending.slice(from, at);
        this.#state = "after";
        this.#pending = "";
        return text;
      }
      if (unit !== BACKSLASH) {
        at++;
        continue;
      }
      const length = pending[at + 1] === "u" ? UNICODE_ESCAPE_CHARACTERS : 2;
      if (at + length > pending.length) break;
      const decoded = unescaped(pending, at);
      if (isHighSurrogate(decoded) && mayBePaired(pending, at + length)) break;
      text += pending.slice(from, at) + decoded;
      at += length;
      from = at;
    }
    // A pair that is cut in two, unescaped.
    if (at === pending.length && at > from && isHighSurrogate(pending.slice(at - 1))) at--;
    text += pending.slice(from, at);
    this.#pending = pending.slice(at);
    return text;
  }
}

/** Whether the other half may still come, escaped: there is too little behind to know. */
function mayBePaired(pending: string, at: number): boolean {
  return pending.length - at < UNICODE_ESCAPE_CHARACTERS && "\\u".startsWith(pending.slice(at, at + 2));
}

function isHighSurrogate(text: string): boolean {
  const unit = text.charCodeAt(0);
  return unit >= 0xd800 && unit <= 0xdbff;
}

function unescaped(text: string, at: number): string {
  const letter = text[at + 1] ?? "";
  if (letter !== "u") return shortEscapes.get(letter) ?? letter;
  const spelled = text.slice(at, at + UNICODE_ESCAPE_CHARACTERS);
  return /^\\u[0-9a-fA-F]{4}$/.test(spelled)
    ? String.fromCharCode(Number.parseInt(spelled.slice(2), 16))
    : spelled;
}

/** Of arguments that do not begin as asked: the member in them all the same, or all of them. */
function bareText(given: string): string {
  try {
    const value: unknown = JSON.parse(given);
    if (typeof value === "string") return value;
    if (typeof value === "object" && value !== null && "input" in value && typeof value.input === "string") {
      return value.input;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return given;
}
