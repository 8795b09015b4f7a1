/** The one place where keys are made and changed: by the admin API, the command line and the start alike. */
import type { Clock } from "../core/clock.ts";
import { GatewayError } from "../core/errors.ts";
import type { KeyId } from "../core/ids.ts";
import type { KeyArchive } from "./key-archive.ts";
import { checkDraft, frozenDraft, type KeyDraft, type KeyPatch, patchedDraft } from "./key-draft.ts";
import type { KeyRecord } from "./key-record.ts";
import type { KeyRing } from "./key-ring.ts";
import { changedWords, draftWords, timeWord } from "./key-trail.ts";
import { hintOf, keyHash, newKeyId, newKeySecret } from "./new-key.ts";
import { Turns } from "./turns.ts";

export type { KeyDraft, KeyPatch };

/** The secret is shown to whoever asked for it, once; nothing keeps it. */
export type KeyWithSecret = { readonly record: KeyRecord; readonly secret: string };

export type KeyDeskParts = {
  readonly ring: KeyRing;
  readonly archive: KeyArchive;
  readonly clock: Pick<Clock, "wallMs">;
  /** Revoked ones count too: they stay, for the ledger's rows. */
  readonly keysMax?: number;
};

const KEYS_MAX = 200_000;
const OVERLAP_MS_MAX = 30 * 24 * 60 * 60 * 1_000;

/**
 * Writes for one key come one after another. Memory follows the archive, so that nothing opens what a restart
 * would forget; a revocation alone goes before it, and holds whatever the disk does.
 */
export class KeyDesk {
  readonly ring: KeyRing;
  readonly #archive: KeyArchive;
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #keysMax: number;
  readonly #turns = new Turns<KeyId>();
  /** Keys that are revoked here, and not yet in the archive. */
  readonly #unkeptRevocations = new Set<KeyId>();
  #keysInMaking = 0;

  constructor({ ring, archive, clock, keysMax = KEYS_MAX }: KeyDeskParts) {
    this.ring = ring;
    this.#archive = archive;
    this.#clock = clock;
    this.#keysMax = keysMax;
  }

  /**
   * Makes a key, which opens once this resolves.
   * @throws GatewayError invalid_request, its `param` naming the field; ledger_unavailable
   */
  async create(draft: KeyDraft, actor: string): Promise<KeyWithSecret> {
    checkDraft(draft);
    const nowWallMs = this.#nowWallMs();
    checkFuture(draft, nowWallMs);
    this.#checkRoom();
    const secret = newKeySecret();
    const record: KeyRecord = {
      ...frozenDraft(draft),
      id: newKeyId(),
      hash: keyHash(secret),
      previous: null,
      hint: hintOf(secret),
      createdAtWallMs: nowWallMs,
      revokedAtWallMs: null,
    };
    this.#keysInMaking++;
    try {
      const detail = { hint: record.hint, ...draftWords(record) };
      return { record: await this.#keep(record, "key.create", actor, detail), secret };
    } finally {
      this.#keysInMaking--;
    }
  }

  /**
   * Changes what may be set; nothing is written where nothing differs.
   * @param patch or what makes it of the key as the change before has left it
   * @returns null where there is no such key
   * @throws GatewayError as `create`
   */
  change(
    id: KeyId,
    patch: KeyPatch | ((record: KeyRecord) => KeyPatch),
    actor: string,
  ): Promise<KeyRecord | null> {
    return this.#turns.take(id, async () => {
      const record = this.ring.get(id);
      if (record === null) return null;
      const draft = patchedDraft(record, typeof patch === "function" ? patch(record) : patch);
      if (draft.expiresAtWallMs !== record.expiresAtWallMs) checkFuture(draft, this.#nowWallMs());
      const changed = changedWords(record, draft);
      if (Object.keys(changed).length === 0) return record;
      return this.#keep({ ...record, ...draft }, "key.change", actor, changed);
    });
  }

