/** Parsing that keeps every digit, and no more values than there may be. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExact, TooManyValuesError } from "../../../src/wire/exact-json.ts";
import { propertyRuns } from "../../support/property-runs.ts";

const numbers = [
  "0",
  "-0",
  "1e2",
  "-0.0",
  "123456789012345678901",
  "0.1234567890123456789",
  "7",
  "-12.5",
  "3E-7",
];
const texts = ['"', "\\", '\\"', "4e2", "-0", "[{,", "1234567890123456", "é你😀", "\u0000", "</>"];

const json: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...numbers, "true", "false", "null"),
    fc.array(fc.constantFrom(...texts)).map((parts) => JSON.stringify(parts.join(""))),
    fc.array(tie("value"), { maxLength: 4 }).map((values) => `[${values.join(",")}]`),
    fc
      .array(tie("value"), { maxLength: 4 })
      .map(
        (values) =>
          `{${values.map((value, index) => `${JSON.stringify(`${texts[index]}`)}:${value}`).join(",")}}`,
      ),
  ),
})).value;

describe("what is parsed", () => {
  test("is written again as it stood, digit for digit", () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(JSON.stringify(parseExact(text))).toBe(text);
      }),
      propertyRuns(0.02),
    );
  });

  test("with a member of any name changes nothing but its own object", () => {
    const parsed = parseExact('{"__proto__":{"a":1e0},"constructor":-0}') as object;
    expect(JSON.stringify(parsed)).toBe('{"__proto__":{"a":1e0},"constructor":-0}');
    expect([Object.getPrototypeOf(parsed), Reflect.get({}, "a")]).toEqual([Object.prototype, undefined]);
  });

  test.each(["", "{", '"', '"\\', "[1,]", "{'a':1}"])("is no JSON in %j", (text) => {
    expect(() => parseExact(text)).toThrow(SyntaxError);
  });
});

describe("the bound on values", () => {
  test.each([
    ["numbers", '[1,2,"3"]', 4],
    ["objects, each with one more where it has a member", '[{},{"a":null}]', 5],
    ["text that looks like many", '",,,[[[{{{\\",[,"', 1],
  ])("holds for %s", (_name, text, values) => {
    expect(() => parseExact(text, values)).not.toThrow();
    expect(() => parseExact(text, values - 1)).toThrow(TooManyValuesError);
  });
});
