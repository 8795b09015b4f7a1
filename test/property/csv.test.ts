/** What is written as CSV is read as it was; whatever is read ends in records or in a line that is wrong. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CsvError, csvLine, csvRecords } from "../../src/wire/csv.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

const WRITTEN_SHARE = 0.05;
const ARBITRARY_SHARE = 0.1;

/** Text that is made of what CSV gives a meaning to, more often than not. */
const field = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', ",", "\r", "\n", "\r\n", "a", " ", "0", "模", "\u{1f600}") }),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const record = fc.array(field, { minLength: 1, maxLength: 8 });

function fieldsOf(text: string): (readonly string[])[] {
  return Array.from(csvRecords(text), ({ fields }) => fields);
}

/** A reader made another way, after the grammar: one regular expression for a field and what ends it. */
function fieldsByGrammar(text: string): string[][] | null {
  const FIELD = /(?:"((?:[^"]|"")*)"|((?:[^",\r\n]|\r(?!\n))*))(,|\r\n|\n|$)/y;
  const records: string[][] = [];
  let fields: string[] = [];
  for (let at = 0; at < text.length || fields.length > 0; ) {
    FIELD.lastIndex = at;
    const match = FIELD.exec(text);
    if (match === null) return null;
    const [whole, quoted, plain = "", end] = match;
    if (!(quoted === undefined && plain === "" && end !== "," && fields.length === 0)) {
      fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    }
    at += whole.length;
    if (end === ",") continue;
    if (fields.length > 0) records.push(fields);
    fields = [];
  }
  return records;
}

test(
  "what is written is read",
  () => {
    const property = fc.property(fc.array(record), fc.boolean(), (records, hasCrlf) => {
      const text = records.map(csvLine).join("");
      expect(fieldsOf(text)).toEqual(records);
      if (!text.includes("\r") && hasCrlf && !records.flat().some((part) => part.includes("\n"))) {
        expect(fieldsOf(text.replaceAll("\n", "\r\n"))).toEqual(records);
      }
    });
    fc.assert(property, propertyRuns(WRITTEN_SHARE));
  },
  propertyTimeoutMs(WRITTEN_SHARE),
);

test(
  "any text is read as the grammar has it, or refused where the grammar refuses",
  () => {
    const property = fc.property(field, (text) => {
      const expected = fieldsByGrammar(text);
      if (expected === null) expect(() => fieldsOf(text)).toThrow(CsvError);
      else expect(fieldsOf(text)).toEqual(expected);
    });
    fc.assert(property, propertyRuns(ARBITRARY_SHARE));
  },
  propertyTimeoutMs(ARBITRARY_SHARE),
);

describe("by example", () => {
  test.each<[string, string[][]]>([
    ["", []],
    ["\n\r\n\n", []],
    ["a", [["a"]]],
    [
      "a,b\nc,d",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "a,b\r\nc,d\r\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "a,\n,b\n",
      [
        ["a", ""],
        ["", "b"],
      ],
    ],
    ['"a,b","c""d","e\nf"\n', [["a,b", 'c"d', "e\nf"]]],
    ['""\n', [[""]]],
    ["a\rb,c\n", [["a\rb", "c"]]],
    ["a,", [["a", ""]]],
  ])("%j", (text, records) => {
    expect(fieldsOf(text)).toEqual(records);
  });

  test.each([
    ['a"b', "stray-quote", 1],
    ['x\n"a"b\n', "after-quote", 2],
    ['x\n"a\n\nb"c\n', "after-quote", 4],
    ['x\n\n"a\nb', "open-quote", 3],
    ['"a" ,b', "after-quote", 1],
  ] as const)("%j is wrong", (text, flaw, line) => {
    expect(() => fieldsOf(text)).toThrow(expect.objectContaining({ flaw, line }));
  });

  test("each record has the line that it begins in", () => {
    const lines = Array.from(csvRecords('a\n\n"b\n\nc",d\r\ne'), ({ line }) => line);
    expect(lines).toEqual([1, 3, 6]);
  });

  test("the records before a flaw have been given", () => {
    const seen: string[] = [];
    expect(() => {
      for (const { fields } of csvRecords('a\nb\nc"\n')) seen.push(...fields);
    }).toThrow(CsvError);
    expect(seen).toEqual(["a", "b"]);
  });
});
