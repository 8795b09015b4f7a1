/** A desk of keys beside a model of it: whatever was asked for, in whatever order, both must agree. */
import { expect } from "vitest";
import { GatewayError } from "../../src/core/errors.ts";
import type { KeyId } from "../../src/core/ids.ts";
import { KeyDesk, type KeyDraft, type KeyPatch } from "../../src/keys/key-desk.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { PLAIN_KEY, StillClock, TextArchive } from "./key-records.ts";

type Field = {
  readonly name?: string;
  readonly owner?: string | null;
  readonly models?: readonly string[] | null;
  readonly expiresInMs?: number | null;
};

/** `settle` waits for all writes that are under way, then moves the clock on. */
export type DeskStep =
  | { readonly kind: "create"; readonly field: Field }
  | { readonly kind: "change"; readonly key: number; readonly field: Field }
  | { readonly kind: "rotate"; readonly key: number; readonly overlapMs: number }
  | { readonly kind: "revoke"; readonly key: number }
  | { readonly kind: "settle"; readonly laterMs: number }
  | { readonly kind: "break"; readonly isBroken: boolean };

/** What is known of a key from the outside. */
type Known = {
  readonly id: KeyId;
  fields: KeyDraft;
  secret: string;
  /** The secrets that have been replaced, and until when each opens still. */
  readonly old: Map<string, number>;
  isRevoked: boolean;
  /** No revocation of it has been written yet. */
  isRevocationLost: boolean;
};

export class DeskHistory {
  readonly #clock = new StillClock();
  readonly #archive = new TextArchive();
  readonly #ring = new KeyRing([]);
  readonly #desk = new KeyDesk({ ring: this.#ring, archive: this.#archive, clock: this.#clock });
  readonly #known: Known[] = [];
  #underWay: Promise<unknown>[] = [];

  /** @throws where desk and model differ */
  async take(step: DeskStep): Promise<void> {
    switch (step.kind) {
      case "create":
        return this.#begin(this.#create(this.#patchOf(step.field)));
      case "change":
        return this.#begin(this.#change(this.#keyAt(step.key), this.#patchOf(step.field)));
      case "rotate":
        return this.#begin(this.#rotate(this.#keyAt(step.key), step.overlapMs));
      case "revoke":
        return this.#begin(this.#revoke(this.#keyAt(step.key)));
      case "break":
        this.#archive.isBroken = step.isBroken;
        return;
      case "settle":
        await Promise.all(this.#underWay);
        this.#underWay = [];
        this.#compare();
        this.#clock.nowMs += step.laterMs;
        this.#compare();
    }
  }

  #keyAt(place: number): Known | null {
    return this.#known[place % Math.max(1, this.#known.length)] ?? null;
  }

  #patchOf({ expiresInMs, ...rest }: Field): KeyPatch {
    if (expiresInMs === undefined) return rest;
    return { ...rest, expiresAtWallMs: expiresInMs === null ? null : this.#clock.wallMs() + expiresInMs };
  }

  /** A refusal is an answer; anything else thrown is a fault of the desk. */
  #begin(write: Promise<void>): void {
    this.#underWay.push(
      write.catch((error: unknown) => {
        if (!(error instanceof GatewayError)) throw error;
      }),
    );
  }

  async #create(patch: KeyPatch): Promise<void> {
    const { record, secret } = await this.#desk.create({ ...PLAIN_KEY, ...patch }, "admin");
    const fields = { ...PLAIN_KEY, ...patch };
    const known = { id: record.id, fields, secret, old: new Map<string, number>() };
    this.#known.push({ ...known, isRevoked: false, isRevocationLost: false });
  }

  async #change(known: Known | null, patch: KeyPatch): Promise<void> {
    if (known === null) return;
    await this.#desk.change(known.id, patch, "admin");
    known.fields = { ...known.fields, ...patch };
  }

  async #rotate(known: Known | null, overlapMs: number): Promise<void> {
    if (known === null) return;
    const untilMs = this.#clock.wallMs() + overlapMs;
    const rotated = await this.#desk.rotate(known.id, overlapMs, "admin");
    if (rotated === null) throw new Error("the key is not there");
    for (const secret of known.old.keys()) known.old.set(secret, 0);
    known.old.set(known.secret, untilMs);
    known.secret = rotated.secret;
  }

  async #revoke(known: Known | null): Promise<void> {
    if (known === null) return;
    if (!known.isRevoked) known.isRevocationLost = true;
    known.isRevoked = true;
    const revoking = this.#desk.revoke(known.id, "admin");
    for (const secret of [known.secret, ...known.old.keys()]) expect(this.#opens(secret)).toBeNull();
    await revoking;
    known.isRevocationLost = false;
  }

  #opens(secret: string): KeyId | null {
    return this.#ring.find(secret, this.#clock.wallMs())?.id ?? null;
  }

  #compare(): void {
    const kept = new Map(this.#archive.records().map((record) => [record.id, record]));
    expect(new Set(this.#ring.list().map(({ id }) => id))).toEqual(new Set(kept.keys()));
    expect(new Set(this.#known.map(({ id }) => id))).toEqual(new Set(kept.keys()));
    for (const known of this.#known) {
      const record = this.#ring.get(known.id);
      const { revokedAtWallMs = null, ...rest } = record ?? {};
      expect(rest).toMatchObject(known.fields);
      expect(revokedAtWallMs !== null).toBe(known.isRevoked);
      const keptRevocation = kept.get(known.id)?.revokedAtWallMs ?? null;
      expect({ ...kept.get(known.id), revokedAtWallMs }).toEqual(record);
      if (!known.isRevocationLost) expect(keptRevocation).toBe(revokedAtWallMs);
      this.#compareSecrets(known);
    }
  }

  #compareSecrets({ id, fields, secret, old, isRevoked }: Known): void {
    const nowMs = this.#clock.wallMs();
    const isUsable = !isRevoked && nowMs < (fields.expiresAtWallMs ?? Number.POSITIVE_INFINITY);
    expect(this.#opens(secret)).toBe(isUsable ? id : null);
    for (const [oldSecret, untilMs] of old) {
      expect(this.#opens(oldSecret)).toBe(isUsable && nowMs < untilMs ? id : null);
    }
  }
}
