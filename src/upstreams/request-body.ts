/** Shapes a request's body for undici: one Buffer where it is small, slices without a copy if it is large. */
import type { Readable } from "node:stream";

/**
 * Up to this size one copy and one write are cheaper than the promises that undici spends on every slice;
 * above it slices keep TLS from encrypting it all in one turn of the loop, and an early answer from being
 * followed by the rest of the body.
 */
export const WHOLE_BODY_BYTES_MAX = 262_144;

/** The pieces, none longer than a whole body may be. */
export class BodySlices implements Iterable<Buffer> {
  #pieces: readonly Buffer[];

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
  }

  *[Symbol.iterator](): Generator<Buffer, void> {
    for (const piece of this.#pieces) {
      for (let start = 0; start < piece.length; start += WHOLE_BODY_BYTES_MAX) {
        yield piece.subarray(start, start + WHOLE_BODY_BYTES_MAX);
      }
    }
    // undici keeps its request until the answer's end, which may be half an hour away: not the body with it.
    this.#pieces = [];
  }
}

/** What `dispatch` takes as the body; null where there is none. */
export function shapeBody(pieces: readonly Buffer[], bodyBytes: number): Buffer | Readable | null {
  const first = pieces[0];
  if (first === undefined || bodyBytes === 0) return null;
  if (bodyBytes > WHOLE_BODY_BYTES_MAX) {
    // undici takes any iterable of Buffers; its types name only the commonest kinds of body.
    return new BodySlices(pieces) as unknown as Readable;
  }
  return pieces.length === 1 ? first : Buffer.concat(pieces, bodyBytes);
}
