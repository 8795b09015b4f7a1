/** Strings decoded and compared where they stand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeString, stringIs } from "../../../src/wire/json-string.ts";

function decode(json: string, bytesMax: number): string | null {
  const bytes = Buffer.from(`[${json}]`);
  return decodeString(bytes, 1, bytes.length - 1, bytesMax);
}

/** JSON for `text` with the characters that `escaped` picks written as `\u` escapes. */
function spell(text: string, escaped: (index: number) => boolean): string {
  const units = text
    .split("")
    .map((unit, index) => (escaped(index) ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}` : unit));
  return `"${units.join("")}"`;
}

describe("decodeString", () => {
  test("gives what JSON.parse gives", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = JSON.stringify(text);
        expect(decode(json, 10_000)).toBe(JSON.parse(json));
      }),
      { numRuns: 1_000 },
    );
  });

  test("bounds the decoded bytes: n passes, n + 1 does not, in any spelling", () => {
    for (const escaped of [false, true]) {
      expect(
        decode(
          spell("a".repeat(256), () => escaped),
          256,
        ),
      ).toHaveLength(256);
      expect(
        decode(
          spell("a".repeat(257), () => escaped),
          256,
        ),
      ).toBeNull();
      expect(
        decode(
          spell("é".repeat(128), () => escaped),
          256,
        ),
      ).toHaveLength(128);
      expect(
        decode(
          spell("é".repeat(129), () => escaped),
          256,
        ),
      ).toBeNull();
    }
    expect(decode(`"${"\\u0061".repeat(257)}"`, 256)).toBeNull();
  });
});

describe("stringIs", () => {
  const word = "developer";

  test("knows the word in each of its 512 spellings", () => {
    for (let spelling = 0; spelling < 512; spelling++) {
      const bytes = Buffer.from(spell(word, (index) => (spelling & (1 << index)) !== 0));
      expect(stringIs(bytes, 0, bytes.length, word)).toBe(true);
    }
  });

  test.each([
    "",
    "develope",
    "developers",
    "Developer",
    "user",
    "d\\u0065velope",
    "develop\\u00e9r",
    "\\ndeveloper",
    "développer",
    "developer\\u0000",
  ])("is not taken in by %s", (other) => {
    const bytes = Buffer.from(`"${other}"`);
    expect(stringIs(bytes, 0, bytes.length, word)).toBe(false);
  });

  test("knows the short escapes", () => {
    const bytes = Buffer.from('"\\/\\b\\f\\n\\r\\t\\"\\\\"');
    expect(stringIs(bytes, 0, bytes.length, '/\b\f\n\r\t"\\')).toBe(true);
  });
});
