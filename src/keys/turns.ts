/** Work on one thing at a time, in the order in which it was asked for; on different things side by side. */

export class Turns<Thing> {
  /** The end of the last work on each thing that is worked on. */
  readonly #last = new Map<Thing, Promise<void>>();

  /** Things that are worked on now. */
  get size(): number {
    return this.#last.size;
  }

  /** Settles as the work does; a failure is its own alone. */
  async take<Result>(thing: Thing, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(thing);
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    this.#last.set(thing, over);
    try {
      await before;
      return await work();
    } finally {
      if (this.#last.get(thing) === over) this.#last.delete(thing);
      end();
    }
  }
}
