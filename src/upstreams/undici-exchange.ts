/** One exchange over an undici Client, dispatched onto a handler that passes the answer on as it comes. */
import type { Dispatcher } from "undici";
import type { ConnectTimeouts } from "./connection.ts";
import { faultOf } from "./exchange-faults.ts";
import type { FreeList, KeptClient } from "./free-list.ts";
import { shapeBody } from "./request-body.ts";
import { type Exchange, ExchangeError, type ExchangeFault, type ExchangeListener } from "./upstream.ts";

/** Interim (1xx) answers of one exchange; one more is a `protocol` fault. */
export const INTERIM_ANSWERS_MAX = 20;

/** A request that has been checked, with every header but those that the client library makes. */
export type WireRequest = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** Names and values, alternating; the exchange may add to it. */
  readonly headers: string[];
  readonly body: readonly Buffer[];
  readonly bodyBytes: number;
  readonly timeouts: ConnectTimeouts;
};

/**
 * undici has one parser for all connections, and a call that enters it from inside one of its own callbacks
 * fails an assertion. While this is above zero, what may enter it waits for the end of the callback.
 */
let parserDepth = 0;

const TRANSFER_ENCODING_BYTES = "transfer-encoding".length;

export class UndiciExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly #list: FreeList;
  readonly #listener: ExchangeListener;
  #kept: KeptClient | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #isDispatched = false;
  #isHeadSeen = false;
  #isOver = false;
  #isPaused = false;
  #interimAnswers = 0;

  constructor(list: FreeList, listener: ExchangeListener) {
    this.#list = list;
    this.#listener = listener;
  }

  /** Sends the request on the last used connection. The listener is not called before this returns. */
  start(request: WireRequest): void {
    if (parserDepth === 0) this.#dispatch(request);
    else queueMicrotask(() => this.#dispatch(request));
  }

  /** Ends the exchange before anything has been sent. */
  refuse(fault: ExchangeFault, reason: string): void {
    this.#breakOff(fault, new Error(reason));
  }

  pause(): void {
    this.#isPaused = true;
    this.#controller?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#isOver || this.#controller === null) return;
    if (parserDepth === 0) this.#controller.resume();
    else queueMicrotask(() => this.#resumeUnlessPaused());
  }

  abort(): void {
    if (!this.#isOver) this.#breakOff("aborted");
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) {
      controller.abort(new ExchangeError("aborted", false));
      return;
    }
    if (this.#isPaused) controller.pause();
    this.#listener.onDispatch();
    this.#isDispatched = true;
  }

  onRequestSent(): void {
    if (this.#isOver) return;
    const socket = this.#kept?.socket;
    // What is left is below the socket's own mark (64 KiB, on TLS 16) unless it says that it needs to drain.
    if (socket?.writableNeedDrain === true) socket.once("drain", () => this.#tellRequestSent());
    else this.#tellRequestSent();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#isOver) return;
    if (status < 200) {
      this.#interimAnswers++;
      if (this.#interimAnswers > INTERIM_ANSWERS_MAX)
        this.#breakOff("protocol", new Error("too many 1xx answers"));
      return;
    }
    // undici parses into Buffers; its types also allow for other dispatchers' strings.
    const rawHeaders = controller.rawHeaders as readonly Buffer[];
    if (!isPlainlyFramed(rawHeaders)) {
      this.#breakOff("protocol", new Error("the answer has a transfer coding other than chunked"));
      return;
    }
    this.#isHeadSeen = true;
    parserDepth++;
    try {
      this.#listener.onHead({ status, rawHeaders });
    } finally {
      parserDepth--;
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#isOver) return;
    parserDepth++;
    try {
      this.#listener.onPiece(piece);
    } finally {
      parserDepth--;
    }
  }

  onResponseEnd(): void {
    const kept = this.#kept;
    if (this.#isOver || kept === null) return;
    // Where the end of the connection is the end of the answer, undici takes a reset for one.
    const broken = kept.socket?.errored ?? null;
    if (broken !== null) {
      this.#breakOff("reset", broken);
      return;
    }
    this.#isOver = true;
    // Once undici has let go of the exchange, and has closed the connection where it must not be used again.
    queueMicrotask(kept.giveBack);
    parserDepth++;
    try {
      this.#listener.onEnd();
    } catch (thrown) {
      // undici would swallow it.
      queueMicrotask(() => {
        throw thrown;
      });
    } finally {
      parserDepth--;
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#isOver) return;
    if (error instanceof ExchangeError) this.#breakOff(error.fault, error.cause);
    else this.#breakOff(faultOf(error, this.#isHeadSeen), error);
  }

  #dispatch(request: WireRequest): void {
    if (this.#isOver) return;
    if (this.#list.isClosed) {
      this.refuse("aborted", "the upstream has been closed");
      return;
    }
    const kept = this.#list.take(request.timeouts);
    this.#kept = kept;
    const body = shapeBody(request.body, request.bodyBytes);
    if (body !== null && !Buffer.isBuffer(body)) {
      request.headers.push("content-length", String(request.bodyBytes));
    }
    const options = kept.options;
    options.path = request.path;
    options.method = request.method;
    options.headers = request.headers;
    options.body = body;
    kept.client.dispatch(options, this);
    // The client outlives the exchange: it must not hold on to the body.
    options.body = null;
  }

  #resumeUnlessPaused(): void {
    if (!this.#isPaused && !this.#isOver) this.#controller?.resume();
  }

  #tellRequestSent(): void {
    if (!this.#isOver) this.#listener.onRequestSent();
  }

  /** Closes the connection and tells the listener, never from inside a call to this exchange. */
  #breakOff(fault: ExchangeFault, cause?: unknown): void {
    this.#isOver = true;
    const error = new ExchangeError(fault, this.#isDispatched, cause);
    this.#controller?.abort(error);
    if (this.#kept !== null) this.#list.discard(this.#kept);
    queueMicrotask(() => this.#listener.onError(error));
  }
}

/** No transfer coding, or `chunked` once; with another one the bytes handed on would still be encoded. */
function isPlainlyFramed(rawHeaders: readonly Buffer[]): boolean {
  let codings = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.length !== TRANSFER_ENCODING_BYTES) continue;
    if (rawHeaders[at]?.toString("latin1").toLowerCase() !== "transfer-encoding") continue;
    codings++;
    if (codings > 1 || rawHeaders[at + 1]?.toString("latin1").trim().toLowerCase() !== "chunked")
      return false;
  }
  return true;
}
