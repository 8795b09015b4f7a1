/**
 * Applies faults to an answer, from the inside out: events, bytes of the body, framing and head, the wire.
 */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { unreachable } from "../../core/errors.ts";
import type { TokenCounts } from "../chat/chat-usage.ts";
import type { SeededRandom } from "../random.ts";
import {
  type Answer,
  chunkedHeader,
  closeHeader,
  generationMs,
  type HeaderLine,
  isBodiless,
  lengthHeader,
  type Pace,
  pauseBefore,
  renderHead,
} from "../wire/answer.ts";
import type { ReplyStream } from "../wire/reply-stream.ts";
import {
  LAST_CHUNK,
  noTokens,
  type Step,
  StepList,
  type StepSource,
  type StepTokens,
  send,
  wait,
} from "../wire/wire-step.ts";
import type { FullFault, FullFaultOf } from "./faults.ts";
import { cutsStream, type PacedEvent, spoilEvents } from "./sse-faults.ts";
import { bytesOf, spoilBody, spoilWire } from "./step-faults.ts";
import { spoilWholeUsage } from "./usage-faults.ts";

export type FaultContext = {
  readonly requestId: string;
  readonly random: SeededRandom;
  readonly pace: Pace;
  /** The tokens of a whole answer, for its usage. */
  readonly counts: TokenCounts | null;
};

function eventsOf(stream: ReplyStream, pace: Pace): PacedEvent[] {
  const events: PacedEvent[] = [];
  for (let event = stream.next(); event !== null; event = stream.next()) {
    events.push({ ...event, pauseMs: pauseBefore(event, events.length === 0, pace) });
  }
  return events;
}

function stepsOfStream(stream: ReplyStream, faults: readonly FullFault[], context: FaultContext): Step[] {
  let events = eventsOf(stream, context.pace);
  const where = { stream, requestId: context.requestId };
  for (const fault of faults) events = spoilEvents(events, fault, where);
  return events.flatMap((event) => {
    const sent = send(event.text, event);
    return event.pauseMs === null ? [sent] : [wait(event.pauseMs), sent];
  });
}

function stepsOfWhole(
  text: string,
  tokens: StepTokens,
  faults: readonly FullFault[],
  context: FaultContext,
): Step[] {
  let spoiled = text;
  for (const fault of faults) {
    if (fault.kind === "usage" && context.counts !== null) {
      spoiled = spoilWholeUsage(spoiled, context.counts, fault.variant);
    }
  }
  return [send(spoiled, generationMs({ kind: "whole", text, tokens }, context.pace) > 0 ? noTokens : tokens)];
}

function bodySteps(answer: Answer, faults: readonly FullFault[], context: FaultContext): Step[] {
  const body = answer.body;
  switch (body.kind) {
    case "none":
      return [];
    case "whole":
      return stepsOfWhole(body.text, body.tokens, faults, context);
    case "stream":
      return stepsOfStream(body.stream, faults, context);
    default:
      return unreachable(body);
  }
}

function compressOnce(encoding: FullFaultOf<"compressed">["encoding"], plain: Buffer): Buffer {
  switch (encoding) {
    case "gzip":
      return gzipSync(plain);
    case "br":
      return brotliCompressSync(plain);
    case "deflate":
      return deflateSync(plain);
    case "zstd":
      return zstdCompressSync(plain);
    default:
      return unreachable(encoding);
  }
}

/** The body in one compressed piece, its waits gone. */
function compress(steps: readonly Step[], fault: FullFaultOf<"compressed">): Step[] {
  const pieces: Buffer[] = [];
  let completionTokens = 0;
  let reasoningTokens = 0;
  for (const step of steps) {
    if (step.kind !== "send") continue;
    pieces.push(Buffer.from(step.data));
    completionTokens += step.tokens.completionTokens;
    reasoningTokens += step.tokens.reasoningTokens;
  }
  let bytes: Buffer = Buffer.concat([...pieces, Buffer.alloc(fault.bombBytes, " ")]);
  for (let layer = 0; layer < fault.layers; layer++) bytes = compressOnce(fault.encoding, bytes);
  return [send(bytes, { completionTokens, reasoningTokens })];
}

type Framing = {
  readonly kind: "none" | "length" | "chunked" | "both" | "until_close";
  readonly surplus: number;
};

