/** Proves by random histories that a request to be done once is never alive twice, nor forgotten too soon. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyId, RequestId } from "../../src/core/ids.ts";
import { IdempotencyBook, type IdempotencyEntry } from "../../src/keys/idempotency.ts";
import { StillClock } from "../support/key-records.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

const SHARE = 0.04;
const ENTRIES_MAX = 6;
const PER_KEY_MAX = 3;
const KEEP_MS = 1_000;

type Step =
  | { readonly kind: "begin"; readonly key: string; readonly word: string; readonly body: string }
  | { readonly kind: "dispatch" | "end"; readonly place: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "restart" };

/** One request as the model has it. */
type Known = {
  readonly name: string;
  readonly key: string;
  readonly body: string;
  readonly requestId: RequestId;
  readonly openedAtWallMs: number;
  readonly entry: IdempotencyEntry;
  wasDispatched: boolean;
  /** On the monotonic clock; null while it runs. */
  forgottenAtMs: number | null;
};

class History {
  readonly #clock = new StillClock();
  #book = this.#open();
  /** What must be remembered now. */
  #known: Known[] = [];
  #requests = 0;
  /** Every entry there ever was: also those that are over may be told again that they are. */
  readonly #entries: IdempotencyEntry[] = [];

  take(step: Step): void {
    switch (step.kind) {
      case "begin":
        this.#begin(step.key, step.word, step.body);
        break;
      case "dispatch":
        this.#dispatch(step.place);
        break;
      case "end":
        this.#end(step.place);
        break;
      case "wait":
        this.#clock.nowMs += step.ms;
        this.#forget();
        break;
      case "restart":
        this.#restart();
    }
  }

  #open(): IdempotencyBook {
    const bounds = { entriesMax: ENTRIES_MAX, perKeyMax: PER_KEY_MAX, keepMs: KEEP_MS };
    return new IdempotencyBook({ clock: this.#clock, ...bounds });
  }

  #begin(key: string, word: string, body: string): void {
    const requestId = `req_${++this.#requests}` as RequestId;
    const name = `${key} ${word}`;
    const known = this.#known.find((each) => each.name === name);
    const begun = this.#book.begin({
      keyId: key as KeyId,
      idempotencyKey: word,
      bodyDigest: body,
      requestId,
    });
    if (known === undefined) {
      const ofKey = this.#known.filter((each) => each.key === key).length;
      const isFull = this.#known.length >= ENTRIES_MAX || ofKey >= PER_KEY_MAX;
      expect(begun.kind).toBe(isFull ? "full" : "fresh");
    } else if (known.body !== body) {
      expect(begun).toEqual({ kind: "mismatch" });
    } else {
      const kind = known.forgottenAtMs === null ? "running" : "done";
      expect(begun).toEqual({ kind, requestId: known.requestId });
    }
    if (begun.kind !== "fresh") return;
    const { entry } = begun;
    const openedAtWallMs = this.#clock.wallMs();
    this.#entries.push(entry);
    const state = { wasDispatched: false, forgottenAtMs: null };
    this.#known.push({ name, key, body, requestId, openedAtWallMs, entry, ...state });
    expect(this.#book.size).toBe(this.#known.length);
  }

  #dispatch(place: number): void {
    const entry = this.#entries.at(-1 - place);
    entry?.dispatched();
    const known = this.#running(entry);
    if (known !== undefined) known.wasDispatched = true;
  }

  #end(place: number): void {
    const entry = this.#entries.at(-1 - place);
    entry?.end();
    const known = this.#running(entry);
    if (known === undefined) return;
    if (known.wasDispatched) known.forgottenAtMs = this.#clock.nowMs + KEEP_MS;
    else this.#known = this.#known.filter((each) => each !== known);
  }

  #running(entry: IdempotencyEntry | undefined): Known | undefined {
    return this.#known.find((each) => each.entry === entry && each.forgottenAtMs === null);
  }

  #forget(): void {
    const nowMs = this.#clock.nowMs;
    this.#known = this.#known.filter(({ forgottenAtMs }) => forgottenAtMs === null || forgottenAtMs > nowMs);
  }

  /** The ledger knows of what was dispatched, and when it was opened; the rest has made no call. */
  #restart(): void {
    this.#book = this.#open();
    this.#known = this.#known.filter(({ wasDispatched }) => wasDispatched);
    for (const known of this.#known) {
      const { entry, requestId, openedAtWallMs } = known;
      this.#book.restore(entry.text, requestId, openedAtWallMs);
      known.forgottenAtMs = openedAtWallMs - this.#clock.wallMs() + this.#clock.nowMs + KEEP_MS;
    }
    this.#forget();
    expect(this.#book.size).toBe(this.#known.length);
  }
}

/** Counted from the last one that was fresh: some of them are over already. */
const place = fc.nat(8);
const begin = fc.record({
  kind: fc.constant("begin" as const),
  key: fc.constantFrom("key_a", "key_a", "key_b", "key_c"),
  word: fc.constantFrom("one", "two", "three", "four"),
  body: fc.constantFrom("b0d1", "b0d1", "b0d1", "0ther"),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: begin },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("dispatch" as const), place }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("end" as const), place }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, 400, 999, 1_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
);

test("what the book says is what its history says", { timeout: propertyTimeoutMs(SHARE) }, () => {
  const property = fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
    const history = new History();
    for (const each of steps) history.take(each);
  });
  fc.assert(property, propertyRuns(SHARE));
});
