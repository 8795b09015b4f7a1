/**
 * node:http's response with what a reply adds to it: events without a closure per request, and its own
 * chunks.
 */
import { type IncomingMessage, ServerResponse } from "node:http";

/** Who writes to a response, and is told of its events. */
export interface ResponseOwner {
  /** The response is over: its last byte is flushed, or the client is gone. */
  closed(): void;
  drained(): void;
}

export class GatewayResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  #owner: ResponseOwner | null = null;

  belongTo(owner: ResponseOwner): void {
    this.#owner = owner;
    this.on("close", onClose);
  }

  /** Tells the owner once, when the client reads again. */
  awaitDrain(): void {
    this.once("drain", onDrain);
  }

  get owner(): ResponseOwner | null {
    return this.#owner;
  }
}

function onClose(this: GatewayResponse): void {
  this.owner?.closed();
}

function onDrain(this: GatewayResponse): void {
  this.owner?.drained();
}

export const LAST_CHUNK = Buffer.from("0\r\n\r\n", "latin1");

/**
 * One HTTP/1.1 chunk (RFC 9112, 7.1) in one Buffer: a single write costs less than the three of node:http.
 */
export function chunkOf(bytes: Buffer): Buffer {
  const size = bytes.length.toString(16);
  const chunk = Buffer.allocUnsafe(size.length + bytes.length + 4);
  chunk.write(`${size}\r\n`, 0, "latin1");
  bytes.copy(chunk, size.length + 2);
  chunk[chunk.length - 2] = 0x0d;
  chunk[chunk.length - 1] = 0x0a;
  return chunk;
}
