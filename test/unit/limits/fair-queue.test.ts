/** The line of those who wait: its bounds, its turns, and how one leaves it. */
import { describe, expect, test } from "vitest";
import type { KeyId } from "../../../src/core/ids.ts";
import type { Claim, Permit, Verdict } from "../../../src/limits/call-limits.ts";
import { GatewayLimits } from "../../../src/limits/gateway-limits.ts";
import { HandClock } from "../../support/hand-clock.ts";
import {
  budget,
  type ConfigParts,
  claimOf,
  configOf,
  granted,
  limitsOf,
  OTHER_KEY,
  refused,
  used,
} from "../../support/limit-claims.ts";

const queue = { waitingMax: 1_100, waitMaxMs: 90_000 };
const keyOf = (name: string): KeyId => `key_${name}` as KeyId;

/** Writes down, by name, in which order those who wait are served. */
class Line {
  readonly clock = new HandClock();
  readonly limits: GatewayLimits;
  readonly served: string[] = [];
  readonly permits: Permit[] = [];
  readonly verdicts: Verdict[] = [];
  readonly leaves = new Map<string, () => void>();

  constructor(parts: ConfigParts) {
    const config = configOf({ queue, ...parts });
    this.limits = new GatewayLimits({ config, clock: this.clock, alarm: this.clock.alarm });
    this.limits.restore([], this.clock.nowWallMs);
  }

  /** @returns whether it was given a place */
  join(name: string, claim: Claim): boolean {
    const refusal = refused(this.limits, claim);
    const onLeave = (leave: () => void) => void this.leaves.set(name, leave);
    const waited = this.limits.wait(claim, refusal, { onLeave });
    void waited?.then((verdict) => {
      this.verdicts.push(verdict);
      if (verdict.kind === "refused") return void this.served.push(`${name} refused`);
      this.served.push(name);
      this.permits.push(verdict.permit);
    });
    return waited !== null;
  }

  async settleNext(): Promise<void> {
    this.permits.shift()?.settle(null);
    await this.turn();
  }

  /** Promises settle. */
  async turn(): Promise<void> {
    await new Promise(setImmediate);
  }
}

describe("the line's bounds", () => {
  test("as many wait as may, and one more does not", async () => {
    const line = new Line({ total: limitsOf({ concurrent: 1 }), queue: { ...queue, waitingMax: 3 } });
    const permit = granted(line.limits, claimOf());
    for (const name of ["a", "b", "c"]) expect(line.join(name, claimOf())).toBe(true);
    expect(line.join("d", claimOf())).toBe(false);
    expect(line.limits.waiting).toBe(3);
    permit.settle(null);
    expect(line.join("e", claimOf())).toBe(true);
  });

  test("nobody waits where there is no line, or for what waiting does not mend", () => {
    const line = new Line({ total: limitsOf({ concurrent: 1 }), queue: null });
    granted(line.limits, claimOf());
    expect(line.join("a", claimOf())).toBe(false);
    const spent = new Line({ total: budget(50, "tokens") });
    expect(spent.join("b", claimOf())).toBe(false);
    expect(spent.limits.waiting).toBe(0);
  });

  test("who has waited as long as one may is refused with what is in the way by then", async () => {
    const line = new Line({ key: limitsOf({ concurrent: 1 }), total: limitsOf({ tokensPerMinute: 1_000 }) });
    granted(line.limits, claimOf());
    line.join("first", claimOf());
    line.clock.advance(1_000);
    line.join("second", claimOf());
    line.clock.advance(88_999);
    await line.turn();
    expect(line.served).toEqual([]);
    line.clock.advance(1);
    await line.turn();
    expect(line.served).toEqual(["first refused"]);
    expect(line.verdicts[0]).toMatchObject({ refusal: { fault: "busy" } });
    line.clock.advance(1_000);
    await line.turn();
    expect(line.limits.waiting).toBe(0);
    expect(line.clock.alarmsSet).toBe(0);
  });
});

