/** Keys for tests: records of any shape, an archive that fails when told to, and a clock that stands. */
import type { AuditEntry } from "../../src/core/audit.ts";
import type { Clock } from "../../src/core/clock.ts";
import { GatewayError } from "../../src/core/errors.ts";
import { UNLIMITED } from "../../src/core/limits.ts";
import type { KeyArchive } from "../../src/keys/key-archive.ts";
import type { KeyDraft } from "../../src/keys/key-desk.ts";
import { keyRecordText, readKeyRecord } from "../../src/keys/key-json.ts";
import type { KeyRecord } from "../../src/keys/key-record.ts";
import { hintOf, keyHash, newKeyId } from "../../src/keys/new-key.ts";

/** 2026-09-21, in the middle of a day. */
export const START_WALL_MS = 1_790_000_000_000;

export const PLAIN_KEY: KeyDraft = {
  name: "plain",
  owner: null,
  models: null,
  limits: UNLIMITED,
  tags: [],
  expiresAtWallMs: null,
};

/** Stands still until it is moved. */
export class StillClock implements Clock {
  nowMs = 0;

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return START_WALL_MS + this.nowMs;
  }
}

/** A record as if the key had been made at the start. */
export function recordOf(secret: string, fields: Partial<KeyRecord> = {}): KeyRecord {
  return Object.freeze({
    ...PLAIN_KEY,
    id: newKeyId(),
    hash: keyHash(secret),
    previous: null,
    hint: hintOf(secret),
    createdAtWallMs: START_WALL_MS,
    revokedAtWallMs: null,
    ...fields,
  });
}

/** Keeps text, as the ledger does, so that only what can be read back counts as kept. */
export class TextArchive implements KeyArchive {
  readonly texts = new Map<string, string>();
  readonly entries: AuditEntry[] = [];
  /** Whether the next records are lost. */
  isBroken = false;
  /** What the next record waits for before it is kept. */
  gate: Promise<void> | null = null;

  async keep(record: KeyRecord, entry: AuditEntry): Promise<void> {
    const text = keyRecordText(record);
    await this.gate;
    if (this.isBroken) throw new GatewayError("ledger_unavailable", "The disk is away.");
    this.texts.set(record.id, text);
    this.entries.push(entry);
  }

  records(): KeyRecord[] {
    return Array.from(this.texts.values(), readKeyRecord);
  }
}

/** The digit of base 32 after this one. */
export function nextDigit(digit: string): string {
  const digits = "abcdefghijklmnopqrstuvwxyz234567";
  return digits.charAt((digits.indexOf(digit) + 1) % digits.length);
}
