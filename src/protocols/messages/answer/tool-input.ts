/** Reads the arguments that a model wrote for a tool, as a whole and as they come. */
import type { JsonObject } from "../../../core/chat.ts";
import { parseExact } from "../../../wire/exact-json.ts";
import { isObject } from "../../chat-answer.ts";

/** Anthropic's own advice for input that is not JSON: an object that holds it as it came. */
const INVALID = "INVALID_JSON";

/** The object in that text, every number as it stood; null where it is not JSON, or no object. */
function objectIn(text: string): JsonObject | null {
  if (!text.trimStart().startsWith("{")) return null;
  try {
    const value = parseExact(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * The `input` of a tool call, which must be an object: no arguments are an empty one, and what does not parse
 * (ark-api 4.7) stands in `INVALID_JSON`, so that the tool, or the next turn's model, sees what was wrong.
 */
export function inputOf(given: string): JsonObject {
  if (given.trim() === "") return {};
  return objectIn(given) ?? { [INVALID]: given };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** How far the arguments of one call have come. `odd`: what has begun is no object. */
export type InputState = "empty" | "open" | "complete" | "odd";

/** Follows arguments as they come, to see where their object ends; it does not check them otherwise. */
export class InputProgress {
  state: InputState = "empty";
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  add(text: string): void {
    for (let at = 0; at < text.length; at++) this.#step(text.charCodeAt(at));
  }

  #step(unit: number): void {
    if (this.#isInString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (unit === BACKSLASH) this.#isEscaped = true;
      else if (unit === QUOTE) this.#isInString = false;
      return;
    }
    if (unit <= SPACE || this.state === "odd") return;
    if (this.state === "empty") {
      this.state = unit === OPEN_BRACE ? "open" : "odd";
    } else if (this.state === "complete") {
      // Something behind the object: whole it was never.
      this.state = "open";
      return;
    }
    if (unit === QUOTE) this.#isInString = this.state === "open";
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) this.#depth++;
    else if ((unit === CLOSE_BRACE || unit === CLOSE_BRACKET) && --this.#depth === 0) this.state = "complete";
  }
}
