/** What the `keys` commands need of whoever keeps the keys: a running gateway, or the file without one. */
import type { Phrase } from "../../core/language.ts";
import type { BudgetPeriod } from "../../core/limits.ts";
import type { KeyDraftJson, KeyJson } from "../../server/admin/key-schemas.ts";

/** A key that was just made: its text is known this once. */
export type IssuedKey = { readonly key: KeyJson; readonly secret: string };

/** A key, and what it has used; null where only a running gateway could tell. */
export type KeyDetail = KeyJson & { readonly used: KeyUse | null };
export type KeyUse = Readonly<Record<BudgetPeriod, { readonly tokens: number; readonly cost_cny: number }>>;

/** Every call may throw KeysUnavailable. */
export interface KeyService {
  /** Where the keys are kept: the gateway's URL, or the file's path. */
  readonly place: string;
  readonly isRunning: boolean;
  /** By creation. */
  list(): Promise<readonly KeyJson[]>;
  /** Null: there is no such key. */
  show(id: string): Promise<KeyDetail | null>;
  create(draft: KeyDraftJson): Promise<IssuedKey>;
  /** Null: there is no such key. */
  revoke(id: string): Promise<KeyJson | null>;
  /** Null: there is no such key. */
  rotate(id: string, overlapSeconds: number): Promise<IssuedKey | null>;
  close(): void;
}

/** The keys cannot be read or changed; the phrase says why, and what to do. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
  readonly phrase: Phrase;

  constructor(phrase: Phrase, cause?: unknown) {
    super(phrase.en, cause === undefined ? undefined : { cause });
    this.phrase = phrase;
  }
}
