/** What a translation reads in a whole chat answer, and what it refuses. */
import { describe, expect, test } from "vitest";
import { finishOf, readChatAnswer, textOf } from "../../../src/protocols/chat-answer.ts";

function read(answer: object) {
  return readChatAnswer(Buffer.from(JSON.stringify(answer)));
}

const CALL = { id: "call_1", type: "function", function: { name: "look", arguments: " {}" } };

describe("an answer", () => {
  test("is read into its parts", () => {
    const message = { content: "Hi", reasoning_content: "hm", encrypted_content: "e", tool_calls: [CALL] };
    const answer = {
      id: "02",
      model: "doubao",
      created: 1_790_000_000,
      service_tier: "fast",
      choices: [{ message, finish_reason: "tool_calls" }, { message: { content: "another" } }],
      usage: { prompt_tokens: 9, completion_tokens: 5 },
    };
    expect(read(answer)).toEqual({
      head: { id: "02", model: "doubao", createdSeconds: 1_790_000_000, serviceTier: "fast" },
      reasoning: "hm",
      encrypted: "e",
      content: "Hi",
      toolCalls: [CALL],
      finish: "tool_calls",
      usage: { inputTokens: 9, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0, isSpecial: true },
    });
  });

  test("that says nothing of itself has nothing in its place", () => {
    expect(
      read({ choices: [{ message: { content: "", reasoning_content: null, tool_calls: null } }] }),
    ).toEqual({
      head: { id: "", model: "", createdSeconds: null, serviceTier: null },
      reasoning: null,
      encrypted: null,
      content: null,
      toolCalls: [],
      finish: "stop",
      usage: null,
    });
  });

  test("has the arguments of a call as they are, and none as an empty text", () => {
    const given = (value: unknown) => ({ ...CALL, function: { name: "look", arguments: value } });
    const message = { tool_calls: [given("{oops"), given(null), given({})] };
    const { toolCalls } = read({ choices: [{ message }] });
    expect(toolCalls.map((call) => call.function.arguments)).toEqual(["{oops", "", ""]);
  });

  test.each([
    ["{", "is not a JSON object"],
    ["[]", "is not a JSON object"],
    ["null", "is not a JSON object"],
    ["{}", "has no message in it"],
    ['{"choices":[]}', "has no message in it"],
    ['{"choices":{"0":{"message":{}}}}', "has no message in it"],
    ['{"choices":[null]}', "has no message in it"],
    ['{"choices":[{"message":"Hi"}]}', "has no message in it"],
    ['{"choices":[{"message":{"tool_calls":[null]}}]}', "has a tool call without id or name"],
    [
      '{"choices":[{"message":{"tool_calls":[{"id":"","function":{"name":"a"}}]}}]}',
      "has a tool call without id",
    ],
    [
      '{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":""}}]}}]}',
      "has a tool call without id",
    ],
  ])("%s is refused: it %s", (body, why) => {
    expect(() => readChatAnswer(Buffer.from(body))).toThrow(
      expect.objectContaining({ code: "upstream_invalid", message: expect.stringContaining(why) }),
    );
  });
});

test.each([
  ["stop", "stop"],
  ["length", "length"],
  ["tool_calls", "tool_calls"],
  ["content_filter", "content_filter"],
  ["function_call", "stop"],
  ["", null],
  [null, null],
  [undefined, null],
  [7, null],
])("the end %j is %j", (given, finish) => {
  expect(finishOf(given)).toBe(finish);
});

test.each([
  ["a", "a"],
  ["", null],
  [null, null],
  [7, null],
])("the text %j is %j", (given, text) => {
  expect(textOf(given)).toBe(text);
});
