/** Measures the text in the events of a stream: answers, thoughts and the arguments of tool calls. */
import type { TextMeasure } from "../core/text-measure.ts";
import { TextTally } from "../wire/text-measure.ts";

const SPACE = 0x20;
const QUOTE = 0x22;
const COLON = 0x3a;

/** The members whose strings a model writes, each key with its quotes. */
export type WrittenMembers = { readonly keys: readonly Buffer[]; readonly thought: Buffer };

export function writtenMembers(texts: readonly string[], thought: string): WrittenMembers {
  const keys = [...texts, thought].map((name) => Buffer.from(`"${name}"`));
  return { keys, thought: keys.at(-1) ?? Buffer.alloc(0) };
}

/** Of chat (ark-api 4.4). */
const chatMembers = writtenMembers(["content", "arguments"], "reasoning_content");

/** Where the string of the member `key` begins, after its quote; -1 where there is none. */
function textStart(event: Buffer, key: Buffer): number {
  for (let at = event.indexOf(key); at >= 0; at = event.indexOf(key, at + key.length)) {
    let index = at + key.length;
    while (event[index] === SPACE) index++;
    if (event[index] !== COLON) continue;
    index++;
    while (event[index] === SPACE) index++;
    if (event[index] === QUOTE) return index + 1;
  }
  return -1;
}

/**
 * The text of the events that have any: the first string of each member that a model writes. Chunks of one
 * stream are alike, so it is first looked for where it was in the chunk before.
 */
export class StreamMeasure extends TextTally {
  readonly #members: WrittenMembers;
  #key: Buffer;
  #firstLetter = 0;
  /** From an event's start to its text, and from the text's end to the event's; 0 where none is known. */
  #before = 0;
  #behind = 0;

  constructor(members: WrittenMembers = chatMembers) {
    super();
    this.#members = members;
    this.#key = members.thought;
  }

  /** One whole event: the bytes from `start` to `end`. */
  addEvent(bytes: Buffer, start: number, end: number): void {
    const at = start + this.#before;
    if (this.#before === 0 || bytes[at] === QUOTE || !this.#isKeyBefore(bytes, at)) {
      const event = bytes.subarray(start, end);
      const texts = this.#addMembers(event, null);
      if (texts > 0) this.events++;
      if (texts > 1) this.#before = 0;
      return;
    }
    this.events++;
    const stop = this.addString(bytes, at, end);
    if (this.#key === this.#members.thought) this.thoughtBytes += stop - at;
    if (end - stop === this.#behind) return;
    // Not quite like the one before: there may be text in other members too.
    this.#behind = end - stop;
    if (this.#addMembers(bytes.subarray(start, end), this.#key) > 0) this.#before = 0;
  }

  /** An event that is too long to be read: all its bytes are taken for text. */
  addUnread(event: TextMeasure): void {
    this.events++;
    this.narrowBytes += event.narrowBytes;
    this.marks += event.marks;
    this.middleCharacters += event.middleCharacters;
    this.wideCharacters += event.wideCharacters;
  }

  /** Whether just before `at` there stands the key, a colon and a quote: told by the ends of each. */
  #isKeyBefore(bytes: Buffer, at: number): boolean {
    return (
      bytes[at - 1] === QUOTE &&
      bytes[at - 2] === COLON &&
      bytes[at - 3] === QUOTE &&
      bytes[at - 1 - this.#key.length] === this.#firstLetter &&
      bytes[at - 2 - this.#key.length] === QUOTE
    );
  }

  /** Gives in how many members there is text, but for the one that is `known`. */
  #addMembers(event: Buffer, known: Buffer | null): number {
    let texts = 0;
    for (const key of this.#members.keys) {
      if (key !== known && this.#addMember(event, key)) texts++;
    }
    return texts;
  }

  /** Whether there is text in it. */
  #addMember(event: Buffer, key: Buffer): boolean {
    const start = textStart(event, key);
    if (start < 0) return false;
    const stop = this.addString(event, start, event.length);
    if (stop === start) return false;
    if (key === this.#members.thought) this.thoughtBytes += stop - start;
    this.#key = key;
    this.#firstLetter = event[start - 1 - key.length] ?? 0;
    this.#before = start;
    this.#behind = event.length - stop;
    return true;
  }
}
