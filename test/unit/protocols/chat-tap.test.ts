/** What a chat tap gives, takes out, learns and refuses to hold. */
import { describe, expect, test } from "vitest";
import { openChatTap } from "../../../src/protocols/chat/tap.ts";
import type { Tap } from "../../../src/protocols/door.ts";
import { SSE_TAIL_BYTES_MAX } from "../../../src/wire/sse-events.ts";
import { streamFixture } from "../../support/stream-fixtures.ts";

const CHUNK = 'data: {"choices":[{"delta":{"content":"a"},"index":0}],"usage":null}\n\n';
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5}}\n\n';
const DONE = "data: [DONE]\n\n";

function open(wantsUsage = false): Tap {
  return openChatTap(wantsUsage);
}

/** Pushes the pieces; each answer as text. */
function push(tap: Tap, ...pieces: string[]): (string | null)[] {
  return pieces.map((piece) => tap.push(Buffer.from(piece))?.toString() ?? null);
}

function usageOf(prompt: number, completion: number): string {
  return USAGE.replace("9", String(prompt)).replace("5", String(completion));
}

/** Listens to the whole of a fixture in one piece. */
function hear(name: string): Tap {
  const tap = open();
  tap.push(streamFixture(name));
  tap.finish();
  return tap;
}

describe("bytes go through as they came", () => {
  test.each([
    ["the first chunk", "", CHUNK],
    ["an ordinary chunk", CHUNK, CHUNK],
    ["several", CHUNK, CHUNK + CHUNK],
    ["a chunk that is read", CHUNK, CHUNK.replace("null", '{"prompt_tokens":1,"completion_tokens":1}')],
    ["a comment", CHUNK, ": ping\n"],
    ["a CRLF event", CHUNK, "data: {}\r\n\r\nx: y\n\n"],
    ["the end", CHUNK, DONE],
  ])("%s: the very same buffer", (_name, before, piece) => {
    const tap = open();
    tap.push(Buffer.from(before));
    const bytes = Buffer.from(piece);
    expect(tap.push(bytes)).toBe(bytes);
  });

  test("an unfinished event waits for its end", () => {
    const tap = open();
    expect(push(tap, `${CHUNK}data: {`, '"a"', ":1}\n", "\n", CHUNK)).toEqual([
      CHUNK,
      null,
      null,
      'data: {"a":1}\n\n',
      CHUNK,
    ]);
    expect(tap.events).toBe(3);
  });

  test("what is held is a copy: the piece may be used again", () => {
    const tap = open();
    const piece = Buffer.from("data: {}");
    expect(tap.push(piece)).toBeNull();
    piece.fill("x");
    expect(tap.push(Buffer.from("\n\n"))?.toString()).toBe("data: {}\n\n");
  });

  test("comments between events pass with their line, and are not events", () => {
    const tap = open();
    expect(push(tap, ": pi", "ng\n: po", "ng\n", "\n")).toEqual([null, ": ping\n", ": pong\n", "\n"]);
    expect(tap.events).toBe(0);
  });

  test("an empty piece gives nothing", () => {
    expect(push(open(), "", CHUNK, "")).toEqual([null, CHUNK, null]);
  });
});