  /**
   * From this call on the key opens nothing in this process. Where the archive fails, the promise rejects and
   * the key stays shut all the same; asking again writes it.
   * @returns null where there is no such key
   * @throws GatewayError ledger_unavailable
   */
  async revoke(id: KeyId, actor: string): Promise<KeyRecord | null> {
    const known = this.ring.get(id);
    if (known === null) return null;
    if (known.revokedAtWallMs === null) {
      this.#unkeptRevocations.add(id);
      this.ring.put(Object.freeze({ ...known, revokedAtWallMs: this.#nowWallMs() }));
    }
    return this.#turns.take(id, async () => {
      const record = this.ring.get(id);
      if (record === null || !this.#unkeptRevocations.has(id)) return record;
      const detail = { revoked_at: timeWord(record.revokedAtWallMs) };
      const kept = await this.#keep(record, "key.revoke", actor, detail);
      this.#unkeptRevocations.delete(id);
      return kept;
    });
  }

  /**
   * Gives the key a new secret. The old one opens for the overlap, in milliseconds, at most 30 days; one from
   * an earlier rotation ends at once.
   * @returns null where there is no such key
   * @throws GatewayError invalid_request, also for a key that opens nothing; ledger_unavailable
   */
  rotate(id: KeyId, overlapMs: number, actor: string): Promise<KeyWithSecret | null> {
    return this.#turns.take(id, async () => {
      const record = this.ring.get(id);
      if (record === null) return null;
      const nowWallMs = this.#nowWallMs();
      checkOverlap(overlapMs);
      checkUsable(record, nowWallMs);
      const secret = newKeySecret();
      const previous = overlapMs === 0 ? null : { hash: record.hash, untilWallMs: nowWallMs + overlapMs };
      const hint = hintOf(secret);
      const next = { ...record, hash: keyHash(secret), hint, previous: Object.freeze(previous) };
      const detail = {
        hint: { from: record.hint, to: hint },
        previous_until: timeWord(previous?.untilWallMs ?? null),
      };
      return { record: await this.#keep(next, "key.rotate", actor, detail), secret };
    });
  }

  /** First on the disk, then in memory; a revocation that came meanwhile stands. */
  async #keep(
    record: KeyRecord,
    action: string,
    actor: string,
    detail: Readonly<Record<string, unknown>>,
  ): Promise<KeyRecord> {
    const entry = { atWallMs: this.#nowWallMs(), actor, action, subject: record.id, detail };
    await this.#archive.keep(Object.freeze(record), entry);
    const revokedAtWallMs = this.ring.get(record.id)?.revokedAtWallMs ?? record.revokedAtWallMs;
    const kept = Object.freeze({ ...record, revokedAtWallMs });
    this.ring.put(kept);
    return kept;
  }

  /** In whole milliseconds, as records keep it. */
  #nowWallMs(): number {
    return Math.floor(this.#clock.wallMs());
  }

  #checkRoom(): void {
    if (this.ring.size + this.#keysInMaking < this.#keysMax) return;
    throw new GatewayError(
      "invalid_request",
      `There are ${this.#keysMax} keys, which is as many as the gateway keeps. Change one that is there.`,
    );
  }
}

function checkFuture({ expiresAtWallMs }: KeyDraft, nowWallMs: number): void {
  if (expiresAtWallMs === null || expiresAtWallMs > nowWallMs) return;
  const message = "'expires_at' lies in the past. To end a key now, revoke it.";
  throw new GatewayError("invalid_request", message, { param: "expires_at" });
}

function checkOverlap(overlapMs: number): void {
  if (Number.isSafeInteger(overlapMs) && overlapMs >= 0 && overlapMs <= OVERLAP_MS_MAX) return;
  const message = "The old key can open for 0 milliseconds to 30 days beside the new one.";
  throw new GatewayError("invalid_request", message, { param: "overlap" });
}

function checkUsable({ revokedAtWallMs, expiresAtWallMs }: KeyRecord, nowWallMs: number): void {
  if (revokedAtWallMs !== null) {
    throw new GatewayError("invalid_request", "The key is revoked, for good. Make a new one.");
  }
  if (expiresAtWallMs !== null && expiresAtWallMs <= nowWallMs) {
    const message = "The key has expired. Set another 'expires_at' first, or make a new key.";
    throw new GatewayError("invalid_request", message, { param: "expires_at" });
  }
}
