/** Reads a request's body into one Buffer, within a bound of bytes and a deadline. */
import type { IncomingMessage } from "node:http";
import { GatewayError } from "../core/errors.ts";
import type { ByteBudget } from "./byte-budget.ts";

/** What keeps the deadline: calls `tick` now and then with monotonic milliseconds, until removed. */
export interface BodyWatch {
  add(watched: { tick(nowMs: number): void }): number;
  remove(slot: number): void;
}

export type BodyBounds = {
  readonly bodyBytesMax: number;
  /** Monotonic milliseconds at which the whole body must be here. */
  readonly deadlineMs: number;
  /** What the head declared: a length, or chunks; with neither there is no body. */
  readonly contentLength: number | null;
  readonly chunked: boolean;
  /** Pays for the bytes that are read; who gets the body gives them back. */
  readonly budget: ByteBudget;
};

export type BodyResult =
  | { readonly kind: "whole"; readonly body: Buffer }
  /** `body_too_large`, `request_timeout` or `refuseBody`'s. The rest is unread: the connection must close. */
  | { readonly kind: "refused"; readonly error: GatewayError }
  /** The client left before its last byte. */
  | { readonly kind: "left" };

const EMPTY = { kind: "whole", body: Buffer.alloc(0) } as const satisfies BodyResult;
const LEFT: BodyResult = { kind: "left" };

/**
 * A longer body gets its whole Buffer only once this much of it has come: a declared length costs nothing.
 */
const TRUSTED_BYTES_MAX = 1_048_576;
const ROOM_BYTES_MIN = 65_536;

/** The request carries its reader, so that the listeners are three functions for all requests. */
const READER = Symbol("reader");
type ReadRequest = IncomingMessage & { [READER]?: BodyReader | undefined };

/**
 * The bound is on bytes: n pass and n + 1 are refused, whatever was declared; a declared length beyond it is
 * refused before anything is read. At most one piece of the socket (64 KiB) is read past the bound. Never
 * rejects.
 */
export function readBoundedBody(
  request: IncomingMessage,
  bounds: BodyBounds,
  watch: BodyWatch,
): Promise<BodyResult> {
  const { contentLength, chunked, bodyBytesMax } = bounds;
  if (contentLength !== null && contentLength > bodyBytesMax) {
    return Promise.resolve({ kind: "refused", error: tooLarge(bodyBytesMax) });
  }
  if (!chunked && (contentLength === null || contentLength === 0)) return Promise.resolve(EMPTY);
  if (request.destroyed) return Promise.resolve(LEFT);
  return new BodyReader(request, bounds, watch).result;
}

/**
 * Refuses a body that is being read, so that its reader can tell the client.
 * @returns false where nobody reads it
 */
export function refuseBody(request: IncomingMessage, error: GatewayError): boolean {
  const reader = (request as ReadRequest)[READER];
  reader?.refuse(error);
  return reader !== undefined;
}

class BodyReader {
  readonly result: Promise<BodyResult>;
  readonly #request: ReadRequest;
  readonly #bounds: BodyBounds;
  readonly #watch: BodyWatch;
  readonly #slot: number;
  #settle: ((result: BodyResult) => void) | null = null;
  /** The first piece, which is nearly always the whole body. */
  #first: Buffer | null = null;
  /**
   * From the second piece on: where they are copied to, so that a body in tiny pieces costs no more than its
   * bytes.
   */
  #room: Buffer | null = null;
  #bytes = 0;
  #paidBytes = 0;

  constructor(request: ReadRequest, bounds: BodyBounds, watch: BodyWatch) {
    this.result = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#request = request;
    this.#bounds = bounds;
    this.#watch = watch;
    this.#slot = watch.add(this);
    request[READER] = this;
    request.on("data", onData);
    request.on("end", onEnd);
    request.on("close", onClose);
  }

  tick(nowMs: number): void {
    if (nowMs < this.#bounds.deadlineMs) return;
    this.refuse(
      new GatewayError("request_timeout", "The request's body did not arrive in time. Send it again."),
    );
  }

  take(piece: Buffer): void {
    const before = this.#bytes;
    this.#bytes += piece.length;
    if (this.#bytes > this.#bounds.bodyBytesMax) this.refuse(tooLarge(this.#bounds.bodyBytesMax));
    else if (!this.#pay(piece.length)) this.refuse(tooManyBytes());
    else if (this.#first === null) this.#first = piece;
    else this.#copy(piece, before);
  }

  finish(): void {
    this.#end({ kind: "whole", body: this.#join() });
  }

  refuse(error: GatewayError): void {
    this.#request.pause();
    // The request alone would let one more piece in.
    this.#request.socket.pause();
    this.#end({ kind: "refused", error });
  }

  leave(): void {
    this.#end(LEFT);
  }

  #pay(bytes: number): boolean {
    if (!this.#bounds.budget.take(bytes)) return false;
    this.#paidBytes += bytes;
    return true;
  }

  #copy(piece: Buffer, at: number): void {
    let room = this.#room;
    if (room === null || room.length < this.#bytes) {
      const filled = room ?? this.#first ?? EMPTY.body;
      room = Buffer.allocUnsafeSlow(this.#capacity());
      room.set(filled.subarray(0, at));
      this.#room = room;
    }
    room.set(piece, at);
  }

  /** The declared length where it is small or has been earned; else twice what is here, up to the bound. */
  #capacity(): number {
    const { contentLength, bodyBytesMax } = this.#bounds;
    const isTrusted = contentLength !== null && contentLength <= TRUSTED_BYTES_MAX;
    if (contentLength !== null && (isTrusted || this.#bytes >= TRUSTED_BYTES_MAX)) return contentLength;
    return Math.min(contentLength ?? bodyBytesMax, Math.max(2 * this.#bytes, ROOM_BYTES_MIN));
  }

  #join(): Buffer {
    return this.#room?.subarray(0, this.#bytes) ?? this.#first ?? EMPTY.body;
  }

  #end(result: BodyResult): void {
    const settle = this.#settle;
    if (settle === null) return;
    this.#settle = null;
    if (result.kind !== "whole") this.#bounds.budget.give(this.#paidBytes);
    this.#first = null;
    this.#room = null;
    this.#watch.remove(this.#slot);
    const request = this.#request;
    request[READER] = undefined;
    request.removeListener("data", onData);
    request.removeListener("end", onEnd);
    request.removeListener("close", onClose);
    settle(result);
  }
}

/** The bodies of all requests leave no room for this one. */
export function tooManyBytes(): GatewayError {
  const message =
    "The gateway holds as many bytes of request bodies as it may (server.bodies_bytes_max). " +
    "Try again in a moment.";
  return new GatewayError("overloaded", message, { retryAfterSeconds: 1 });
}

function tooLarge(bodyBytesMax: number): GatewayError {
  const message = `The request's body is larger than ${bodyBytesMax} bytes. Send less in one call.`;
  return new GatewayError("body_too_large", message);
}

function onData(this: ReadRequest, piece: Buffer): void {
  this[READER]?.take(piece);
}

function onEnd(this: ReadRequest): void {
  this[READER]?.finish();
}

function onClose(this: ReadRequest): void {
  this[READER]?.leave();
}
