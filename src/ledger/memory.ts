/** A ledger in memory: open rows until they settle, and the last settled ones up to a bound. */

import { GatewayError } from "../core/errors.ts";
import type { AttemptId } from "../core/ids.ts";
import type { AttemptOpened, AttemptSettled, Ledger } from "./ledger.ts";

export type LedgerRow = { readonly opened: AttemptOpened; readonly settled: AttemptSettled | null };

export type MemoryLedgerOptions = {
  /** Settled rows that are kept; older ones go first. */
  readonly settledRowsMax?: number;
  /** Open rows; one more is refused. */
  readonly openRowsMax?: number;
};

export class MemoryLedger implements Ledger {
  readonly #open = new Map<AttemptId, AttemptOpened>();
  readonly #settled: LedgerRow[] = [];
  readonly #settledRowsMax: number;
  readonly #openRowsMax: number;
  #oldest = 0;
  #refusedSettlements = 0;

  constructor(options: MemoryLedgerOptions = {}) {
    this.#settledRowsMax = options.settledRowsMax ?? 10_000;
    this.#openRowsMax = options.openRowsMax ?? 100_000;
  }

  open(row: AttemptOpened): void {
    if (this.#open.has(row.attemptId)) {
      throw new GatewayError("internal_error", "The ledger already has this attempt open.");
    }
    if (this.#open.size >= this.#openRowsMax) {
      throw new GatewayError("overloaded", "Too many requests are in flight. Try again in a moment.", {
        retryAfterSeconds: 1,
      });
    }
    this.#open.set(row.attemptId, row);
  }

  settle(row: AttemptSettled): void {
    const opened = this.#open.get(row.attemptId);
    if (opened === undefined) {
      this.#refusedSettlements++;
      return;
    }
    this.#open.delete(row.attemptId);
    const whole = { opened, settled: row };
    if (this.#settled.length < this.#settledRowsMax) {
      this.#settled.push(whole);
      return;
    }
    // A ring: the oldest row gives way, in constant time.
    this.#settled[this.#oldest] = whole;
    this.#oldest = (this.#oldest + 1) % this.#settledRowsMax;
  }

  /** Settled rows from the oldest kept, then the open ones. */
  rows(): LedgerRow[] {
    const settled = [...this.#settled.slice(this.#oldest), ...this.#settled.slice(0, this.#oldest)];
    const open = Array.from(this.#open.values(), (opened) => ({ opened, settled: null }));
    return [...settled, ...open];
  }

  get openRows(): number {
    return this.#open.size;
  }

  /** Settlings of attempts that were not open: a defect of the caller, counted so that a test can see it. */
  get refusedSettlements(): number {
    return this.#refusedSettlements;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
