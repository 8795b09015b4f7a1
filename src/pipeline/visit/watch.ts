/** One timer for all deadlines: looks at everything that waits, ten times a second. */
import type { Clock } from "../../core/clock.ts";

export interface Watched {
  /** Called about every 100 ms with the monotonic time in milliseconds. */
  tick(nowMs: number): void;
}

const TICK_MS = 100;

/**
 * Slots, not a Set: a Set that lives long keeps dead requests alive in its old hash tables and costs the
 * garbage collector 2-3 us a request.
 */
export class Watch {
  readonly #slots: (Watched | null)[] = [];
  readonly #free: number[] = [];
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | null = null;
  #used = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#used;
  }

  /** Gives the slot to hand to `remove`, once. */
  add(watched: Watched): number {
    this.#used++;
    this.#timer ??= setInterval(() => this.#look(), TICK_MS).unref();
    const slot = this.#free.pop();
    if (slot === undefined) return this.#slots.push(watched) - 1;
    this.#slots[slot] = watched;
    return slot;
  }

  remove(slot: number): void {
    if (this.#slots[slot] === null) return;
    this.#slots[slot] = null;
    this.#free.push(slot);
    this.#used--;
  }

  /** Every deadline has come. */
  expire(): void {
    this.#tickAll(Number.POSITIVE_INFINITY);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    this.#tickAll(this.#clock.monotonicMs());
  }

  #tickAll(nowMs: number): void {
    // By index: a tick may add to the slots or free its own.
    for (let slot = 0; slot < this.#slots.length; slot++) this.#slots[slot]?.tick(nowMs);
  }
}
