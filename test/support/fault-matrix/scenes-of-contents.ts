/** Answers that say something else than they should, and errors (reliability U11 to U24). */
import { sseVariants, usageVariants } from "../../../src/simulator/faults/faults.ts";
import type { Fault, ScriptStep } from "../../../src/simulator/index.ts";
import {
  COUNTED,
  ESTIMATED,
  FINAL,
  INVALID,
  INVALID_FREE,
  REFUSED,
  type Scene,
  UNREADABLE,
} from "./scene.ts";

/** A short answer may have ended before the event that is broken. */
const BROKEN_TRANSLATED =
  /^(failed U[HF] (estimated|counted)|partial US (counted|estimated|upstream_final)|settled -E upstream_final)$/;

export const spoilt: readonly Scene[] = [
  ...usageVariants.map((variant) => ({
    name: `usage ${variant}`,
    ...(variant === "decreasing" ? { shape: "stream" as const } : {}),
    weight: 0.6,
    // Of them all, only this one is no JSON.
    ...(variant === "nan" ? { messages: UNREADABLE, responses: UNREADABLE } : {}),
    step: (): ScriptStep => ({ kind: "usage", variant }),
    stream: variant === "several" || variant === "decreasing" ? FINAL : COUNTED,
    whole: variant === "several" || variant === "decreasing" ? FINAL : ESTIMATED,
  })),
  ...sseVariants.map((variant) => ({
    name: `sse ${variant}`,
    weight: 0.5,
    shape: "stream" as const,
    step: (): ScriptStep => ({ kind: "sse", variant }),
    stream: FINAL,
    whole: FINAL,
  })),
  {
    name: "broken JSON",
    shape: "stream",
    step: (random) => ({ kind: "broken_json", afterEvents: random.below(10) }),
    // Of a short answer it is the mark of the end.
    stream: /^(settled -E (upstream_final|counted)|partial US upstream_final)$/,
    whole: FINAL,
    messages: { translated: { stream: BROKEN_TRANSLATED } },
    responses: { translated: { stream: BROKEN_TRANSLATED } },
  },
  {
    name: "a long line",
    weight: 0.3,
    shape: "stream",
    step: (random) => ({ kind: "long_line", bytes: 900_000 + random.below(600_000) }),
    stream: FINAL,
    whole: FINAL,
  },
  {
    name: "a long line without end",
    weight: 0.3,
    shape: "stream",
    step: (random) => ({ kind: "long_line", bytes: 900_000 + random.below(600_000), ends: false }),
    stream: /^partial US counted$/,
    whole: FINAL,
  },
];

export const refusals: readonly Scene[] = [
  {
    name: "an error of Ark's",
    weight: 4,
    step: (random): Fault => ({
      kind: "error",
      code: random.pick([
        "ServerOverloaded",
        "InternalServiceError",
        "AuthenticationError",
        "InvalidParameter",
      ]),
      retryAfter: random.pick([null, "3", "Wed, 21 Oct 2015 07:28:00 GMT", "-1", "99999999"]),
      rateLimitHeaders: random.below(2) === 1,
    }),
    stream: REFUSED,
    whole: REFUSED,
  },
  {
    name: "an error with status 200",
    step: () => ({ kind: "error", status: 200 }),
    // Behind a heartbeat it is not even read.
    stream: /^failed U[HFS] (none|estimated)$/,
    // Nobody has asked for a stream, so it is passed on as it is: an answer without usage.
    whole: ESTIMATED,
    messages: { translated: { whole: UNREADABLE.translated.whole } },
    responses: { translated: { whole: UNREADABLE.translated.whole } },
  },
  {
    name: "HTML",
    step: (random) => ({ kind: "html", status: random.pick([500, 502, 503, 504]) }),
    stream: INVALID,
    whole: INVALID,
  },
  {
    name: "HTML that is the client's fault",
    step: (random) => ({ kind: "html", status: random.pick([400, 404, 429]) }),
    stream: INVALID_FREE,
    whole: INVALID_FREE,
  },
  {
    name: "no body",
    step: (random) => ({ kind: "empty", status: random.pick([500, 502, 503]) }),
    stream: INVALID,
    whole: INVALID,
  },
  { name: "204", step: () => ({ kind: "empty", status: 204 }), stream: INVALID_FREE, whole: INVALID_FREE },
  {
    name: "redirect",
    step: (random) => ({ kind: "redirect", status: random.pick([301, 302, 307]) }),
    stream: INVALID_FREE,
    whole: INVALID_FREE,
  },
  {
    name: "compressed",
    step: (random) => ({
      kind: "compressed",
      encoding: random.pick(["gzip", "br", "deflate", "zstd"]),
      layers: 1 + random.below(5),
    }),
    stream: INVALID,
    whole: INVALID,
  },
  {
    name: "another content type",
    step: (random) => ({ kind: "content_type", value: random.pick([null, "text/html", "application/xml"]) }),
    stream: INVALID,
    whole: INVALID,
  },
  {
    name: "both framings",
    step: () => ({ kind: "both_framings" }),
    stream: /^failed UH estimated$/,
    whole: /^failed UH estimated$/,
  },
  {
    name: "a raw header",
    step: (random) => ({
      kind: "raw_header",
      line: random.pick(["Content-Length: 5", "Transfer-Encoding: gzip, chunked", "X-A: b\r\nX-C: d"]),
    }),
    stream: /^(settled -E upstream_final|failed U[HF] estimated)$/,
    whole: /^(settled -E (upstream_final|estimated)|failed U[HS] estimated)$/,
  },
];
