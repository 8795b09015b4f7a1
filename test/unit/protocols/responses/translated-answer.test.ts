/** What a chat answer becomes for a Responses client, whole and streamed. */
import { describe, expect, test } from "vitest";
import type { AnswerReader, Tap } from "../../../../src/protocols/door.ts";
import { translateResponses } from "../../../../src/protocols/responses/translation/translate-responses.ts";
import {
  assembleResponse,
  eventTypes,
  type JsonObject,
  readEvents,
} from "../../../support/assembled-response.ts";
import { chatTraits } from "../../../support/call-context.ts";
import {
  callChunk,
  chunk,
  ending,
  type Said,
  streamedAnswer,
  wholeAnswer,
} from "../../../support/chat-chunks.ts";
import { plainSeal, sealingContext } from "../../../support/plain-seal.ts";

const MODEL = "doubao-seed-2-1-pro-260628";
const context = sealingContext();
const TOOLS = [
  { type: "function", name: "look", parameters: { type: "object", properties: {} } },
  { type: "custom", name: "patch" },
  { type: "namespace", name: "mcp", description: "d", tools: [{ type: "function", name: "read" }] },
];
const CUT_OFF = {
  status: 502,
  message: "Ark's answer was cut.",
  type: "server_error",
  code: "upstream_truncated",
  param: null,
} as const;

function answersTo(body: object = {}): AnswerReader {
  const bytes = Buffer.from(JSON.stringify({ model: "alias", input: "Hi", tools: TOOLS, ...body }));
  const passage = translateResponses(bytes, chatTraits(MODEL), context);
  if (passage.kind !== "upstream") throw new Error("not sent to Ark");
  return passage.answers;
}

function whole(said: Said, body?: object): JsonObject {
  return JSON.parse(answersTo(body).rewriteWhole(wholeAnswer(said)).toString());
}

function streamed(chunks: string, tap: Tap = answersTo().openTap()): string {
  return tap.push(Buffer.from(chunks))?.toString() ?? "";
}

function itemsOf({ output }: JsonObject): JsonObject[] {
  return (output as JsonObject[]).map(({ id, ...item }) => {
    expect(id).toMatch(/^(rs|msg|fc|ctc)_vp[0-9a-f]{32}_\d$/);
    return item;
  });
}

function message(text: string, status = "completed") {
  const content = [{ type: "output_text", text, annotations: [], logprobs: [] }];
  return { type: "message", status, role: "assistant", content };
}

function reasoning(text: string, status = "completed") {
  return { type: "reasoning", summary: [{ type: "summary_text", text }], status };
}

describe("a whole answer", () => {
  test("is a response with all that OpenAI's schema requires", () => {
    const response = whole({ reasoning: "hm", content: "Hello" }, { tools: [], instructions: "Be brief." });
    expect(response).toMatchObject({
      id: expect.stringMatching(/^resp_vp[0-9a-f]{32}$/),
      object: "response",
      created_at: Math.floor(context.startedAtWallMs / 1_000),
      status: "completed",
      error: null,
      incomplete_details: null,
      model: "doubao-seed-2-1-pro-260628",
      service_tier: "default",
      usage: {
        input_tokens: 9,
        input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 14,
      },
      instructions: "Be brief.",
      metadata: {},
      parallel_tool_calls: true,
      previous_response_id: null,
      reasoning: { effort: null, summary: null },
      store: true,
      temperature: null,
      top_p: null,
      text: { format: { type: "text" } },
      tool_choice: "auto",
      tools: [],
    });
    expect(itemsOf(response)).toEqual([reasoning("hm"), message("Hello")]);
  });

  test("says what was asked for", () => {
    const asked = {
      max_output_tokens: 100,
      metadata: { a: "b" },
      parallel_tool_calls: false,
      reasoning: { effort: "low", summary: "auto" },
      store: false,
      temperature: 0.5,
      text: { format: { type: "json_object" }, verbosity: "low" },
      tool_choice: { type: "function", name: "look" },
      top_p: 0.25,
      prompt_cache_key: "k",
      user: "u",
    };
    const response = whole({ content: "{}" }, asked);
    expect(response).toMatchObject(asked);
    expect(response["tools"]).toEqual([{ ...TOOLS[0], strict: null }, TOOLS[1], TOOLS[2]]);
  });

  test("gives tools the names that their client knows", () => {
    const calls = [
      { id: "a", name: "look", arguments: '{"at":1}' },
      { id: "b", name: "patch", arguments: '{"input":"+ line\\n"}' },
      { id: "c", name: "mcp__read", arguments: "" },
      { id: "d", name: "unknown", arguments: "{" },
    ];
    const called = { type: "function_call", status: "completed" };
    expect(itemsOf(whole({ calls, finish: "tool_calls" }))).toEqual([
      { ...called, call_id: "a", name: "look", arguments: '{"at":1}' },
      { type: "custom_tool_call", status: "completed", call_id: "b", name: "patch", input: "+ line\n" },
      { ...called, call_id: "c", name: "read", namespace: "mcp", arguments: "{}" },
      { ...called, call_id: "d", name: "unknown", arguments: "{" },
    ]);
  });

  test.each([
    ["length", "max_output_tokens"],
    ["content_filter", "content_filter"],
  ])("that %s has cut is incomplete", (finish, reason) => {
    const response = whole({ reasoning: "hm", content: "He", finish });
    expect(response).toMatchObject({ status: "incomplete", incomplete_details: { reason } });
    expect(itemsOf(response)).toEqual([reasoning("hm"), message("He", "incomplete")]);
  });

  test("without words or usage is an empty one", () => {
    const bytes = Buffer.from('{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}');
    const response = JSON.parse(answersTo().rewriteWhole(bytes).toString());
    expect(response).toMatchObject({ status: "completed", output: [], model: MODEL, service_tier: null });
    expect(response).not.toHaveProperty("usage");
  });
});

