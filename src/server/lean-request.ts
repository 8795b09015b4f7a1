/**
 * node:http's request without the object of all headers, which node:http builds for the sake of one of them.
 */
import { IncomingMessage } from "node:http";

type FramingHeaders = { expect?: string; "content-length"?: string; "transfer-encoding"?: string };

const NAMES = ["expect", "content-length", "transfer-encoding"] as const;
const NONE: FramingHeaders = Object.freeze(Object.create(null));

/** Only the headers that node:http itself, or whoever ends a connection, asks for. */
function framingHeadersOf(rawHeaders: readonly string[]): FramingHeaders {
  let found = NONE;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.length !== 6 && name.length !== 14 && name.length !== 17) continue;
    const lower = name.toLowerCase();
    for (const wanted of NAMES) {
      if (lower !== wanted) continue;
      if (found === NONE) found = Object.create(null) as FramingHeaders;
      found[wanted] ??= rawHeaders[index + 1] ?? "";
    }
  }
  return found;
}

/**
 * Its `headers` are `expect`, `content-length` and `transfer-encoding` alone; all others stand in
 * `rawHeaders`, which the head's reader goes through once. Pinned by the tests of the strict server.
 */
export class LeanRequest extends IncomingMessage {}

Object.defineProperty(LeanRequest.prototype, "headers", {
  configurable: true,
  get(this: LeanRequest): FramingHeaders {
    return framingHeadersOf(this.rawHeaders);
  },
});
