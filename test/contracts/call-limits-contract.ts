/** What limits on calls must do: keep every bound, refund exactly, and tell honest words and times. */
import { describe, expect, test } from "vitest";
import { type BudgetPeriod, type LimitSettings, UNLIMITED } from "../../src/core/limits.ts";
import type { CallLimits } from "../../src/limits/call-limits.ts";
import type { LimitsConfig } from "../../src/limits/gateway-limits.ts";
import { HandClock } from "../support/hand-clock.ts";
import {
  budget,
  type ConfigParts,
  claimOf,
  configOf,
  granted,
  KEY,
  limitsOf,
  OTHER_KEY,
  refused,
  used,
} from "../support/limit-claims.ts";

export interface OpenLimits extends CallLimits {
  readonly reservedTokens: number;
  readonly reservedCost: number;
  readonly inFlight: number;
}
/** Makes limits that know what earlier runs have spent: nothing. */
export type OpenLimitsFor = (config: LimitsConfig, clock: HandClock) => OpenLimits;

const PAYERS = ["key", "model", "total"] as const;
const OWNER = { key: "this key's", model: "this model's", total: "the gateway's" } as const;

type Kind = {
  readonly name: string;
  /** Settings that let three claims of claimOf() pass. */
  readonly three: LimitSettings;
  readonly words: string;
  /** Whether a call that has used all it claimed leaves its place free. */
  readonly isFreedBySettling: boolean;
};
const KINDS: readonly Kind[] = [
  {
    name: "requests per minute",
    three: limitsOf({ requestsPerMinute: 3 }),
    words: "limit of 3 requests per minute",
    isFreedBySettling: false,
  },
  {
    name: "tokens per minute",
    three: limitsOf({ tokensPerMinute: 300 }),
    words: "limit of 300 tokens per minute",
    isFreedBySettling: false,
  },
  {
    name: "calls at once",
    three: limitsOf({ concurrent: 3 }),
    words: "limit of 3 calls at once",
    isFreedBySettling: true,
  },
  {
    name: "a budget in tokens",
    three: budget(300, "tokens"),
    words: "budget of 300 tokens per day",
    isFreedBySettling: false,
  },
  {
    name: "a budget in yuan",
    three: budget(300, "cny", "month"),
    words: "budget of 0.0003 yuan per month",
    isFreedBySettling: false,
  },
];

const CASES = PAYERS.flatMap((payer) => KINDS.map((kind) => ({ payer, ...kind })));

function expectNothingTaken(limits: OpenLimits): void {
  expect(limits.reservedTokens).toBe(0);
  expect(limits.reservedCost).toBe(0);
  expect(limits.inFlight).toBe(0);
}

export function callLimitsContract(name: string, open: OpenLimitsFor): void {
  describe(`the limits ${name}`, () => {
    boundTests(open);
    settlingTests(open);
    retryTests(open);
    budgetTests(open);
    faultTests(open);
  });
}

function opened(open: OpenLimitsFor, parts: ConfigParts): { limits: OpenLimits; clock: HandClock } {
  const clock = new HandClock();
  return { limits: open(configOf(parts), clock), clock };
}

