/** `compat: openai` on chat: what OpenAI's schema requires is there, and every other byte is Ark's. */
import { describe, expect, test } from "vitest";
import type { KeyId } from "../../../src/core/ids.ts";
import { fillAnswer, fillChunk } from "../../../src/protocols/chat/fill-required.ts";
import { chatDoor } from "../../../src/protocols/chat/index.ts";
import { openChatTap } from "../../../src/protocols/chat/tap.ts";
import { callContext, targetTraits } from "../../support/door-parts.ts";
import { streamFixture, streamFixtures } from "../../support/stream-fixtures.ts";
import { eventDataOf } from "../../support/whole-stream.ts";

const filledChunk = (event: string) => fillChunk(Buffer.from(event)).toString();
const filledAnswer = (body: string) => fillAnswer(Buffer.from(body)).toString();

describe("a chunk", () => {
  test.each([
    [
      'data: {"choices":[{"delta":{"content":"a"},"index":0}],"usage":null}\n\n',
      'data: {"choices":[{"finish_reason":null,"delta":{"content":"a"},"index":0}],"usage":null}\n\n',
    ],
    [
      'data:{"x":{"choices":[{}]}, "choices" : [ {} , {"finish_reason":"stop"}, { "index":1} ]}\r\n\r\n',
      'data:{"x":{"choices":[{}]}, "choices" : [ {"finish_reason":null} , {"finish_reason":"stop"}, ' +
        '{"finish_reason":null, "index":1} ]}\r\n\r\n',
    ],
    [
      'data: {"choices":[{"logprobs":{"content":[]},"index":0}]}\n\n',
      'data: {"choices":[{"finish_reason":null,"logprobs":{"refusal":null,"content":[]},"index":0}]}\n\n',
    ],
    [
      ': c\nid: 1\ndata: {"choices":[{"delta":{"finish_reason":"x"}}]}\nevent: message\n\n',
      ': c\nid: 1\ndata: {"choices":[{"finish_reason":null,"delta":{"finish_reason":"x"}}]}\n' +
        "event: message\n\n",
    ],
  ])("%j is filled", (event, expected) => {
    expect(filledChunk(event)).toBe(expected);
    expect(filledChunk(expected)).toBe(expected);
  });

  test.each([
    'data: {"choices":[{"finish_reason":"stop"}]}\n\n',
    'data: {"choices":[{"finish\\u005freason":null}]}\n\n',
    'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n',
    'data: {"choices":{"index":0}}\n\n',
    'data: {"choices":[7,"a",[{}]]}\n\n',
    'data: {"choices":[{}]\n\n',
    'data: {"choices":[\ndata: {}]}\n\n',
    "data: [DONE]\n\n",
    "event: x\n\n",
    "database: {}\n\n",
  ])("%j is left as it is", (event) => {
    const bytes = Buffer.from(event);
    expect(fillChunk(bytes)).toBe(bytes);
  });
});

describe("a whole answer", () => {
  test.each([
    [
      '{"choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]}',
      '{"choices":[{"logprobs":null,"index":0,"message":{"refusal":null,"role":"assistant","content":"a"},' +
        '"finish_reason":"stop"}]}',
    ],
    [
      '{"choices":[{"message":{"content":"a","refusal":null},"logprobs":{"content":[]}}]}',
      '{"choices":[{"message":{"content":"a","refusal":null},"logprobs":{"refusal":null,"content":[]}}]}',
    ],
    [
      '{"choices": [ {"message": {} , "logprobs":null} , {} ], "x":12345678901234567890}',
      '{"choices": [ {"message": {"content":null,"refusal":null} , "logprobs":null} , {"logprobs":null} ], ' +
        '"x":12345678901234567890}',
    ],
  ])("%s is filled", (body, expected) => {
    expect(filledAnswer(body)).toBe(expected);
    expect(filledAnswer(expected)).toBe(expected);
  });

  test.each([
    '{"choices":[{"logprobs":{"content":[],"refusal":null},"message":{"content":"","refusal":null}}]}',
    '{"choices":[{"logprobs":null,"message":"a"}]}',
    '{"choices":[{}]',
    '{"error":{"code":"E"}}',
    "[]",
    "",
  ])("%s is left as it is", (body) => {
    const bytes = Buffer.from(body);
    expect(fillAnswer(bytes)).toBe(bytes);
  });
});

