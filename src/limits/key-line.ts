/** Who waits with one key, the first to come first. */
import type { KeyId } from "../core/ids.ts";
import type { SpenderKind } from "../core/limits.ts";
import type { Claim, LimitRefusal, Verdict } from "./call-limits.ts";

export class Waiter {
  readonly claim: Claim;
  /** Why it waits. */
  readonly refusal: LimitRefusal;
  readonly arrivedAtMs: number;
  readonly #resolve: (verdict: Verdict) => void;
  /** Null once it no longer waits. */
  line: KeyLine | null = null;
  before: Waiter | null = null;
  behind: Waiter | null = null;

  constructor(claim: Claim, refusal: LimitRefusal, arrivedAtMs: number, resolve: (verdict: Verdict) => void) {
    this.claim = claim;
    this.refusal = refusal;
    this.arrivedAtMs = arrivedAtMs;
    this.#resolve = resolve;
  }

  end(verdict: Verdict): void {
    this.line?.remove(this);
    this.#resolve(verdict);
  }

  refuse(refusal: LimitRefusal): void {
    this.end({ kind: "refused", refusal });
  }
}

export class KeyLine {
  readonly keyId: KeyId;
  first: Waiter | null = null;
  #last: Waiter | null = null;
  /** Whose limit stopped the first when it was last tried; null: it is to be tried. */
  blockedBy: SpenderKind | null = null;
  /** When that limit will have room without anybody's settling, by the monotonic clock; Infinity: unknown. */
  retryAtMs = Number.POSITIVE_INFINITY;

  constructor(keyId: KeyId) {
    this.keyId = keyId;
  }

  /** Whether what a call of this key and this model has given back may be what the first waits for. */
  waitsFor(keyId: string, alias: string): boolean {
    if (this.blockedBy === "key") return this.keyId === keyId;
    return this.blockedBy !== "model" || this.first?.claim.alias === alias;
  }

  block(by: SpenderKind | null, retryAtMs: number): void {
    this.blockedBy = by;
    this.retryAtMs = retryAtMs;
  }

  append(waiter: Waiter): void {
    waiter.line = this;
    waiter.before = this.#last;
    if (this.#last === null) this.first = waiter;
    else this.#last.behind = waiter;
    this.#last = waiter;
  }

  remove(waiter: Waiter): void {
    if (waiter.before === null) {
      this.first = waiter.behind;
      this.block(null, Number.POSITIVE_INFINITY);
    } else {
      waiter.before.behind = waiter.behind;
    }
    if (waiter.behind === null) this.#last = waiter.before;
    else waiter.behind.before = waiter.before;
    waiter.line = null;
    waiter.before = null;
    waiter.behind = null;
  }
}
