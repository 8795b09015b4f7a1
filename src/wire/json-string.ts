/** Decodes and compares string values where they stand in a validated JSON text. */
import { BACKSLASH, hexDigit } from "./json-value.ts";

/** What JSON escapes at most: six bytes (`\u0041`) for one. */
const ESCAPE_BYTES_MAX = 6;
const LETTER_U = 0x75;

const SHORT_ESCAPE_VALUES: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);

/** How many bytes the escape that begins with this backslash takes. */
export function escapeLength(bytes: Buffer, backslash: number): number {
  return bytes[backslash + 1] === LETTER_U ? ESCAPE_BYTES_MAX : 2;
}

/** The UTF-16 code unit that the escape stands for. */
export function escapedUnit(bytes: Buffer, backslash: number): number {
  const letter = bytes[backslash + 1] as number;
  if (letter !== LETTER_U) return SHORT_ESCAPE_VALUES.get(letter) ?? letter;
  let unit = 0;
  for (let at = backslash + 2; at < backslash + ESCAPE_BYTES_MAX; at++)
    unit = unit * 16 + hexDigit(bytes[at]);
  return unit;
}

function hasEscape(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

/**
 * The text of the string whose quotes stand at `start` and `end - 1`, or null where it is longer than
 * `bytesMax` bytes of UTF-8.
 */
export function decodeString(bytes: Buffer, start: number, end: number, bytesMax: number): string | null {
  // Decided before decoding, so that a body of many megabytes in one string costs no copy of it.
  if (end - start - 2 > bytesMax * ESCAPE_BYTES_MAX) return null;
  if (!hasEscape(bytes, start + 1, end - 1)) {
    return end - start - 2 > bytesMax ? null : bytes.toString("utf8", start + 1, end - 1);
  }
  const text: string = JSON.parse(bytes.toString("utf8", start, end));
  return Buffer.byteLength(text) > bytesMax ? null : text;
}

/** Whether the string whose quotes stand at `start` and `end - 1` decodes to `text`, which is ASCII. */
export function stringIs(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start - 2 < text.length) return false;
  let at = start + 1;
  for (let position = 0; position < text.length; position++) {
    if (at >= end - 1) return false;
    const byte = bytes[at] as number;
    const isEscape = byte === BACKSLASH;
    if ((isEscape ? escapedUnit(bytes, at) : byte) !== text.charCodeAt(position)) return false;
    at += isEscape ? escapeLength(bytes, at) : 1;
  }
  return at === end - 1;
}