type Choice = { finish_reason?: unknown; delta: unknown };

function choicesIn(stream: Buffer): Choice[] {
  return eventDataOf(stream)
    .filter((data) => data.startsWith("{"))
    .flatMap((data) => JSON.parse(data).choices as Choice[]);
}

function heard(stream: Buffer, cuts: readonly number[], fillsRequired: boolean): Buffer {
  const tap = openChatTap(true, { fillsRequired });
  const given: Buffer[] = [];
  let start = 0;
  for (const cut of [...cuts, stream.length]) {
    given.push(tap.push(stream.subarray(start, cut)) ?? Buffer.alloc(0));
    start = cut;
  }
  given.push(tap.finish() ?? Buffer.alloc(0));
  return Buffer.concat(given);
}

describe("a stream", () => {
  const names = ["plain, usage asked for", "reasoning, then content", "tool calls", "CRLF", "comments"];

  test.each(names)("%s: each choice has its finish_reason, and the rest is Ark's", (name) => {
    const stream = streamFixture(name);
    const filled = heard(stream, [], true);
    const choices = choicesIn(filled);
    expect(choices.length).toBeGreaterThan(0);
    for (const choice of choices) expect(choice).toHaveProperty("finish_reason");
    expect(filled.toString().replaceAll('"finish_reason":null,', "")).toBe(stream.toString());
  });

  test("cut anywhere is filled as the whole is", () => {
    for (const { name, bytes } of streamFixtures) {
      if (bytes.length > 2_000) continue;
      const wanted = heard(bytes, [], true);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const found = heard(bytes, [cut], true);
        if (!found.equals(wanted))
          expect([name, cut, found.toString()]).toEqual([name, cut, wanted.toString()]);
      }
    }
  });

  test("without its last blank line is filled, and whole", () => {
    const event = 'data: {"choices":[{"index":0}]}';
    const filled = 'data: {"choices":[{"finish_reason":null,"index":0}]}';
    expect(heard(Buffer.from(event), [], true).toString()).toBe(`${filled}\n\n`);
  });

  test("is Ark's own where the setting is off", () => {
    for (const name of names)
      expect(heard(streamFixture(name), [], false).equals(streamFixture(name))).toBe(true);
  });

  test("ends as it does otherwise: error, usage and end mark are left alone", () => {
    const error = 'data: {"error":{"code":"E"},"choices":[{}]}\n\n';
    expect(heard(Buffer.from(error), [], true).toString()).toBe(error);
    const usage =
      'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\ndata: [DONE]\n\n';
    expect(heard(Buffer.from(usage), [], true).toString()).toBe(usage);
  });
});

describe("a call", () => {
  const answersTo = (body: string, fillsRequired: boolean) => {
    const reading = chatDoor.read(Buffer.from(body));
    const passage = reading.prepare(targetTraits({ fillsRequired }), callContext("caller" as KeyId, null));
    if (passage.kind !== "upstream") throw new Error("chat is never answered here");
    return passage.answers;
  };
  const whole = '{"model":"m"}';
  const streamed = '{"model":"m","stream":true}';

  test("is answered in other bytes where the setting is on, and a whole answer was asked for", () => {
    const rewrites = [whole, streamed].map((body) =>
      [true, false].map((on) => answersTo(body, on).rewritesWhole),
    );
    expect(rewrites).toEqual([
      [true, false],
      [false, false],
    ]);
    const body = Buffer.from('{"choices":[{"message":{"content":""}}]}');
    expect(answersTo(whole, true).rewriteWhole(body).toString()).toBe(
      '{"choices":[{"logprobs":null,"message":{"refusal":null,"content":""}}]}',
    );
  });

  test("has its stream filled where the setting is on", () => {
    const event = Buffer.from('data: {"choices":[{"index":0}],"usage":null}\n\n');
    expect(answersTo(streamed, false).openTap().push(event)).toBe(event);
    expect(answersTo(streamed, true).openTap().push(event)?.toString()).toContain('"finish_reason":null');
  });
});
