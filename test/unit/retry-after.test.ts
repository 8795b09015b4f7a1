/** Reading `retry-after`: seconds, the three forms of a date, and what is neither. */
import { describe, expect, test } from "vitest";
import { retryAfterSeconds } from "../../src/wire/retry-after.ts";

const nowMs = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("retryAfterSeconds", () => {
  test.each([
    ["0", 1],
    ["1", 1],
    ["1.2", 2],
    ["7", 7],
    [" 7 ", 7],
    ["60", 60],
    ["61", 60],
    ["9999999999999999", 60],
    ["Sun, 06 Nov 1994 08:49:57 GMT", 20],
    ["Sunday, 06-Nov-94 08:49:57 GMT", 20],
    ["Sun Nov  6 08:49:57 1994", 20],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 1],
    ["Sun, 06 Nov 1970 08:49:37 GMT", 1],
    ["Sun, 06 Nov 2094 08:49:37 GMT", 60],
  ])("%j is %d s", (value, seconds) => {
    expect(retryAfterSeconds(value, nowMs)).toBe(seconds);
  });

  test.each([
    ...["", " ", "-1", "+1", "1e3", "0x10", "soon", "1;2", "1, 2", "NaN", "Infinity", "99999999999999999"],
    ...["1994-11-06T08:49:57Z", "Nov 6 1994", "Sun, 06 Nov 1994 08:49:57", "Sun, 99 Xxx 1994 08:49:57 GMT"],
  ])("%j is nothing", (value) => {
    expect(retryAfterSeconds(value, nowMs)).toBe(null);
  });

  test("no header is nothing", () => {
    expect(retryAfterSeconds(null, nowMs)).toBe(null);
  });
});
