/** What every gate must do: let in what is good under one name, refuse the rest, and never throw. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Gate } from "../../src/keys/gate.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

/** Credentials that other systems have read as something else than text. */
export const METACHARACTERS = [
  "' OR 1=1 --",
  "'OR'1'='1",
  '";DROP/**/TABLE/**/records;--',
  "%27%20OR%201=1",
  '{"$gt":""}',
  '{"$ne":null}',
  "[$ne]=1",
  "$where",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "__defineGetter__",
  "null",
  "undefined",
  "true",
  "NaN",
  "0",
  "-1",
  "*",
  "%",
  "_",
  "?",
  "\\",
  "\\x00",
  "%00",
  "../../etc/passwd",
  "#{jndi:ldap://x}",
  "{{7*7}}",
  "<script>",
  "sk-",
  "sk-vp-",
  "sk-vp-*",
  "sk-vp-%",
  "sk-vp-' OR 1=1 --",
  "sk-vp-__proto__",
  'sk-vp-{"$gt":""}',
];

export type GateFixture = {
  readonly gate: Gate;
  /** Two credentials that are let in. */
  readonly good: readonly [string, string];
  /** Whether text that belongs to nobody may come in all the same, as somebody's Ark key. */
  readonly letsStrangersIn: (credential: string) => boolean;
};

/** What no gate lets in: it could not stand in a header, or it is too long. */
const MALFORMED = [
  "",
  " ",
  "a b",
  " sk-vp-a",
  "sk-vp-a\n",
  "a\r\nx-other: 1",
  "a\u0000b",
  "sk-vp-\u00e9",
  "\u7528\u6237",
  "\ud800",
  "a\u007f",
  "x".repeat(4_097),
  `sk-vp-${"x".repeat(4_091)}`,
];

export function gateContract(name: string, open: () => GateFixture): void {
  describe(`the gate ${name}`, () => {
    test("lets a good credential in, each time under the same name, which is no part of it", () => {
      const { gate, good } = open();
      const callers = [...good, ...good].map((credential) => gate.letIn(credential));
      const [one, other, ...again] = callers.map((caller) => caller?.keyId);
      expect(one).toMatch(/^(?:key_|ark-)[a-z0-9]{12,16}$/);
      expect(other).not.toBe(one);
      expect(again).toEqual([one, other]);
      for (const credential of good) expect(credential).not.toContain(one?.slice("key_".length));
    });

    test.each(MALFORMED)("refuses what is no credential: %j", (credential) => {
      expect(open().gate.letIn(credential)).toBeNull();
    });

    test.each(METACHARACTERS)("takes %j for text", (credential) => {
      const { gate, letsStrangersIn } = open();
      const caller = gate.letIn(credential);
      if (caller === null) expect(letsStrangersIn(credential)).toBe(false);
      else expect(caller).toMatchObject({ kind: "own", credential });
      expect(caller !== null).toBe(letsStrangersIn(credential));
    });

    test("never throws, and lets nothing in that is near to a good one", {
      timeout: propertyTimeoutMs(0.05),
    }, () => {
      const { gate, good, letsStrangersIn } = open();
      const text = fc.oneof(
        fc.string({ unit: "binary", maxLength: 5_000 }),
        fc.string({ unit: "grapheme-ascii", maxLength: 60 }),
        fc
          .tuple(fc.constantFrom(...good), fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 3 }))
          .map(([start, more]) => start + more),
        fc.tuple(fc.constantFrom(...good), fc.nat(40)).map(([whole, length]) => whole.slice(0, length)),
      );
      const property = fc.property(text, (credential) => {
        const caller = gate.letIn(credential);
        const isGood = good.includes(credential);
        if (!isGood && !letsStrangersIn(credential)) expect(caller).toBeNull();
        if (caller?.kind === "own") expect(caller.credential).toBe(credential);
      });
      fc.assert(property, propertyRuns(0.05));
    });

    test("lets good ones in however many wrong ones came from the same address", () => {
      const { gate, good } = open();
      for (let failure = 0; failure < 1_000; failure++) {
        const waitSeconds = gate.countFailure("192.0.2.1");
        expect(waitSeconds === null || (Number.isInteger(waitSeconds) && waitSeconds > 0)).toBe(true);
      }
      expect(gate.letIn(good[0])).not.toBeNull();
    });
  });
}
