/** Counts the bytes of a message while it comes in, against the bound on all request bodies together. */
import type { ByteBudget } from "../../wire/byte-budget.ts";

/** Of a control frame from a client: two bytes of header and four of mask (RFC 6455, 5.2 and 5.5). */
const CONTROL_FRAME_BYTES = 6;

export class Intake {
  readonly #budget: ByteBudget;
  #held = 0;
  #sinceMs: number | null = null;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Since when a message has been coming in; null where none is. */
  get sinceMs(): number | null {
    return this.#sinceMs;
  }

  /** Bytes have come. False where there is no room for them. */
  take(bytes: number, nowMs: number): boolean {
    if (!this.#budget.take(bytes)) return false;
    this.#held += bytes;
    this.#sinceMs ??= nowMs;
    return true;
  }

  /** A control frame was among them. */
  skipControl(payloadBytes: number): void {
    this.#give(Math.min(this.#held, payloadBytes + CONTROL_FRAME_BYTES));
  }

  /**
   * A message is whole: its bytes are from now on the caller's to give back. The next message may have begun
   * in the same piece; of that, what a socket gives at once is not counted. False where there is no room.
   */
  finish(messageBytes: number): boolean {
    const missing = messageBytes - this.#held;
    if (missing > 0 && !this.#budget.take(missing)) {
      this.#give(this.#held);
      return false;
    }
    this.#held = Math.max(0, -missing);
    this.#give(this.#held);
    return true;
  }

  close(): void {
    this.#give(this.#held);
  }

  #give(bytes: number): void {
    this.#budget.give(bytes);
    this.#held -= bytes;
    if (this.#held === 0) this.#sinceMs = null;
  }
}
