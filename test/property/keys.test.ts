/** Proves that a key opens its own record alone, and only while it may, whatever was done before. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { newKeySecret } from "../../src/keys/new-key.ts";
import { DeskHistory, type DeskStep } from "../support/desk-history.ts";
import { nextDigit, recordOf, START_WALL_MS } from "../support/key-records.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

const DIGITS = [..."abcdefghijklmnopqrstuvwxyz234567"];
const HISTORIES_SHARE = 0.04;

describe("keys that are alike", () => {
  // Of each family of 32 keys that share all but the last character, 20 are made.
  const families = Array.from({ length: 500 }, () => newKeySecret().slice(0, -1));
  const made = families.flatMap((family) => DIGITS.slice(0, 20).map((digit) => family + digit));
  const notMade = families.flatMap((family) => DIGITS.slice(20).map((digit) => family + digit));
  const records = new Map(made.map((secret) => [secret, recordOf(secret)]));
  const ring = new KeyRing(records.values());
  const opened = (secret: string) => ring.find(secret, START_WALL_MS);

  test("of 10,000 that share all but the last character, each opens its own record", () => {
    expect(ring.size).toBe(10_000);
    expect(made.filter((secret) => opened(secret) !== records.get(secret))).toEqual([]);
  });

  test("what differs in one character from one of them opens nothing", () => {
    const altered = made.flatMap((secret, index) => {
      const at = "sk-vp-".length + (index % 31);
      return secret.slice(0, at) + nextDigit(secret.charAt(at)) + secret.slice(at + 1);
    });
    const cut = made.flatMap((secret) => [
      secret.slice(0, -1),
      secret.slice(0, 20),
      `${secret}a`,
      secret.toUpperCase(),
    ]);
    expect([...notMade, ...altered, ...cut].filter((secret) => opened(secret) !== null)).toEqual([]);
  });
});

describe("the desk", () => {
  const field = fc.oneof(
    fc.record({ name: fc.constantFrom("a", "b", "名") }),
    fc.record({ owner: fc.constantFrom(null, "alice", "bob") }),
    fc.record({ models: fc.constantFrom(null, ["glm-*"], ["a", "b"]) }),
    fc.record({ expiresInMs: fc.constantFrom(null, 1, 500, 5_000) }),
    // Refused: nothing may come of it.
    fc.record({ name: fc.constant("") }),
  );
  const key = fc.nat(4);
  const step: fc.Arbitrary<DeskStep> = fc.oneof(
    fc.record({ kind: fc.constant("create" as const), field }),
    fc.record({ kind: fc.constant("change" as const), key, field }),
    fc.record({ kind: fc.constant("change" as const), key, field }),
    fc.record({ kind: fc.constant("rotate" as const), key, overlapMs: fc.constantFrom(0, 1, 300, 3_000) }),
    fc.record({ kind: fc.constant("revoke" as const), key }),
    fc.record({ kind: fc.constant("settle" as const), laterMs: fc.constantFrom(0, 1, 299, 300, 1_000) }),
    fc.record({ kind: fc.constant("break" as const), isBroken: fc.boolean() }),
  );

  test("after any history of writes, side by side and with a failing archive, memory is what was kept", {
    timeout: propertyTimeoutMs(HISTORIES_SHARE),
  }, async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      const history = new DeskHistory();
      for (const each of steps) await history.take(each);
      await history.take({ kind: "settle", laterMs: 0 });
    });
    await fc.assert(property, propertyRuns(HISTORIES_SHARE));
  });
});
