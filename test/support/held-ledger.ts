/** A ledger whose disk is in the test's hand: rows are written and kept when it says so, or never. */
import { GatewayError } from "../../src/core/errors.ts";
import { MemoryLedger } from "../../src/ledger/memory.ts";

type Promised = ReturnType<typeof Promise.withResolvers<void>>;

/** One of the two promises that a ledger makes. */
class Gate {
  #held: Promised | null = null;
  #failure: GatewayError | null = null;
  waiting = 0;

  hold(): void {
    this.#held ??= Promise.withResolvers<void>();
  }

  letGo(): void {
    this.#held?.resolve();
    this.#held = null;
    this.#failure = null;
  }

  fail(): void {
    this.#failure = new GatewayError("ledger_unavailable", "The ledger's disk is full.", {
      retryAfterSeconds: 1,
    });
    this.#held?.reject(this.#failure);
    this.#held = null;
  }

  pass(): Promise<void> | null {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#held === null) return null;
    this.waiting++;
    return this.#held.promise;
  }
}

export class HeldLedger extends MemoryLedger {
  readonly writing = new Gate();
  readonly keeping = new Gate();

  override written(): Promise<void> | null {
    return this.writing.pass();
  }

  override kept(): Promise<void> | null {
    return this.keeping.pass();
  }
}
