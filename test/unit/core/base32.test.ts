/** Proves base 32 against RFC 4648's own examples. */
import { expect, test } from "vitest";
import { base32 } from "../../../src/core/base32.ts";

// RFC 4648, 10, in lower case and without padding.
test.each([
  ["", ""],
  ["f", "my"],
  ["fo", "mzxq"],
  ["foo", "mzxw6"],
  ["foob", "mzxw6yq"],
  ["fooba", "mzxw6ytb"],
  ["foobar", "mzxw6ytboi"],
])("%j is %j", (text, digits) => {
  expect(base32(Buffer.from(text))).toBe(digits);
});
