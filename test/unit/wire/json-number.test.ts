/** Counts in any spelling that JSON allows, against exact arithmetic. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCount } from "../../../src/wire/json-number.ts";

function count(text: string): number | null {
  const bytes = Buffer.from(`[${text}]`);
  return readCount(bytes, 1, bytes.length - 1);
}

describe("readCount", () => {
  test.each([
    ["0", 0],
    ["-0", 0],
    ["-0.0e9", 0],
    ["0e400", 0],
    ["1", 1],
    ["65536", 65_536],
    ["1.0", 1],
    ["1.50e1", 15],
    ["1E3", 1_000],
    ["1e+3", 1_000],
    ["1000e-3", 1],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740992", Number.MAX_SAFE_INTEGER],
    ["12345678901234567890", Number.MAX_SAFE_INTEGER],
    ["1e400", Number.MAX_SAFE_INTEGER],
    ["1e99999999999999999999", Number.MAX_SAFE_INTEGER],
    ["-1", null],
    ["-1e400", null],
    ["-1e-400", null],
    ["0.5", null],
    ["1.00000000000000000000000000001", null],
    ["1e-400", null],
    ["1e-99999999999999999999", null],
    ["1001e-3", null],
  ])("%s", (text, expected) => {
    expect(count(text)).toBe(expected);
  });

  test("agrees with whole-number arithmetic", () => {
    const digits = fc.nat({ max: 99_999 });
    fc.assert(
      fc.property(
        fc.boolean(),
        digits,
        fc.option(digits),
        fc.integer({ min: -9, max: 9 }),
        (minus, whole, part, exponent) => {
          const fraction = part === null ? "" : String(part);
          const text = `${minus ? "-" : ""}${whole}${part === null ? "" : `.${fraction}`}e${exponent}`;
          // The value times ten to the twentieth, exactly.
          const scaled = BigInt(`${whole}${fraction}`) * 10n ** BigInt(20 - fraction.length + exponent);
          const isCount = (scaled === 0n || !minus) && scaled % 10n ** 20n === 0n;
          expect(count(text)).toBe(isCount ? Number(scaled / 10n ** 20n) : null);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
