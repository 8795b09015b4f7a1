/** Where whole server-sent events end, and what one event says. */
import { describe, expect, test } from "vitest";
import { EventScanner, readEvent } from "../../../src/wire/sse-events.ts";

/**
 * The blocks of a stream given in pieces: events in square brackets, filler plain, an unfinished tail after
 * a bar.
 */
function blocks(...pieces: string[]): string[] {
  const scanner = new EventScanner();
  const found: string[] = [];
  let open = "";
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, "latin1");
    let at = 0;
    for (let end = scanner.nextEnd(bytes, 0); end >= 0; end = scanner.nextEnd(bytes, end)) {
      const block = open + bytes.toString("latin1", at, end);
      found.push(scanner.endedEvent ? `[${block}]` : block);
      open = "";
      at = end;
    }
    open += bytes.toString("latin1", at);
  }
  return open === "" ? found : [...found, `|${open}`];
}

describe("an event ends with its blank line", () => {
  test.each([
    ["LF", "data: a\n\ndata: b\n\n", ["[data: a\n\n]", "[data: b\n\n]"]],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", ["[data: a\r\n\r\n]", "[data: b\r\n\r\n]"]],
    ["CR", "data: a\r\rdata: b\r\r", ["[data: a\r\r]", "[data: b\r\r]"]],
    ["LF, then CRLF", "data: a\n\r\ndata: b", ["[data: a\n\r\n]", "|data: b"]],
    ["LF, then CR", "data: a\n\rdata: b", ["[data: a\n\r]", "|data: b"]],
    ["CRLF, then LF", "data: a\r\n\ndata: b", ["[data: a\r\n\n]", "|data: b"]],
    ["CRLF, then CR", "data: a\r\n\rdata: b", ["[data: a\r\n\r]", "|data: b"]],
    ["CR, then CRLF: the LF is filler", "data: a\r\r\ndata: b", ["[data: a\r\r]", "\n", "|data: b"]],
    ["several lines", "id: 1\ndata: a\n: c\n\n", ["[id: 1\ndata: a\n: c\n\n]"]],
    ["one line end only", "data: a\n", ["|data: a\n"]],
  ])("%s", (_name, stream, wanted) => {
    expect(blocks(stream)).toEqual(wanted);
  });
});

describe("between events there is filler", () => {
  test.each([
    ["a comment line", ": ping\ndata: a\n\n", [": ping\n", "[data: a\n\n]"]],
    ["a comment and its blank line", ": ping\n\n", [": ping\n", "\n"]],
    ["a comment, CRLF", ": ping\r\nd", [": ping\r", "\n", "|d"]],
    ["blank lines", "\n\r\n\r", ["\n", "\r", "\n", "\r"]],
    ["a byte order mark", "\u00ef\u00bb\u00bfdata: a\n\n", ["\u00ef\u00bb\u00bf", "[data: a\n\n]"]],
    ["half a byte order mark is none", "\u00ef\u00bbx\n\n", ["[\u00ef\u00bbx\n\n]"]],
    ["its first byte is none", "\u00ef\n\n", ["[\u00ef\n\n]"]],
    [
      "a second byte order mark is none",
      "\n\u00ef\u00bb\u00bf: x\n\n",
      ["\n", "[\u00ef\u00bb\u00bf: x\n\n]"],
    ],
  ])("%s", (_name, stream, wanted) => {
    expect(blocks(stream)).toEqual(wanted);
  });
});

describe("across pieces", () => {
  test.each([
    ["LF is not waited for twice", ["data: a\n", "\n", "data"], ["[data: a\n\n]", "|data"]],
    ["a CR waits for its LF", ["data: a\r\n\r", "\ndata"], ["[data: a\r\n\r\n]", "|data"]],
    ["a CR whose LF does not come", ["data: a\r\n\r", "data"], ["[data: a\r\n\r]", "|data"]],
    ["a line's CRLF", ["data: a\r", "\n", "\r", "\n"], ["[data: a\r\n\r\n]"]],
    ["a bare CR before does not wait", ["data: a\r\r", "\n"], ["[data: a\r\r]", "\n"]],
    ["a byte order mark", ["\u00ef", "\u00bb", "\u00bf", ": c\n"], ["\u00ef\u00bb\u00bf", ": c\n"]],
    ["empty pieces", ["", "data: a\n", "", "\n", ""], ["[data: a\n\n]"]],
  ])("%s", (_name, pieces, wanted) => {
    expect(blocks(...pieces)).toEqual(wanted);
  });

  test("an LF event ends with its last byte, and a CRLF event whose LF is missing ends with the stream", () => {
    const scanner = new EventScanner();
    expect(scanner.nextEnd(Buffer.from("data: a\n\n"), 0)).toBe(9);
    expect(scanner.isBetweenBlocks).toBe(true);
    expect(scanner.endsHere()).toBe(false);
    expect(scanner.nextEnd(Buffer.from("data: a\r\n\r"), 0)).toBe(-1);
    expect(scanner.isBetweenBlocks).toBe(false);
    expect(scanner.endsHere()).toBe(true);
    expect(scanner.endedEvent).toBe(true);
    expect(scanner.endsHere()).toBe(false);
  });

  test("at the start a byte order mark may come, so that it is not yet between blocks", () => {
    expect(new EventScanner().isBetweenBlocks).toBe(false);
  });
});

describe("the fields of an event", () => {
  test.each([
    ["data: a", null, "a"],
    ["data:a\n\n", null, "a"],
    ["data:  a \n\n", null, " a "],
    ["data: a\ndata:b\r\ndata: c\rdata:\n\n", null, "a\nb\nc\n"],
    ["data\n\n", null, ""],
    ["data:\n\n", null, ""],
    ["data: \n\n", null, ""],
    ["data:\ndata:\n\n", null, "\n"],
    ["data: a:b\n", null, "a:b"],
    ["event: error\ndata: x\n\n", "error", "x"],
    ["data: x\nevent:error", "error", "x"],
    ["event: a\nevent: b\n", "b", null],
    ["event\ndata: x", "", "x"],
    ["dataset: x\ndat: x\n data: x\nDATA: x\neventual: x\n: data: x\nid: 1\n\n", null, null],
    ["data: 北京 👍\n\n", null, "北京 👍"],
    ["", null, null],
  ])("%j", (event, name, data) => {
    const bytes = Buffer.from(event);
    expect(readEvent(bytes, 0, bytes.length)).toEqual({ name, data });
  });

  test("only the bytes from start to end are read", () => {
    const bytes = Buffer.from("data: no\n\ndata: yes\n\ndata: no\n\n");
    expect(readEvent(bytes, 10, 21)).toEqual({ name: null, data: "yes" });
    expect(readEvent(bytes, 10, 17)).toEqual({ name: null, data: "y" });
    expect(readEvent(bytes, 10, 15)).toEqual({ name: null, data: "" });
    expect(readEvent(bytes, 10, 13)).toEqual({ name: null, data: null });
  });
});
