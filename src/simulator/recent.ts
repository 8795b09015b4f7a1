/** A list that keeps only the latest so many of what was added. */

export class Recent<Item> {
  readonly #itemsMax: number;
  #items: Item[] = [];

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax;
  }

  /** Oldest first. */
  get items(): readonly Item[] {
    return this.#items.length > this.#itemsMax ? this.#items.slice(-this.#itemsMax) : this.#items;
  }

  add(item: Item): void {
    if (this.#itemsMax === 0) return;
    this.#items.push(item);
    // Dropped by the half, so that a full list costs no more per item than an empty one.
    if (this.#items.length >= this.#itemsMax * 2) this.#items = this.#items.slice(-this.#itemsMax);
  }
}
