/** What the tap of a translated stream hears, gives in its place, and refuses to give. */
import { describe, expect, test } from "vitest";
import type { ChatDelta } from "../../../src/core/chat.ts";
import { GatewayError } from "../../../src/core/errors.ts";
import { ChatTranslationTap, type EventWriter } from "../../../src/protocols/chat-translation-tap.ts";
import { readArkError } from "../../../src/upstreams/ark/error-codes.ts";

/** Writes what it is called with, in brackets. */
const writer: EventWriter = {
  begin: ({ model }) => `<begin ${model}>`,
  delta: ({ content, reasoning, encrypted, toolCalls, finish }) => {
    const calls = toolCalls.map(({ index, id, name, arguments: given }) => `${index}:${id}:${name}:${given}`);
    const said = [content, reasoning, encrypted, ...calls].filter((text) => text !== null);
    return said.length === 0 && finish === null
      ? ""
      : `<${[...said, ...(finish ? [finish] : [])].join(" ")}>`;
  },
  end: (finish, usage) => `<end ${finish} ${usage?.outputTokens ?? "none"}>`,
  failure: ({ status, code }, requestId) => `<failure ${status} ${code} ${requestId}>`,
};

type Listened = { readonly heard: ChatDelta[]; ended: number };

function open(): { tap: ChatTranslationTap; listened: Listened } {
  const listened: Listened = { heard: [], ended: 0 };
  const listener = {
    heard: (delta: ChatDelta) => {
      listened.heard.push(delta);
    },
    ended: () => {
      listened.ended++;
    },
  };
  const tap = new ChatTranslationTap({ writer, listener, requestId: "req_1", readError: readArkError });
  return { tap, listened };
}

function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function chunk(delta: object, finish?: string): string {
  return event({ model: "m", choices: [{ index: 0, delta, ...(finish ? { finish_reason: finish } : {}) }] });
}

const USAGE = event({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 5 } });
const DONE = "data: [DONE]\n\n";

function translated(...pieces: string[]): string {
  const { tap } = open();
  return pieces.map((piece) => tap.push(Buffer.from(piece))?.toString() ?? "").join("");
}