function boundTests(open: OpenLimitsFor): void {
  test.each(CASES)("$name of the $payer: three pass and a fourth does not", ({ payer, three, words }) => {
    const { limits } = opened(open, { [payer]: three });
    for (let call = 0; call < 3; call++) granted(limits, claimOf());
    const { message } = refused(limits, claimOf());
    expect(message.toLowerCase()).toContain(`${OWNER[payer]} ${words}`);
    expect(message).toMatch(/\. (?:Try|It|Bound|Send|Ask|Use) .*\.$/s);
    expect(message).not.toContain(KEY);
    expect(limits.inFlight).toBe(3);
  });

  test.each(CASES)("$name of the $payer: settling gives back what it should", (parts) => {
    const { limits, clock } = opened(open, { [parts.payer]: parts.three });
    const permits = [1, 2, 3].map(() => granted(limits, claimOf()));
    for (const permit of permits) permit.settle(used(100, 100, clock.nowWallMs));
    expect(limits.claim(claimOf()).kind).toBe(parts.isFreedBySettling ? "granted" : "refused");
  });

  test.each(CASES)("$name of the $payer: what was not used is all given back, once", ({ payer, three }) => {
    const { limits } = opened(open, { [payer]: three });
    const permits = [1, 2, 3].map(() => granted(limits, claimOf()));
    permits[0]?.settle(null);
    permits[0]?.settle(null);
    permits[0]?.settle(used(100, 100, 0));
    permits[1]?.settle(null);
    const again = [1, 2].map(() => granted(limits, claimOf()));
    refused(limits, claimOf());
    for (const permit of [...permits, ...again]) permit.settle(null);
    expectNothingTaken(limits);
  });

  test.each(KINDS)("$name: a refused call has taken nothing, of anybody", ({ three }) => {
    const { limits } = opened(open, { key: limitsOf({ requestsPerMinute: 9 }), total: three });
    for (let call = 0; call < 3; call++) granted(limits, claimOf());
    const standing = limits.standingOf(KEY, null);
    refused(limits, claimOf());
    expect(limits.standingOf(KEY, null)).toEqual(standing);
    expect(limits.reservedTokens).toBe(300);
    expect(limits.inFlight).toBe(3);
  });

  test("a key's limits stop this key alone, a model's this model alone", () => {
    const one = limitsOf({ concurrent: 1 });
    const byKey = opened(open, { key: one }).limits;
    granted(byKey, claimOf());
    refused(byKey, claimOf());
    granted(byKey, claimOf({ keyId: OTHER_KEY }));
    const byModel = opened(open, { model: one }).limits;
    granted(byModel, claimOf());
    refused(byModel, claimOf({ keyId: OTHER_KEY }));
    granted(byModel, claimOf({ alias: "another" }));
  });

  test("a key's own limit goes before the default, which holds where it has none", () => {
    const { limits } = opened(open, { key: limitsOf({ concurrent: 1, requestsPerMinute: 3 }) });
    const claim = claimOf({ keyLimits: limitsOf({ concurrent: 5 }) });
    for (let call = 0; call < 3; call++) granted(limits, claim);
    expect(refused(limits, claim).message).toContain("3 requests per minute");
  });
}

function settlingTests(open: OpenLimitsFor): void {
  test("of tokens per minute, the part that was not used goes back to the slot it came from", () => {
    const { limits, clock } = opened(open, { key: limitsOf({ tokensPerMinute: 100 }) });
    const permit = granted(limits, claimOf({ tokens: 100 }));
    clock.advance(30_000);
    permit.settle(used(40, null, clock.nowWallMs));
    refused(limits, claimOf({ tokens: 61 }));
    granted(limits, claimOf({ tokens: 60 }));
    // The first 40 were taken a minute ago by then, the 60 were not.
    clock.advance(31_000);
    refused(limits, claimOf({ tokens: 41 }));
    granted(limits, claimOf({ tokens: 40 }));
  });

  test("what goes back after its slot has left the window makes no room", () => {
    const { limits, clock } = opened(open, { key: limitsOf({ tokensPerMinute: 100 }) });
    const permit = granted(limits, claimOf({ tokens: 100 }));
    clock.advance(61_000);
    granted(limits, claimOf({ tokens: 50 }));
    permit.settle(used(10, null, clock.nowWallMs));
    refused(limits, claimOf({ tokens: 51 }));
    granted(limits, claimOf({ tokens: 50 }));
  });

  test("what was used beyond the estimate counts from when it is known", () => {
    const { limits, clock } = opened(open, { key: limitsOf({ tokensPerMinute: 100 }) });
    const permit = granted(limits, claimOf({ tokens: 10 }));
    clock.advance(30_000);
    permit.settle(used(130, null, clock.nowWallMs));
    expect(limits.standingOf(KEY, null)?.tokens).toMatchObject({ limit: 100, remaining: 0 });
    clock.advance(60_000);
    refused(limits, claimOf({ tokens: 1 }));
    clock.advance(1_000);
    granted(limits, claimOf({ tokens: 100 }));
  });

  test("a budget is charged what was used, be it less or more than was reserved", () => {
    const { limits, clock } = opened(open, { key: budget(1_000, "tokens") });
    granted(limits, claimOf({ tokensMax: 1_000 })).settle(used(400, null, clock.nowWallMs));
    granted(limits, claimOf({ tokensMax: 100 })).settle(used(500, null, clock.nowWallMs));
    refused(limits, claimOf({ tokensMax: 101 }));
    granted(limits, claimOf({ tokensMax: 100 }));
  });

  test("how a key's limits per minute stand", () => {
    const { limits, clock } = opened(open, { key: limitsOf({ requestsPerMinute: 3 }) });
    expect(limits.standingOf(KEY, null)?.requests).toEqual({ limit: 3, remaining: 3, resetMs: 0 });
    granted(limits, claimOf());
    clock.advance(10_500);
    granted(limits, claimOf());
    const standing = limits.standingOf(KEY, null);
    expect(standing?.tokens).toBeNull();
    expect(standing?.requests).toEqual({ limit: 3, remaining: 1, resetMs: 60_500 });
    clock.advance(60_500);
    expect(limits.standingOf(KEY, null)?.requests).toEqual({ limit: 3, remaining: 3, resetMs: 0 });
    expect(limits.standingOf(KEY, limitsOf({ tokensPerMinute: 7 }))?.tokens?.limit).toBe(7);
    expect(opened(open, {}).limits.standingOf(KEY, limitsOf({ concurrent: 1 }))).toBeNull();
  });
}

