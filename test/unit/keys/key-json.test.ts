/** Proves that a record comes back as it was written, nothing else is read, and many are read fast. */
import { describe, expect, test } from "vitest";
import { keyRecordText, readKeyRecord } from "../../../src/keys/key-json.ts";
import type { KeyRecord } from "../../../src/keys/key-record.ts";
import { keyHash, newKeySecret } from "../../../src/keys/new-key.ts";
import { recordOf, START_WALL_MS } from "../../support/key-records.ts";

const secret = newKeySecret();
const full: KeyRecord = recordOf(secret, {
  name: "后端团队 🚀",
  owner: "alice",
  previous: { hash: keyHash("old"), untilWallMs: START_WALL_MS + 1 },
  models: ["deepseek-*", "doubao-seed-######"],
  limits: {
    requestsPerMinute: 60,
    tokensPerMinute: 100_000,
    concurrent: 4,
    budgets: [
      { unit: "cny", amount: 100_000_000, period: "month" },
      { unit: "tokens", amount: 2_000_000, period: "day" },
    ],
  },
  tags: ["team:backend"],
  expiresAtWallMs: START_WALL_MS + 2,
  revokedAtWallMs: START_WALL_MS + 3,
});

/** The record's JSON with one member set to something else; undefined leaves it out. */
function altered(member: string, value: unknown): string {
  return JSON.stringify({ ...full, [member]: value });
}

describe("a record", () => {
  test.each([full, recordOf(secret)])("comes back as it was", (record) => {
    expect(readKeyRecord(keyRecordText(record))).toEqual(record);
  });

  test("holds neither the key nor more of it than the hint", () => {
    expect(keyRecordText(full)).not.toContain(secret.slice("sk-vp-".length, -4));
  });

  test("can be changed by nobody", () => {
    const record = readKeyRecord(keyRecordText(full));
    const parts = [
      record,
      record.models,
      record.tags,
      record.previous,
      record.limits,
      record.limits.budgets,
      record.limits.budgets[0],
    ];
    for (const part of parts) expect(Object.isFrozen(part)).toBe(true);
  });
});

describe("what is not a record is not read", () => {
  test.each(["", "null", "[]", "7", '"text"', "{}", keyRecordText(full).slice(0, -1)])("%j", (text) => {
    expect(() => readKeyRecord(text)).toThrow(/^a key's record /);
  });

  test.each(Object.keys(full))("without its %s", (member) => {
    expect(() => readKeyRecord(altered(member, undefined))).toThrow(/^a key's record /);
  });

  test.each([
    ["id", "key_short"],
    ["id", 7],
    ["hash", full.hash.toUpperCase()],
    ["hash", full.hash.slice(1)],
    ["hash", [full.hash]],
    ["hint", null],
    ["hint", "x".repeat(65)],
    ["name", ""],
    ["models", []],
    ["limits", { ...full.limits, requestsPerMinute: 0 }],
    ["limits", { ...full.limits, perSecond: 1 }],
    ["limits", { ...full.limits, budgets: [{ unit: "cny", amount: 0.5, period: "day" }] }],
    ["previous", {}],
    ["previous", 7],
    ["previous", { ...full.previous, more: 1 }],
    ["previous", { ...full.previous, untilWallMs: "soon" }],
    ["createdAtWallMs", null],
    ["createdAtWallMs", -1],
    ["expiresAtWallMs", 1.5],
    ["revokedAtWallMs", 8.64e15 + 1],
    ["laterLimit", 1],
  ])("with the %s %j", (member, value) => {
    expect(() => readKeyRecord(altered(member, value))).toThrow(/^a key's record /);
  });

  test("with a prototype of its own", () => {
    const text = keyRecordText(full).replace("{", '{"__proto__":{"revokedAtWallMs":null},');
    expect(() => readKeyRecord(text)).toThrow(/^a key's record /);
  });

  test("and the error holds nothing of the text", () => {
    const text = `${keyRecordText(full)}${secret}`;
    const read = () => readKeyRecord(text);
    expect(read).toThrow(expect.objectContaining({ message: expect.not.stringContaining("sk-") }));
  });
});

test("100,000 records are read in seconds", () => {
  const text = keyRecordText(full);
  const startMs = performance.now();
  for (let count = 0; count < 100_000; count++) readKeyRecord(text);
  // A second on a machine of 2026 that does nothing else; this bound is for one that does.
  expect(performance.now() - startMs).toBeLessThan(5_000);
});
