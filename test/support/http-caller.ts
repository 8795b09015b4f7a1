/**
 * A client on a bare socket: sends what it is told, reads answers as they come, and leaves in every way
 * there is.
 */
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { AnswerParser, type ParsedAnswer } from "./answer-parser.ts";

/** `fin`: the other side closed in order; `reset`: it broke the connection; `left`: this side went first. */
export type CallerEnding = "open" | "fin" | "reset" | "left";

export type Departure = "fin" | "reset" | "half-close";
export const departures = ["fin", "reset", "half-close"] as const satisfies readonly Departure[];

type Waiter = { readonly holds: () => boolean; readonly resolve: () => void };

const WAIT_MS = 8_000;

export class HttpCaller {
  readonly parser = new AnswerParser();
  ending: CallerEnding = "open";
  /** On the monotonic clock; null while the connection stands. */
  endedAtMs: number | null = null;
  bytesReceived = 0;
  readonly #socket: Socket;
  #waiters: Waiter[] = [];
  #left = false;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    this.#socket.on("data", (piece: Buffer) => {
      this.bytesReceived += piece.length;
      this.parser.push(piece);
      this.#look();
    });
    this.#socket.on("end", () => {
      this.parser.end();
      this.#over("fin");
      this.#socket.end();
    });
    this.#socket.on("error", () => this.#over("reset"));
    this.#socket.on("close", () => this.#over(this.#left ? "left" : "reset"));
    // For after a test that failed; one that passes leaves nothing open to the next.
    onTestFinished(() => {
      this.#socket.destroy();
    });
  }

  /** The first answer. Throws where none has begun. */
  get answer(): ParsedAnswer {
    const [first] = this.parser.answers;
    if (first === undefined) throw new Error(`no answer has come; the connection is ${this.ending}`);
    return first;
  }

  get hasHead(): boolean {
    return this.parser.answers.length > 0;
  }

  /** The first answer's body so far; empty before its head. */
  get text(): string {
    return this.parser.answers[0]?.text ?? "";
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** Resolves once the kernel has taken the bytes. */
  sent(bytes: string | Buffer): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** Leaves, and says when, on the monotonic clock. */
  leave(how: Departure = "fin"): number {
    this.#left = true;
    if (how === "fin") this.#socket.destroy();
    else if (how === "reset") this.#socket.resetAndDestroy();
    else this.#socket.end();
    return performance.now();
  }

  async until(holds: () => boolean, what: string, waitMs = WAIT_MS): Promise<void> {
    if (holds()) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      const waiter = { holds, resolve };
      this.#waiters.push(waiter);
      timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        const { answers, flaw } = this.parser;
        const seen = answers.map(({ status, text }) => `${status} ${text.slice(-300)}`).join(" | ");
        reject(new Error(`waited in vain for ${what}; the connection is ${this.ending}; ${flaw}; ${seen}`));
      }, waitMs);
    });
    clearTimeout(timer);
  }

  untilHead(): Promise<void> {
    return this.until(() => this.hasHead, "an answer's head");
  }

  untilText(wanted: string): Promise<void> {
    return this.until(() => this.text.includes(wanted), JSON.stringify(wanted));
  }

  /** Until so many answers are complete. */
  untilComplete(count = 1): Promise<void> {
    const isComplete = (): boolean => this.parser.answers[count - 1]?.isComplete === true;
    return this.until(isComplete, `${count} whole answers`);
  }

  async untilEnded(waitMs?: number): Promise<CallerEnding> {
    await this.until(() => this.ending !== "open", "the connection's end", waitMs);
    return this.ending;
  }

  #over(ending: CallerEnding): void {
    if (this.ending === "open") {
      this.ending = ending;
      this.endedAtMs = performance.now();
    }
    this.#look();
  }

  #look(): void {
    if (this.#waiters.length === 0) return;
    const held = this.#waiters.filter(({ holds }) => holds());
    this.#waiters = this.#waiters.filter((waiter) => !held.includes(waiter));
    for (const { resolve } of held) resolve();
  }
}

export type ChatBytesOptions = {
  readonly key?: string;
  /** Sent as `x-client-request-id`, which Ark sees too. */
  readonly id?: string;
  readonly stream?: boolean;
  /** More members of the body. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly version?: "1.0" | "1.1";
  readonly headers?: readonly string[];
};

let callers = 0;

/** An id that no other call of this process has. */
export function callId(): string {
  callers++;
  return `call-${process.pid}-${callers}`;
}

/** A chat call as it goes over the wire. */
export function chatBytes(options: ChatBytesOptions = {}): Buffer {
  const { id = callId(), stream = false, members = {}, version = "1.1", headers = [] } = options;
  const { key = "ark-key-of-a-caller" } = options;
  const body = JSON.stringify({
    model: "deepseek-r1",
    messages: [{ role: "user", content: "Tell me of the sea 海." }],
    ...(stream ? { stream: true } : {}),
    ...members,
  });
  const head = [
    `POST /v1/chat/completions HTTP/${version}`,
    "host: gateway.test",
    `authorization: Bearer ${key}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    `x-client-request-id: ${id}`,
    ...headers,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}
