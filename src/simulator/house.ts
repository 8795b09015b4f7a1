/** What all exchanges of one simulator share: its parts, its records, and who waits for them to change. */
import type { Socket } from "node:net";
import type { BilledApi, BillLine } from "./bill.ts";
import type { Directory } from "./directory.ts";
import type { FaultScript } from "./faults/fault-script.ts";
import type { Identity } from "./identity.ts";
import type { SeededRandom } from "./random.ts";
import { Recent } from "./recent.ts";
import type { RecordedRequest, RequestRecord } from "./recorded-request.ts";
import type { Service } from "./service.ts";
import type { Pace } from "./wire/answer.ts";

/** What answers the calls of each API. */
export type Services = { readonly [api in BilledApi]: Service };

export type HouseParts = {
  readonly services: Services;
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

type Work = { requests: number; open: number };

export class House {
  readonly parts: HouseParts;
  readonly requests: Recent<RecordedRequest>;
  readonly bill: Recent<BillLine>;
  readonly #waiters = new Set<Waiter>();
  /** What each socket has to do, to know whether it is idle. */
  readonly #workOf = new WeakMap<Socket, Work>();
  #open = 0;
  #dateOfSecond = -1;
  #date = "";

  constructor(parts: HouseParts) {
    this.parts = parts;
    this.requests = new Recent(parts.requestsKeptMax);
    this.bill = new Recent(parts.billLinesKeptMax);
  }

  get open(): number {
    return this.#open;
  }

  opened(record: RequestRecord, socket: Socket): void {
    this.#open++;
    this.requests.add(record);
    const work = this.#workOf.get(socket);
    if (work === undefined) this.#workOf.set(socket, { requests: 1, open: 1 });
    else {
      work.requests++;
      work.open++;
    }
    this.changed();
  }

  closed(line: BillLine | null, socket: Socket): void {
    this.#open--;
    const work = this.#workOf.get(socket);
    if (work !== undefined) work.open--;
    if (line !== null) this.bill.add(line);
    this.changed();
  }

  /** The wall clock as HTTP writes it, made once a second. */
  date(): string {
    const second = Math.floor(this.parts.wallMs() / 1_000);
    if (second !== this.#dateOfSecond) {
      this.#dateOfSecond = second;
      this.#date = new Date(second * 1_000).toUTCString();
    }
    return this.#date;
  }

  /** Does something to a socket once it has been idle so long; nothing where another request comes first. */
  whenIdle(socket: Socket, afterMs: number, act: (socket: Socket) => void): void {
    const work = this.#workOf.get(socket);
    const requests = work?.requests;
    setTimeout(() => {
      if (!socket.destroyed && work?.open === 0 && work.requests === requests) act(socket);
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