describe("sealed thoughts", () => {
  const sealed = plainSeal.seal(context.keyId, JSON.stringify({ t: "hm", e: "ARK", m: MODEL }));

  test.each([
    [{ store: false }, sealed],
    [{ include: ["reasoning.encrypted_content"] }, sealed],
    [{ include: [] }, undefined],
    [{}, undefined],
  ])("for a request with %j", (body, wanted) => {
    const [thought] = itemsOf(whole({ reasoning: "hm", encrypted: "ARK", content: "Hello" }, body));
    expect(thought?.["encrypted_content"]).toBe(wanted);
  });

  test("a thought of which Ark shows nothing is an item all the same", () => {
    const [thought] = itemsOf(whole({ encrypted: "ARK", content: "Hello" }, { store: false }));
    const own = plainSeal.seal(context.keyId, JSON.stringify({ e: "ARK", m: MODEL }));
    expect(thought).toEqual({ type: "reasoning", summary: [], encrypted_content: own, status: "completed" });
  });
});

describe("a stream", () => {
  test("tells of each item in its order", () => {
    const said = { reasoning: "hmmm", encrypted: "ARK", content: "Yes.", finish: "tool_calls" };
    const calls = [{ id: "a", name: "look", arguments: "{}" }];
    expect(eventTypes(streamed(streamedAnswer({ ...said, calls })))).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
      "completed",
    ]);
  });

  test("ends with its last event: no mark follows", () => {
    const stream = streamed(streamedAnswer({ content: "Hello" }));
    expect(readEvents(stream).at(-1)?.type).toBe("response.completed");
    expect(stream).not.toContain("[DONE]");
  });

  test("free text comes as it is written, whole characters only", () => {
    const fragments = ['{"in', 'put": "a\\', "nb\\ud83d", "\\ude", '00c"', "}"];
    const calls = fragments.map((text) => callChunk(0, { arguments: text })).join("");
    const stream = streamed(callChunk(0, { id: "c", name: "patch" }) + calls + ending("tool_calls"));
    const deltas = readEvents(stream).filter(({ type }) => type === "response.custom_tool_call_input.delta");
    expect(deltas.map(({ delta }) => delta)).toEqual(["a", "\nb", "😀c"]);
    const [item] = itemsOf(assembleResponse(stream));
    expect(item).toMatchObject({ type: "custom_tool_call", name: "patch", input: "a\nb😀c" });
  });

  test("calls may grow side by side, and thoughts and texts may take turns", () => {
    const stream = streamed(
      chunk({ content: "A" }) +
        chunk({ reasoning_content: "B" }) +
        callChunk(0, { id: "a", name: "look" }) +
        callChunk(1, { id: "b", name: "look", arguments: "{" }) +
        callChunk(0, { arguments: "{}" }) +
        chunk({ content: "C" }) +
        callChunk(1, { arguments: "}" }) +
        ending("tool_calls"),
    );
    const called = { type: "function_call", status: "completed", name: "look", arguments: "{}" };
    expect(itemsOf(assembleResponse(stream))).toEqual([
      message("A"),
      reasoning("B"),
      { ...called, call_id: "a" },
      { ...called, call_id: "b" },
      message("C"),
    ]);
  });

  test("that a limit has cut has an incomplete last item, and says so last", () => {
    const stream = streamed(callChunk(0, { id: "a", name: "look", arguments: '{"a' }) + ending("length"));
    expect(readEvents(stream).at(-1)?.type).toBe("response.incomplete");
    const response = assembleResponse(stream);
    expect(response).toMatchObject({ incomplete_details: { reason: "max_output_tokens" } });
    expect(itemsOf(response)).toMatchObject([{ status: "incomplete", arguments: '{"a' }]);
  });

  test("without Ark's last mark has no end", () => {
    const tap = answersTo().openTap();
    const chunks = chunk({ content: "Hello" }) + chunk({}, "stop");
    expect(streamed(chunks, tap)).not.toContain("response.completed");
    expect([tap.finish(), tap.done]).toEqual([null, false]);
  });

  test("a call without a name is not passed on", () => {
    expect(() => streamed(callChunk(0, { id: "a", arguments: "{}" }))).toThrowError(
      expect.objectContaining({ code: "upstream_invalid" }),
    );
  });
});

