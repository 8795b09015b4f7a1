/** What was taken within the last minute, to the second: requests and tokens side by side. */

const WINDOW_SECONDS = 60;
/** Of one slot: its second, requests, tokens. */
const FIGURES = 3;
/** Slots gone out of the window that are kept before the list is cut; so it holds at most twice a minute. */
const GONE_MAX = 64 * FIGURES;
export const REQUESTS = 1;
export const TOKENS = 2;

/**
 * A sliding window of one-second slots, of which only those in use exist. What was taken leaves it between 60
 * and 61 seconds later, so that what it has held in any 60 seconds is never more than it says.
 */
export class MinuteWindow {
  requests = 0;
  tokens = 0;
  /** The oldest first: in a flat list, a slot of a quiet key costs three numbers. */
  readonly #slots: number[] = [];
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#slots.length;
  }

  /** Lets go what has left the window. @param second never less than before */
  advance(second: number): void {
    const slots = this.#slots;
    let first = this.#first;
    while (first < slots.length && at(slots, first) + WINDOW_SECONDS < second) {
      this.requests -= at(slots, first + REQUESTS);
      this.tokens -= at(slots, first + TOKENS);
      first += FIGURES;
    }
    if (first === slots.length) {
      if (first > 0) slots.length = 0;
      first = 0;
    } else if (first >= GONE_MAX) {
      slots.copyWithin(0, first);
      slots.length -= first;
      first = 0;
    }
    this.#first = first;
  }

  /** @param second the one that the window was last advanced to */
  take(second: number, requests: number, tokens: number): void {
    const slots = this.#slots;
    const last = slots.length - FIGURES;
    if (last >= 0 && slots[last] === second) {
      slots[last + REQUESTS] = at(slots, last + REQUESTS) + requests;
      slots[last + TOKENS] = at(slots, last + TOKENS) + tokens;
    } else {
      slots.push(second, requests, tokens);
    }
    this.requests += requests;
    this.tokens += tokens;
  }

  /** Puts back into the slot it was taken from; where that has left the window, there is nothing to put. */
  giveBack(second: number, requests: number, tokens: number): void {
    const slots = this.#slots;
    const last = slots.length - FIGURES;
    if (last < this.#first) return;
    // No slot is further back than it would be if every second had one.
    let slot = Math.max(this.#first, last - (at(slots, last) - second) * FIGURES);
    while (slot <= last && at(slots, slot) < second) slot += FIGURES;
    if (slot > last || at(slots, slot) !== second) return;
    slots[slot + REQUESTS] = at(slots, slot + REQUESTS) - requests;
    slots[slot + TOKENS] = at(slots, slot + TOKENS) - tokens;
    this.requests -= requests;
    this.tokens -= tokens;
  }

  /** The second in which so much of a figure will have left the window. */
  secondOfRelease(figure: typeof REQUESTS | typeof TOKENS, amount: number): number {
    let released = 0;
    let slot = this.#first;
    for (; slot < this.#slots.length - FIGURES; slot += FIGURES) {
      released += at(this.#slots, slot + figure);
      if (released >= amount) break;
    }
    return at(this.#slots, slot) + WINDOW_SECONDS + 1;
  }
}

function at(slots: readonly number[], index: number): number {
  return slots[index] ?? 0;
}
