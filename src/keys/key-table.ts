/** Finds a key's record by the key's digest, in the same time whether there is such a key or not. */
import { hash } from "node:crypto";
import type { KeyHash, KeyRecord } from "./key-record.ts";

/** Of a SHA-256 digest, in words of 32 bits. */
const DIGEST_WORDS = 8;
const DIGEST_BYTES = 32;
/** Places of a bucket, all of which are always looked at. */
const PLACES = 8;
/** Of each place two words of the digest, and which entry it leads to; 0: none. One cache line and a half. */
const BUCKET_WORDS = 3 * PLACES;
const BUCKETS_MIN = 64;
/** Digests of keys never need so many; those of a forged archive may. */
const BUCKETS_PER_KEY_MAX = 16;

const NO_ENTRY = 0;
const UINT32_VALUES = 0x1_0000_0000;

/**
 * A hash table without branches on what it finds. A search reads one bucket, then the whole digest of one
 * entry: where the bucket leads to none, that of an entry picked by the searched digest itself, which cannot
 * be the right one. So known and unknown keys do the same work, and touch as much memory.
 */
export class KeyTable {
  #buckets = new Int32Array(BUCKETS_MIN * BUCKET_WORDS);
  #bucketMask = BUCKETS_MIN - 1;
  /** By entry, from 1 on. The first is nobody's, so that an empty table has something to compare with too. */
  #digests = new Int32Array(BUCKETS_MIN * DIGEST_WORDS);
  #opensUntilMs = new Float64Array(BUCKETS_MIN).fill(Number.NEGATIVE_INFINITY);
  readonly #records: (KeyRecord | null)[] = [null];
  readonly #freeEntries: number[] = [];
  /** The digest that is searched, as text is best written and as it is best compared. */
  readonly #sought = Buffer.alloc(DIGEST_BYTES);
  readonly #words = new Int32Array(this.#sought.buffer, this.#sought.byteOffset, DIGEST_WORDS);

  readonly #sign = new Float32Array(1);
  readonly #signBits = new Int32Array(this.#sign.buffer);

  /** Hashes that lead to a record. */
  get size(): number {
    return this.#records.length - 1 - this.#freeEntries.length;
  }

