/** Measures a body by script from samples, in bounded time: what an estimate of its tokens needs. */
import { isAscii } from "node:buffer";
import type { TextMeasure } from "../core/text-measure.ts";

/** A larger body is measured by windows. */
export const STRIDDEN_BYTES_MAX = 16_384;

/** Up to here every byte is looked at. */
const EXACT_BYTES_MAX = 256;
/** Then each eleventh: no multiple of 2, 3 or 4, so every byte of a character is met as often. */
const STRIDE = 11;

/** Wide enough to tell base64 from text, one for each so many bytes, and never more than WINDOWS_MAX. */
const WINDOW_BYTES = 64;
const BYTES_PER_WINDOW = 256;
const WINDOWS_MAX = 256;

/** What the looked-at bytes are: of the high ones how many begin a character, and how many of three or four. */
type Tally = { seen: number; high: number; begins: number; wide: number };

/** Branchless: a branch on bytes of Chinese is guessed wrong too often. */
function count(tally: Tally, body: Buffer, start: number, end: number, stride: number): void {
  let high = 0;
  let begins = 0;
  let wide = 0;
  for (let at = start; at < end; at += stride) {
    const byte = body[at] ?? 0;
    const isHigh = byte >> 7;
    const isBegin = isHigh & (byte >> 6);
    high += isHigh;
    begins += isBegin;
    wide += isBegin & (byte >> 5);
  }
  tally.seen += Math.ceil((end - start) / stride);
  tally.high += high;
  tally.begins += begins;
  tally.wide += wide;
}

/** The measure of so many bytes that are like those in the tally. */
function measureOf(tally: Tally, bytes: number): TextMeasure {
  const narrow = tally.seen - tally.high;
  const middle = tally.begins - tally.wide;
  const bytesOfCharacters = narrow + 2 * middle + 3 * tally.wide;
  const scale = bytesOfCharacters === 0 ? 0 : bytes / bytesOfCharacters;
  return {
    events: 1,
    narrowBytes: Math.round(narrow * scale),
    middleCharacters: Math.round(middle * scale),
    wideCharacters: Math.round(tally.wide * scale),
  };
}

/** Neither a space nor a quote nor a mark of prose for so long: base64. */
function isBase64(body: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = body[at] ?? 0;
    const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a && byte < 0x80;
    // `/` and the digits stand side by side.
    const isOther = (byte >= 0x2f && byte <= 0x39) || byte === 0x2b || byte === 0x3d;
    if (!isLetter && !isOther) return false;
  }
  return true;
}

function measureByWindows(body: Buffer): TextMeasure {
  const tally: Tally = { seen: 0, high: 0, begins: 0, wide: 0 };
  const windows = Math.min(Math.ceil(body.length / BYTES_PER_WINDOW), WINDOWS_MAX);
  const stride = (body.length - WINDOW_BYTES) / (windows - 1);
  let textWindows = 0;
  for (let window = 0; window < windows; window++) {
    const start = Math.floor(window * stride);
    if (isBase64(body, start, start + WINDOW_BYTES)) continue;
    count(tally, body, start, start + WINDOW_BYTES, 1);
    textWindows++;
  }
  return measureOf(tally, (body.length * textWindows) / windows);
}

/**
 * The measure of a whole body. Exact where all is ASCII, or short; else from samples: the characters then add
 * up to the body's bytes, and their shares are near. In a body of more than STRIDDEN_BYTES_MAX bytes
 * stretches of base64, such as images, are left out, since their tokens do not go by letters.
 */
export function measureBody(body: Buffer): TextMeasure {
  const bytes = body.length;
  if (bytes > STRIDDEN_BYTES_MAX) return measureByWindows(body);
  if (isAscii(body)) return { events: 1, narrowBytes: bytes, middleCharacters: 0, wideCharacters: 0 };
  const tally: Tally = { seen: 0, high: 0, begins: 0, wide: 0 };
  count(tally, body, 0, bytes, bytes > EXACT_BYTES_MAX ? STRIDE : 1);
  return measureOf(tally, bytes);
}
