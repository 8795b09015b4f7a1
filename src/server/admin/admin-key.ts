/** The key of the admin API: made once, and known afterwards by its hash alone. */
import { createHash, randomBytes } from "node:crypto";
import { base32 } from "../../core/base32.ts";

const PREFIX = "vp-admin-";
const KEY_BYTES = 20;

/** `vp-admin-` and 32 digits of base 32 (RFC 4648), 160 random bits. */
export function newAdminKey(): string {
  return PREFIX + base32(randomBytes(KEY_BYTES));
}

/** SHA-256 in hexadecimal: enough for 160 random bits, which no dictionary holds. */
export function adminKeyHash(key: string): string {
  return createHash("sha256").update(key, "utf8").digest("hex");
}

export type AdminKeyAtStart = {
  /** Of the key in force. */
  readonly hash: string;
  /** A key that has just been made: to be stored as its hash, then shown once. Null where there was one. */
  readonly made: string | null;
};

/**
 * The key in force: the one that is configured, else the one whose hash the ledger keeps, else a new one.
 * A configured key leaves the stored one alone, which counts again once it is gone.
 */
export function adminKeyAtStart(configured: string | null, storedHash: string | null): AdminKeyAtStart {
  if (configured !== null) return { hash: adminKeyHash(configured), made: null };
  if (storedHash !== null) return { hash: storedHash, made: null };
  const made = newAdminKey();
  return { hash: adminKeyHash(made), made };
}
