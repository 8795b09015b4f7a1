/** The cursors that walk inside a scanned body, and the watch that looks over a scan's shoulder. */
import { describe, expect, test } from "vitest";
import { wantedNames } from "../../../src/wire/json-key.ts";
import { ElementCursor, MemberCursor, scanDocument } from "../../../src/wire/json-scan.ts";
import { TextWatch } from "../../../src/wire/json-string.ts";
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

  test("a watch is shown string values at every depth, and no keys", () => {
    const seen = (text: string) => {
      const watch = new TextWatch("developer");
      scanDocument(Buffer.from(text), wanted, { watch });
      return watch.seen;
    };
    expect(seen('{"developer":1,"x":{"developer":["developers"]}}')).toBe(false);
    expect(seen('{"a":"developer"}')).toBe(true);
    expect(seen('{"model":[{"a":["x","\\u0064eveloper"]}]}')).toBe(true);
  });
});
