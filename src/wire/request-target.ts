/** Reads a request's target: the raw path without the prefixes that base URLs bring along, or a refusal. */
import type { ErrorCode } from "../core/errors.ts";

export type TargetResult =
  | {
      readonly kind: "path";
      /** Undecoded, begins with a slash, such as `/chat/completions`; `*` for the asterisk form. */
      readonly path: string;
      /** What was taken off: empty, `/v1`, `/v1/v1` or `/anthropic/v1`. */
      readonly prefix: string;
      /** Without the question mark. */
      readonly query: string;
    }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly message: string };

export const TARGET_BYTES_MAX = 8_192;

const SLASH = 0x2f;
const PERCENT = 0x25;
const MODELS = "/models/";

/**
 * Reads the target as it stands on the request line. Routes are matched on the raw path, so nothing is
 * decoded here but to refuse: control characters, spaces and non-ASCII; a fragment; backslashes and `%5c`;
 * encoded controls; `..` segments, encoded or not; broken escapes; `%2f`, except in the id of `/models/{id}`.
 * An absolute form must name the very host of the `Host` header. One doubled slash after the base is taken
 * for one, since base URLs end in slashes by accident. A trailing slash is left where it is:
 * `/v1/chat/completions/` is no route, and so a 404.
 */
export function readRequestTarget(target: string, host: string | null): TargetResult {
  if (target.length > TARGET_BYTES_MAX) {
    const message = `The request's URL is longer than ${TARGET_BYTES_MAX} bytes.`;
    return { kind: "refused", code: "uri_too_long", message };
  }
  if (target === "*") return { kind: "path", path: "*", prefix: "", query: "" };
  const start = target.charCodeAt(0) === SLASH ? 0 : pathStart(target, host);
  if (start < 0) return refused("The request's URL names another host than its Host header, or is no path.");
  const queryAt = target.indexOf("?", start);
  const end = queryAt < 0 ? target.length : queryAt;
  const query = queryAt < 0 ? "" : target.slice(queryAt + 1);
  const fault = characterFault(target) ?? pathFault(target, start, end);
  if (fault !== null) return refused(fault);
  const raw = start === end ? "/" : target.slice(start, end);
  const base = takeBase(raw);
  const path = base.at === raw.length ? "/" : raw.slice(base.at);
  if (!path.startsWith(MODELS) && hasEncodedSlash(path)) {
    return refused("The request's path holds an encoded slash (%2f).");
  }
  return { kind: "path", path, prefix: base.prefix, query };
}

/** One decoding of an id in a path, as UTF-8; null where it is not UTF-8. */
export function decodePathId(raw: string): string | null {
  if (!raw.includes("%")) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return null;
  }
}

function refused(message: string): TargetResult {
  return { kind: "refused", code: "ambiguous_request", message };
}

/** Where the path of an absolute form begins; -1 where the form or its authority is not ours. */
function pathStart(target: string, host: string | null): number {
  const scheme = target.slice(0, 8).toLowerCase();
  const authorityAt = scheme.startsWith("http://") ? 7 : scheme === "https://" ? 8 : -1;
  if (authorityAt < 0 || host === null || host === "") return -1;
  const pathAt = authorityAt + host.length;
  const next = target.charCodeAt(pathAt);
  // The host must be followed by a path, a query or the end (NaN), not by more of an authority.
  if (next !== SLASH && next !== 0x3f && !Number.isNaN(next)) return -1;
  return target.slice(authorityAt, pathAt).toLowerCase() === host.toLowerCase() ? pathAt : -1;
}

function characterFault(target: string): string | null {
  for (let index = 0; index < target.length; index++) {
    const code = target.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f)
      return "The request's URL holds a space, a control or a raw non-ASCII byte.";
    if (code === 0x23) return "The request's URL holds a fragment (#).";
  }
  return null;
}

/** One pass over the segments; an encoded slash ends a segment too, so that it can hide no `..`. */
function pathFault(target: string, start: number, end: number): string | null {
  let dots = 0;
  let others = 0;
  for (let index = start; index < end; index++) {
    let code = target.charCodeAt(index);
    if (code === PERCENT) {
      code = index + 2 < end ? escapedByte(target, index) : -1;
      if (code < 0) return "The request's path holds a % that begins no escape.";
      if (code < 0x20 || code === 0x7f) return "The request's path holds an encoded control character.";
      index += 2;
    }
    if (code === 0x5c) return "The request's path holds a backslash.";
    if (code === SLASH) {
      if (dots === 2 && others === 0) return "The request's path holds a `..` segment.";
      dots = 0;
      others = 0;
    } else if (code === 0x2e) dots++;
    else others++;
  }
  return dots === 2 && others === 0 ? "The request's path holds a `..` segment." : null;
}

function escapedByte(target: string, percentAt: number): number {
  const high = hexDigit(target.charCodeAt(percentAt + 1));
  const low = hexDigit(target.charCodeAt(percentAt + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function hasEncodedSlash(path: string): boolean {
  return path.includes("%2f") || path.includes("%2F");
}

/** Takes the base off, and with it at most one doubled slash, wherever in the base it stands. */
function takeBase(raw: string): { readonly at: number; readonly prefix: string } {
  const spare = raw.startsWith("//") ? 1 : 0;
  const vendor = afterSegment(raw, spare, "/anthropic");
  if (vendor >= 0) {
    const next = skipSlash(raw, vendor, spare === 0);
    const version = afterSegment(raw, next, "/v1");
    if (version < 0) return { at: spare, prefix: "" };
    const spent = spare > 0 || next > vendor;
    return { at: skipSlash(raw, version, !spent), prefix: "/anthropic/v1" };
  }
  const first = afterSegment(raw, spare, "/v1");
  if (first < 0) return { at: spare, prefix: "" };
  const next = skipSlash(raw, first, spare === 0);
  const second = afterSegment(raw, next, "/v1");
  if (second < 0) return { at: next, prefix: "/v1" };
  return { at: skipSlash(raw, second, spare === 0 && next === first), prefix: "/v1/v1" };
}

/** Behind `segment` where it stands whole at `at`; else -1. */
function afterSegment(raw: string, at: number, segment: string): number {
  if (!raw.startsWith(segment, at)) return -1;
  const end = at + segment.length;
  return end === raw.length || raw.charCodeAt(end) === SLASH ? end : -1;
}

function skipSlash(raw: string, at: number, maySkip: boolean): number {
  return maySkip && raw.startsWith("//", at) ? at + 1 : at;
}
