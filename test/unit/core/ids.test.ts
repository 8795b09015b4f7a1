/** Request ids sort by time, and stay unique whatever the clock does. */
import { describe, expect, test } from "vitest";
import { attemptIdOf, idPrefixAt, newRequestId } from "../../../src/core/ids.ts";

const SHAPE = /^req_[0-9abcdefghjkmnpqrstvwxyz]{26}$/;
const TIME_END = "req_".length + 10;

describe("a request id", () => {
  test("is req_ and 26 characters of Crockford's base 32", () => {
    for (let count = 0; count < 1_000; count++) expect(newRequestId(Date.now())).toMatch(SHAPE);
  });

  test.each([
    [0, "0000000000"],
    [31, "000000000z"],
    [32, "0000000010"],
    [1_790_000_000_000, "01m3250v00"],
    [2 ** 50 - 1, "zzzzzzzzzz"],
  ])("says %i milliseconds in its first ten digits", (wallMs, digits) => {
    expect(newRequestId(wallMs).slice(4, TIME_END)).toBe(digits);
    expect(idPrefixAt(wallMs)).toBe(`req_${digits}`);
  });

  test("of a time beyond its digits has a prefix behind all others", () => {
    expect(idPrefixAt(2 ** 50)).toBe("req_zzzzzzzzzz");
    expect(idPrefixAt(8.64e15)).toBe("req_zzzzzzzzzz");
    expect(idPrefixAt(-8.64e15)).toBe("req_0000000000");
  });

  test("takes whole milliseconds, and a clock before 1970 for 1970", () => {
    expect(newRequestId(32.9).slice(4, TIME_END)).toBe("0000000010");
    expect(newRequestId(-5).slice(4, TIME_END)).toBe("0000000000");
  });

  test("sorts as text by its time", () => {
    const times = [0, 1, 31, 32, 33, 1_023, 1_024, 1_700_000_000_000, 1_790_000_000_000, 2 ** 45];
    const ids = times.map(newRequestId);
    expect([...ids].sort()).toEqual(ids);
  });

  test("is unique: 100,000 in one millisecond", () => {
    const ids = new Set(Array.from({ length: 100_000 }, () => newRequestId(1_790_000_000_000)));
    expect(ids.size).toBe(100_000);
  });

  test("is unique when the clock jumps back and runs through the same time again", () => {
    const ids = new Set<string>();
    for (let round = 0; round < 10; round++) {
      for (let wallMs = 1_790_000_000_000; wallMs < 1_790_000_001_000; wallMs++)
        ids.add(newRequestId(wallMs));
    }
    expect(ids.size).toBe(10_000);
  });

  test("is random in all of its last sixteen digits", () => {
    const seen = Array.from({ length: 16 }, () => new Set<string>());
    for (let count = 0; count < 2_000; count++) {
      const random = newRequestId(0).slice(TIME_END);
      for (const [at, digits] of seen.entries()) digits.add(random.charAt(at));
    }
    // Each digit misses one of its 32 values in 2,000 draws about once in 10^26.
    expect(seen.map((digits) => digits.size)).toEqual(Array.from({ length: 16 }, () => 32));
  });
});

test("an attempt's id is the request's, a dot and the attempt's number", () => {
  const id = newRequestId(0);
  expect(attemptIdOf(id, 1)).toBe(`${id}.1`);
  expect(attemptIdOf(id, 12)).toBe(`${id}.12`);
});
