/** Names for keys that are not ours: a salted fingerprint tells callers apart, and leads back to no key. */
import { createHmac } from "node:crypto";
import type { KeyId } from "../core/ids.ts";

const PREFIX = "ark-";
/** 48 bits: among a thousand keys, two alike are one in half a billion. */
const DIGITS = 12;
/** A hash costs a microsecond, and the same few callers come again and again. */
const KNOWN_MAX = 1_000;

export class Fingerprints {
  readonly #salt: Buffer;
  readonly #known = new Map<string, KeyId>();

  /** @param salt as secret as the ledger it stands in: with it, a guessed key could be checked */
  constructor(salt: Buffer) {
    this.#salt = salt;
  }

  /** The same key has the same name for as long as the salt is kept, such as `ark-5d41402abc4b`. */
  of(credential: string): KeyId {
    const known = this.#known.get(credential);
    if (known !== undefined) return known;
    const digest = createHmac("sha256", this.#salt).update(credential).digest("hex");
    const keyId = `${PREFIX}${digest.slice(0, DIGITS)}` as KeyId;
    // Whoever sends a new key each time gains nothing by it.
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(credential, keyId);
    return keyId;
  }
}
