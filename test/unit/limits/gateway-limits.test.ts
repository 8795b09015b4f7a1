/** The gateway's limits: what earlier runs have spent, and what changes while they run. */
import { describe, expect, test } from "vitest";
import { type SpenderKind, type SpendingSums, UNLIMITED } from "../../../src/core/limits.ts";
import { GatewayLimits } from "../../../src/limits/gateway-limits.ts";
import { HandClock } from "../../support/hand-clock.ts";
import {
  ALIAS,
  budget,
  type ConfigParts,
  claimOf,
  configOf,
  granted,
  KEY,
  limitsOf,
  refused,
  used,
} from "../../support/limit-claims.ts";

const NOTHING = { tokens: 0, cost: 0 };

function opened(parts: ConfigParts) {
  const clock = new HandClock();
  return { clock, limits: new GatewayLimits({ config: configOf(parts), clock, alarm: clock.alarm }) };
}

function sumsOf(kind: SpenderKind, name: string, tokens: number): SpendingSums {
  const sum = { tokens, cost: 2 * tokens };
  return { kind, name, periods: { day: sum, week: sum, month: sum, all: sum } };
}

describe("what earlier runs have spent", () => {
  test("a budget covers nothing until it is known; what has none is not held up", () => {
    const { limits, clock } = opened({ model: budget(1_000, "tokens", "all") });
    expect(refused(limits, claimOf())).toMatchObject({ fault: "unready", retryAfterMs: null });
    granted(limits, claimOf({ alias: "free" })).settle(null);
    limits.restore([sumsOf("model", ALIAS, 900)], clock.nowWallMs);
    granted(limits, claimOf());
    refused(limits, claimOf());
  });

  test("is added to what this run has spent before it was known", () => {
    const { limits, clock } = opened({ key: UNLIMITED });
    granted(limits, claimOf()).settle(used(30, 7, clock.nowWallMs));
    limits.restore([sumsOf("key", KEY, 100), sumsOf("all", "", 500)], clock.nowWallMs);
    limits.restore([sumsOf("key", KEY, 100)], clock.nowWallMs);
    expect(limits.spendingOf("key", KEY).week).toEqual({ tokens: 130, cost: 207 });
    expect(limits.spendingOf("all", "").day).toEqual({ tokens: 530, cost: 1_007 });
    expect(limits.spendingOf("model", ALIAS).all).toEqual({ tokens: 30, cost: 7 });
  });

  test("counts only where its period is still the current one", () => {
    const { limits, clock } = opened({});
    const asOfWallMs = clock.nowWallMs;
    clock.advance(5 * 86_400_000);
    limits.restore([sumsOf("key", KEY, 100)], asOfWallMs);
    const sum = { tokens: 100, cost: 200 };
    expect(limits.spendingOf("key", KEY)).toEqual({ day: NOTHING, week: NOTHING, month: NOTHING, all: sum });
  });

  test("a row that is opened as the day turns counts in the day that it was opened in", () => {
    const { limits, clock } = opened({});
    const permit = granted(limits, claimOf());
    clock.advance(86_400_000);
    permit.settle(used(40, 2, clock.nowWallMs));
    const sum = { tokens: 40, cost: 2 };
    expect(limits.spendingOf("key", KEY)).toEqual({ day: sum, week: sum, month: sum, all: sum });
  });

  test("is known to a budget that comes later, for a key that has called before", () => {
    const { limits, clock } = opened({});
    granted(limits, claimOf()).settle(null);
    limits.restore([sumsOf("key", KEY, 60)], clock.nowWallMs);
    granted(limits, claimOf()).settle(used(40, null, clock.nowWallMs));
    const keyLimits = budget(150, "tokens");
    refused(limits, claimOf({ keyLimits, tokensMax: 51 }));
    granted(limits, claimOf({ keyLimits, tokensMax: 50 }));
  });
});

describe("what changes while the gateway runs", () => {
  test("a new limit counts the calls that are in flight already", () => {
    const { limits } = opened({});
    const permits = [1, 2].map(() => granted(limits, claimOf()));
    limits.configure(configOf({ key: limitsOf({ concurrent: 2 }), total: budget(250, "cny") }));
    limits.restore([], 0);
    expect(refused(limits, claimOf()).message).toContain("2 calls at once");
    permits[0]?.settle(null);
    granted(limits, claimOf());
    limits.configure(configOf({}));
    granted(limits, claimOf());
  });

  test("a limit per minute that comes and goes takes back no more than was counted", () => {
    const { limits, clock } = opened({});
    const before = granted(limits, claimOf());
    limits.configure(configOf({ key: limitsOf({ requestsPerMinute: 2 }) }));
    const within = granted(limits, claimOf());
    before.settle(null);
    expect(limits.standingOf(KEY, null)?.requests?.remaining).toBe(1);
    limits.configure(configOf({}));
    within.settle(null);
    limits.configure(configOf({ key: limitsOf({ requestsPerMinute: 2 }) }));
    expect(limits.standingOf(KEY, null)?.requests?.remaining).toBe(2);
    expect(clock.alarmsSet).toBe(0);
  });

  test("names that have used nothing leave no counter behind", () => {
    const { limits, clock } = opened({});
    for (let call = 0; call < 30_000; call++) {
      const permit = granted(limits, claimOf({ alias: `made-up-${call}` }));
      permit.settle(call % 2 === 0 ? null : used(0, null, clock.nowWallMs));
    }
    expect(limits.spendingOf("model", "made-up-1").all).toEqual(NOTHING);
    expect(limits.reservedTokens).toBe(0);
    expect(limits.inFlight).toBe(0);
  });

  test("the largest numbers are given back exactly", () => {
    const { limits } = opened({});
    const huge = claimOf({ tokensMax: Number.MAX_SAFE_INTEGER, costMax: Number.MAX_SAFE_INTEGER });
    const permits = Array.from({ length: 8_000 }, () => granted(limits, huge));
    const odd = granted(limits, claimOf({ tokensMax: 7, costMax: 3 }));
    for (const permit of permits) permit.settle(null);
    expect(limits.reservedTokens).toBe(7);
    expect(limits.reservedCost).toBe(3);
    odd.settle(null);
    expect(limits.reservedCost).toBe(0);
  });
});
