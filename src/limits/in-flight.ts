/** The limiter that bounds how many requests are in flight at once. */
import type { Admission, Grant, Limiter } from "./limiter.ts";

class Place implements Grant {
  #limiter: InFlightLimiter | null;

  constructor(limiter: InFlightLimiter) {
    this.#limiter = limiter;
  }

  release(): void {
    this.#limiter?.leave();
    this.#limiter = null;
  }
}

export class InFlightLimiter implements Limiter {
  readonly name = "in_flight";
  /** May change while requests are in flight: those that are stay. */
  placesMax: number;
  #taken = 0;

  constructor(placesMax: number) {
    this.placesMax = placesMax;
  }

  get taken(): number {
    return this.#taken;
  }

  admit(): Admission {
    if (this.#taken >= this.placesMax) {
      const message = `The gateway has ${this.placesMax} requests in flight, which is its limit. Try again in a moment.`;
      return { kind: "refused", refusal: { message, retryAfterSeconds: 1 } };
    }
    this.#taken++;
    return { kind: "granted", grant: new Place(this) };
  }

  leave(): void {
    this.#taken--;
  }
}
