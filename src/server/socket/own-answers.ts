/** Sends what the gateway itself has to say over a WebSocket, to clients that read it. */
import type { WebSocket } from "ws";

/** Beyond it a client goes on asking and does not listen. */
const UNREAD_MAX = 256;

export class OwnAnswers {
  readonly #webSocket: WebSocket;
  readonly #unreadBytesMax: number;
  #unread = 0;
  #unreadBytes = 0;

  /** @param unreadBytesMax behind which nothing more is said: an answer may give back what it was asked */
  constructor(webSocket: WebSocket, unreadBytesMax: number) {
    this.#webSocket = webSocket;
    this.#unreadBytesMax = unreadBytesMax;
  }

  /** No answer's pace bounds these: a client that leaves too much of them unread is cut. */
  send(frame: string): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (this.#unread >= UNREAD_MAX || this.#unreadBytes > this.#unreadBytesMax) {
      this.#webSocket.terminate();
      return;
    }
    const bytes = Buffer.byteLength(frame);
    this.#unread++;
    this.#unreadBytes += bytes;
    this.#webSocket.send(frame, () => {
      this.#unread--;
      this.#unreadBytes -= bytes;
    });
  }
}