describe("the usage chunk", () => {
  test("is taken out with its blank line where it was not asked for", () => {
    const tap = open(false);
    expect(push(tap, CHUNK + USAGE + CHUNK + USAGE, USAGE + DONE)).toEqual([CHUNK + CHUNK, DONE]);
    expect(tap.usage).toEqual({
      inputTokens: 9,
      cachedInputTokens: 0,
      outputTokens: 5,
      reasoningTokens: 0,
    });
    expect(tap.events).toBe(6);
  });

  test("alone in its piece, whole or cut, gives null", () => {
    expect(push(open(false), USAGE, USAGE.slice(0, 20), USAGE.slice(20))).toEqual([null, null, null]);
  });

  test("takes its CRLF with it, however late the LF comes", () => {
    const usage = USAGE.replaceAll("\n", "\r\n");
    expect(push(open(false), usage.slice(0, -1), `\n${DONE}`)).toEqual([null, DONE]);
  });

  test("stays where it was asked for", () => {
    const tap = open(true);
    expect(push(tap, CHUNK + USAGE + DONE)).toEqual([CHUNK + USAGE + DONE]);
    expect(tap.usage?.outputTokens).toBe(5);
  });

  test("is not a chunk that has choices, though it has a usage", () => {
    const chunk = CHUNK.replace("null", '{"prompt_tokens":9,"completion_tokens":1}');
    const tap = open(false);
    expect(push(tap, chunk)).toEqual([chunk]);
    expect(tap.usage?.outputTokens).toBe(1);
    expect(tap.usageIsFinal).toBe(false);
  });

  test("makes its figures final, until a later figure is higher", () => {
    const tap = open(true);
    push(tap, USAGE + CHUNK);
    expect(tap.usageIsFinal).toBe(true);
    push(tap, CHUNK.replace("null", '{"prompt_tokens":9,"completion_tokens":7}'));
    expect(tap.usageIsFinal).toBe(false);
  });

  test("with a usage that is not valid is taken out as well", () => {
    const tap = open(false);
    expect(push(tap, usageOf(-9, 5))).toEqual([null]);
    expect(tap.usage).toBeNull();
  });

  test("with a usage of null, or with none, stays", () => {
    const chunks = 'data: {"choices":[],"usage":null}\n\ndata: {"choices":[]}\n\n';
    expect(push(open(false), chunks)).toEqual([chunks]);
  });
});

describe("the usage", () => {
  test.each([
    ["usage on every chunk", 9, 5],
    ["usage in several chunks", 9, 9],
    ["usage decreasing", 9, 5],
    ["usage negative", 9, 5],
    ["usage NaN", 9, 5],
    ["usage not a number", 9, 5],
    ["usage absurd", 8, 4],
    ["usage with spaces before the colon", 9, 5],
    ["usage before the choices", 9, 5],
    ["usage beside a key with a quote", 2, 3],
    ["usage in a line of its own", 2, 3],
    ["data in several lines", 7, 2],
    ["bytes after DONE", 9, 5],
    ["CRLF", 9, 5],
    ["CR only", 9, 5],
    ["byte order mark", 9, 5],
    ["usage without its blank line", 9, 5],
    ["broken JSON", 9, 5],
    ["broken JSON that ends as a chunk does", 9, 5],
    ["not UTF-8", 9, 5],
  ])("%s", (name, inputTokens, outputTokens) => {
    expect(hear(name).usage).toMatchObject({ inputTokens, outputTokens });
  });

  test.each([
    "plain, no usage",
    "usage null",
    "usage given twice",
    "usage that is no object",
    "fields of like names",
  ])("%s: none", (name) => {
    expect(hear(name).usage).toBeNull();
  });

  test("text that looks like a usage is text", () => {
    expect(hear("usage in the content").usage).toEqual({
      inputTokens: 9,
      cachedInputTokens: 4,
      outputTokens: 5,
      reasoningTokens: 3,
    });
  });
});

describe("the end of a stream", () => {
  test.each(["data: [DONE]\n\n", "data:[DONE]\n\n", "data:  [DONE] \r\n\r\n", "id: 1\rdata: [DONE]\r\r"])(
    "%j is given back, and whatever follows is ignored",
    (done) => {
      const tap = open();
      expect(push(tap, `${CHUNK}${done}${usageOf(90, 90)}${CHUNK}`)).toEqual([CHUNK + done]);
      expect(tap.done).toBe(true);
      expect(push(tap, DONE, usageOf(90, 90), "data:", ": ping\n")).toEqual([null, null, null, null]);
      expect(tap.finish()).toBeNull();
      expect(tap).toMatchObject({ events: 2, usage: null, insideEvent: false, failure: null });
    },
  );

  test("it is not done before the mark has been given back", () => {
    const tap = open();
    push(tap, CHUNK, "data: [DONE]\n");
    expect(tap.done).toBe(false);
    push(tap, "\n");
    expect(tap.done).toBe(true);
  });

  test.each([
    'data: {"a":"[DONE]"}\n\n',
    'data: "[DONE]"\n\n',
    "data: [DONE]x\n\n",
    ": [DONE]\n\n",
    "event: [DONE]\n\n",
  ])("%j is not the mark", (stream) => {
    const tap = open();
    expect(push(tap, stream)).toEqual([stream]);
    expect(tap.done).toBe(false);
  });
});

