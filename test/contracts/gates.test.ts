/** The three gates keep the contract of gates, and each lets in whom its mode says. */
import { describe, expect, test } from "vitest";
import { Fingerprints } from "../../src/keys/fingerprint.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { newKeySecret } from "../../src/keys/new-key.ts";
import { BothGate, KeysGate } from "../../src/keys/our-keys.ts";
import { PassthroughGate } from "../../src/keys/passthrough.ts";
import { recordOf, START_WALL_MS, StillClock } from "../support/key-records.ts";
import { gateContract } from "./gate-contract.ts";

const ARK_KEY = "0f3c9a52-7d1e-4b86-9a40-5c2e8f7b1d63";
const OTHER_ARK_KEY = "ark-2b7e151628aed2a6abf7158809cf4f3c";
const [first, second] = [newKeySecret(), newKeySecret()];

function isVisible(credential: string): boolean {
  return /^[\x21-\x7e]{1,4096}$/.test(credential);
}

function openGates() {
  const clock = new StillClock();
  const ring = new KeyRing([recordOf(first), recordOf(second)]);
  const passthrough = new PassthroughGate(new Fingerprints(Buffer.alloc(16, 7)));
  const keys = new KeysGate({ ring, clock });
  return { clock, ring, passthrough, keys, both: new BothGate({ keys, passthrough }) };
}

gateContract("passthrough", () => ({
  gate: openGates().passthrough,
  good: [ARK_KEY, OTHER_ARK_KEY],
  letsStrangersIn: isVisible,
}));

gateContract("keys", () => ({
  gate: openGates().keys,
  good: [first, second],
  letsStrangersIn: () => false,
}));

gateContract("both", () => ({
  gate: openGates().both,
  good: [first, ARK_KEY],
  letsStrangersIn: (credential) =>
    isVisible(credential) && !credential.startsWith("sk-") && !/sk-vp-/i.test(credential),
}));

describe("who is let in", () => {
  test("a key of ours as that key, which goes no further", () => {
    const { keys, both, ring } = openGates();
    const key = ring.find(first, START_WALL_MS);
    for (const gate of [keys, both]) {
      expect(gate.letIn(first)).toEqual({ kind: "key", key, keyId: key?.id });
    }
  });

  test("an Ark key as its caller's own, by a fingerprint, unless a key of ours is asked for", () => {
    const { keys, both, passthrough } = openGates();
    for (const gate of [passthrough, both]) {
      const caller = gate.letIn(ARK_KEY);
      expect(caller).toMatchObject({ kind: "own", credential: ARK_KEY });
      expect(caller?.keyId).toMatch(/^ark-[0-9a-f]{12}$/);
    }
    expect(keys.letIn(ARK_KEY)).toBeNull();
  });

  test("no wrong key that looks like ours, where both may come", () => {
    expect(openGates().both.letIn(newKeySecret())).toBeNull();
    expect(openGates().both.letIn("SK-other")).not.toBeNull();
  });

  test("no key of ours with something around it, which would go to Ark", () => {
    const { both } = openGates();
    for (const text of [`"${first}"`, `'${first}'`, `<${first}>`, first.toUpperCase(), `Key=${first}`]) {
      expect(both.letIn(text)).toBeNull();
    }
  });

  test("a credential of 4,096 bytes, and none of 4,097", () => {
    const { passthrough } = openGates();
    expect(passthrough.letIn("x".repeat(4_096))).not.toBeNull();
    expect(passthrough.letIn("x".repeat(4_097))).toBeNull();
    const long = `sk-${"x".repeat(4_093)}`;
    const keys = new KeysGate({
      ring: new KeyRing([recordOf(long), recordOf(`${long}x`)]),
      clock: new StillClock(),
    });
    expect(keys.letIn(long)).not.toBeNull();
    expect(keys.letIn(`${long}x`)).toBeNull();
  });

  test("an expiring key until the clock says so", () => {
    const clock = new StillClock();
    const ring = new KeyRing([recordOf(first, { expiresAtWallMs: START_WALL_MS + 10 })]);
    const gate = new KeysGate({ ring, clock });
    clock.nowMs = 9;
    expect(gate.letIn(first)).not.toBeNull();
    clock.nowMs = 10;
    expect(gate.letIn(first)).toBeNull();
  });
});

describe("guessers", () => {
  test("are held up after twenty wrong keys, in both modes together", () => {
    const { keys, both } = openGates();
    for (let failure = 0; failure < 10; failure++) {
      expect(keys.countFailure("192.0.2.1")).toBeNull();
      expect(both.countFailure("192.0.2.1")).toBeNull();
    }
    expect(keys.countFailure("192.0.2.1")).toBe(60);
    expect(both.countFailure("192.0.2.1")).toBe(60);
  });

  test("are none where every credential is the caller's own: Ark says which is good", () => {
    const { passthrough } = openGates();
    for (let failure = 0; failure < 100; failure++) expect(passthrough.countFailure("192.0.2.1")).toBeNull();
  });
});
