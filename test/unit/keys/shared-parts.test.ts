/** Proves that keys which are alike in part keep that part once, and that no record changes by it. */
import { expect, test } from "vitest";
import type { KeyRecord } from "../../../src/keys/key-record.ts";
import { SharedParts } from "../../../src/keys/shared-parts.ts";
import { recordOf } from "../../support/key-records.ts";

const LIMITS = {
  requestsPerMinute: 60,
  tokensPerMinute: null,
  concurrent: 2,
  budgets: [{ unit: "cny", amount: 100_000_000, period: "month" }],
} as const;

function copyOf(record: KeyRecord): KeyRecord {
  return structuredClone(record);
}

test("what is equal is kept once, what differs is not, and no record changes", () => {
  const shared = new SharedParts();
  const one = recordOf("sk-vp-a", { limits: LIMITS, models: ["deepseek-*"], tags: [] });
  const other = copyOf(one);
  const third = recordOf("sk-vp-a", { limits: { ...LIMITS, concurrent: 3 }, models: null, tags: ["a"] });
  const [a, b, c] = [one, other, third].map((record) => shared.in(record));
  expect([a, b, c]).toEqual([one, other, third]);
  expect(a?.limits).toBe(b?.limits);
  expect(a?.models).toBe(b?.models);
  expect(a?.tags).toBe(b?.tags);
  expect(c?.limits).not.toBe(a?.limits);
});

test("more different ones than are kept are still right", () => {
  const shared = new SharedParts();
  for (let count = 0; count < 10_010; count++) {
    const record = recordOf("sk-vp-a", { limits: { ...LIMITS, concurrent: count + 1 } });
    expect(shared.in(record).limits.concurrent).toBe(count + 1);
  }
});
