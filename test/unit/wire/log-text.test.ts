/** Quoted text is JSON that says the same, on one line, with nothing in it that steers a terminal. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeHazards, quoteForLog } from "../../../src/wire/log-text.ts";

const HAZARD = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

test("plain text is itself", () => {
  expect(quoteForLog("deepseek-v3")).toBe('"deepseek-v3"');
  expect(quoteForLog("")).toBe('""');
  expect(quoteForLog("豆包 🙂")).toBe('"豆包 🙂"');
});

test("what ends lines or steers terminals is escaped", () => {
  expect(quoteForLog('a"b\\c\r\n')).toBe('"a\\"b\\\\c\\r\\n"');
  expect(quoteForLog("\u001b[31m\u009b\u007f")).toBe('"\\u001b[31m\\u009b\\u007f"');
  expect(quoteForLog("a\u2028b\u2029c\u202ed")).toBe('"a\\u2028b\\u2029c\\u202ed"');
  expect(escapeHazards('{"a":"\u2028"}')).toBe('{"a":"\\u2028"}');
  expect(escapeHazards('{"a":"b"}')).toBe('{"a":"b"}');
});

test("any text survives, and no hazard does", () => {
  const wild = fc.oneof(
    fc.uint16Array({ maxLength: 12 }).map((units) => String.fromCharCode(...units)),
    fc.string({ unit: fc.constantFrom("\u2028", "\u009b", "a", '"') }),
  );
  fc.assert(
    fc.property(wild, (text) => {
      const quoted = quoteForLog(text);
      return JSON.parse(quoted) === text && !HAZARD.test(quoted);
    }),
    { numRuns: 2_000 },
  );
});
