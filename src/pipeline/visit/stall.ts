/** Tells a client that reads slowly from one that has stopped reading. */
import type { ServerResponse } from "node:http";

export class Stall {
  readonly #response: ServerResponse;
  /** Since when nothing has moved although there is something to write; -1 while nothing waits. */
  #sinceMs = -1;
  #flushedBytes = 0;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get isWaiting(): boolean {
    return this.#sinceMs >= 0;
  }

  /** Something waits to be written. */
  begin(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#flushedBytes = this.#flushed();
  }

  /** Nothing waits any more. */
  end(): void {
    this.#sinceMs = -1;
  }

  /** How long nothing has moved; any movement begins anew. */
  lengthMs(nowMs: number): number {
    const flushed = this.#flushed();
    // Without a socket it is the answers before this one that are being waited for, not the client.
    if (flushed !== this.#flushedBytes || this.#response.socket === null) {
      this.#flushedBytes = flushed;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs;
  }

  /**
   * Bytes that the kernel has taken. A full send buffer takes more only once a good part of it is free, so a
   * reader below some 25 KB/s can look as if it had stopped (60 s).
   */
  #flushed(): number {
    const socket = this.#response.socket;
    return socket === null ? 0 : socket.bytesWritten - socket.writableLength;
  }
}
