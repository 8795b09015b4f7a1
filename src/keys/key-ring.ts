/** All keys of the gateway in memory: found by the key itself or by id, and listed as they were made. */
import type { KeyId } from "../core/ids.ts";
import type { KeyRecord } from "./key-record.ts";
import { KeyTable } from "./key-table.ts";

const NEVER = Number.NEGATIVE_INFINITY;
const ALWAYS = Number.POSITIVE_INFINITY;

/** Until when the key opens, exclusively: its expiry. A revoked one never does, whatever the clock says. */
function opensUntil({ revokedAtWallMs, expiresAtWallMs }: KeyRecord): number {
  return revokedAtWallMs === null ? (expiresAtWallMs ?? ALWAYS) : NEVER;
}

/** By their making; of the same millisecond, by id. */
function inOrder(one: KeyRecord, other: KeyRecord): number {
  return one.createdAtWallMs - other.createdAtWallMs || (one.id < other.id ? -1 : Number(one.id > other.id));
}

export class KeyRing {
  readonly #byId = new Map<KeyId, KeyRecord>();
  /** Of the keys that are not revoked, and of what they were before a rotation. */
  readonly #table = new KeyTable();
  /** In order; null: to be put in order when it is asked for. */
  #listed: readonly KeyRecord[] | null = null;

  constructor(records: Iterable<KeyRecord>) {
    for (const record of records) this.put(record);
  }

  get size(): number {
    return this.#byId.size;
  }

  /**
   * The record of a key that opens: not revoked, not expired, and, where it was rotated, within the overlap.
   * The time this takes tells nothing of why there is none.
   */
  find(secret: string, nowWallMs: number): KeyRecord | null {
    return this.#table.find(secret, nowWallMs);
  }

  get(id: KeyId): KeyRecord | null {
    return this.#byId.get(id) ?? null;
  }

  /** By their making, the oldest first, revoked and expired ones too; later changes do not show in it. */
  list(): readonly KeyRecord[] {
    this.#listed ??= Array.from(this.#byId.values()).sort(inOrder);
    return this.#listed;
  }

  /** Puts the record in the place of the one with its id: from now on it alone counts. */
  put(record: KeyRecord): void {
    const old = this.#byId.get(record.id);
    if (old !== undefined) {
      this.#table.remove(old.hash);
      if (old.previous !== null) this.#table.remove(old.previous.hash);
    }
    this.#byId.set(record.id, record);
    this.#listed = null;
    const untilMs = opensUntil(record);
    if (untilMs === NEVER) return;
    const { hash, previous } = record;
    if (previous !== null) this.#table.put(previous.hash, record, Math.min(untilMs, previous.untilWallMs));
    this.#table.put(hash, record, untilMs);
  }

  /** Whether the key of this record opens: neither revoked nor expired. */
  opens(record: KeyRecord, nowWallMs: number): boolean {
    return nowWallMs < opensUntil(record);
  }

  /** Whether any key opens. */
  usable(nowWallMs: number): boolean {
    for (const record of this.#byId.values()) if (this.opens(record, nowWallMs)) return true;
    return false;
  }
}
