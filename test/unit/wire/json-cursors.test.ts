/** The cursors that walk over objects and arrays, and readers that are handed what stands in them. */
import { describe, expect, test } from "vitest";
import { wantedNames } from "../../../src/wire/json-key.ts";
import {
  type ContainerReader,
  ElementCursor,
  MemberCursor,
  scanDocument,
} from "../../../src/wire/json-scan.ts";
import { JsonSyntaxError } from "../../../src/wire/json-value.ts";

const wanted = wantedNames(["model", "stream", "messages"]);

describe("cursors", () => {
  test("a member cursor gives every repeat, and where its object ends", () => {
    const bytes = Buffer.from('{"model":1,"x":2,"model":3} tail');
    const cursor = new MemberCursor(bytes, 0, bytes.length, wanted);
    const values: string[] = [];
    for (let member = cursor.next(); member !== null; member = cursor.next()) {
      values.push(bytes.toString("utf8", member.valueStart, member.valueEnd));
    }
    expect(values).toEqual(["1", "3"]);
    expect(cursor.position).toBe(27);
    expect(cursor.next()).toBeNull();
  });

  test.each([
    ["[]", []],
    ["[ ]", []],
    ["[1]", ["1"]],
    ['[ {"a":[1,2]} ,\n"],[" , [[]], null ]', ["{", '"', "[", "n"]],
  ])("an element cursor over %j", (text, expected) => {
    const bytes = Buffer.from(text);
    const cursor = new ElementCursor(bytes, 0, bytes.length);
    const firsts: string[] = [];
    while (cursor.next()) firsts.push(text.charAt(cursor.start));
    expect(firsts).toEqual(expected);
  });

  test("an element whose end is told is not walked again", () => {
    const bytes = Buffer.from('[{"model":1} , {"model":2}]');
    const elements = new ElementCursor(bytes, 0, bytes.length);
    const starts: number[] = [];
    while (elements.next()) {
      expect(elements.isObject).toBe(true);
      starts.push(elements.start);
      const members = new MemberCursor(bytes, elements.start, bytes.length, wanted);
      while (members.next() !== null);
      elements.endsAt(members.position);
    }
    expect(starts).toEqual([1, 15]);
  });

  test("neither opens on something else", () => {
    const bytes = Buffer.from("[1]");
    expect(() => new MemberCursor(bytes, 0, 3, wanted)).toThrow(JsonSyntaxError);
    expect(() => new ElementCursor(bytes, 1, 3)).toThrow(JsonSyntaxError);
    expect(() => new ElementCursor(bytes, 3, 3)).toThrow(JsonSyntaxError);
  });

  test.each(["[1 2]", "[,1]", "[1,]", "[1,,2]", "[1", "[", "[1,", '[{"a":1}{"b":2}]', "[1}"])(
    "an array that is none: %s",
    (text) => {
      const elements = new ElementCursor(Buffer.from(text), 0, text.length);
      expect(() => {
        while (elements.next());
      }).toThrow(JsonSyntaxError);
    },
  );

  test("a reader is handed the containers of wanted members, and no others", () => {
    const text = '{"x":[1],"model":[2],"Stream":{"a":3},"messages":"[4]","stream":[ ]}';
    const handed: string[] = [];
    const bytes = Buffer.from(text);
    const reader: ContainerReader = {
      readContainer(name, start, limit, spelling) {
        const end = text.indexOf(text.charAt(start) === "[" ? "]" : "}", start) + 1;
        handed.push(`${name} ${spelling} ${text.slice(start, end)} of ${limit}`);
        return name === "model" ? end : null;
      },
    };
    const members = scanDocument(bytes, wanted, reader);
    expect(members.map(({ name }) => name)).toEqual(["model", "stream", "messages", "stream"]);
    expect(handed).toEqual([
      `model exact [2] of ${text.length}`,
      `stream folded {"a":3} of ${text.length}`,
      `stream exact [ ] of ${text.length}`,
    ]);
  });
});
