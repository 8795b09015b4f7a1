/** Ends a WebSocket: its close frame goes out behind all that was said, and a client that stays is cut. */
import type { WebSocket } from "ws";

export class SocketClosing {
  readonly #webSocket: WebSocket;
  readonly #closingMs: number;
  readonly #monotonicMs: () => number;
  #sinceMs: number | null = null;
  #unreadBytes = 0;

  /** @param closingMs for which nothing may move once the connection is to end */
  constructor(webSocket: WebSocket, closingMs: number, monotonicMs: () => number) {
    this.#webSocket = webSocket;
    this.#closingMs = closingMs;
    this.#monotonicMs = monotonicMs;
  }

  get isBegun(): boolean {
    return this.#sinceMs !== null;
  }

  /** @param code of RFC 6455, 7.4 */
  close(code: number, reason: string): void {
    if (this.isBegun) return;
    this.#webSocket.close(code, reason);
    this.begin();
  }

  /** The closing has been begun by somebody else. */
  begin(): void {
    this.#sinceMs ??= this.#monotonicMs();
    this.#unreadBytes = this.#webSocket.bufferedAmount;
  }

  /** Whoever still reads the end of its answer may go on. */
  check(nowMs: number): void {
    if (this.#sinceMs === null) return;
    const unreadBytes = this.#webSocket.bufferedAmount;
    if (unreadBytes !== this.#unreadBytes) {
      this.#unreadBytes = unreadBytes;
      this.#sinceMs = nowMs;
    } else if (nowMs - this.#sinceMs >= this.#closingMs) this.#webSocket.terminate();
  }
}
