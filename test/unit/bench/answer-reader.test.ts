/** The load generator's reader and its count of events: the same for every cut of the bytes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerReader, EventCounter } from "../../../bench/answer-reader.ts";

class Recorder {
  readonly heard: string[] = [];
  body = "";

  answerHead(status: number): void {
    this.heard.push(`head ${status}`);
  }
  answerFrame(): void {
    this.heard.push("frame");
  }
  answerPiece(piece: Buffer): void {
    this.body += piece.toString("latin1");
  }
  answerEnd(): void {
    this.heard.push(`end ${this.body}`);
    this.body = "";
  }
}

function heardOf(pieces: readonly Buffer[]): readonly string[] {
  const recorder = new Recorder();
  const reader = new AnswerReader(recorder);
  for (const piece of pieces) reader.read(piece);
  expect(reader.idle).toBe(true);
  return recorder.heard;
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...at, bytes.length])].sort((a, b) => a - b);
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
}

const TWO_ANSWERS = Buffer.from(
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello" +
    "HTTP/1.1 429 Too Many\r\nx: y\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "3\r\nabc\r\n0b;note\r\ndefgh\r\n\r\nij\r\n0\r\nx-trailer: 1\r\n\r\n" +
    "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
);
const HEARD = [
  "head 200",
  "end hello",
  "head 429",
  "frame",
  "frame",
  "end abcdefgh\r\n\r\nij",
  "head 204",
  "end ",
];

describe("the reader", () => {
  test("hears the same answers wherever the bytes are cut once", () => {
    for (let at = 0; at <= TWO_ANSWERS.length; at += 1)
      expect(heardOf(cut(TWO_ANSWERS, [at]))).toEqual(HEARD);
  });

  test("hears the same answers however the bytes are cut", () => {
    const places = fc.array(fc.nat(TWO_ANSWERS.length), { maxLength: 30 });
    fc.assert(
      fc.property(places, (at) => {
        expect(heardOf(cut(TWO_ANSWERS, at))).toEqual(HEARD);
      }),
    );
  });

  test("is not idle within an answer", () => {
    for (let end = 1; end < TWO_ANSWERS.indexOf("hello") + 5; end += 1) {
      const reader = new AnswerReader(new Recorder());
      reader.read(TWO_ANSWERS.subarray(0, end));
      expect(reader.idle).toBe(false);
    }
  });

  test.each([
    ["no status line", "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"],
    ["says neither its length", "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"],
    ["not a chunk size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"],
    ["longer than it said", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n"],
    ["does not end", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(65 * 1024)}`],
    ["too long", `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${"y".repeat(300)}`],
  ])("refuses: %s", (reason, bytes) => {
    expect(() => new AnswerReader(new Recorder()).read(Buffer.from(bytes))).toThrow(reason);
  });
});

describe("the count of events", () => {
  const stream = Buffer.from('data: {"a":1}\n\ndata: {"b":"\\n\\n"}\nid: 2\n\ndata: [DONE]\n\n');

  test("is three for three events, wherever the bytes are cut twice", () => {
    for (let first = 0; first <= stream.length; first += 1) {
      for (let second = first; second <= stream.length; second += 1) {
        const counter = new EventCounter();
        const pieces = cut(stream, [first, second]);
        expect(pieces.reduce((events, piece) => events + counter.count(piece), 0)).toBe(3);
      }
    }
  });

  test("does not count an event before its blank line", () => {
    const counter = new EventCounter();
    expect(counter.count(stream.subarray(0, stream.length - 1))).toBe(2);
    expect(counter.count(Buffer.alloc(0))).toBe(0);
    expect(counter.count(Buffer.from("\n"))).toBe(1);
    expect(counter.count(Buffer.from("\n"))).toBe(0);
  });
});
