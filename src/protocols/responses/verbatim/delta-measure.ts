/** Measures the text in the deltas of a Responses stream. */
import type { TextMeasure } from "../../../core/text-measure.ts";
import { TextTally } from "../../../wire/text-measure.ts";

const QUOTE = 0x22;
const COLON = 0x3a;
const SPACE = 0x20;
const DELTA = Buffer.from('"delta"');

/** Where the string of `delta` begins, after its quote; -1 where there is none before `end`. */
function textStart(bytes: Buffer, start: number, end: number): number {
  for (let at = bytes.indexOf(DELTA, start); at >= 0 && at < end; at = bytes.indexOf(DELTA, at + 1)) {
    let index = at + DELTA.length;
    while (bytes[index] === SPACE) index++;
    if (bytes[index] !== COLON) continue;
    index++;
    while (bytes[index] === SPACE) index++;
    if (bytes[index] === QUOTE) return index + 1;
  }
  return -1;
}

function isKeyAt(bytes: Buffer, at: number): boolean {
  for (let index = 0; index < DELTA.length; index++) {
    if (bytes[at + index] !== DELTA[index]) return false;
  }
  return bytes[at + DELTA.length] === COLON && bytes[at + DELTA.length + 1] === QUOTE;
}

/**
 * The first string of `delta` in each. Deltas of one item are alike, so it is first looked for where it was
 * in the one before.
 */
export class DeltaMeasure extends TextTally {
  /** From an event's start to its text. */
  #before = 0;

  /** One whole event: the bytes from `start` to `end`. */
  addDelta(bytes: Buffer, start: number, end: number, isThought: boolean): void {
    let at = start + this.#before;
    if (this.#before === 0 || at >= end || !isKeyAt(bytes, at - DELTA.length - 2)) {
      at = textStart(bytes, start, end);
      this.#before = Math.max(0, at - start);
      if (at < 0 || at >= end) return;
    }
    const stop = this.addString(bytes, at, end);
    if (stop === at) return;
    this.events++;
    if (isThought) this.thoughtBytes += stop - at;
  }

  /** An event that is too long to be read: all its bytes are taken for text. */
  addUnread(event: TextMeasure): void {
    this.events++;
    this.narrowBytes += event.narrowBytes;
    this.marks += event.marks;
    this.middleCharacters += event.middleCharacters;
    this.wideCharacters += event.wideCharacters;
  }
}