describe("the upstream's own error", () => {
  test.each([
    ["error as the first member", "ServerOverloaded"],
    ["error as the last member", "A.B"],
    ["error, then usage null", "E"],
    ["error with a space before its colon", "E"],
    ["error written with an escape", "E"],
    ["error with usage", null],
    ["error that is a text", null],
    ["an event named error", null],
    ["an event named error, not JSON", null],
    ["an error without its blank line", "Cut"],
  ])("%s", (name, code) => {
    const tap = hear(name);
    expect(tap.failure).toEqual({ code });
    expect(tap.done).toBe(false);
  });

  test.each([
    "error that is false",
    "error deeper down",
    "an event named error, then renamed",
    "no data at all",
    "a named error cut short",
  ])("%s: none", (name) => {
    expect(hear(name).failure).toBeNull();
  });

  test("is given back as it is, and whatever follows is ignored", () => {
    const error =
      'data: {"choices":[],"error":{"code":"E"},"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n';
    const tap = open(false);
    expect(push(tap, CHUNK + error + USAGE + DONE, DONE)).toEqual([CHUNK + error, null]);
    expect(tap.finish()).toBeNull();
    expect(tap).toMatchObject({ failure: { code: "E" }, done: false, events: 2, usage: { outputTokens: 2 } });
  });
});

describe("a clean end without a blank line", () => {
  test.each(["data: [DONE]", "data: [DONE]\n", "data: [DONE]\r", "data:[DONE]\r\n", "data: [DONE]\r\n\r"])(
    "%j is given back as it came",
    (tail) => {
      const tap = open();
      expect(push(tap, CHUNK + tail)).toEqual([CHUNK]);
      expect(tap.done).toBe(false);
      expect(tap.finish()?.toString()).toBe(tail);
      expect(tap).toMatchObject({ done: true, events: 2 });
      expect(tap.finish()).toBeNull();
    },
  );

  test.each([
    ['data: {"a":1}', "\n\n", null],
    ['data: {"a":1}\n', "\n", null],
    ['data: {"error":{"code":"E"}}\r\n', "\n", { code: "E" }],
    ['data: {"error":{"code":"E"}}\r', "\n\n", { code: "E" }],
    ['event: error\ndata: {"code":"E"}', "\n\n", { code: null }],
  ])(
    "%j is given back with a blank line, for clients to see it and frames to follow",
    (tail, end, failure) => {
      const tap = open();
      push(tap, CHUNK + tail);
      expect(tap.finish()?.toString()).toBe(tail + end);
      expect(tap).toMatchObject({ done: false, failure, events: 2, insideEvent: false });
    },
  );

  test.each([
    'data: {"a":1',
    "data: [DON",
    "data: 12",
    'event: error\ndata: {"a',
    "event: x",
    ": ping",
    "\u00ef",
  ])("%j is cut, and dropped", (tail) => {
    const tap = open();
    push(tap, CHUNK + tail);
    expect(tap.finish()).toBeNull();
    expect(tap).toMatchObject({ done: false, failure: null, events: 1, insideEvent: false });
  });

  test("a usage chunk counts, and is taken out where it was not asked for", () => {
    for (const wantsUsage of [true, false]) {
      const tap = open(wantsUsage);
      push(tap, CHUNK + USAGE.trimEnd());
      expect(tap.finish()?.toString() ?? null).toBe(wantsUsage ? USAGE : null);
      expect(tap).toMatchObject({ events: 2, usage: { inputTokens: 9 } });
    }
  });

  test("nothing held, nothing given", () => {
    const tap = open();
    push(tap, CHUNK);
    expect(tap.finish()).toBeNull();
    expect(open().finish()).toBeNull();
  });
});

