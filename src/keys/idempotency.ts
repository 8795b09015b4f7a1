/** Remembers which requests are to be done once, so that a repeat never makes a second call. */
import { hash } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { KeyId, RequestId } from "../core/ids.ts";

const ENTRIES_MAX = 100_000;
const PER_KEY_MAX = 10_000;
const KEEP_MS = 24 * 60 * 60 * 1_000;
/** Of the key's id, in base64url: only for counting. */
const OWNER_DIGITS = 16;
/** What the ledger keeps: digests of the key's id, of id and Idempotency-Key, and of the body. */
const TEXT = /^([\w-]{16})\.([\w-]{43})\.([\w-]{1,128})$/;

export type IdempotencyOptions = {
  readonly clock: Clock;
  readonly entriesMax?: number;
  readonly perKeyMax?: number;
  /** How long a request that is done is remembered after its end. */
  readonly keepMs?: number;
  /** What earlier runs have done is still to come: until `restored`, nothing is taken for fresh. */
  readonly awaitsEarlier?: boolean;
};

export type IdempotentRequest = {
  readonly keyId: KeyId;
  /** As the client wrote it. */
  readonly idempotencyKey: string;
  /** Of all that makes the request what it is, as hex or base64url. */
  readonly bodyDigest: string;
  readonly requestId: RequestId;
};

/** One request that is done once; it has one end. */
export interface IdempotencyEntry {
  /** For the ledger: digests only, never the client's words. */
  readonly text: string;
  /** Something may have reached a model: from now on the request counts as done. */
  dispatched(): void;
  /** Where nothing was dispatched, the same request may come again; else it is done. */
  end(): void;
}

export type IdempotencyVerdict =
  | { readonly kind: "fresh"; readonly entry: IdempotencyEntry }
  /** The first request with the same words, and its id. */
  | { readonly kind: "running" | "done"; readonly requestId: RequestId }
  /** The same Idempotency-Key, and another body. */
  | { readonly kind: "mismatch" }
  /** No more can be remembered: forgetting one that is done could make a second call. */
  | { readonly kind: "full" }
  /** What earlier runs have done is not known yet. */
  | { readonly kind: "unready" };

class Entry implements IdempotencyEntry {
  readonly owner: string;
  readonly slot: string;
  readonly bodyDigest: string;
  readonly requestId: RequestId;
  readonly #book: IdempotencyBook;
  #state: "fresh" | "dispatched" | "ended" = "fresh";
  /** Monotonic; while it runs, there is no end to it. */
  forgottenAtMs = Number.POSITIVE_INFINITY;

  constructor(book: IdempotencyBook, owner: string, slot: string, bodyDigest: string, requestId: RequestId) {
    this.#book = book;
    this.owner = owner;
    this.slot = slot;
    this.bodyDigest = bodyDigest;
    this.requestId = requestId;
  }

  get text(): string {
    return `${this.owner}.${this.slot}.${this.bodyDigest}`;
  }

  get isRunning(): boolean {
    return this.#state !== "ended";
  }

  dispatched(): void {
    if (this.#state === "fresh") this.#state = "dispatched";
  }

  end(): void {
    if (this.#state === "ended") return;
    const isDone = this.#state === "dispatched";
    this.#state = "ended";
    if (isDone) this.#book.keep(this);
    else this.#book.forget(this);
  }
}

export class IdempotencyBook {
  readonly #clock: Clock;
  readonly #entriesMax: number;
  readonly #perKeyMax: number;
  readonly #keepMs: number;
  #isReady: boolean;
  readonly #entries = new Map<string, Entry>();
  readonly #countOf = new Map<string, number>();
  /** Those that are done, the first to be forgotten first. */
  readonly #done = new Set<Entry>();

  constructor(options: IdempotencyOptions) {
    this.#clock = options.clock;
    this.#entriesMax = options.entriesMax ?? ENTRIES_MAX;
    this.#perKeyMax = options.perKeyMax ?? PER_KEY_MAX;
    this.#keepMs = options.keepMs ?? KEEP_MS;
    this.#isReady = options.awaitsEarlier !== true;
  }

  /** Requests that are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** Asks whether the request is the first of its kind; a fresh one must be ended, whatever becomes of it. */
  begin({ keyId, idempotencyKey, bodyDigest, requestId }: IdempotentRequest): IdempotencyVerdict {
    this.#forgetOld();
    const slot = hash("sha256", `${keyId}\n${idempotencyKey}`, "base64url");
    const known = this.#remembered(slot);
    if (known !== null) {
      if (known.bodyDigest !== bodyDigest) return { kind: "mismatch" };
      return { kind: known.isRunning ? "running" : "done", requestId: known.requestId };
    }
    if (!this.#isReady) return { kind: "unready" };
    const owner = hash("sha256", keyId, "base64url").slice(0, OWNER_DIGITS);
    if (!this.#hasRoom(owner)) return { kind: "full" };
    const entry = new Entry(this, owner, slot, bodyDigest, requestId);
    this.#add(entry);
    return { kind: "fresh", entry };
  }

  /**
   * Takes over what an earlier run had dispatched: it is done. What is too old, unreadable or
   * beyond the bounds is left out.
   * @param text of the entry, as the ledger kept it
   */
  restore(text: string, requestId: RequestId, openedAtWallMs: number): void {
    this.#forgetOld();
    const [, owner, slot, bodyDigest] = TEXT.exec(text) ?? [];
    if (owner === undefined || slot === undefined || bodyDigest === undefined) return;
    const ageMs = Math.max(0, this.#clock.wallMs() - openedAtWallMs);
    if (ageMs >= this.#keepMs || this.#entries.has(slot) || !this.#hasRoom(owner)) return;
    const entry = new Entry(this, owner, slot, bodyDigest, requestId);
    this.#add(entry);
    entry.dispatched();
    entry.end();
    entry.forgottenAtMs -= ageMs;
  }

  /** All that earlier runs have done has been taken over. */
  restored(): void {
    this.#isReady = true;
  }

  /** For entries alone: done, and remembered for a while. */
  keep(entry: Entry): void {
    entry.forgottenAtMs = this.#clock.monotonicMs() + this.#keepMs;
    this.#done.add(entry);
  }

  /** For entries alone: as if it had never come. */
  forget(entry: Entry): void {
    this.#done.delete(entry);
    this.#entries.delete(entry.slot);
    const count = (this.#countOf.get(entry.owner) ?? 0) - 1;
    if (count > 0) this.#countOf.set(entry.owner, count);
    else this.#countOf.delete(entry.owner);
  }

  /** Restored ones may not have come in order, so that one may be past its time and still here. */
  #remembered(slot: string): Entry | null {
    const known = this.#entries.get(slot) ?? null;
    if (known === null || known.forgottenAtMs > this.#clock.monotonicMs()) return known;
    this.forget(known);
    return null;
  }

  #add(entry: Entry): void {
    this.#entries.set(entry.slot, entry);
    this.#countOf.set(entry.owner, (this.#countOf.get(entry.owner) ?? 0) + 1);
  }

  #hasRoom(owner: string): boolean {
    return this.#entries.size < this.#entriesMax && (this.#countOf.get(owner) ?? 0) < this.#perKeyMax;
  }

  #forgetOld(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const entry of this.#done) {
      if (entry.forgottenAtMs > nowMs) return;
      this.forget(entry);
    }
  }
}
