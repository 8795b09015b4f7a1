/** Proves what a new key looks like, and what is kept of it. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hintOf, keyHash, newKeyId, newKeySecret } from "../../../src/keys/new-key.ts";

const MADE = 2_000;

/** How many different characters stand at each place of the texts. */
function varietyAt(texts: readonly string[], place: number): number {
  return new Set(texts.map((text) => text[place])).size;
}

describe("a new key", () => {
  test("has 160 random bits: all of 32 digits at each of 32 places, and no two keys alike", () => {
    const secrets = Array.from({ length: MADE }, newKeySecret);
    for (const secret of secrets) expect(secret).toMatch(/^sk-vp-[a-z2-7]{32}$/);
    expect(new Set(secrets).size).toBe(MADE);
    for (let place = 0; place < 32; place++) {
      expect(varietyAt(secrets, "sk-vp-".length + place)).toBe(32);
    }
  });

  test("has an id of its own, which is no part of it", () => {
    const ids = Array.from({ length: MADE }, newKeyId);
    for (const id of ids) expect(id).toMatch(/^key_[a-z2-7]{16}$/);
    expect(new Set(ids).size).toBe(MADE);
    for (let place = 0; place < 16; place++) expect(varietyAt(ids, "key_".length + place)).toBe(32);
  });

  test("is kept as the SHA-256 of all of it", () => {
    const secret = newKeySecret();
    expect(keyHash(secret)).toBe(createHash("sha256").update(secret).digest("hex"));
    const otherEnd = secret.slice(0, -1) + (secret.endsWith("a") ? "b" : "a");
    expect(keyHash(otherEnd)).not.toBe(keyHash(secret));
  });

  test("has a hint of its last four digits", () => {
    expect(hintOf("sk-vp-abcdefghijklmnopqrstuvwxyz234567")).toBe("sk-vp-…4567");
  });
});
