/** The line under a thousand callers: nobody is forgotten, and nobody within the budget is sent away. */
import { describe, expect, test } from "vitest";
import type { KeyId } from "../../src/core/ids.ts";
import { type LimitSettings, UNLIMITED } from "../../src/core/limits.ts";
import type { Claim, Permit, Verdict } from "../../src/limits/call-limits.ts";
import { GatewayLimits, type LimitsConfig } from "../../src/limits/gateway-limits.ts";
import { HandClock } from "../support/hand-clock.ts";
import { limitsOf } from "../support/limit-claims.ts";
import { Seeded } from "../support/seeded.ts";

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);
const CALLERS = 1_000;
const KEYS = Array.from({ length: 12 }, (_, index) => `key_${index}` as KeyId) as [KeyId, ...KeyId[]];
const MODELS = ["m1", "m2", "m3"] as [string, ...string[]];
const FOR_EVER_MS = 1e9;

type Caller = { readonly claim: Claim; readonly tokensUsed: number; readonly durationMs: number };
type Flight = { readonly permit: Permit; readonly endsAtMs: number; readonly tokensUsed: number };

/** Callers who wait where they may, until everybody is through. */
class Crowd {
  readonly clock = new HandClock();
  readonly limits: GatewayLimits;
  readonly chance: Seeded;
  readonly served: Claim[] = [];
  refusals = 0;
  readonly waiting = new Set<Caller>();
  readonly leaves = new Map<Caller, () => void>();
  #flights: Flight[] = [];

  constructor(chance: Seeded, config: LimitsConfig) {
    this.chance = chance;
    this.limits = new GatewayLimits({ config, clock: this.clock, alarm: this.clock.alarm });
    this.limits.restore([], this.clock.nowWallMs);
  }

  come(caller: Caller): void {
    const verdict = this.limits.claim(caller.claim);
    const waited =
      verdict.kind === "refused"
        ? this.limits.wait(caller.claim, verdict.refusal, {
            onLeave: (leave) => void this.leaves.set(caller, leave),
          })
        : null;
    if (waited === null) {
      this.#end(caller, verdict);
      return;
    }
    this.waiting.add(caller);
    void waited.then((late) => this.#end(caller, late));
  }

  /** One of those in line goes away. */
  async leave(): Promise<void> {
    const [...callers] = this.waiting;
    const caller = callers[this.chance.below(callers.length)];
    if (caller === undefined) return;
    this.leaves.get(caller)?.();
    await null;
  }

  #end(caller: Caller, verdict: Verdict): void {
    this.waiting.delete(caller);
    if (verdict.kind === "refused") {
      this.refusals++;
      return;
    }
    this.served.push(caller.claim);
    const endsAtMs = this.clock.monotonicMs() + caller.durationMs;
    this.#flights.push({ permit: verdict.permit, endsAtMs, tokensUsed: caller.tokensUsed });
  }

  /** Time goes by; who has ended settles. */
  async move(ms: number): Promise<void> {
    this.clock.advance(ms);
    await null;
    const nowMs = this.clock.monotonicMs();
    const ended = this.#flights.filter(({ endsAtMs }) => endsAtMs <= nowMs);
    this.#flights = this.#flights.filter(({ endsAtMs }) => endsAtMs > nowMs);
    for (const { permit, tokensUsed } of ended) {
      permit.settle({ tokens: tokensUsed, cost: null, openedAtWallMs: this.clock.nowWallMs });
    }
    await null;
  }

  /** The first of each key's line, in no order. */
  firsts(): Claim[] {
    const firsts = new Map<KeyId, Claim>();
    for (const { claim } of this.waiting) if (!firsts.has(claim.keyId)) firsts.set(claim.keyId, claim);
    return [...firsts.values()];
  }

  async finish(): Promise<void> {
    for (let step = 0; this.limits.inFlight + this.limits.waiting > 0; step++) {
      if (step > 50_000) throw new Error(`${this.limits.waiting} calls wait for nothing`);
      await this.move(1_000);
    }
    expect(this.waiting.size).toBe(0);
    expect(this.limits.reservedTokens).toBe(0);
    expect(this.clock.alarmsSet).toBe(0);
  }
}

function callerOf(chance: Seeded, keyLimits: LimitSettings | null): Caller {
  const tokensMax = 100 + chance.below(400);
  const claim = {
    keyId: chance.pick(KEYS),
    keyLimits,
    alias: chance.pick(MODELS),
    tokens: tokensMax,
    tokensMax,
    costMax: null,
  };
  return { claim, tokensUsed: chance.below(tokensMax + 1), durationMs: chance.below(20_000) };
}

function configOf(parts: Partial<LimitsConfig>): LimitsConfig {
  const queue = { waitingMax: CALLERS, waitMaxMs: FOR_EVER_MS };
  return { keyDefaults: UNLIMITED, total: UNLIMITED, models: new Map(), queue, ...parts };
}

