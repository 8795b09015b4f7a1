/** An HTTP client on a bare socket: sends the very bytes of a test and reads answers until the end. */
import { connect, type Socket } from "node:net";

export type RawAnswer = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
};

export class RawHttpClient {
  readonly socket: Socket;
  #received = "";
  #isEnded = false;
  #isClosed = false;
  #wake: (() => void) | null = null;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.socket.on("data", (piece: Buffer) => {
      this.#received += piece.toString("latin1");
      this.#stir();
    });
    this.socket.on("end", () => {
      this.#isEnded = true;
      this.#stir();
    });
    this.socket.on("close", () => {
      this.#isClosed = true;
      this.#stir();
    });
    this.socket.on("error", () => {});
  }

  /** The server has said its last. */
  get isEnded(): boolean {
    return this.#isEnded || this.#isClosed;
  }

  /** What no call to `answer` has taken yet. */
  get received(): string {
    return this.#received;
  }

  /** Resolves once the bytes are with the kernel, or the connection is gone. */
  send(bytes: string | Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed) resolve();
      else this.socket.write(bytes, "latin1", () => resolve());
    });
  }

  /** The next whole answer, if it is here. */
  take(): RawAnswer | null {
    const taken = takeAnswer(this.#received);
    if (taken !== null) this.#received = taken.rest;
    return taken?.answer ?? null;
  }

  /**
   * The next whole answer; an interim 100 counts as one. @throws Error at the deadline or where none comes
   */
  async answer(deadlineMs = 5_000): Promise<RawAnswer> {
    const giveUpAt = performance.now() + deadlineMs;
    for (;;) {
      const taken = this.take();
      if (taken !== null) return taken;
      if (this.isEnded) throw new Error(`no answer, but ${JSON.stringify(this.#received.slice(0, 200))}`);
      await this.#change(giveUpAt);
    }
  }

  /** Resolves once the server has ended the connection. @throws Error at the deadline */
  async ended(deadlineMs = 5_000): Promise<void> {
    const giveUpAt = performance.now() + deadlineMs;
    while (!this.isEnded) await this.#change(giveUpAt);
  }

  close(): void {
    this.socket.destroy();
  }

  #stir(): void {
    this.#wake?.();
    this.#wake = null;
  }

  #change(giveUpAt: number): Promise<void> {
    const leftMs = Math.max(1, giveUpAt - performance.now());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the server said nothing in time")), leftMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function takeAnswer(received: string): { answer: RawAnswer; rest: string } | null {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const [line = "", ...fields] = received.slice(0, headEnd).split("\r\n");
  const headers = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(":");
    headers.set(field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim());
  }
  const bytes = Number(headers.get("content-length") ?? 0);
  const rest = received.slice(headEnd + 4);
  if (rest.length < bytes) return null;
  const answer = { status: Number(line.split(" ")[1]), headers, body: rest.slice(0, bytes) };
  return { answer, rest: rest.slice(bytes) };
}
