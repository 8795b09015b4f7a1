/** Limits under a thousand callers: exact, equal to a count of all that happened, and without a leak. */
import { describe, expect, test } from "vitest";
import type { KeyId } from "../../src/core/ids.ts";
import {
  type Budget,
  budgetPeriods,
  type LimitSettings,
  type SpenderKind,
  UNLIMITED,
} from "../../src/core/limits.ts";
import type { Claim, Permit, Used } from "../../src/limits/call-limits.ts";
import { GatewayLimits, type LimitsConfig } from "../../src/limits/gateway-limits.ts";
import { HandClock } from "../support/hand-clock.ts";
import { budget, claimOf, configOf, limitsOf } from "../support/limit-claims.ts";
import { type Call, NaiveLimits } from "../support/naive-limits.ts";
import { Seeded } from "../support/seeded.ts";

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);
const CALLERS = 1_000;
const KEYS = ["a", "b", "c", "d", "e"].map((name) => `key_${name}` as KeyId) as [KeyId, ...KeyId[]];
const MODELS = ["m1", "m2", "m3"] as [string, ...string[]];
/** Half an hour before a Sunday ends, and with it a week; the month ends a day later. */
const SUNDAY_NIGHT = Date.parse("2026-08-30T23:30:00+08:00");

describe("a thousand callers for exactly K slots", () => {
  const kinds = (slots: number): [string, LimitSettings][] => [
    ["requests", limitsOf({ requestsPerMinute: slots })],
    ["tokens", limitsOf({ tokensPerMinute: 100 * slots })],
    ["at once", limitsOf({ concurrent: slots })],
    ["budget of tokens", budget(100 * slots, "tokens")],
    ["budget of yuan", budget(100 * slots, "cny", "month")],
  ];

  test.each(SEEDS)("K are let in, whoever comes when (seed %d)", (seed) => {
    const chance = new Seeded(seed);
    for (const payer of ["key", "model", "total"] as const) {
      const slots = seed === 1 ? 100 : 1 + chance.below(CALLERS - 1);
      for (const [name, settings] of kinds(slots)) {
        const clock = new HandClock();
        const limits = new GatewayLimits({ config: configOf({ [payer]: settings }), clock });
        limits.restore([], clock.nowWallMs);
        let admitted = 0;
        for (let caller = 0; caller < CALLERS; caller++) {
          const verdict = limits.claim(claimOf({ tokens: 100 }));
          if (verdict.kind === "granted") admitted++;
        }
        expect(admitted, `${name} of the ${payer}`).toBe(slots);
        expect(limits.inFlight).toBe(slots);
      }
    }
  });
});

type Flight = {
  readonly call: Call;
  readonly permit: Permit;
  readonly endsAtMs: number;
  readonly used: Used | null;
};

/** Limits drawn by lot: each is there or not, and narrow enough to be met. */
function drawLimits(chance: Seeded, share: number, isAlwaysBudgeted: boolean): LimitSettings {
  const drawn = (bound: number): number | null => (chance.below(2) === 0 ? null : 1 + chance.below(bound));
  const budgets: Budget[] = [];
  for (const period of budgetPeriods) {
    if (chance.below(3) === 0)
      budgets.push({ unit: "tokens", period, amount: 1 + chance.below(60_000 * share) });
    if (chance.below(3) === 0)
      budgets.push({ unit: "cny", period, amount: 1 + chance.below(60_000 * share) });
  }
  // The real limits look at the calendar only where there is a budget.
  if (isAlwaysBudgeted) budgets.splice(0, 8, { unit: "tokens", period: "day", amount: 400_000 });
  return {
    requestsPerMinute: drawn(20 * share),
    tokensPerMinute: drawn(2_000 * share),
    concurrent: drawn(6 * share),
    budgets,
  };
}

class Mix {
  readonly chance: Seeded;
  readonly clock = new HandClock();
  readonly settings = new Map<string, LimitSettings>();
  readonly limits: GatewayLimits;
  readonly naive: NaiveLimits;
  readonly flights: Flight[] = [];
  readonly canOverrun: boolean;
  readonly doesWallJump: boolean;
  granted = 0;
  refused = 0;

  constructor(seed: number) {
    this.chance = new Seeded(seed);
    this.canOverrun = seed % 2 === 1;
    this.doesWallJump = seed % 5 === 0;
    this.clock.nowWallMs = SUNDAY_NIGHT;
    for (const key of KEYS) this.settings.set(`key ${key}`, drawLimits(this.chance, 1, false));
    for (const model of MODELS) this.settings.set(`model ${model}`, drawLimits(this.chance, 2, false));
    this.settings.set("all ", drawLimits(this.chance, 4, true));
    const { clock } = this;
    this.limits = new GatewayLimits({ config: this.config(), clock, alarm: clock.alarm });
    this.limits.restore([], clock.nowWallMs);
    this.naive = new NaiveLimits((kind, name) => this.settingsOf(kind, name), clock.nowWallMs);
  }

  config(): LimitsConfig {
    const models = new Map(MODELS.map((model) => [model, this.settingsOf("model", model)]));
    return { keyDefaults: UNLIMITED, total: this.settingsOf("all", ""), models, queue: null };
  }

  settingsOf(kind: SpenderKind, name: string): LimitSettings {
    return this.settings.get(`${kind} ${name}`) ?? UNLIMITED;
  }

  get second(): number {
    return Math.floor(this.clock.monotonicMs() / 1_000);
  }

