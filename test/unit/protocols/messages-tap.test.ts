/** What the tap of Ark's own Messages streams gives, learns and measures. */
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/core/errors.ts";
import { messagesDoor } from "../../../src/protocols/messages/index.ts";
import { readUsage, USAGE_BYTES_MAX } from "../../../src/protocols/messages/verbatim/read-usage.ts";
import { MessagesTap } from "../../../src/protocols/messages/verbatim/tap.ts";
import { messagesStreams } from "../../support/messages-streams.ts";

function event(name: string, members: object = {}): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...members })}\n\n`;
}

function start(usage: object): string {
  return event("message_start", { message: { id: "msg_1", content: [], usage } });
}

function end(usage: object | null, reason: string | null = "end_turn"): string {
  return event("message_delta", { delta: { stop_reason: reason }, usage });
}

const STOP = event("message_stop");
const DELTA = event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "Hi" } });

function heard(...pieces: string[]): MessagesTap {
  const tap = new MessagesTap();
  for (const piece of pieces) tap.push(Buffer.from(piece));
  return tap;
}

describe("bytes go through as they came", () => {
  test.each([
    ["a delta", DELTA],
    ["several", DELTA + DELTA],
    ["a start", start({ input_tokens: 1, output_tokens: 0 })],
    ["a ping", event("ping")],
    ["an event without a name", 'data: {"type":"content_block_delta"}\n\n'],
    ["one that is no JSON", "event: message_start\ndata: {\n\n"],
    ["the end", end(null) + STOP],
    ["an error", event("error", { error: { type: "overloaded_error" } })],
  ])("%s: the very same buffer", (_name, piece) => {
    const bytes = Buffer.from(piece);
    expect(new MessagesTap().push(bytes)).toBe(bytes);
  });

  test("what comes behind the last event is not given", () => {
    const tap = new MessagesTap();
    expect(tap.push(Buffer.from(STOP + DELTA))?.toString()).toBe(STOP);
    expect([tap.done, tap.hasMore]).toEqual([true, true]);
  });
});

describe("the usage", () => {
  test("is the sum so far: what a later event leaves out, or gives as null, stands", () => {
    const first = {
      input_tokens: 10,
      cache_read_input_tokens: 4,
      cache_creation_input_tokens: 2,
      output_tokens: 1,
    };
    const begun = heard(start(first));
    expect([begun.usage, begun.usageIsFinal]).toEqual([null, false]);
    expect(begun.openingUsage).toMatchObject({ inputTokens: 16, cachedInputTokens: 4 });
    const ended = heard(start(first), DELTA, end({ output_tokens: 7, input_tokens: null }));
    expect(ended.usage).toEqual({
      inputTokens: 16,
      cachedInputTokens: 4,
      outputTokens: 7,
      reasoningTokens: 0,
    });
    expect(ended.usageIsFinal).toBe(true);
  });

  test("of the last valid event wins, though its input is smaller", () => {
    const tap = heard(
      start({ input_tokens: 100, output_tokens: 0 }),
      end({ input_tokens: 60, output_tokens: 7 }),
    );
    expect(tap.usage?.inputTokens).toBe(60);
  });

  test.each([
    ["no object", 7],
    ["a negative figure", { output_tokens: -1 }],
    ["a fraction", { output_tokens: 1.5 }],
    ["less output than before", { output_tokens: 4 }],
    ["a text", { input_tokens: "9", output_tokens: 9 }],
  ])("with %s leaves the one before, which is not final", (_name, usage) => {
    const running = event("message_delta", { delta: {}, usage: { output_tokens: 5 } });
    const tap = heard(start({ input_tokens: 10, output_tokens: 0 }), running, end(usage as object));
    expect(tap.usage).toMatchObject({ inputTokens: 10, outputTokens: 5 });
    expect(tap.usageIsFinal).toBe(false);
  });

  test.each([
    ["no figures", null],
    ["a negative one", { output_tokens: -1 }],
  ])("is not known from the opening alone: an end with %s tells nothing of the output", (_name, usage) => {
    const tap = heard(start({ input_tokens: 10, output_tokens: 1 }), DELTA, end(usage), STOP);
    expect([tap.done, tap.usage]).toEqual([true, null]);
    expect(tap.openingUsage?.inputTokens).toBe(10);
  });

  test("is not final before the message has a reason of its end", () => {
    expect(
      heard(start({ input_tokens: 1, output_tokens: 0 }), end({ output_tokens: 1 }, null)).usageIsFinal,
    ).toBe(false);
  });

  test("of nothing is none", () => {
    expect(heard(DELTA, end(null), STOP).usage).toBeNull();
  });

  test("is special where a tool of the upstream's ran", () => {
    const usage = { input_tokens: 1, output_tokens: 1, server_tool_use: { web_search_requests: 1 } };
    expect(heard(start(usage)).openingUsage?.isSpecial).toBe(true);
    expect(heard(start(usage), end({ output_tokens: 2 })).usage?.isSpecial).toBe(true);
  });
});

describe("how it ends", () => {
  test("is told by the name of an event, and by its type where it has no name", () => {
    expect(heard('data: {"type":"message_stop"}\n\n').done).toBe(true);
    expect(heard('event: message_stop\ndata: {"type":"ping"}\n\n').done).toBe(true);
    expect(heard('event: content_block_delta\ndata: {"type":"message_stop"}\n\n').done).toBe(false);
    expect(
      heard('event: content_block_delta\ndata: {"type":"error", "error":{}}\r\n\r\n').failure,
    ).toBeNull();
  });

  test.each([
    [{ type: "overloaded_error", message: "busy" }, "overloaded_error"],
    [{ type: "api_error", code: "InternalServiceError" }, "InternalServiceError"],
    [{}, null],
    ["text", null],
  ])("with the error %j has the code %s", (error, code) => {
    const tap = heard(DELTA, event("error", { error }));
    expect(tap.failure).toEqual({ code });
    expect(tap.done).toBe(false);
  });

  test("in an error of ours is one event named `error`", () => {
    const error = new GatewayError("upstream_timeout", "Ark said nothing.");
    expect(heard(DELTA).failureEvent(error, "req_1").toString()).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"timeout_error","message":"Ark said nothing.",' +
        '"code":"upstream_timeout"},"request_id":"req_1"}\n\n',
    );
  });
});

describe("the measure", () => {
  const delta = (kind: string, member: string, text: string) =>
    event("content_block_delta", { index: 0, delta: { type: kind, [member]: text } });

  test("holds what the model wrote, and nothing of what stands around it", () => {
    const { measure } = heard(
      start({ input_tokens: 1, output_tokens: 0 }),
      event("content_block_start", {
        index: 0,
        content_block: { type: "thinking", thinking: "", signature: "" },
      }),
      delta("thinking_delta", "thinking", "hm"),
      delta("signature_delta", "signature", "RXJVQg"),
      delta("text_delta", "text", "Hello 你好"),
      delta("input_json_delta", "partial_json", '{"a":1}'),
      event("ping"),
      end({ output_tokens: 9 }),
    );
    // Of the JSON its escapes as they stand: {\"a\":1}
    expect({ ...measure }).toMatchObject({
      events: 3,
      narrowBytes: 2 + 6 + 9,
      wideCharacters: 2,
      thoughtBytes: 2,
    });
  });

  test("is the same for a delta that is read", () => {
    const text = delta("text_delta", "text", 'Hello 你好, "you"');
    const read = heard(text.replace("event: ", "event:"), text.replaceAll("\n", "\r\n"));
    expect({ ...read.measure }).toEqual({ ...heard(text, text).measure });
    expect(read.events).toBe(2);
  });

  test("of an event too long to be read is all of it", () => {
    const long = delta("text_delta", "text", "a".repeat(200));
    const tap = new MessagesTap({ tailBytesMax: 100 });
    tap.push(Buffer.from(long));
    expect(tap.measure).toMatchObject({ events: 1, narrowBytes: long.length });
  });
});

test("all streams of Ark's base that are known are heard to their end", () => {
  for (const { name, bytes, wanted } of messagesStreams) {
    const tap = new MessagesTap();
    tap.push(bytes);
    tap.finish();
    expect(
      { done: tap.done, output: tap.usage?.outputTokens ?? null, failed: tap.failure !== null },
      name,
    ).toEqual(wanted);
  }
});

describe("a whole message", () => {
  const usage = '{"input_tokens":10,"cache_read_input_tokens":4,"output_tokens":5}';

  test("tells its usage", () => {
    const figures = { inputTokens: 14, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 0 };
    const body = Buffer.from(`{"id":"msg_1","content":[{"usage":{}}],"usage":${usage}}`);
    expect(readUsage(body)).toEqual(figures);
    const passage = messagesDoor.read(Buffer.from('{"model":"m"}')).prepare(
      {
        model: "m",
        speaks: new Set(["messages"]),
        repairs: new Set(),
        fillsRequired: false,
        readError: () => null,
      },
      // Nothing of it is looked at on a verbatim way.
      {} as never,
    );
    expect(passage.kind === "upstream" && passage.answers.hearWhole(body)).toEqual(figures);
  });

  test.each([
    ["of no JSON", "{"],
    ["of no object", "[]"],
    ["without one", "{}"],
    ["with two", `{"usage":${usage},"usage":${usage}}`],
    ["with a twin", `{"Usage":${usage}}`],
    ["that is not valid", '{"usage":{"input_tokens":-1,"output_tokens":1}}'],
  ])("%s tells none", (_name, body) => {
    expect(readUsage(Buffer.from(body))).toBeNull();
  });

  test("tells one of up to USAGE_BYTES_MAX bytes", () => {
    const padded = (bytes: number) =>
      Buffer.from(`{"usage":${usage.slice(0, -1)}${" ".repeat(bytes - usage.length)}}}`);
    expect(readUsage(padded(USAGE_BYTES_MAX))).not.toBeNull();
    expect(readUsage(padded(USAGE_BYTES_MAX + 1))).toBeNull();
  });
});
