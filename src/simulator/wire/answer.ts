/**
 * An answer before it is bytes: status, headers, body; and the steps that send it when nothing goes wrong.
 */
import { STATUS_CODES } from "node:http";
import type { ReplyStream, StreamEvent } from "./reply-stream.ts";
import {
  chunkFrame,
  LAST_CHUNK,
  noTokens,
  type Step,
  type StepSource,
  type StepTokens,
  send,
  wait,
} from "./wire-step.ts";

export type HeaderLine = readonly [name: string, value: string];

export type Pace = {
  /** From the request's last byte to the first token. */
  readonly firstTokenDelayMs: number;
  /** From one token to the next. */
  readonly chunkIntervalMs: number;
};

export type AnswerBody =
  | { readonly kind: "none" }
  | { readonly kind: "whole"; readonly text: string; readonly tokens: StepTokens }
  | { readonly kind: "stream"; readonly stream: ReplyStream };

export type Answer = {
  readonly status: number;
  readonly headers: readonly HeaderLine[];
  readonly body: AnswerBody;
  /** False closes the connection after the answer, and says so in the head. */
  readonly keepAlive: boolean;
};

/** What every answer to a request has, whatever it says: the date, the echo of an id, and how it ends. */
export type Manners = { readonly headers: readonly HeaderLine[]; readonly keepAlive: boolean };

export const JSON_TYPE = "application/json; charset=utf-8";
export const STREAM_TYPE = "text/event-stream";

/** The head's text. `framing` are the lines that say how long the body is. */
export function renderHead(
  status: number,
  headers: readonly HeaderLine[],
  framing: readonly HeaderLine[],
): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
  for (const [name, value] of framing) head += `${name}: ${value}\r\n`;
  return `${head}\r\n`;
}

/** Statuses that have neither a body nor a length. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

export function lengthHeader(bytes: number): HeaderLine {
  return ["Content-Length", String(bytes)];
}

export const chunkedHeader: HeaderLine = ["Transfer-Encoding", "chunked"];
export const closeHeader: HeaderLine = ["Connection", "close"];

/** How long a whole answer takes to be thought out before its head is sent. */
export function generationMs(body: AnswerBody, pace: Pace): number {
  const tokens = body.kind === "whole" ? body.tokens.completionTokens : 0;
  return tokens === 0 ? 0 : pace.firstTokenDelayMs + (tokens - 1) * pace.chunkIntervalMs;
}

/** The wait before a stream's event; null for what comes in one piece with the event before it. */
export function pauseBefore(event: StreamEvent, isFirst: boolean, pace: Pace): number | null {
  if (isFirst) return pace.firstTokenDelayMs > 0 ? pace.firstTokenDelayMs : null;
  const isPaced = event.part === "thought" || event.part === "content" || event.part === "tool";
  return isPaced && pace.chunkIntervalMs > 0 ? pace.chunkIntervalMs : null;
}

function* wholeSteps(answer: Answer, text: string, tokens: StepTokens, pace: Pace): Generator<Step, null> {
  const ms = generationMs(answer.body, pace);
  if (ms > 0) yield wait(ms, tokens);
  const framing = isBodiless(answer.status) ? [] : [lengthHeader(Buffer.byteLength(text))];
  const ending = answer.keepAlive ? framing : [...framing, closeHeader];
  yield send(renderHead(answer.status, answer.headers, ending) + text, ms > 0 ? noTokens : tokens);
  yield { kind: "end", keepAlive: answer.keepAlive };
  return null;
}

class WholeSteps implements StepSource {
  readonly #steps: Generator<Step, null>;

  constructor(steps: Generator<Step, null>) {
    this.#steps = steps;
  }

  next(): Step | null {
    return this.#steps.next().value;
  }
}

/** Renders each event only when its time has come: a long stream costs no memory before. */
class StreamSteps implements StepSource {
  readonly #answer: Answer;
  readonly #stream: ReplyStream;
  readonly #pace: Pace;
  #phase: "head" | "events" | "end" | "over" = "head";
  #isFirst = true;
  #due: StreamEvent | null = null;

  constructor(answer: Answer, stream: ReplyStream, pace: Pace) {
    this.#answer = answer;
    this.#stream = stream;
    this.#pace = pace;
  }

  next(): Step | null {
    switch (this.#phase) {
      case "head": {
        this.#phase = "events";
        const framing = this.#answer.keepAlive ? [chunkedHeader] : [chunkedHeader, closeHeader];
        return send(renderHead(this.#answer.status, this.#answer.headers, framing));
      }
      case "events":
        return this.#nextEvent();
      case "end":
        this.#phase = "over";
        return { kind: "end", keepAlive: this.#answer.keepAlive };
      case "over":
        return null;
      default:
        return this.#phase satisfies never;
    }
  }

  #nextEvent(): Step {
    const due = this.#due;
    if (due !== null) {
      this.#due = null;
      return send(chunkFrame(due.text), due);
    }
    const event = this.#stream.next();
    if (event === null) {
      this.#phase = "end";
      return send(LAST_CHUNK);
    }
    const pauseMs = pauseBefore(event, this.#isFirst, this.#pace);
    this.#isFirst = false;
    if (pauseMs === null) return send(chunkFrame(event.text), event);
    this.#due = event;
    return wait(pauseMs);
  }
}

/** The steps of an answer that no fault touches. */
export function plainSteps(answer: Answer, pace: Pace): StepSource {
  const body = answer.body;
  switch (body.kind) {
    case "stream":
      return new StreamSteps(answer, body.stream, pace);
    case "whole":
      return new WholeSteps(wholeSteps(answer, body.text, body.tokens, pace));
    case "none":
      return new WholeSteps(wholeSteps(answer, "", noTokens, pace));
    default:
      return body satisfies never;
  }
}
