/** Measures the text in the events of a chat stream: answers, thoughts and the arguments of tool calls. */
import type { TextMeasure } from "../../core/text-measure.ts";
import { TextTally } from "../../wire/text-measure.ts";

const SPACE = 0x20;
const QUOTE = 0x22;
const COLON = 0x3a;

/** The members whose strings a model writes (ark-api 4.4). */
const CONTENT = Buffer.from('"content"');
const THOUGHT = Buffer.from('"reasoning_content"');
const ARGUMENTS = Buffer.from('"arguments"');

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
 * The text of the events that have any. Chunks of one stream are alike, so the text is first looked for
 * where it was in the chunk before.
 */
export class StreamMeasure extends TextTally {
  #key: Buffer = CONTENT;
  #firstLetter = 0;
  /** From an event's start to its text; 0 where none is known. */
  #offset = 0;

  /** One whole event, at `bytes` from `start` up to `end`. */
  addEvent(bytes: Buffer, start: number, end: number): void {
    const at = start + this.#offset;
    if (this.#offset === 0 || bytes[at] === QUOTE || !this.#isKeyBefore(bytes, at)) {
      this.#search(bytes.subarray(start, end));
      return;
    }
    this.events++;
    const stop = this.addString(bytes, at, end);
    if (this.#key === THOUGHT) this.thoughtBytes += stop - at;
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

  #search(event: Buffer): void {
    const before = this.narrowBytes + this.middleCharacters + this.wideCharacters;
    this.#addMember(event, CONTENT);
    this.thoughtBytes += this.#addMember(event, THOUGHT);
    this.#addMember(event, ARGUMENTS);
    if (this.narrowBytes + this.middleCharacters + this.wideCharacters > before) this.events++;
  }

  /** Gives the bytes of its text, 0 without any. */
  #addMember(event: Buffer, key: Buffer): number {
    const start = textStart(event, key);
    if (start < 0) return 0;
    const stop = this.addString(event, start, event.length);
    if (stop === start) return 0;
    this.#key = key;
    this.#firstLetter = event[start - 1 - key.length] ?? 0;
    this.#offset = start;
    return stop - start;
  }
}