describe("who is next", () => {
  test("a settled call lets the next in, and time does where time is what it waits for", async () => {
    const line = new Line({ key: limitsOf({ requestsPerMinute: 2 }) });
    granted(line.limits, claimOf());
    line.clock.advance(20_000);
    const permit = granted(line.limits, claimOf());
    line.join("a", claimOf());
    line.join("b", claimOf());
    permit.settle(null);
    await line.turn();
    expect(line.served).toEqual(["a"]);
    line.clock.advance(40_999);
    await line.turn();
    expect(line.served).toEqual(["a"]);
    line.clock.advance(1);
    await line.turn();
    expect(line.served).toEqual(["a", "b"]);
  });

  test("a key with a thousand in line holds up another key by one call at most", async () => {
    const line = new Line({ total: limitsOf({ concurrent: 1 }) });
    line.permits.push(granted(line.limits, claimOf()));
    for (let call = 0; call < 1_000; call++) line.join(`many ${call}`, claimOf());
    line.join("one", claimOf({ keyId: OTHER_KEY }));
    for (let call = 0; call < 3; call++) await line.settleNext();
    expect(line.served).toEqual(["many 0", "one", "many 1"]);
  });

  test("within one key the first to come is the first to go, and nobody overtakes the line", async () => {
    const line = new Line({ key: limitsOf({ tokensPerMinute: 300 }) });
    const permit = granted(line.limits, claimOf({ tokens: 200 }));
    line.join("large", claimOf({ tokens: 200 }));
    line.join("small", claimOf({ tokens: 10 }));
    expect(refused(line.limits, claimOf({ tokens: 10 })).message).toContain("wait in line");
    granted(line.limits, claimOf({ keyId: OTHER_KEY, tokens: 10 }));
    permit.settle(null);
    await line.turn();
    expect(line.served).toEqual(["large", "small"]);
  });

  test("what the first in turn waits for is not taken away by small calls of other keys", async () => {
    const line = new Line({ model: budget(1_000, "tokens") });
    const permits = [1, 2].map(() => granted(line.limits, claimOf({ tokensMax: 400 })));
    line.join("large", claimOf({ tokensMax: 900 }));
    line.join("small", claimOf({ keyId: OTHER_KEY, tokensMax: 50 }));
    refused(line.limits, claimOf({ keyId: keyOf("carol"), tokensMax: 50 }));
    granted(line.limits, claimOf({ keyId: keyOf("carol"), tokensMax: 50, alias: "another model" }));
    permits[0]?.settle(null);
    await line.turn();
    expect(line.served).toEqual([]);
    permits[1]?.settle(null);
    await line.turn();
    expect(line.served).toEqual(["large", "small"]);
  });

  test("who is stopped by a limit of its own holds up nobody else", async () => {
    const line = new Line({ key: limitsOf({ concurrent: 1 }), total: limitsOf({ concurrent: 3 }) });
    granted(line.limits, claimOf());
    line.join("blocked", claimOf());
    const other = [keyOf("b"), keyOf("c")].map((keyId) => granted(line.limits, claimOf({ keyId })));
    line.join("next", claimOf({ keyId: keyOf("d") }));
    other[0]?.settle(null);
    await line.turn();
    expect(line.served).toEqual(["next"]);
  });

  test("what a line has missed behind a larger call is made up for when that is served", async () => {
    const line = new Line({ total: budget(1_000, "tokens") });
    const keyLimits = limitsOf({ concurrent: 1 });
    const large = claimOf({ keyId: keyOf("a"), keyLimits });
    const small = claimOf({ keyId: keyOf("b"), keyLimits });
    const ofLarge = granted(line.limits, large);
    const ofSmall = granted(line.limits, small);
    const between = granted(line.limits, claimOf({ tokensMax: 200 }));
    line.join("large", { ...large, tokensMax: 900 });
    line.join("small", small);
    ofLarge.settle(null);
    ofSmall.settle(null);
    await line.turn();
    expect(line.served).toEqual([]);
    between.settle(null);
    await line.turn();
    expect(line.served).toEqual(["large", "small"]);
  });

  test("a call that a budget can no longer cover is refused as soon as that is known", async () => {
    const line = new Line({ key: budget(150, "tokens") });
    const permit = granted(line.limits, claimOf());
    line.join("a", claimOf());
    permit.settle(used(100, null, line.clock.nowWallMs));
    await line.turn();
    expect(line.verdicts).toMatchObject([{ kind: "refused", refusal: { fault: "exhausted" } }]);
    expect(line.limits.waiting).toBe(0);
  });

  test("room that came between the refusal and the wait is found at once", async () => {
    const line = new Line({ key: limitsOf({ concurrent: 1 }) });
    const permit = granted(line.limits, claimOf());
    const refusal = refused(line.limits, claimOf());
    permit.settle(null);
    const verdict = await line.limits.wait(claimOf(), refusal, { onLeave: () => undefined });
    expect(verdict?.kind).toBe("granted");
    expect(line.clock.alarmsSet).toBe(0);
  });
});

