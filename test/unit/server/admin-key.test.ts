/** Proves how the admin key is made, and which one counts. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { adminKeyAtStart, adminKeyHash, newAdminKey } from "../../../src/server/admin/admin-key.ts";

const KEY = "vp-admin-test-key";

describe("the key", () => {
  test("has 160 bits in 32 digits of base 32, and no two are alike", () => {
    const keys = Array.from({ length: 2_000 }, newAdminKey);
    for (const key of keys) expect(key).toMatch(/^vp-admin-[a-z2-7]{32}$/);
    expect(new Set(keys).size).toBe(keys.length);
    // Each digit of the alphabet at each of the places: none is stuck, none is left out.
    for (let place = 0; place < 32; place++) {
      expect(new Set(keys.map((key) => key[9 + place])).size).toBe(32);
    }
  });

  test("is known by its SHA-256", () => {
    expect(adminKeyHash(KEY)).toBe(createHash("sha256").update(KEY).digest("hex"));
  });

  test("a configured one goes before the stored, the stored before a new one", () => {
    expect(adminKeyAtStart(KEY, "00")).toEqual({ hash: adminKeyHash(KEY), made: null });
    expect(adminKeyAtStart(null, "00")).toEqual({ hash: "00", made: null });
    const { hash, made } = adminKeyAtStart(null, null);
    expect(made).toMatch(/^vp-admin-/);
    expect(hash).toBe(adminKeyHash(made ?? ""));
  });
});
