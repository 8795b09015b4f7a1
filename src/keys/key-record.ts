/** A key of the gateway's own, as it is kept: everything but the key itself. */
import type { Branded, KeyId } from "../core/ids.ts";
import type { LimitSettings } from "../core/limits.ts";

/** SHA-256 of the whole key, in hexadecimal: enough for 160 random bits, which no dictionary holds. */
export type KeyHash = Branded<string, "KeyHash">;

export type KeyRecord = {
  /** `key_` and 16 digits of base 32; in the ledger's rows. */
  readonly id: KeyId;
  /** For people; not unique. */
  readonly name: string;
  /** Whom it belongs to; keys of one owner see each other's usage. Null: to nobody in particular. */
  readonly owner: string | null;
  readonly hash: KeyHash;
  /** The key before the last rotation, while it still opens. */
  readonly previous: { readonly hash: KeyHash; readonly untilWallMs: number } | null;
  /** What people know it by, such as `sk-vp-…7f3a`. */
  readonly hint: string;
  /** Patterns of the models that it may use (`*` any text, `#` one digit); null: all. */
  readonly models: readonly string[] | null;
  /** A null limit has the configuration's default for keys. */
  readonly limits: LimitSettings;
  readonly tags: readonly string[];
  readonly createdAtWallMs: number;
  readonly expiresAtWallMs: number | null;
  /** From then on it opens nothing; the record stays, for the ledger's rows. */
  readonly revokedAtWallMs: number | null;
};
