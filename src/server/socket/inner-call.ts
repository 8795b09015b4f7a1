/** One `POST /v1/responses` over a connection inside the process: the pipeline takes it as a client's own. */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { type ErrorFacts, GatewayError } from "../../core/errors.ts";
import type { EventFields } from "../../wire/sse-events.ts";
import { EventReader } from "./event-reader.ts";
import { brokenAnswer, readErrorBody } from "./frames.ts";

export interface InnerCallListener {
  onEvent(event: EventFields): void;
  /** The answer is no stream: an error, with the headers that say more of it. */
  onRefused(error: ErrorFacts, headers: Readonly<Record<string, string>>): void;
  /** Last, and once; not after `abort`. Null: the answer has ended as HTTP wants it. */
  onOver(fault: GatewayError | null): void;
}

const PATH = "/v1/responses";
const ERROR_BODY_BYTES_MAX = 1_048_576;
const EVENT_STREAM = "text/event-stream";

export class InnerCall {
  readonly #request: ClientRequest;
  readonly #listener: InnerCallListener;
  readonly #events: EventReader;
  #response: IncomingMessage | null = null;
  #isOver = false;
  #isPaused = false;

  /**
   * @param headers names and values of the client's own, alternating
   * @param eventBytesMax of one event of the stream
   */
  constructor(
    connection: Duplex,
    headers: readonly string[],
    body: readonly Buffer[],
    eventBytesMax: number,
    listener: InnerCallListener,
  ) {
    this.#listener = listener;
    this.#events = new EventReader(eventBytesMax);
    let length = 0;
    for (const piece of body) length += piece.length;
    const own = ["content-type", "application/json", "accept", EVENT_STREAM, "connection", "close"];
    this.#request = request({
      createConnection: () => connection,
      method: "POST",
      path: PATH,
      setHost: false,
      headers: [...headers, ...own, "content-length", String(length)],
    });
    this.#request.on("response", (response) => this.#begin(response));
    this.#request.on("error", (error) => this.#finish(fault(error)));
    this.#request.on("close", () => this.#finish(brokenAnswer()));
    for (const piece of body) this.#request.write(piece);
    this.#request.end();
  }

  pause(): void {
    this.#isPaused = true;
    this.#response?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#response?.resume();
  }

  /** As a client that leaves. */
  abort(): void {
    this.#isOver = true;
    this.#request.destroy();
  }

  #begin(response: IncomingMessage): void {
    this.#response = response;
    response.on("error", (error) => this.#finish(fault(error)));
    const isStream = response.headers["content-type"]?.startsWith(EVENT_STREAM) === true;
    if (response.statusCode === 200 && isStream) this.#readEvents(response);
    else this.#readError(response);
    if (this.#isPaused) response.pause();
  }

  #readEvents(response: IncomingMessage): void {
    response.on("data", (piece: Buffer) => {
      try {
        for (const event of this.#events.take(piece)) this.#tell(event);
      } catch (error) {
        this.#finish(fault(error));
        this.#request.destroy();
      }
    });
    response.on("end", () => {
      const last = this.#events.finish();
      if (last !== null) this.#tell(last);
      this.#finish(null);
    });
  }

  #tell(event: EventFields): void {
    if (!this.#isOver) this.#listener.onEvent(event);
  }

  #readError(response: IncomingMessage): void {
    const pieces: Buffer[] = [];
    let bytes = 0;
    response.on("data", (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= ERROR_BODY_BYTES_MAX) pieces.push(piece);
    });
    response.on("end", () => {
      if (this.#isOver) return;
      const status = response.statusCode ?? 502;
      const facts = status >= 400 ? readErrorBody(status, Buffer.concat(pieces)) : null;
      this.#listener.onRefused(facts ?? unreadable(), tellingHeaders(response));
      this.#finish(null);
    });
  }

  #finish(error: GatewayError | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.onOver(error);
  }
}

/** What a client over HTTP could have read in the head of the error. */
function tellingHeaders(response: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (typeof value !== "string") continue;
    if (name.startsWith("x-") || name === "retry-after") headers[name] = value;
  }
  return headers;
}

function fault(error: unknown): GatewayError {
  const { message } = brokenAnswer();
  return new GatewayError("upstream_truncated", message, { cause: error });
}

function unreadable(): GatewayError {
  return new GatewayError("upstream_invalid", "The answer is neither a stream of events nor an error.");
}
