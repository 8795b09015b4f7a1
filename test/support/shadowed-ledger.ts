/** A ledger with a second one in memory, which is told the same and can be asked at once. */
import type { AttemptId } from "../../src/core/ids.ts";
import type { AttemptOpened, AttemptSettled, Ledger, OpenAttempt } from "../../src/ledger/ledger.ts";
import { type LedgerRow, MemoryLedger } from "../../src/ledger/memory.ts";

class ShadowedAttempt implements OpenAttempt {
  readonly #attempts: readonly OpenAttempt[];

  constructor(attempts: readonly OpenAttempt[]) {
    this.#attempts = attempts;
  }

  settle(row: AttemptSettled): void {
    for (const attempt of this.#attempts) attempt.settle(row);
  }
}

export class ShadowedLedger extends MemoryLedger {
  readonly #real: Ledger;
  /** Rows that were opened and then refused after all. */
  readonly #refused = new Set<AttemptId>();
  #lastOpened: AttemptId | null = null;

  constructor(real: Ledger, rowsMax: number) {
    super({ settledRowsMax: rowsMax, openRowsMax: rowsMax });
    this.#real = real;
  }

  override open(row: AttemptOpened): OpenAttempt {
    const real = this.#real.open(row);
    this.#lastOpened = row.attemptId;
    return new ShadowedAttempt([real, super.open(row)]);
  }

  /** As the relay asks it: in the turn of the opening. */
  override written(): Promise<void> | null {
    const attemptId = this.#lastOpened;
    const written = this.#real.written();
    if (written === null || attemptId === null) return written;
    return written.catch((thrown: unknown) => {
      this.#refused.add(attemptId);
      throw thrown;
    });
  }

  override kept(): Promise<void> | null {
    return this.#real.kept();
  }

  override rows(): LedgerRow[] {
    return super.rows().filter(({ opened }) => !this.#refused.has(opened.attemptId));
  }

  /** As the real one counts them. */
  override get openRows(): number {
    return this.#real.openRows;
  }

  override close(): Promise<void> {
    return this.#real.close();
  }
}
