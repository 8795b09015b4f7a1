/**
 * Lets pages of allowed origins call the data plane: answers preflights, and adds what a browser must see.
 */
import { isTokenCode } from "../../wire/header-value.ts";
import type { RequestHead } from "../../wire/request-head.ts";

/** Header names and values, alternating. */
export type CorsHeaders = readonly string[];

const ORIGIN_CHARACTERS_MAX = 256;
const REQUEST_HEADERS_CHARACTERS_MAX = 4_096;
const MAX_AGE_SECONDS = "86400";
const METHODS = "GET, HEAD, POST, DELETE, OPTIONS";
const VARY_PREFLIGHT = "Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network";

/**
 * Without a list of their names a page cannot read these headers of an answer; `x-ratelimit-*` must be
 * spelled out.
 */
const EXPOSED = [
  "x-request-id",
  "request-id",
  "x-client-request-id",
  "retry-after",
  "retry-after-ms",
  "x-should-retry",
  "x-ratelimit-limit-requests",
  "x-ratelimit-limit-tokens",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-remaining-tokens",
  "x-ratelimit-reset-requests",
  "x-ratelimit-reset-tokens",
  "server-timing",
  "x-volcano-model",
  "x-volcano-target",
  "x-volcano-attempts",
  "x-volcano-changes",
  "x-volcano-model-fallback",
  "x-volcano-hint",
  "x-volcano-error",
].join(", ");

const loopbackBases = [
  "http://localhost",
  "https://localhost",
  "http://127.0.0.1",
  "https://127.0.0.1",
  "http://[::1]",
  "https://[::1]",
];

const NONE: CorsHeaders = [];

/** Whether a request is a preflight (Fetch standard, 4.8): it is answered before authentication, with 204. */
export function isPreflight(method: string | undefined, head: RequestHead): boolean {
  return method === "OPTIONS" && head.origin !== null && head.corsMethod !== null;
}

/** Loopback origins, and those that the configuration names; credentials are never allowed. */
export class Cors {
  readonly #allowed: ReadonlySet<string>;
  readonly #allowsAll: boolean;

  /** @param origins such as `https://chat.example.com`, compared as whole strings; `*` for all. */
  constructor(origins: readonly string[]) {
    this.#allowed = new Set(origins);
    this.#allowsAll = this.#allowed.has("*");
  }

  /** What an answer to this origin carries beside its own headers; nothing where there is no origin. */
  answerHeaders(origin: string | null): CorsHeaders {
    if (origin === null) return NONE;
    if (!this.allows(origin)) return ["vary", "Origin"];
    return [
      "access-control-allow-origin",
      origin,
      "access-control-expose-headers",
      EXPOSED,
      "vary",
      "Origin",
    ];
  }

  /**
   * The headers of a preflight's 204. Without `access-control-allow-origin` the browser refuses by itself.
   */
  preflightHeaders(head: RequestHead): CorsHeaders {
    const { origin, corsHeaders } = head;
    if (origin === null || !this.allows(origin)) return ["vary", VARY_PREFLIGHT];
    const headers = ["access-control-allow-origin", origin, "access-control-allow-methods", METHODS];
    if (corsHeaders !== null && isNameList(corsHeaders)) {
      headers.push("access-control-allow-headers", corsHeaders);
    }
    if (head.corsPrivateNetwork) headers.push("access-control-allow-private-network", "true");
    headers.push("access-control-max-age", MAX_AGE_SECONDS, "vary", VARY_PREFLIGHT);
    return headers;
  }

  allows(origin: string): boolean {
    if (origin.length > ORIGIN_CHARACTERS_MAX || !isVisible(origin)) return false;
    return this.#allowsAll || this.#allowed.has(origin) || isLoopback(origin);
  }
}

/** One of the loopback bases, alone or with a port of one to five digits, and nothing after it. */
function isLoopback(origin: string): boolean {
  for (const base of loopbackBases) {
    if (!origin.startsWith(base)) continue;
    const rest = origin.length - base.length;
    if (rest === 0) return true;
    if (rest < 2 || rest > 6 || origin.charCodeAt(base.length) !== 0x3a) continue;
    let digits = 0;
    for (let index = base.length + 1; index < origin.length; index++) {
      const code = origin.charCodeAt(index);
      if (code >= 0x30 && code <= 0x39) digits++;
    }
    if (digits === rest - 1) return true;
  }
  return false;
}

function isVisible(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return text.length > 0;
}

/** Header names (RFC 9110, 5.6.2) with commas and blanks between them: what may be echoed. */
function isNameList(text: string): boolean {
  if (text.length === 0 || text.length > REQUEST_HEADERS_CHARACTERS_MAX) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code !== 0x2c && code !== 0x20 && !isTokenCode(code)) return false;
  }
  return true;
}
