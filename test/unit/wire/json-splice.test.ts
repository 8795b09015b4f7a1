/** Splices: the new bytes where they belong, the old ones shared, and no disorder. */
import { describe, expect, test } from "vitest";
import { wantedNames } from "../../../src/wire/json-key.ts";
import { scanDocument } from "../../../src/wire/json-scan.ts";
import {
  bySplicePosition,
  insertFirstMember,
  JOINED_BYTES_MAX,
  PIECES_MAX,
  removeMember,
  removeMembers,
  type Splice,
  splice,
  splicedLength,
} from "../../../src/wire/json-splice.ts";

function at(start: number, end: number, text: string): Splice {
  return { start, end, bytes: Buffer.from(text) };
}

function spliced(text: string, ...splices: Splice[]): string {
  const bytes = Buffer.from(text);
  const body = Buffer.concat(splice(bytes, splices));
  expect(body).toHaveLength(splicedLength(bytes, splices));
  return body.toString();
}

describe("splice", () => {
  test("replaces, inserts and takes out", () => {
    expect(spliced("0123456789", at(0, 1, "a"), at(3, 3, "bc"), at(5, 8, ""))).toBe("a12bc3489");
  });

  test("at both ends, and side by side", () => {
    expect(spliced("0123", at(0, 0, "a"), at(0, 2, "b"), at(2, 2, "c"), at(2, 4, "d"), at(4, 4, "e"))).toBe(
      "abcde",
    );
    expect(spliced("", at(0, 0, "a"))).toBe("a");
    expect(spliced("0123", at(0, 4, ""))).toBe("");
  });

  test("gives the body itself where there is nothing to splice", () => {
    const bytes = Buffer.from("{}");
    expect(splice(bytes, [])).toEqual([bytes]);
    expect(splice(bytes, [])[0]).toBe(bytes);
  });

  test.each([
    ["out of order", [at(3, 4, ""), at(1, 2, "")]],
    ["overlapping", [at(1, 4, ""), at(3, 5, "")]],
    ["backwards", [at(4, 3, "")]],
    ["before the start", [at(-1, 2, "")]],
    ["beyond the end", [at(3, 11, "")]],
    ["between bytes", [at(0.5, 2, "")]],
    ["nowhere", [at(0, Number.NaN, "")]],
  ])("refuses splices %s", (_name, splices) => {
    expect(() => splice(Buffer.from("0123456789"), splices)).toThrow(RangeError);
  });

  test("joins up to the bound, and shares the old bytes beyond it", () => {
    const small = Buffer.alloc(JOINED_BYTES_MAX - 1, "a");
    expect(splice(small, [at(5, 5, "b")])).toHaveLength(1);
    const large = Buffer.alloc(JOINED_BYTES_MAX, "a");
    const pieces = splice(large, [at(5, 5, "b")]);
    expect(pieces.map((piece) => piece.length)).toEqual([5, 1, JOINED_BYTES_MAX - 5]);
    expect(pieces[0]?.buffer).toBe(large.buffer);
    expect(pieces[2]?.buffer).toBe(large.buffer);
  });

  test("joins whatever would be more pieces than the bound", () => {
    const bytes = Buffer.alloc(200_000, "a");
    const splices = (count: number) =>
      Array.from({ length: count }, (_, index) => at(index * 10 + 1, index * 10 + 2, "b"));
    const most = Math.floor((PIECES_MAX - 1) / 2);
    const pieces = splice(bytes, splices(most));
    expect(pieces).toHaveLength(most * 2 + 1);
    expect(Buffer.concat(pieces).equals(Buffer.alloc(200_000, "abaaaaaaaa").fill("a", most * 10))).toBe(true);
    const joined = splice(bytes, splices(most + 1));
    expect(joined).toHaveLength(1);
    const expected = Buffer.alloc(200_000, "abaaaaaaaa").fill("a", (most + 1) * 10);
    expect(joined[0]?.equals(expected)).toBe(true);
  });

  test("an insertion goes before a splice that begins where it stands", () => {
    const splices = [at(2, 4, "-"), at(2, 2, "+"), at(0, 1, "x")].sort(bySplicePosition);
    expect(spliced("0123", ...splices)).toBe("x1+-");
  });
});

describe("members", () => {
  const wanted = wantedNames(["gone"]);

  function without(text: string): string {
    const bytes = Buffer.from(text);
    const [member] = scanDocument(bytes, wanted);
    if (member === undefined) throw new Error("no member to take out");
    return Buffer.concat(splice(bytes, [removeMember(bytes, member)])).toString();
  }

  test.each([
    ['{"gone":1,"a":2}', '{"a":2}'],
    ['{"a":2,"gone":1}', '{"a":2}'],
    ['{"a":2,"gone":1,"b":3}', '{"a":2,"b":3}'],
    ['{ "gone" : 1 , "a" : 2 }', '{  "a" : 2 }'],
    ['{ "a" : 2 , "gone" : 1 }', '{ "a" : 2  }'],
    ['{\n  "a": 2,\n  "gone": [1, {"gone": 2}],\n  "b": 3\n}', '{\n  "a": 2,\n  "b": 3\n}'],
    ['{"a":",","gone":"}","b":"{"}', '{"a":",","b":"{"}'],
  ])("taken out of %j with one comma", (text, expected) => {
    expect(without(text)).toBe(expected);
    expect(JSON.parse(without(text))).not.toHaveProperty("gone");
  });

  test.each([
    ['{"a":1,"b":2,"c":3}', "ab", '{"c":3}'],
    ['{"a":1,"b":2,"c":3}', "bc", '{"a":1}'],
    ['{"a":1,"b":2,"c":3}', "ac", '{"b":2}'],
    ['{ "a" : 1 , "b" : 2 , "c" : 3 , "d" : 4 }', "abc", '{    "d" : 4 }'],
    ['{ "a" : 1 , "b" : 2 , "c" : 3 , "d" : 4 }', "bcd", '{ "a" : 1    }'],
    ['{ "a" : 1 , "b" : 2 , "c" : 3 , "d" : 4 }', "abd", '{   "c" : 3  }'],
    ['{"a":1,"b":2}', "", '{"a":1,"b":2}'],
  ])("of %j, %j taken out together", (text, names, expected) => {
    const bytes = Buffer.from(text);
    const members = scanDocument(bytes, wantedNames([...names]));
    expect(Buffer.concat(splice(bytes, removeMembers(bytes, members))).toString()).toBe(expected);
  });

  test.each([
    ["{}", '{"n":1}'],
    ["{ }", '{"n":1 }'],
    ['{"a":2}', '{"n":1,"a":2}'],
    ['{ "a":2}', '{"n":1, "a":2}'],
  ])("put in at the front of %j", (text, expected) => {
    const bytes = Buffer.from(text);
    expect(Buffer.concat(splice(bytes, [insertFirstMember(bytes, 0, '"n":1')])).toString()).toBe(expected);
  });
});
