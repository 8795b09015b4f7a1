/** A free text comes back from the arguments of a function, in whatever fragments they come. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CustomInputReader,
  customArguments,
  customInput,
} from "../../src/protocols/responses/custom-tools.ts";

/** All pieces of `text` when it is cut at the given places. */
function cutAt(text: string, places: readonly number[]): string[] {
  const ends = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [...ends, text.length].map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}

function readIn(pieces: readonly string[]): string {
  const reader = new CustomInputReader();
  return pieces.map((piece) => reader.push(piece)).join("") + reader.finish();
}

const texts = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom('"', "\\", "\n", "😀", "u", "a", "\u0001", "é") }),
);

test("a text comes back from its arguments, however they are cut, and no fragment holds half a character", () => {
  fc.assert(
    fc.property(texts, fc.boolean(), fc.array(fc.nat(), { maxLength: 8 }), (input, escapes, places) => {
      const plain = customArguments(input);
      const given = escapes
        ? plain.replaceAll(/[^\x20-\x7e]/g, (unit) =>
            [...Array(unit.length).keys()]
              .map((index) => `\\u${unit.charCodeAt(index).toString(16).padStart(4, "0")}`)
              .join(""),
          )
        : plain;
      expect(customInput(given)).toBe(input);
      const reader = new CustomInputReader();
      const read = cutAt(given, places).map((piece) => reader.push(piece));
      expect(read.join("") + reader.finish()).toBe(input);
      if (input.isWellFormed()) expect(read.every((piece) => piece.isWellFormed())).toBe(true);
    }),
  );
});

test("arguments of any other shape are given as they are", () => {
  const others = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom("", "{", '{"inpu', '{"inputs":"x"}', "[]", " "),
  );
  fc.assert(
    fc.property(others, fc.array(fc.nat(), { maxLength: 4 }), (given, places) => {
      fc.pre(!/^\s*\{\s*"input"/.test(given));
      expect(readIn(cutAt(given, places))).toBe(customInput(given));
    }),
  );
});

test("arguments that come in fragments give what they give as a whole, however wrong they are", () => {
  const endings = fc.constantFrom("", '"', '"}', '"} and more', '","input":"again"}', "\\", "\\ud83d", '":');
  const wrong = fc.tuple(fc.constantFrom('{"input":"', ' { "input": "'), texts, endings);
  fc.assert(
    fc.property(wrong, fc.array(fc.nat(), { maxLength: 4 }), (parts, places) => {
      const given = parts.join("");
      expect(readIn(cutAt(given, places))).toBe(customInput(given));
    }),
  );
  expect(customInput('{"input":"*** Begin Patch\\n+a')).toBe("*** Begin Patch\n+a");
});

test("what is written before the text may be spaced", () => {
  expect(readIn([' { "in', 'put" : "a', 'b" } '])).toBe("ab");
  expect(readIn([`{"input"${" ".repeat(300)}:"ab"}`])).toBe("ab");
});

test("arguments that are cut off in the text give what there is of it", () => {
  expect(readIn(['{"input":"ab', "c"])).toBe("abc");
});
