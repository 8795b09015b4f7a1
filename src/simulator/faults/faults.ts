/**
 * Every way in which the simulator can misbehave: one table that gives the types, the checks and the help.
 */
import { arkErrorCodes } from "../error-envelope.ts";
import {
  bytes,
  bytesFromOne,
  type Field,
  type FieldValue,
  flag,
  milliseconds,
  millisecondsOrForEver,
  oneOf,
  statusOrNull,
  text,
  textOrNull,
  whole,
} from "./fault-fields.ts";

type FaultRow = {
  readonly about: string;
  readonly fields: { readonly [name: string]: Field<unknown> };
};

/**
 * Where a fault strikes: after `afterBytes` bytes of the `body` (as the client reads it, without HTTP's
 * framing), or of the `wire` (from the status line's first byte). Past the end means after the body's last
 * byte, before the framing says that it was the last.
 */
const position = { afterBytes: bytes(0), of: oneOf(["body", "wire"], "body") } as const;
const afterEvents = whole(2, 0, 1_000_000);

export const sseVariants = [
  "crlf",
  "cr",
  "mixed",
  "comments",
  "named",
  "no_space",
  "no_final_blank",
  "bom",
  "empty_data",
] as const;

export const usageVariants = [
  "missing",
  "null",
  "negative",
  "nan",
  "fractional",
  "text",
  "absurd",
  "inconsistent",
  "decreasing",
  "several",
] as const;

export const faultTable = {
  error: {
    about: "answers with one of Ark's errors; status 200 gives an error body where an answer was asked",
    fields: {
      code: oneOf(arkErrorCodes, "ServerOverloaded"),
      status: statusOrNull(),
      message: textOrNull(null),
      retryAfter: textOrNull(null),
      rateLimitHeaders: flag(false),
    },
  },
  html: {
    about: "answers with a page of HTML, as a broken load balancer does",
    fields: { status: whole(502, 200, 599) },
  },
  empty: { about: "answers without a body", fields: { status: whole(500, 200, 599) } },
  redirect: {
    about: "answers with a redirect",
    fields: { status: whole(302, 300, 399), location: text("http://127.0.0.1:1/") },
  },
  interim: {
    about: "sends 1xx heads before the answer",
    fields: { status: whole(102, 100, 199), count: whole(1, 1, 100_000), everyMs: milliseconds(0) },
  },
  hang: { about: "never answers", fields: { afterHead: flag(false) } },
  delay: { about: "waits before the answer's head", fields: { ms: milliseconds(1_000) } },
  stall: { about: "stops for a time, or for ever", fields: { ...position, ms: millisecondsOrForEver(null) } },
  drip: {
    about: "sends a few bytes at a time, with waits between",
    fields: { ...position, bytes: bytesFromOne(1), everyMs: milliseconds(10) },
  },
  reset: { about: "resets the connection (RST)", fields: position },
  close: { about: "closes the connection (FIN)", fields: position },
  truncate: { about: "ends the body early, with a correct framing", fields: { afterBytes: bytes(0) } },
  omit_done: { about: "leaves [DONE] out of a stream", fields: { andFinish: flag(false) } },
  garbage: {
    about: "puts random bytes into the body",
    fields: { afterBytes: bytes(0), bytes: bytesFromOne(64) },
  },
  split: { about: "writes all bytes in pieces of this size", fields: { bytes: bytesFromOne(1) } },
  compressed: {
    about: "compresses the body, in as many layers as told; a bomb is blanks without end",
    fields: {
      encoding: oneOf(["gzip", "br", "deflate", "zstd"], "gzip"),
      layers: whole(1, 1, 20),
      bombBytes: bytes(0),
    },
  },
  content_type: { about: "sends another content-type, or none", fields: { value: textOrNull("text/html") } },
  content_length: {
    about: "promises more bytes than it sends (over 0), or fewer (under 0)",
    fields: { surplus: whole(10, -1_000_000, 1_000_000) },
  },
  both_framings: { about: "sends Content-Length and Transfer-Encoding together", fields: {} },
  until_close: { about: "ends the body by closing the connection alone, as HTTP/1.0 does", fields: {} },
  raw_header: { about: "puts a line into the head, unchecked", fields: { line: text("X-Injected: 1") } },
  keep_alive_hint: {
    about: "promises by Keep-Alive to hold the idle connection so long",
    fields: { timeoutSeconds: whole(600, 0, 86_400) },
  },
  idle_close: {
    about: "closes the connection once it has been idle so long",
    fields: { afterMs: milliseconds(0) },
  },
  second_answer: {
    about: "sends another answer nobody asked for, once idle",
    fields: { afterMs: milliseconds(0) },
  },
  error_event: {
    about: "ends a stream with an error event; failed: as a response that failed, where there are such",
    fields: {
      afterEvents,
      code: oneOf(arkErrorCodes, "InternalServiceError"),
      named: flag(false),
      failed: flag(false),
    },
  },
  open_after_done: {
    about: "leaves the body open after [DONE]",
    fields: { ms: millisecondsOrForEver(null) },
  },
  after_done: {
    about: "sends more after [DONE]; null repeats the last events",
    fields: { text: textOrNull(null) },
  },
  usage: { about: "spoils the usage", fields: { variant: oneOf(usageVariants, "missing") } },
  sse: { about: "writes events in another way than Ark", fields: { variant: oneOf(sseVariants, "crlf") } },
  long_line: {
    about: "sends an event whose one line is so long, or that never ends",
    fields: { afterEvents, bytes: bytesFromOne(1_048_576), ends: flag(true) },
  },
  broken_json: { about: "cuts the JSON of one event in half", fields: { afterEvents } },
  broken_arguments: { about: "leaves out the end of each tool call's arguments", fields: {} },
  upload_reset: {
    about: "resets the connection once so many bytes of the request's body have come",
    fields: { afterBytes: bytes(0) },
  },
  upload_stall: {
    about: "stops reading the request's body for a time, or for ever",
    fields: { afterBytes: bytes(0), ms: millisecondsOrForEver(null) },
  },
  upload_refused: {
    about: "answers with an error before it has read the request's body, and closes",
    fields: { code: oneOf(arkErrorCodes, "AuthenticationError") },
  },
} as const satisfies Record<string, FaultRow>;