  /** The record of the key, if it opens at this time. */
  find(secret: string, nowWallMs: number): KeyRecord | null {
    this.#sought.write(hash("sha256", secret, "latin1"), 0, DIGEST_BYTES, "latin1");
    const entry = this.#entryOf();
    const digests = this.#digests;
    const words = this.#words;
    let differs = 0;
    for (let word = 0, at = entry * DIGEST_WORDS; word < DIGEST_WORDS; word++, at++) {
      differs |= (digests[at] ?? 0) ^ (words[word] ?? 0);
    }
    // The sign of the time is read as a bit: comparing it here would be a branch of its own.
    this.#sign[0] = nowWallMs - (this.#opensUntilMs[entry] ?? 0);
    const isShut = ~((this.#signBits[0] ?? 0) >> 31);
    return (differs | isShut) === 0 ? (this.#records[entry] ?? null) : null;
  }

  /** Lets the key of that hash open its record until the time, exclusively. */
  put(keyHash: KeyHash, record: KeyRecord, opensUntilMs: number): void {
    this.#seek(keyHash);
    let entry = this.#knownEntry();
    if (entry === NO_ENTRY) {
      entry = this.#freeEntries.pop() ?? this.#records.length;
      this.#makeRoomFor(entry);
      this.#digests.set(this.#words, entry * DIGEST_WORDS);
      this.#records[entry] = record;
      this.#place(entry);
    }
    this.#records[entry] = record;
    this.#opensUntilMs[entry] = opensUntilMs;
  }

  /** Whether there was one. */
  remove(keyHash: KeyHash): boolean {
    this.#seek(keyHash);
    const entry = this.#knownEntry();
    if (entry === NO_ENTRY) return false;
    const bucket = this.#bucketOf(this.#words[0] ?? 0);
    const places = this.#buckets.subarray(bucket, bucket + BUCKET_WORDS);
    const place = places.indexOf(entry, 2 * PLACES) - 2 * PLACES;
    for (let word = place; word < BUCKET_WORDS; word += PLACES) places[word] = 0;
    this.#digests.fill(0, entry * DIGEST_WORDS, (entry + 1) * DIGEST_WORDS);
    this.#opensUntilMs[entry] = Number.NEGATIVE_INFINITY;
    this.#records[entry] = null;
    this.#freeEntries.push(entry);
    return true;
  }

  #seek(keyHash: KeyHash): void {
    this.#sought.write(keyHash, 0, DIGEST_BYTES, "hex");
  }

  #bucketOf(firstWord: number): number {
    return (firstWord & this.#bucketMask) * BUCKET_WORDS;
  }

  /** The entry that the sought digest is to be compared with. */
  #entryOf(): number {
    const words = this.#words;
    const one = words[1] ?? 0;
    const two = words[2] ?? 0;
    const buckets = this.#buckets;
    const bucket = this.#bucketOf(words[0] ?? 0);
    let found = 0;
    let isFound = 0;
    for (let place = bucket; place < bucket + PLACES; place++) {
      const differs = ((buckets[place] ?? 0) ^ one) | ((buckets[place + PLACES] ?? 0) ^ two);
      // All bits where nothing differs, else none.
      const same = ~((differs | -differs) >> 31);
      found |= same & (buckets[place + 2 * PLACES] ?? 0);
      isFound |= same;
    }
    const decoy = (((words[3] ?? 0) >>> 0) * this.#records.length) / UINT32_VALUES;
    return found | (decoy & ~isFound);
  }

  /** The entry of the sought digest; 0 where there is none. */
  #knownEntry(): number {
    const entry = this.#entryOf();
    const at = entry * DIGEST_WORDS;
    const isSame = this.#words.every((word, index) => word === this.#digests[at + index]);
    return isSame && this.#records[entry] !== null ? entry : NO_ENTRY;
  }

  #makeRoomFor(entry: number): void {
    const held = this.#opensUntilMs.length;
    if (entry < held) return;
    const digests = new Int32Array(2 * held * DIGEST_WORDS);
    digests.set(this.#digests);
    this.#digests = digests;
    const opensUntilMs = new Float64Array(2 * held).fill(Number.NEGATIVE_INFINITY);
    opensUntilMs.set(this.#opensUntilMs);
    this.#opensUntilMs = opensUntilMs;
  }

  /** Puts the entry into its bucket; where there is no place, all are spread over more buckets. */
  #place(entry: number): void {
    let bucketCount = this.#bucketMask + 1;
    if (this.size <= bucketCount && this.#tryPlace(entry)) return;
    do {
      bucketCount *= 2;
      if (bucketCount > BUCKETS_PER_KEY_MAX * Math.max(BUCKETS_MIN, this.size)) {
        throw new RangeError("the hashes of the keys are not those of random keys");
      }
      this.#buckets = new Int32Array(bucketCount * BUCKET_WORDS);
      this.#bucketMask = bucketCount - 1;
    } while (!this.#records.every((record, index) => record === null || this.#tryPlace(index)));
  }

  /** Whether there was a place left, and none that looks the same. */
  #tryPlace(entry: number): boolean {
    const at = entry * DIGEST_WORDS;
    const [zero, one, two] = this.#digests.subarray(at, at + 3);
    const bucket = this.#bucketOf(zero ?? 0);
    let free = -1;
    for (let place = bucket; place < bucket + PLACES; place++) {
      if (this.#buckets[place + 2 * PLACES] === NO_ENTRY) free = place;
      else if (this.#buckets[place] === one && this.#buckets[place + PLACES] === two) return false;
    }
    if (free < 0) return false;
    this.#buckets[free] = one ?? 0;
    this.#buckets[free + PLACES] = two ?? 0;
    this.#buckets[free + 2 * PLACES] = entry;
    return true;
  }
}
