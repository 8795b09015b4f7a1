/** A source of choices out of bytes: fast-check makes and shrinks the bytes, a generator spends them. */

/** When the bytes are used up every choice is the first one, so that generators list the simplest first. */
export class Choices {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  /** A number from 0 up to, not including, `bound`, which is at most 65,536. */
  below(bound: number): number {
    return (bound > 256 ? this.#byte() * 256 + this.#byte() : this.#byte()) % bound;
  }

  /** True once in so many. */
  oneIn(count: number): boolean {
    return this.below(count) === count - 1;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}
