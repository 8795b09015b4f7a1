/** Reads counts out of JSON numbers, exactly, however they are spelled. */

/**
 * The non-negative integer that the JSON number from `start` to `end` stands for, or null where it is
 * negative or has a fraction. `1.0`, `1e3` and `-0` are integers, as in JSON Schema; one greater than
 * `Number.MAX_SAFE_INTEGER` is given as that, so that sums of counts stay exact.
 */
export function readCount(bytes: Buffer, start: number, end: number): number | null {
  let scale = 0;
  let afterPoint = false;
  let significant = false;
  let trailingZeros = 0;
  let at = bytes[start] === 0x2d ? start + 1 : start;
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    if ((byte | 0x20) === 0x65) break;
    if (byte === 0x2e) {
      afterPoint = true;
      continue;
    }
    if (afterPoint) scale--;
    if (byte === 0x30) trailingZeros++;
    else {
      trailingZeros = 0;
      significant = true;
    }
  }
  if (!significant) return 0;
  if (bytes[start] === 0x2d) return null;
  if (at < end) scale += Number(bytes.toString("latin1", at + 1, end));
  if (scale + trailingZeros < 0) return null;
  return Math.min(Number(bytes.toString("latin1", start, end)), Number.MAX_SAFE_INTEGER);
}
