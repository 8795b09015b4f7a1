/** What is sealed opens for its key alone, and only as it was given, to the last bit. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KeyId } from "../../../src/core/ids.ts";
import { SEALED_TEXT_BYTES_MAX, SealedTexts } from "../../../src/memory/seal.ts";
import { SECRET_BYTES_MIN, SealedBox } from "../../../src/memory/sealed-box.ts";

const SECRET = Buffer.alloc(SECRET_BYTES_MIN, "s");
const ALICE = "alice" as KeyId;
const BOB = "bob" as KeyId;
const seal = new SealedTexts(SECRET);

describe("a sealed text", () => {
  test("opens to itself, whatever it is", () => {
    const texts = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("", "嗯", "😀", "a".repeat(99_999)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const sealed = seal.seal(ALICE, text);
        expect(sealed).toMatch(/^vp1\.[A-Za-z0-9_-]+$/);
        expect(seal.open(ALICE, sealed)).toBe(text);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test("is another one each time", () => {
    expect(seal.seal(ALICE, "a")).not.toBe(seal.seal(ALICE, "a"));
  });

  test("opens in another process with the same secret, and with no other", () => {
    const sealed = seal.seal(ALICE, "a");
    expect(new SealedTexts(Buffer.from(SECRET)).open(ALICE, sealed)).toBe("a");
    expect(new SealedTexts(randomBytes(SECRET_BYTES_MIN)).open(ALICE, sealed)).toBeNull();
  });

  test("does not open for another key", () => {
    expect(seal.open(BOB, seal.seal(ALICE, "a"))).toBeNull();
  });

  test("does not open once any character is another, is missing or is added", () => {
    const sealed = seal.seal(ALICE, "嗯");
    for (let at = 0; at < sealed.length; at++) {
      for (const letter of ["", "A", "B", "-", "+", "/", "=", " ", "嗯"]) {
        const tampered = sealed.slice(0, at) + letter + sealed.slice(at + 1);
        if (tampered !== sealed) expect([tampered, seal.open(ALICE, tampered)]).toEqual([tampered, null]);
        const longer = sealed.slice(0, at) + letter + sealed.slice(at);
        if (longer !== sealed) expect([longer, seal.open(ALICE, longer)]).toEqual([longer, null]);
      }
      expect(seal.open(ALICE, sealed.slice(0, at))).toBeNull();
    }
    expect(seal.open(ALICE, `${sealed}=`)).toBeNull();
    expect(seal.open(ALICE, `${sealed}\n`)).toBeNull();
  });

  test("is not taken for what is sealed for another purpose", () => {
    const box = new SealedBox(SECRET, "volcano-proxy responses file 1");
    expect(seal.open(ALICE, `vp1.${box.seal(Buffer.from("a"), ALICE).toString("base64url")}`)).toBeNull();
  });

  test.each([
    "",
    "vp1.",
    "vp1",
    "vp2.AAAA",
    "x",
    "vp1.AAAA",
    `vp1.${"A".repeat(40)}`,
    "EqQBCgIYAhIM1gbcDa9GJwZA",
  ])("is not %j", (text) => {
    expect(seal.open(ALICE, text)).toBeNull();
  });

  test("has a bound: n bytes open again, n + 1 never do", () => {
    const largest = "a".repeat(SEALED_TEXT_BYTES_MAX);
    const sealed = seal.seal(ALICE, largest);
    expect(seal.open(ALICE, sealed) === largest).toBe(true);
    expect(seal.open(ALICE, `${sealed}AAAA`)).toBeNull();
    expect(seal.open(ALICE, seal.seal(ALICE, `${largest}a`))).toBeNull();
  });
});

test("a secret has so many bytes, and not one fewer", () => {
  expect(() => new SealedTexts(SECRET.subarray(1))).toThrow(RangeError);
});
