/** Measures texts by script: those of a stream byte by byte, a body from samples, in bounded time. */
import type { TextMeasure } from "../core/text-measure.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A larger body is measured by windows. */
export const STRIDED_BYTES_MAX = 16_384;
/** Up to here every byte of a body is looked at. */
export const EXACT_BYTES_MAX = 256;
/** No multiples of 2 or 3, so that the bytes of a character are met equally often. */
const strides = [
  { bytesMax: EXACT_BYTES_MAX, stride: 1 },
  { bytesMax: 1_280, stride: 5 },
  { bytesMax: 2_560, stride: 7 },
] as const;
const LARGEST_STRIDE = 11;

/** Wide enough to tell base64 from text; one for each so many bytes, and never more than WINDOWS_MAX. */
const WINDOW_BYTES = 64;
const BYTES_PER_WINDOW = 256;
const WINDOWS_MAX = 256;

// Four counters in one integer, seven bits each: one addition counts a byte, whatever it is.
const PLAIN = 1;
const MARK = 1 << 7;
const MIDDLE = 1 << 14;
const WIDE = 1 << 21;
const COUNTER_MAX = 127;

function counterOf(byte: number): number {
  if (byte >= 0xe0) return WIDE;
  if (byte >= 0xc0) return MIDDLE;
  if (byte >= 0x80) return 0;
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  const isDigit = byte >= 0x30 && byte <= 0x39;
  return isLetter || isDigit || byte <= 0x20 || byte === 0x7f ? PLAIN : MARK;
}

const counters = Int32Array.from({ length: 256 }, (_, byte) => counterOf(byte));

/** A measure that grows. */
export class TextTally implements TextMeasure {
  events = 0;
  narrowBytes = 0;
  marks = 0;
  middleCharacters = 0;
  wideCharacters = 0;
  thoughtBytes = 0;

  /** Every `stride`th byte from `start` up to, not including, `end`. */
  addBytes(bytes: Buffer, start: number, end: number, stride = 1): void {
    let at = start;
    while (at < end) {
      const stop = Math.min(at + COUNTER_MAX * stride, end);
      let counted = 0;
      for (; at < stop; at += stride) counted += counters[bytes[at] ?? 0] ?? 0;
      this.#add(counted);
    }
  }

  /** The inside of a JSON string, escapes as they stand. Gives the index of its last quote, or `end`. */
  addString(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      // An escape is two bytes at once.
      const stop = Math.min(at + COUNTER_MAX - 1, end);
      let counted = 0;
      for (; at < stop; at++) {
        const byte = bytes[at] ?? 0;
        if (byte === QUOTE) {
          this.#add(counted);
          return at;
        }
        counted += counters[byte] ?? 0;
        if (byte === BACKSLASH && ++at < end) counted += counters[bytes[at] ?? 0] ?? 0;
      }
      this.#add(counted);
    }
    return end;
  }

  #add(counted: number): void {
    const marks = (counted >> 7) & COUNTER_MAX;
    this.marks += marks;
    this.narrowBytes += (counted & COUNTER_MAX) + marks;
    this.middleCharacters += (counted >> 14) & COUNTER_MAX;
    this.wideCharacters += counted >> 21;
  }
}

function strideOf(bytes: number): number {
  for (const { bytesMax, stride } of strides) if (bytes <= bytesMax) return stride;
  return LARGEST_STRIDE;
}

/** The measure of so many bytes of a body that are like those in the tally. */
function bodyLike(tally: TextTally, bytes: number): TextMeasure {
  const seen = tally.narrowBytes + 2 * tally.middleCharacters + 3 * tally.wideCharacters;
  const scale = seen === 0 ? 0 : bytes / seen;
  return {
    events: 1,
    narrowBytes: Math.round(tally.narrowBytes * scale),
    marks: Math.round(tally.marks * scale),
    middleCharacters: Math.round(tally.middleCharacters * scale),
    wideCharacters: Math.round(tally.wideCharacters * scale),
    thoughtBytes: 0,
  };
}

/** Neither a space nor a quote nor a mark of prose for so long: base64. */
function isBase64(body: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = body[at] ?? 0;
    const isPlain = counters[byte] === PLAIN && byte > 0x20;
    if (!isPlain && byte !== 0x2b && byte !== 0x2f && byte !== 0x3d) return false;
  }
  return true;
}

function measureByWindows(body: Buffer): TextMeasure {
  const tally = new TextTally();
  const windows = Math.min(Math.ceil(body.length / BYTES_PER_WINDOW), WINDOWS_MAX);
  const stride = (body.length - WINDOW_BYTES) / (windows - 1);
  let textWindows = 0;
  for (let window = 0; window < windows; window++) {
    const start = Math.floor(window * stride);
    if (isBase64(body, start, start + WINDOW_BYTES)) continue;
    tally.addBytes(body, start, start + WINDOW_BYTES);
    textWindows++;
  }
  return bodyLike(tally, (body.length * textWindows) / windows);
}

/**
 * The measure of a whole body: exact up to EXACT_BYTES_MAX bytes, else from samples; the characters then add
 * up to the body's bytes, and their shares are near. In a body of more than STRIDED_BYTES_MAX bytes
 * stretches of base64, such as images, are left out, since their tokens do not go by letters.
 */
export function measureBody(body: Buffer): TextMeasure {
  if (body.length > STRIDED_BYTES_MAX) return measureByWindows(body);
  const tally = new TextTally();
  const stride = strideOf(body.length);
  tally.addBytes(body, 0, body.length, stride);
  if (stride > 1) return bodyLike(tally, body.length);
  tally.events = 1;
  return tally;
}