function framingOf(answer: Answer, faults: readonly FullFault[]): Framing {
  let framing: Framing = { kind: answer.body.kind === "stream" ? "chunked" : "length", surplus: 0 };
  if (isBodiless(answer.status)) framing = { kind: "none", surplus: 0 };
  for (const fault of faults) {
    if (fault.kind === "both_framings") framing = { kind: "both", surplus: 0 };
    if (fault.kind === "until_close") framing = { kind: "until_close", surplus: 0 };
    if (fault.kind === "content_length") framing = { kind: "length", surplus: fault.surplus };
  }
  return framing;
}

function framingHeaders(framing: Framing, bodyBytes: number): readonly HeaderLine[] {
  const length = lengthHeader(Math.max(0, bodyBytes + framing.surplus));
  switch (framing.kind) {
    case "none":
      return [];
    case "length":
      return [length];
    case "chunked":
      return [chunkedHeader];
    case "both":
      return [length, chunkedHeader];
    case "until_close":
      return [closeHeader];
    default:
      return unreachable(framing.kind);
  }
}

function inChunks(steps: readonly Step[]): Step[] {
  const framed = steps.map((step): Step => {
    if (step.kind !== "send") return step;
    const data = Buffer.from(step.data);
    if (data.length === 0) return step;
    const frame = [Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from("\r\n")];
    return send(Buffer.concat(frame), step.tokens);
  });
  return [...framed, send(LAST_CHUNK)];
}

function withHeader(
  headers: readonly HeaderLine[],
  name: string,
  value: string | null,
): readonly HeaderLine[] {
  const others = headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  return value === null ? others : [...others, [name, value]];
}

function headersOf(answer: Answer, faults: readonly FullFault[]): readonly HeaderLine[] {
  let headers = answer.headers;
  for (const fault of faults) {
    if (fault.kind === "content_type") headers = withHeader(headers, "Content-Type", fault.value);
    if (fault.kind === "compressed") {
      const encodings = Array.from({ length: fault.layers }, () => fault.encoding).join(", ");
      headers = withHeader(headers, "Content-Encoding", encodings);
    }
    if (fault.kind === "keep_alive_hint") {
      headers = withHeader(headers, "Connection", "keep-alive");
      headers = withHeader(headers, "Keep-Alive", `timeout=${fault.timeoutSeconds}`);
    }
  }
  return headers;
}

function headOf(answer: Answer, faults: readonly FullFault[], framing: Framing, bodyBytes: number): string {
  const closes = !answer.keepAlive && framing.kind !== "until_close";
  const ending = [...framingHeaders(framing, bodyBytes), ...(closes ? [closeHeader] : [])];
  const head = renderHead(answer.status, headersOf(answer, faults), ending);
  const raw = faults.map((fault) => (fault.kind === "raw_header" ? `${fault.line}\r\n` : "")).join("");
  return `${head.slice(0, -2)}${raw}\r\n`;
}

/** Whether the faults end the answer before it is complete: then the bill says `fault`. */
export function cutShort(faults: readonly FullFault[]): boolean {
  const cutting = ["reset", "close", "truncate", "omit_done", "content_length"];
  return faults.some((fault) => cutting.includes(fault.kind) || cutsStream(fault));
}

/** The steps of an answer with all of its faults, each layer taking them in the order given. */
export function faultedSteps(
  answer: Answer,
  faults: readonly FullFault[],
  context: FaultContext,
): StepSource {
  let body = bodySteps(answer, faults, context);
  for (const fault of faults) if (fault.kind === "compressed") body = compress(body, fault);
  const framing = framingOf(answer, faults);
  const bodyBytes = bytesOf(body);
  for (const fault of faults) body = spoilBody(body, fault, context.random);
  // A body that is meant to end early ends early in its framing too; one that breaks keeps what was promised.
  const truncated = faults.some((fault) => fault.kind === "truncate" || fault.kind === "garbage");
  const promisedBytes = truncated ? bytesOf(body) : bodyBytes;
  const chunked = framing.kind === "chunked" || framing.kind === "both";
  let steps: Step[] = [
    send(headOf(answer, faults, framing, promisedBytes)),
    ...(chunked ? inChunks(body) : body),
  ];
  for (const fault of faults) steps = spoilWire(steps, fault);
  const ms = generationMs(answer.body, context.pace);
  if (ms > 0 && answer.body.kind === "whole") steps = [wait(ms, answer.body.tokens), ...steps];
  const keepAlive = answer.keepAlive && framing.kind !== "until_close" && framing.surplus <= 0;
  return new StepList([...steps, { kind: "end", keepAlive }]);
}
