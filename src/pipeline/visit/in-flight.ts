/** The requests that are in the house, until their last byte is flushed; and whether new ones may come. */
import type { GatewayError } from "../../core/errors.ts";

export interface Stoppable {
  /** Ends the request in an error that its client can see. */
  stop(error: GatewayError): void;
}

/** `serving`; `draining`: not ready, and connections close after their answer. */
export type Presence = "serving" | "draining";

/** Counts who is in a house, so that the last one out can be waited for. */
export class Occupancy {
  #count = 0;
  #waiters: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  enter(): void {
    this.#count++;
  }

  leave(): void {
    this.#count--;
    if (this.#count > 0) return;
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Resolves once nobody is in it. */
  async empty(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }
}

export class InFlight {
  presence: Presence = "serving";
  readonly #slots: (Stoppable | null)[] = [];
  readonly #free: number[] = [];
  readonly #occupancy = new Occupancy();
  /** Once all have been stopped, whoever still comes is stopped at the door. */
  stopped: GatewayError | null = null;

  get count(): number {
    return this.#occupancy.count;
  }

  enter(visit: Stoppable): number {
    this.#occupancy.enter();
    const slot = this.#free.pop();
    if (slot === undefined) return this.#slots.push(visit) - 1;
    this.#slots[slot] = visit;
    return slot;
  }

  leave(slot: number): void {
    if (this.#slots[slot] === null) return;
    this.#slots[slot] = null;
    this.#free.push(slot);
    this.#occupancy.leave();
  }

  /** Resolves once nobody is in any version of the house. */
  empty(): Promise<void> {
    return this.#occupancy.empty();
  }

  stopAll(error: GatewayError): void {
    this.stopped = error;
    for (const visit of [...this.#slots]) visit?.stop(error);
  }
}
