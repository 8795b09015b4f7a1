/** Proves that the time of a refusal tells neither how much of a key is right nor whether it is known. */
import { describe, expect, test } from "vitest";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { newKeySecret } from "../../src/keys/new-key.ts";
import { KeysGate } from "../../src/keys/our-keys.ts";
import { nextDigit, recordOf, START_WALL_MS, StillClock } from "../support/key-records.ts";
import { Seeded } from "../support/seeded.ts";
import { T_MAX, timingDifference } from "../support/timing-difference.ts";

const SAMPLES = 200_000;
/** So few that the nearest cache holds them all: beyond it, what was used last is faster, whosever it is. */
const KEYS = 100;

const chance = new Seeded(Number(process.env["VOLCANO_PROPERTY_SEED"] ?? 1));

function secrets(): [string, ...string[]] {
  return [newKeySecret(), ...Array.from({ length: KEYS - 1 }, newKeySecret)];
}

const usable = secrets();
const revoked = secrets();
const expired = secrets();
const unknown = secrets();
const gate = new KeysGate({
  ring: new KeyRing([
    ...usable.map((secret) => recordOf(secret)),
    ...revoked.map((secret) => recordOf(secret, { revokedAtWallMs: START_WALL_MS })),
    ...expired.map((secret) => recordOf(secret, { expiresAtWallMs: START_WALL_MS })),
  ]),
  clock: new StillClock(),
});

const pickUnknown = (): string => chance.pick(unknown);
const firstByteWrong = (): string => `x${chance.pick(usable).slice(1)}`;
const lastByteWrong = (): string => {
  const secret = chance.pick(usable);
  return secret.slice(0, -1) + nextDigit(secret.slice(-1));
};

function differenceOf(check: (credential: string) => unknown, kinds: readonly [() => string, () => string]) {
  return timingDifference({ check, kinds, samples: SAMPLES, chance: () => chance.fraction() });
}

describe("the time of a refusal", () => {
  test.each<[string, () => string, () => string]>([
    ["whether the first byte or the last one is wrong", firstByteWrong, lastByteWrong],
    ["whether the key is revoked or unknown", () => chance.pick(revoked), pickUnknown],
    ["whether the key has expired or is unknown", () => chance.pick(expired), pickUnknown],
  ])("does not tell %s", (_what, one, other) => {
    expect([one(), other()].map((credential) => gate.letIn(credential))).toEqual([null, null]);
    const difference = differenceOf((credential) => gate.letIn(credential), [one, other]);
    expect(Math.abs(difference.t), JSON.stringify(difference)).toBeLessThan(T_MAX);
  });

  test("would tell it of a check that stops at the first wrong byte", () => {
    const secret = usable[0];
    const check = (credential: string): boolean => {
      for (let at = 0; at < secret.length; at++) if (credential[at] !== secret[at]) return false;
      return true;
    };
    const kinds = [
      () => `x${secret.slice(1)}`,
      () => secret.slice(0, -1) + nextDigit(secret.slice(-1)),
    ] as const;
    expect(Math.abs(differenceOf(check, kinds).t)).toBeGreaterThan(T_MAX);
  });

  test("would tell it of a gate that does more for a key that it knows", () => {
    const known = new Set(revoked);
    const check = (credential: string): unknown => known.has(credential) && gate.letIn(credential);
    expect(Math.abs(differenceOf(check, [() => chance.pick(revoked), pickUnknown]).t)).toBeGreaterThan(T_MAX);
  });
});