  draw(): Claim {
    const { chance } = this;
    const tokens = chance.below(300);
    const keyId = chance.pick(KEYS);
    return {
      keyId,
      keyLimits: this.settingsOf("key", keyId),
      alias: chance.pick(MODELS),
      tokens,
      tokensMax: tokens + chance.below(200),
      costMax: chance.below(20) === 0 ? null : chance.below(500),
    };
  }

  /** The same from both: granted, or refused for the same fault. */
  claim(claim: Claim): ReturnType<GatewayLimits["claim"]> {
    const { clock, naive } = this;
    naive.see(clock.nowWallMs);
    const fault = naive.faultOf(claim, this.second);
    const verdict = this.limits.claim(claim);
    expect(verdict.kind === "granted" ? null : verdict.refusal.fault).toBe(fault);
    if (verdict.kind === "refused") {
      this.refused++;
      return verdict;
    }
    this.granted++;
    const call = naive.add(claim, this.second);
    const openedAtWallMs = clock.nowWallMs + this.chance.below(50);
    const endsAtMs = clock.monotonicMs() + this.chance.below(this.chance.pick([500, 5_000, 120_000]));
    this.flights.push({ call, permit: verdict.permit, endsAtMs, used: this.#use(claim, openedAtWallMs) });
    return verdict;
  }

  #use({ tokens, tokensMax, costMax }: Claim, openedAtWallMs: number): Used | null {
    const { chance } = this;
    if (chance.below(10) === 0) return null;
    const beyond = this.canOverrun ? chance.below(200) : 0;
    const used = chance.pick([chance.below(tokensMax + 1), Math.min(tokens, tokensMax)]) + beyond;
    return {
      tokens: used,
      cost: costMax === null ? null : chance.below(costMax + 1) + beyond,
      openedAtWallMs,
    };
  }

  /** Settles what has ended by now, in no order. */
  settle(byMs: number): void {
    for (const flight of this.flights.splice(0)) {
      if (flight.endsAtMs > byMs) {
        this.flights.push(flight);
        continue;
      }
      flight.permit.settle(flight.used);
      flight.call.settled = { used: flight.used, second: this.second };
      if (flight.used !== null) this.naive.see(flight.used.openedAtWallMs);
      if (this.chance.below(4) === 0) flight.permit.settle(flight.used);
    }
  }

  move(): void {
    const { chance, clock } = this;
    clock.advance(chance.pick([0, 0, 0, 100, 700, 3_000, chance.below(30_000), chance.below(600_000)]));
    if (this.doesWallJump && chance.below(20) === 0) clock.nowWallMs += (chance.below(5) - 2) * 40_000_000;
  }

  /** Were nobody to come, the claim would pass after the time it was told, and not a millisecond before. */
  expectHonest(claim: Claim, retryAfterMs: number): void {
    this.clock.advance(retryAfterMs - 1);
    expect(this.limits.look(claim)).not.toBeNull();
    this.clock.advance(1);
    expect(this.limits.look(claim)).toBeNull();
  }

  spenders(): [SpenderKind, string][] {
    return [
      ...KEYS.map((key): [SpenderKind, string] => ["key", key]),
      ...MODELS.map((model): [SpenderKind, string] => ["model", model]),
      ["all", ""],
    ];
  }

  expectNoOverspending(): void {
    for (const [kind, name] of this.spenders()) {
      const spent = this.limits.spendingOf(kind, name);
      for (const { unit, amount, period } of this.settingsOf(kind, name).budgets) {
        expect(unit === "cny" ? spent[period].cost : spent[period].tokens).toBeLessThanOrEqual(amount);
      }
    }
  }

  expectEqualToRows(): void {
    const { clock, naive } = this;
    naive.see(clock.nowWallMs);
    const rebuilt = new GatewayLimits({ config: this.config(), clock });
    rebuilt.restore(
      this.spenders().map(([kind, name]) => naive.sums(kind, name, naive.today)),
      clock.nowWallMs,
    );
    for (const [kind, name] of this.spenders()) {
      const live = this.limits.spendingOf(kind, name);
      expect(live).toEqual(naive.sums(kind, name, naive.today).periods);
      if (!this.doesWallJump) expect(rebuilt.spendingOf(kind, name)).toEqual(live);
    }
  }
}

describe("a thousand callers of many keys, models and limits", () => {
  let [granted, refused, told] = [0, 0, 0];

  test.each(SEEDS)("each verdict is what a count of all calls says (seed %d)", (seed) => {
    const mix = new Mix(seed);
    for (let caller = 0; caller < CALLERS; caller++) {
      mix.move();
      mix.settle(mix.clock.monotonicMs());
      const claim = mix.draw();
      const verdict = mix.claim(claim);
      if (verdict.kind === "granted") continue;
      const { fault, retryAfterMs } = verdict.refusal;
      if (retryAfterMs === null || fault !== "busy" || mix.chance.below(3) > 0) continue;
      told++;
      mix.expectHonest(claim, retryAfterMs);
      if (!mix.canOverrun) mix.expectNoOverspending();
    }
    mix.settle(Number.POSITIVE_INFINITY);
    mix.expectEqualToRows();
    if (!mix.canOverrun) mix.expectNoOverspending();
    expect(mix.limits.reservedTokens).toBe(0);
    expect(mix.limits.reservedCost).toBe(0);
    expect(mix.limits.inFlight).toBe(0);
    granted += mix.granted;
    refused += mix.refused;
  });

  test("both ends were met: many passed, many were refused, and many were told a time", () => {
    expect(granted).toBeGreaterThan(SEEDS.length * 50);
    expect(refused).toBeGreaterThan(SEEDS.length * 50);
    expect(told).toBeGreaterThan(SEEDS.length * 5);
  });
});
