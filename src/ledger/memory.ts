/** A ledger in memory: open rows until they settle, and the last settled ones up to a bound. */
import { GatewayError } from "../core/errors.ts";
import type { AttemptOpened, AttemptSettled, Ledger, OpenAttempt } from "./ledger.ts";

export type LedgerRow = { readonly opened: AttemptOpened; readonly settled: AttemptSettled | null };

export type MemoryLedgerOptions = {
  /** Settled rows that are kept; older ones go first. */
  readonly settledRowsMax?: number;
  /** Open rows; one more is refused. */
  readonly openRowsMax?: number;
};

class OpenRow implements OpenAttempt {
  readonly opened: AttemptOpened;
  readonly #ledger: MemoryLedger;
  readonly #slot: number;
  #isSettled = false;

  constructor(opened: AttemptOpened, ledger: MemoryLedger, slot: number) {
    this.opened = opened;
    this.#ledger = ledger;
    this.#slot = slot;
  }

  settle(settled: AttemptSettled): void {
    if (this.#isSettled) this.#ledger.refuse();
    else this.#ledger.keep({ opened: this.opened, settled }, this.#slot);
    this.#isSettled = true;
  }
}

export class MemoryLedger implements Ledger {
  /** Slots, not a Map: one that lives long keeps dead rows alive in its old hash tables. */
  readonly #open: (OpenRow | null)[] = [];
  readonly #free: number[] = [];
  readonly #settled: LedgerRow[] = [];
  readonly #settledRowsMax: number;
  readonly #openRowsMax: number;
  #oldest = 0;
  #openRows = 0;
  #refusedSettlements = 0;

  constructor(options: MemoryLedgerOptions = {}) {
    this.#settledRowsMax = options.settledRowsMax ?? 1_000;
    this.#openRowsMax = options.openRowsMax ?? 100_000;
  }

  open(opened: AttemptOpened): OpenAttempt {
    if (this.#openRows >= this.#openRowsMax) {
      throw new GatewayError("overloaded", "Too many requests are in flight. Try again in a moment.", {
        retryAfterSeconds: 1,
      });
    }
    this.#openRows++;
    const slot = this.#free.pop() ?? this.#open.length;
    const row = new OpenRow(opened, this, slot);
    this.#open[slot] = row;
    return row;
  }

  /** For a row that settles: it leaves its slot and takes its place among the settled. */
  keep(row: LedgerRow, slot: number): void {
    this.#open[slot] = null;
    this.#free.push(slot);
    this.#openRows--;
    if (this.#settled.length < this.#settledRowsMax) {
      this.#settled.push(row);
      return;
    }
    // A ring: the oldest row gives way, in constant time.
    this.#settled[this.#oldest] = row;
    this.#oldest = (this.#oldest + 1) % this.#settledRowsMax;
  }

  /** For a row that has settled before. */
  refuse(): void {
    this.#refusedSettlements++;
  }

  /** Settled rows from the oldest kept, then the open ones. */
  rows(): LedgerRow[] {
    const settled = [...this.#settled.slice(this.#oldest), ...this.#settled.slice(0, this.#oldest)];
    const open = this.#open.flatMap((row) => (row === null ? [] : [{ opened: row.opened, settled: null }]));
    return [...settled, ...open];
  }

  get openRows(): number {
    return this.#openRows;
  }

  /** Second settlings: a defect of the caller, counted so that a test can see it. */
  get refusedSettlements(): number {
    return this.#refusedSettlements;
  }

  /** Memory is as far as it goes. */
  written(): Promise<void> | null {
    return null;
  }

  kept(): Promise<void> | null {
    return null;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