describe("at most 1 MiB is held", () => {
  const HALF = SSE_TAIL_BYTES_MAX / 2;
  const frame = (bytes: number, usage: string) => {
    const head = 'data: {"x":"';
    const tail = `","choices":[],"usage":${usage}}\n\n`;
    return head + "x".repeat(bytes - head.length - tail.length) + tail;
  };
  const given = '{"prompt_tokens":9,"completion_tokens":5}';

  test("an event of exactly 1 MiB is read, and can be taken out", () => {
    const event = Buffer.from(frame(SSE_TAIL_BYTES_MAX, given));
    for (const cuts of [[], [HALF], [10, HALF, SSE_TAIL_BYTES_MAX - 1]]) {
      const tap = open();
      const all = [0, ...cuts, event.length];
      const out = cuts.concat(event.length).map((cut, index) => tap.push(event.subarray(all[index], cut)));
      expect(out.every((each) => each === null)).toBe(true);
      expect(tap).toMatchObject({ events: 1, insideEvent: false, usage: { inputTokens: 9 } });
    }
  });

  test("an event of one byte more flows unread, however it is cut", () => {
    const event = Buffer.from(frame(SSE_TAIL_BYTES_MAX + 1, given));
    for (const cut of [0, 1, HALF, SSE_TAIL_BYTES_MAX, event.length]) {
      const tap = open();
      const out = [event.subarray(0, cut), event.subarray(cut)].flatMap((piece) => tap.push(piece) ?? []);
      expect(Buffer.concat(out).equals(event)).toBe(true);
      expect(tap).toMatchObject({ events: 1, insideEvent: false, usage: null });
      expect(push(tap, USAGE)).toEqual([null]);
      expect(tap.usage?.inputTokens).toBe(9);
    }
  });

  test("a tail of 1 MiB is held; with one byte more it flows until its event ends", () => {
    const tail = Buffer.from(frame(2 * SSE_TAIL_BYTES_MAX, given));
    const tap = open();
    expect(tap.push(tail.subarray(0, HALF))).toBeNull();
    expect(tap.push(tail.subarray(HALF, SSE_TAIL_BYTES_MAX))).toBeNull();
    expect(tap.insideEvent).toBe(false);
    const flowed = tap.push(tail.subarray(SSE_TAIL_BYTES_MAX, SSE_TAIL_BYTES_MAX + 1));
    expect(flowed?.equals(tail.subarray(0, SSE_TAIL_BYTES_MAX + 1))).toBe(true);
    expect(tap).toMatchObject({ insideEvent: true, events: 0 });
    expect(push(tap, "more")).toEqual(["more"]);
    expect(tap.finish()).toBeNull();
    expect(tap.insideEvent).toBe(true);
    expect(push(tap, '"}\n\n', CHUNK)).toEqual(['"}\n\n', CHUNK]);
    expect(tap).toMatchObject({ insideEvent: false, events: 2, usage: null });
  });

  test("what flowed and ended with the stream's last CR is whole", () => {
    const tap = openChatTap(false, { tailBytesMax: 5 });
    push(tap, "data: x\r\n\r");
    expect(tap.insideEvent).toBe(true);
    expect(tap.finish()).toBeNull();
    expect(tap).toMatchObject({ insideEvent: false, events: 1 });
  });

  test("a megabyte that comes byte by byte is held in time that grows with its length alone", () => {
    const tap = open();
    const byte = Buffer.from("x");
    tap.push(Buffer.from("data: "));
    for (let count = 6; count < SSE_TAIL_BYTES_MAX; count++) tap.push(byte);
    expect(tap.insideEvent).toBe(false);
    expect(tap.push(byte)?.length).toBe(SSE_TAIL_BYTES_MAX + 1);
  });
});
