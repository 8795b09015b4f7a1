/** A bound on the bytes of all request bodies together, from their first piece until they are let go. */

export class ByteBudget {
  /** May change while bytes are held: those that are stay. */
  bytesMax: number;
  #held = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get held(): number {
    return this.#held;
  }

  /** False, and nothing is taken, where there is no room for that many. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.bytesMax) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}