function retryTests(open: OpenLimitsFor): void {
  const paced = CASES.filter(({ name }) => name.endsWith("per minute"));

  test.each(paced)("$name of the $payer: passes after the time it was told, and not before", (parts) => {
    const { limits, clock } = opened(open, { [parts.payer]: parts.three });
    for (const pauseMs of [250, 7_300, 41_000]) {
      granted(limits, claimOf());
      clock.advance(pauseMs);
    }
    const { fault, retryAfterMs } = refused(limits, claimOf());
    expect(fault).toBe("busy");
    expect(retryAfterMs).toBeGreaterThan(0);
    clock.advance((retryAfterMs ?? 0) - 1);
    expect(refused(limits, claimOf()).retryAfterMs).toBe(1);
    clock.advance(1);
    granted(limits, claimOf());
  });

  test("the longest of all limits in the way is told", () => {
    const key = limitsOf({ requestsPerMinute: 1 });
    const { limits, clock } = opened(open, { key, total: limitsOf({ tokensPerMinute: 200 }) });
    granted(limits, claimOf());
    clock.advance(20_000);
    granted(limits, claimOf({ keyId: OTHER_KEY }));
    const { retryAfterMs, message } = refused(limits, claimOf({ tokens: 150 }));
    expect(message).toMatch(/^The gateway's limit of 200 tokens per minute/);
    clock.advance((retryAfterMs ?? 0) - 1);
    refused(limits, claimOf({ tokens: 150 }));
    clock.advance(1);
    granted(limits, claimOf({ tokens: 150 }));
  });

  test("no time is told for what only others' ending makes free", () => {
    const paced = limitsOf({ requestsPerMinute: 1, concurrent: 1 });
    const { limits } = opened(open, { key: paced });
    granted(limits, claimOf());
    expect(refused(limits, claimOf())).toMatchObject({ fault: "busy", retryAfterMs: null });
  });
}

function budgetTests(open: OpenLimitsFor): void {
  const ends: readonly [BudgetPeriod, string][] = [
    ["day", "2026-08-28T00:00:00+08:00"],
    ["week", "2026-08-31T00:00:00+08:00"],
    ["month", "2026-09-01T00:00:00+08:00"],
  ];

  test.each(ends)("a budget per %s begins anew when its period ends in Beijing", (period, end) => {
    const { limits, clock } = opened(open, { key: budget(100, "tokens", period) });
    granted(limits, claimOf()).settle(used(100, null, clock.nowWallMs));
    const { fault, retryAfterMs, message } = refused(limits, claimOf({ tokensMax: 1 }));
    expect(fault).toBe("exhausted");
    expect(clock.nowWallMs + (retryAfterMs ?? 0)).toBe(Date.parse(end));
    expect(message).toContain(end.slice(0, 16));
    clock.advance((retryAfterMs ?? 0) - 1);
    refused(limits, claimOf());
    clock.advance(1);
    granted(limits, claimOf());
  });

  test("a budget in all never begins anew", () => {
    const { limits, clock } = opened(open, { key: budget(100, "tokens", "all") });
    granted(limits, claimOf()).settle(used(60, null, clock.nowWallMs));
    clock.advance(400 * 86_400_000);
    expect(refused(limits, claimOf())).toMatchObject({ fault: "exhausted", retryAfterMs: null });
    granted(limits, claimOf({ tokensMax: 40 }));
  });

  test("what is only reserved makes a budget busy, not exhausted", () => {
    const { limits } = opened(open, { key: budget(150, "cny") });
    const permit = granted(limits, claimOf());
    expect(refused(limits, claimOf())).toMatchObject({ fault: "busy", retryAfterMs: null });
    permit.settle(used(50, 50, 0));
    granted(limits, claimOf());
  });

  test("a wall clock that goes back resets nothing, now or when the day comes again", () => {
    const { limits, clock } = opened(open, { key: budget(100, "tokens", "day") });
    const spend = (tokensMax: number) =>
      granted(limits, claimOf({ tokensMax })).settle(used(tokensMax, null, clock.nowWallMs));
    spend(100);
    clock.nowWallMs += 86_400_000;
    spend(70);
    clock.nowWallMs -= 86_400_000;
    refused(limits, claimOf({ tokensMax: 31 }));
    spend(20);
    clock.nowWallMs += 86_400_000;
    refused(limits, claimOf({ tokensMax: 11 }));
    spend(10);
    refused(limits, claimOf({ tokensMax: 1 }));
    clock.nowWallMs += 86_400_000;
    spend(100);
  });

  test("a call counts in the period of its row, not in the one in which it ends", () => {
    const { limits, clock } = opened(open, { key: budget(100, "tokens") });
    const openedAtWallMs = clock.nowWallMs;
    const permit = granted(limits, claimOf());
    clock.advance(86_400_000);
    expect(refused(limits, claimOf()).fault).toBe("busy");
    permit.settle(used(100, null, openedAtWallMs));
    granted(limits, claimOf()).settle(used(100, null, clock.nowWallMs));
    expect(refused(limits, claimOf()).fault).toBe("exhausted");
  });
}

function faultTests(open: OpenLimitsFor): void {
  test.each(PAYERS)("a call larger than the whole limit of the %s never passes", (payer) => {
    const byMinute = opened(open, { [payer]: limitsOf({ tokensPerMinute: 99 }) }).limits;
    expect(refused(byMinute, claimOf())).toMatchObject({ fault: "too_large", retryAfterMs: null });
    granted(byMinute, claimOf({ tokens: 99 }));
    for (const unit of ["tokens", "cny"] as const) {
      const { limits } = opened(open, { [payer]: budget(99, unit) });
      expect(refused(limits, claimOf())).toMatchObject({ fault: "too_large", retryAfterMs: null });
      granted(limits, claimOf({ tokensMax: 99, costMax: 99 }));
    }
  });

  test("a budget in yuan does not cover a call without a price, one in tokens does", () => {
    const { limits } = opened(open, { model: budget(1_000, "cny") });
    const refusal = refused(limits, claimOf({ costMax: null }));
    expect(refusal).toMatchObject({ fault: "unpriced", retryAfterMs: null });
    expect(refusal.message).toContain("this model's budget of 0.001 yuan per day");
    granted(opened(open, { model: budget(1_000, "tokens") }).limits, claimOf({ costMax: null }));
  });

  test("the gravest of several faults is told", () => {
    const { limits } = opened(open, { key: limitsOf({ concurrent: 1 }), model: budget(150, "tokens") });
    granted(limits, claimOf());
    expect(refused(limits, claimOf()).fault).toBe("busy");
    expect(refused(limits, claimOf({ tokensMax: 151 })).fault).toBe("too_large");
  });

  test("a preview says what a claim would be told and how its limits stand, and takes nothing", () => {
    const key = limitsOf({ requestsPerMinute: 1, concurrent: 2 });
    const { limits } = opened(open, { key, model: budget(250, "cny") });
    expect(limits.preview(claimOf()).refusal).toBeNull();
    const permit = granted(limits, claimOf());
    const standing = {
      spender: "key",
      limit: "requests_per_minute",
      period: null,
      max: 1,
      taken: 1,
      claim: 1,
    };
    expect(limits.preview(claimOf()).limits).toEqual([
      standing,
      { ...standing, limit: "concurrent", max: 2 },
      { spender: "model", limit: "budget_cny", period: "day", max: 250, taken: 100, claim: 100 },
    ]);
    expect(limits.preview(claimOf()).refusal).toEqual(refused(limits, claimOf()));
    permit.settle(null);
    expectNothingTaken(limits);
  });

  test("without limits everything passes, and everything is counted", () => {
    const { limits } = opened(open, {});
    const permits = Array.from({ length: 50 }, () => granted(limits, claimOf({ keyLimits: UNLIMITED })));
    expect(limits.reservedTokens).toBe(5_000);
    expect(limits.reservedCost).toBe(5_000);
    for (const permit of permits) permit.settle(used(1, 1, 0));
    expectNothingTaken(limits);
  });
}