describe("a stream", () => {
  test("is begun once, written delta by delta, and ended with its last usage", () => {
    const { tap, listened } = open();
    const stream =
      chunk({ content: "", reasoning_content: "hm" }) + chunk({ content: "a" }) + chunk({}, "stop");
    expect(tap.push(Buffer.from(stream))?.toString()).toBe("<begin m><hm><a><stop>");
    expect(tap.push(Buffer.from(USAGE))).toBeNull();
    expect([tap.usage?.outputTokens, tap.usageIsFinal, tap.done]).toEqual([5, true, false]);
    expect(tap.push(Buffer.from(DONE + DONE))?.toString()).toBe("<end stop 5>");
    expect([tap.done, tap.hasMore, tap.events]).toEqual([true, true, 5]);
    expect(listened.heard.map(({ content }) => content)).toEqual([null, "a", null]);
    expect(listened.ended).toBe(1);
  });

  test("measures the text in Ark's events", () => {
    const { tap } = open();
    tap.push(Buffer.from(chunk({ content: "abc" }) + chunk({ reasoning_content: "de" }) + USAGE));
    expect(tap.measure).toMatchObject({ events: 2, narrowBytes: 5, thoughtBytes: 2 });
  });

  test.each([
    ["comments", ": ping\n\n"],
    ["an event without data", "event: x\n\n"],
    ["an event of nothing", "data: \n\n"],
    ["an event without a choice", event({ choices: [] })],
    ["a choice that is none", event({ choices: [null] })],
  ])("passes %s over", (_name, bytes) => {
    expect(translated(bytes + chunk({ content: "a" }) + bytes)).toBe("<begin m><a>");
  });

  test.each(["{", "[]", "oops", '{"choices":[{"delta":{"content":"b"}'])(
    "does not pass over %s: the answer would lack a part of it, and look whole",
    (data) => {
      expect(() => translated(`${chunk({ content: "a" })}data: ${data}\n\n`)).toThrow(GatewayError);
    },
  );

  test("gives what came before that, however it was cut", () => {
    const stream = Buffer.from(`${chunk({ content: "a" })}${chunk({ content: "b" })}data: {\n\n`);
    for (let cut = 0; cut < stream.length; cut++) {
      const { tap } = open();
      const given: (Buffer | null)[] = [];
      expect(() => {
        for (const piece of [stream.subarray(0, cut), stream.subarray(cut)]) given.push(tap.push(piece));
      }).toThrow(GatewayError);
      given.push(tap.finish());
      const text = given.map((bytes) => bytes?.toString() ?? "").join("");
      expect([text, tap.finish()]).toEqual(["<begin m><a><b>", null]);
    }
  });

  test("reads tool calls, whatever else stands in their place", () => {
    const calls = [
      { index: 1, id: "one", function: { name: "look", arguments: "{" } },
      { id: "two", function: null },
      null,
      { index: -1, function: { arguments: 7 } },
    ];
    expect(translated(chunk({ tool_calls: calls }))).toBe(
      "<begin m><1:one:look:{ 1:two:null:null 2:null:null:null>",
    );
    expect(translated(chunk({ tool_calls: {} }) + chunk({ tool_calls: [] }))).toBe("<begin m>");
  });

  test("without a word for its end, or without Ark's closing mark, has none", () => {
    const { tap, listened } = open();
    expect(tap.push(Buffer.from(chunk({ content: "a" }) + USAGE + DONE))?.toString()).toBe("<begin m><a>");
    expect([tap.done, tap.finish(), listened.ended]).toEqual([false, null, 0]);
    const cut = open();
    cut.tap.push(Buffer.from(chunk({ content: "a" }, "stop") + USAGE));
    expect([cut.tap.done, cut.tap.finish(), cut.listened.ended]).toEqual([false, null, 0]);
  });

  test("whose closing mark lacks its blank line has its end", () => {
    const { tap } = open();
    tap.push(Buffer.from(`${chunk({}, "length")}data: [DONE]`));
    expect([tap.finish()?.toString(), tap.done]).toEqual(["<end length none>", true]);
  });

  test("takes usage only as it grows", () => {
    const { tap } = open();
    const smaller = event({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } });
    tap.push(Buffer.from(USAGE + smaller));
    expect(tap.usage?.outputTokens).toBe(5);
    const running = event({ choices: [{ delta: {} }], usage: { prompt_tokens: 9, completion_tokens: 6 } });
    tap.push(Buffer.from(running));
    expect([tap.usage?.outputTokens, tap.usageIsFinal]).toEqual([6, false]);
  });
});

describe("an error of Ark's in the stream", () => {
  test.each([
    [
      event({ error: { code: "OutofContextError", message: "long" } }),
      "OutofContextError",
      "<failure 400 context_length_exceeded req_1>",
    ],
    [event({ error: "oops" }), null, "<failure 500 server_error req_1>"],
    [`event: error\n${event({ message: "oops" })}`, null, "<failure 500 server_error req_1>"],
    ["event: error\ndata: oops\n\n", null, "<failure 500 server_error req_1>"],
  ])("%j has the code %j and is told in other words", (bytes, code, told) => {
    const { tap, listened } = open();
    expect(tap.push(Buffer.from(chunk({ content: "a" }) + bytes + DONE))?.toString()).toBe(
      `<begin m><a>${told}`,
    );
    expect(tap.failure).toEqual({ code });
    expect([tap.done, tap.hasMore, listened.ended]).toEqual([false, true, 0]);
  });
});

test("an error of ours is the writer's to tell", () => {
  const { tap } = open();
  expect(tap.failureEvent(new GatewayError("upstream_timeout", "m"), "req_2").toString()).toBe(
    "<failure 504 upstream_timeout req_2>",
  );
});

test("an event of up to 4 MiB is translated, a longer one refused, however it comes", () => {
  const bytesMax = 4 * 1_048_576;
  const around = chunk({ content: "" }).length;
  const longest = Buffer.from(chunk({ content: "a".repeat(bytesMax - around) }));
  const tooLong = Buffer.from(chunk({ content: "a".repeat(bytesMax - around + 1) }));
  expect(longest).toHaveLength(bytesMax);
  for (const cut of [0, 1_000_000, bytesMax - 1]) {
    const pushed = (stream: Buffer) => {
      const { tap } = open();
      tap.push(stream.subarray(0, cut));
      return tap.push(stream.subarray(cut));
    };
    expect(pushed(longest)?.length).toBeGreaterThan(bytesMax - around);
    expect(() => pushed(tooLong)).toThrow(expect.objectContaining({ code: "upstream_invalid" }));
  }
});