const MIXED = {
  choices: [
    {
      delta: {
        content: "?",
        tool_calls: [
          { index: 0, id: "a", function: { name: "look", arguments: "{" } },
          { index: 1, id: "b", function: { arguments: "{}" } },
        ],
      },
    },
  ],
};

describe("a stream that fails", () => {
  test("ends with the response so far, numbered on", () => {
    const tap = answersTo().openTap();
    const begun = streamed(chunk({ reasoning_content: "hm" }) + chunk({ content: "He" }), tap);
    const response = assembleResponse(begun + tap.failureEvent(CUT_OFF, "req_1").toString());
    expect(response).toMatchObject({
      status: "failed",
      error: { code: "upstream_truncated", message: "Ark's answer was cut." },
      incomplete_details: null,
    });
    expect(itemsOf(response)).toEqual([reasoning("hm"), message("He", "incomplete")]);
  });

  test("before its first word is begun all the same: clients expect it", () => {
    const stream = answersTo().openTap().failureEvent(CUT_OFF, "req_1").toString();
    expect(eventTypes(stream)).toEqual(["created", "in_progress", "failed"]);
    expect(assembleResponse(stream)).toMatchObject({ status: "failed", output: [] });
  });

  test.each([
    ["a call without a name", callChunk(0, { id: "a", arguments: "{}" })],
    ["a call without a name beside a text and another call", `data: ${JSON.stringify(MIXED)}\n\n`],
    ["what is no JSON", "data: {\n\n"],
  ])("by %s has told all that came before it, however it was cut", (_name, wrong) => {
    const before = chunk({ content: "He" }) + chunk({ content: "llo" });
    const stream = Buffer.from(before + wrong);
    for (let cut = 0; cut <= before.length; cut++) {
      const tap = answersTo().openTap();
      const given = [tap.push(stream.subarray(0, cut))];
      expect(() => tap.push(stream.subarray(cut))).toThrowError(
        expect.objectContaining({ code: "upstream_invalid" }),
      );
      given.push(tap.finish(), tap.failureEvent(CUT_OFF, "req_1"));
      const response = assembleResponse(Buffer.concat(given.flatMap((bytes) => bytes ?? [])).toString());
      expect(itemsOf(response)).toEqual([message("Hello", "incomplete")]);
    }
  });

  test("in its first event has begun all the same", () => {
    const tap = answersTo().openTap();
    expect(() => streamed(callChunk(0, { id: "a", arguments: "{}" }), tap)).toThrowError();
    const given = [tap.finish(), tap.failureEvent(CUT_OFF, "req_1")];
    const events = Buffer.concat(given.flatMap((bytes) => bytes ?? [])).toString();
    expect(eventTypes(events)).toEqual(["created", "in_progress", "failed"]);
  });

  test("by Ark's own error, in OpenAI's words", () => {
    const tap = answersTo().openTap();
    const error = { error: { code: "RateLimitExceeded.EndpointTPMExceeded", message: "Slow down." } };
    const stream = streamed(`${chunk({ content: "He" })}data: ${JSON.stringify(error)}\n\n`, tap);
    expect(tap.failure).toEqual({ code: "RateLimitExceeded.EndpointTPMExceeded" });
    expect(assembleResponse(stream)).toMatchObject({ error: { code: "rate_limit_exceeded" } });
  });
});