/** Narrow enough that most callers wait, and wide enough for each alone. */
function drawLimits(chance: Seeded, share: number): LimitSettings {
  return limitsOf({
    requestsPerMinute: chance.below(2) === 0 ? null : 1 + chance.below(20 * share),
    tokensPerMinute: chance.below(2) === 0 ? null : 500 + chance.below(5_000 * share),
    concurrent: chance.below(2) === 0 ? null : 1 + chance.below(5 * share),
  });
}

describe("nobody in line is forgotten", () => {
  let refusals = 0;

  test.each(SEEDS)("a first in line waits only for what has no room (seed %d)", async (seed) => {
    const chance = new Seeded(seed);
    const hasOwnLimitsOnly = seed % 2 === 0;
    const models = new Map(MODELS.map((model) => [model, drawLimits(chance, 2)]));
    const shared = hasOwnLimitsOnly ? {} : { models, total: drawLimits(chance, 4) };
    const crowd = new Crowd(chance, configOf({ keyDefaults: drawLimits(chance, 1), ...shared }));
    for (let caller = 0; caller < CALLERS; caller++) {
      crowd.come(callerOf(chance, null));
      if (chance.below(3) === 0) await crowd.move(chance.below(4_000));
      if (chance.below(10) === 0) await crowd.leave();
      const firsts = crowd.firsts();
      const blocked = firsts.filter((claim) => crowd.limits.look(claim) !== null);
      // What others share may be held for who is first in turn, and the first of all is held up by nobody.
      if (hasOwnLimitsOnly) expect(blocked).toHaveLength(firsts.length);
      else if (firsts.length > 0) expect(blocked.length).toBeGreaterThan(0);
    }
    await crowd.finish();
    expect(crowd.served.length + crowd.refusals).toBe(CALLERS);
    expect(crowd.refusals).toBeLessThanOrEqual(crowd.leaves.size);
    refusals += crowd.refusals;
  });

  test("some left the line", () => {
    expect(refusals).toBeGreaterThan(SEEDS.length);
  });
});

describe("a budget that covers all who come", () => {
  let waits = 0;

  test.each(SEEDS)("serves every one of them, one behind the other (seed %d)", async (seed) => {
    const chance = new Seeded(seed);
    const callers = Array.from({ length: CALLERS }, () => callerOf(chance, null));
    // The last call reserves its most beside what all others have used.
    const amount = 500 + callers.reduce((sum, { tokensUsed }) => sum + tokensUsed, 0);
    const total = limitsOf({ budgets: [{ unit: "tokens", period: "all", amount }] });
    const crowd = new Crowd(chance, configOf({ total }));
    for (const caller of callers) {
      crowd.come(caller);
      waits += crowd.waiting.has(caller) ? 1 : 0;
      if (chance.below(50) === 0) await crowd.move(chance.below(2_000));
    }
    await crowd.finish();
    expect(crowd.refusals).toBe(0);
    expect(crowd.served).toHaveLength(CALLERS);
    expect(crowd.limits.spendingOf("all", "").all.tokens).toBe(amount - 500);
  });

  test("many of them had to wait", () => {
    expect(waits).toBeGreaterThan((SEEDS.length * CALLERS) / 10);
  });
});

describe("turns", () => {
  test.each(SEEDS)("between two calls of a key, each other key in line has one (seed %d)", async (seed) => {
    const chance = new Seeded(seed);
    const crowd = new Crowd(chance, configOf({ total: limitsOf({ concurrent: 1 + chance.below(4) }) }));
    const callers = Array.from({ length: CALLERS }, () => callerOf(chance, null));
    const greedy = callers.map((caller, index) =>
      index < CALLERS - KEYS.length
        ? {
            ...caller,
            claim: { ...caller.claim, keyId: chance.pick([KEYS[0], KEYS[0], KEYS[0], caller.claim.keyId]) },
          }
        : caller,
    );
    for (const caller of greedy) crowd.come(caller);
    const before = crowd.served.length;
    const left = new Map<KeyId, number>();
    for (const { claim } of crowd.waiting) left.set(claim.keyId, (left.get(claim.keyId) ?? 0) + 1);
    await crowd.finish();
    for (let turn = crowd.served.slice(before); turn.length > 0; ) {
      const keys = new Set(left.keys());
      const round = turn.slice(0, keys.size).map(({ keyId }) => keyId);
      expect(new Set(round)).toEqual(keys);
      for (const keyId of round) {
        const rest = (left.get(keyId) ?? 0) - 1;
        if (rest === 0) left.delete(keyId);
        else left.set(keyId, rest);
      }
      turn = turn.slice(keys.size);
    }
    expect(left.size).toBe(0);
  });
});