describe("leaving", () => {
  test.each(["a", "b", "c"])(
    "who leaves gives the place free, and has taken nothing: %s of three",
    async (who) => {
      const line = new Line({ total: limitsOf({ concurrent: 1 }) });
      line.permits.push(granted(line.limits, claimOf()));
      for (const name of ["a", "b", "c"]) line.join(name, claimOf());
      line.leaves.get(who)?.();
      line.leaves.get(who)?.();
      expect(line.limits.waiting).toBe(2);
      for (let call = 0; call < 3; call++) await line.settleNext();
      expect(line.served).toEqual([`${who} refused`, ...["a", "b", "c"].filter((name) => name !== who)]);
      line.leaves.get("a")?.();
      expect(line.limits.inFlight).toBe(0);
      expect(line.limits.waiting).toBe(0);
    },
  );

  test("whoever stood behind one who left goes on", async () => {
    const line = new Line({ model: budget(1_000, "tokens") });
    granted(line.limits, claimOf({ tokensMax: 800 }));
    line.join("large", claimOf({ tokensMax: 900 }));
    line.join("small", claimOf({ keyId: OTHER_KEY, tokensMax: 100 }));
    line.leaves.get("large")?.();
    await line.turn();
    expect(line.served).toEqual(["large refused", "small"]);
  });

  test("a gateway that stops ends all waits, and lets nobody wait any more", async () => {
    const line = new Line({ total: limitsOf({ concurrent: 1 }) });
    granted(line.limits, claimOf());
    line.join("a", claimOf());
    line.join("b", claimOf({ keyId: OTHER_KEY }));
    line.limits.close();
    await line.turn();
    expect(line.verdicts).toMatchObject([
      { refusal: { message: expect.stringContaining("stopping") } },
      { refusal: { message: expect.stringContaining("stopping") } },
    ]);
    expect(line.join("c", claimOf())).toBe(false);
    expect(line.limits.waiting).toBe(0);
    expect(line.clock.alarmsSet).toBe(0);
  });

  test("a changed configuration serves, shortens and ends waits", async () => {
    const line = new Line({ total: limitsOf({ concurrent: 1 }) });
    granted(line.limits, claimOf());
    for (const name of ["a", "b", "c"]) line.join(name, claimOf());
    line.limits.configure(configOf({ total: limitsOf({ concurrent: 2 }), queue }));
    await line.turn();
    expect(line.served).toEqual(["a"]);
    line.clock.advance(1_000);
    line.limits.configure(
      configOf({ total: limitsOf({ concurrent: 2 }), queue: { ...queue, waitMaxMs: 500 } }),
    );
    await line.turn();
    expect(line.served).toEqual(["a", "b refused", "c refused"]);
    line.limits.configure(configOf({ total: limitsOf({ concurrent: 2 }), queue }));
    line.join("d", claimOf());
    line.limits.configure(configOf({ total: limitsOf({ concurrent: 2 }) }));
    await line.turn();
    expect(line.served.at(-1)).toBe("d refused");
    expect(line.limits.waiting).toBe(0);
  });

  test("timers of the system wake the line", async () => {
    const line = new Line({});
    const config = configOf({ key: limitsOf({ concurrent: 1 }), queue: { waitingMax: 1, waitMaxMs: 20 } });
    const clock = { monotonicMs: () => performance.now(), wallMs: () => line.clock.nowWallMs };
    const limits = new GatewayLimits({ config, clock });
    granted(limits, claimOf());
    const waited = limits.wait(claimOf(), refused(limits, claimOf()), { onLeave: () => undefined });
    // The gateway's timer does not keep a process alive.
    const held = setTimeout(() => undefined, 10_000);
    expect((await waited)?.kind).toBe("refused");
    clearTimeout(held);
  });
});
