/** What all exchanges of one simulator share: its parts, its records, and who waits for them to change. */
import type { Socket } from "node:net";
import type { BillLine } from "./bill.ts";
import type { ChatService } from "./chat/chat-service.ts";
import type { Directory } from "./directory.ts";
import type { FaultScript } from "./faults/fault-script.ts";
import type { Identity } from "./identity.ts";
import type { SeededRandom } from "./random.ts";
import { Recent } from "./recent.ts";
import type { RecordedRequest, RequestRecord } from "./recorded-request.ts";
import type { Pace } from "./wire/answer.ts";

export type HouseParts = {
  readonly chat: ChatService;
  readonly directory: Directory;
  readonly script: FaultScript;
  readonly identity: Identity;
  /** For bytes of garbage. */
  readonly random: SeededRandom;
  readonly pace: Pace;
  readonly wallMs: () => number;
  readonly requestsKeptMax: number;
  readonly billLinesKeptMax: number;
};

type Waiter = {
  readonly holds: () => boolean;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
};

export class House {
  readonly chat: ChatService;
  readonly directory: Directory;
  readonly script: FaultScript;
  readonly identity: Identity;
  readonly random: SeededRandom;
  readonly pace: Pace;
  readonly requests: Recent<RecordedRequest>;
  readonly bill: Recent<BillLine>;
  readonly #wallMs: () => number;
  readonly #waiters = new Set<Waiter>();
  /** How many requests each socket has had, to know whether it is still idle. */
  readonly #requestsOf = new WeakMap<Socket, number>();
  #open = 0;
  #dateOfSecond = -1;
  #date = "";

  constructor(parts: HouseParts) {
    this.chat = parts.chat;
    this.directory = parts.directory;
    this.script = parts.script;
    this.identity = parts.identity;
    this.random = parts.random;
    this.pace = parts.pace;
    this.requests = new Recent(parts.requestsKeptMax);
    this.bill = new Recent(parts.billLinesKeptMax);
    this.#wallMs = parts.wallMs;
  }

  get open(): number {
    return this.#open;
  }

  opened(record: RequestRecord, socket: Socket): void {
    this.#open++;
    this.requests.add(record);
    this.#requestsOf.set(socket, (this.#requestsOf.get(socket) ?? 0) + 1);
    this.changed();
  }

  closed(line: BillLine | null): void {
    this.#open--;
    if (line !== null) this.bill.add(line);
    this.changed();
  }

  /** The wall clock as HTTP writes it, made once a second. */
  date(): string {
    const second = Math.floor(this.#wallMs() / 1_000);
    if (second !== this.#dateOfSecond) {
      this.#dateOfSecond = second;
      this.#date = new Date(second * 1_000).toUTCString();
    }
    return this.#date;
  }

  /** Does something to a socket after so many milliseconds, unless another request has come on it by then. */
  whenIdle(socket: Socket, afterMs: number, act: (socket: Socket) => void): void {
    const requests = this.#requestsOf.get(socket);
    setTimeout(() => {
      if (!socket.destroyed && this.#requestsOf.get(socket) === requests) act(socket);
    }, afterMs).unref();
  }

  /** Tells those who wait; nothing to do where nobody does. */
  changed(): void {
    for (const waiter of this.#waiters) {
      try {
        if (!waiter.holds()) continue;
        waiter.resolve();
      } catch (thrown) {
        waiter.reject(thrown);
      }
      this.#waiters.delete(waiter);
    }
  }

  /** Resolves once the condition holds; it is asked again at every change. Rejects after `timeoutMs`. */
  async until(holds: () => boolean, timeoutMs: number, describe: () => string): Promise<void> {
    if (holds()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { holds, resolve, reject };
    this.#waiters.add(waiter);
    const timer = setTimeout(() => {
      this.#waiters.delete(waiter);
      reject(new Error(`The condition did not hold within ${timeoutMs} ms: ${describe()}`));
    }, timeoutMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}
