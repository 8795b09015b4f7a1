/** Numbers that look random and are the same for the same seed. */
import { crc32 } from "node:zlib";

const TWO_TO_32 = 4_294_967_296;

/** A 32-bit generator of the mulberry family: small, quick, good enough for prose and faults. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 2^32 - 1. */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** From 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.uint32() / TWO_TO_32) * limit);
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    return this.uint32() / TWO_TO_32;
  }

  /** One of a list that has at least one member. */
  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.below(items.length)] ?? items[0];
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count);
    for (let index = 0; index < count; index++) bytes[index] = this.uint32() & 0xff;
    return bytes;
  }
}

/** A generator whose numbers depend on the seed and on every one of the bytes. */
export function randomFor(seed: number, bytes: Buffer): SeededRandom {
  return new SeededRandom(crc32(bytes, seed >>> 0));
}