export type FaultKind = keyof typeof faultTable;
export const faultKinds = Object.keys(faultTable) as FaultKind[];

type Fields<Kind extends FaultKind> = (typeof faultTable)[Kind]["fields"];

/** One kind of fault; every field left out has the table's fallback. */
export type FaultOf<Kind extends FaultKind> = { readonly kind: Kind } & {
  readonly [Name in keyof Fields<Kind>]?: FieldValue<Fields<Kind>[Name]>;
};

/** A scripted misbehaviour, told apart by its `kind`. */
export type Fault = { [Kind in FaultKind]: FaultOf<Kind> }[FaultKind];

/** What one request meets: a fault, several at once, or null for none. */
export type ScriptStep = Fault | readonly Fault[] | null;

/** A fault with every field there. */
export type FullFaultOf<Kind extends FaultKind> = Required<FaultOf<Kind>>;
export type FullFault = { [Kind in FaultKind]: FullFaultOf<Kind> }[FaultKind];

export function withFallbacks(fault: Fault): FullFault {
  const full: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(faultTable[fault.kind].fields)) full[name] = field.fallback;
  return { ...full, ...fault } as FullFault;
}

/** The kinds that strike while the request is still coming in. */
export const uploadFaultKinds = ["upload_reset", "upload_stall", "upload_refused"] as const;
export type UploadFault = Extract<FullFault, { readonly kind: (typeof uploadFaultKinds)[number] }>;

export function isUploadFault(fault: FullFault): fault is UploadFault {
  return uploadFaultKinds.some((kind) => kind === fault.kind);
}
