/** Makes keys and their ids, and knows what is kept of a key: its hash, and a hint for people. */
import { hash, randomBytes } from "node:crypto";
import { base32 } from "../core/base32.ts";
import type { KeyId } from "../core/ids.ts";
import type { KeyHash } from "./key-record.ts";

/** `sk-` is what clients expect of a key; `vp-` tells ours from others'. */
const SECRET_PREFIX = "sk-vp-";
const SECRET_BYTES = 20;
const ID_PREFIX = "key_";
const ID_BYTES = 10;
const HINT_DIGITS = 4;

/** `sk-vp-` and 32 digits of base 32: 160 random bits. */
export function newKeySecret(): string {
  return SECRET_PREFIX + base32(randomBytes(SECRET_BYTES));
}

/** `key_` and 16 digits of base 32: 80 random bits. */
export function newKeyId(): KeyId {
  return (ID_PREFIX + base32(randomBytes(ID_BYTES))) as KeyId;
}

/** SHA-256 of the whole key, in hexadecimal. */
export function keyHash(secret: string): KeyHash {
  return hash("sha256", secret, "hex") as KeyHash;
}

/** What people tell the key by, such as `sk-vp-…7f3a`: its last four of 32 digits. */
export function hintOf(secret: string): string {
  return `${SECRET_PREFIX}…${secret.slice(-HINT_DIGITS)}`;
}
