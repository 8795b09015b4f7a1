/** Hears a chat stream for its thoughts and the ids of its tool calls, without parsing most of it. */
import type { JsonObject } from "../../core/chat.ts";
import { decodeString } from "../../wire/json-string.ts";
import { JsonSyntaxError, QUOTE, skipColon, skipString } from "../../wire/json-value.ts";
import { isObject } from "../chat-answer.ts";
import { deltaOf } from "../chat-translation-tap.ts";
import { parseObject } from "../event-tap.ts";
import {
  type HeardPart,
  REASONING_CHARACTERS_MAX,
  type RememberedReasoning,
} from "../remembered-reasoning.ts";

const TEXT = Buffer.from('"reasoning_content"');
const ENCRYPTED = Buffer.from('"encrypted_content"');
const TOOL_CALLS = Buffer.from('"tool_calls"');
const DATA_BYTES = "data: ".length;
const NO_CALLS: HeardPart["toolCalls"] = [];
/** A character takes three bytes of UTF-8 at most. */
const TEXT_BYTES_MAX = 3 * REASONING_CHARACTERS_MAX;

/** The value of the string member whose quoted key is `key`; null where there is none, or an empty one. */
function stringUnder(event: Buffer, key: Buffer): string | null {
  for (let at = event.indexOf(key); at >= 0; at = event.indexOf(key, at + key.length)) {
    try {
      const start = skipColon(event, at + key.length, event.length);
      if (event[start] !== QUOTE) continue;
      const end = skipString(event, start, event.length);
      return decodeString(event, start, end, TEXT_BYTES_MAX) || null;
    } catch (error) {
      // The token is a value here; or this is no JSON, and there is nothing to hear.
      if (!(error instanceof JsonSyntaxError)) throw error;
    }
  }
  return null;
}

/** For streams of one answer. */
export class ThoughtListener {
  readonly #remembered: RememberedReasoning;

  constructor(remembered: RememberedReasoning) {
    this.#remembered = remembered;
  }

  /**
   * An ordinary chunk, one line `data: {...}` and a blank one, without `\u` in it: a key can only be written
   * as its plain token. Most hold an answer, and are not copied; those with a thought alone are not parsed.
   */
  hearOrdinary(bytes: Buffer, start: number, end: number): void {
    const event = bytes.subarray(start, end);
    if (event.includes(TOOL_CALLS) || event.includes(ENCRYPTED)) {
      this.hear(parseObject(event.toString("utf8", DATA_BYTES)));
      return;
    }
    const reasoning = stringUnder(event, TEXT);
    if (reasoning !== null) this.#remembered.heard({ reasoning, encrypted: null, toolCalls: NO_CALLS });
  }

  /** Any other chunk. */
  hear(chunk: JsonObject | null): void {
    const choices = chunk?.["choices"];
    const choice: unknown = Array.isArray(choices) ? choices[0] : null;
    if (isObject(choice)) this.#remembered.heard(deltaOf(choice));
  }

  /** The answer is whole. */
  ended(): void {
    this.#remembered.ended();
  }
}
