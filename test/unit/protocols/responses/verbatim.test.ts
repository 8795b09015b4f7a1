/** Which way a Responses call goes, what is changed on it, and what its answers are. */
import { describe, expect, test, vi } from "vitest";
import { defaultRepairs } from "../../../../src/core/changes.ts";
import type { KeyId } from "../../../../src/core/ids.ts";
import type { ResponseStore } from "../../../../src/core/memories.ts";
import type { CallContext, Passage, TargetTraits } from "../../../../src/protocols/door.ts";
import { responsesDoor } from "../../../../src/protocols/responses/index.ts";
import { SPLICES_MAX } from "../../../../src/protocols/responses/verbatim/rewriting.ts";
import { splice } from "../../../../src/wire/json-splice.ts";
import { callContext, chatTraits, noMemories } from "../../../support/call-context.ts";
import { RESPONSE_ID, responseStream, USAGE } from "../../../support/responses-streams.ts";

const MODEL = "doubao-seed-2-1-pro-260628";
const verbatim = chatTraits(MODEL, { speaks: new Set(["chat", "responses"]) });
const filling = { ...verbatim, fillsRequired: true };

type Sent = Extract<Passage, { kind: "upstream" }>;

function passage(body: object | string, target: TargetTraits = verbatim, context = callContext()): Sent {
  const text = typeof body === "string" ? body : JSON.stringify({ model: MODEL, input: "hi", ...body });
  const prepared = responsesDoor.read(Buffer.from(text)).prepare(target, context);
  if (prepared.kind !== "upstream") throw new Error("not sent to Ark");
  return prepared;
}

function sentBy({ cargo }: Sent): string {
  return Buffer.concat(splice(cargo.body, cargo.rewrite.splices)).toString();
}

function remembering(responses: Partial<ResponseStore>): CallContext {
  return callContext({ memories: { ...noMemories, responses: { ...noMemories.responses, ...responses } } });
}

describe("which way it goes", () => {
  const user = { role: "user", content: "hi" };

  test("to Ark's own Responses, as it came", () => {
    const text = `{ "input" : "hi", "model":"${MODEL}", "new_key": 1e400 }`;
    const sent = passage(text);
    expect(sent.destination).toEqual({ base: "data", path: "/responses" });
    expect([sentBy(sent), sent.cargo.rewrite.changes]).toEqual([text, []]);
    expect([sent.answers.isVerbatim, sent.answers.isFree, sent.answers.rewritesWhole]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test.each([
    ["the model speaks chat alone", {}, chatTraits(MODEL)],
    [
      "an item of it only the gateway can read",
      { input: [user, { type: "reasoning", encrypted_content: "vp1.x" }] },
      verbatim,
    ],
    [
      "Ark does not know its items",
      { input: [{ type: "local_shell_call", call_id: "c", action: {} }] },
      verbatim,
    ],
  ])("by chat where %s", (_name, body, target) => {
    const sent = passage(body, target);
    expect(sent.destination.path).toBe("/chat/completions");
    expect(sent.cargo.rewrite.changes).toContain("translation");
    expect(sent.answers.isVerbatim).toBe(false);
  });

  test("by chat where its chain is kept here", () => {
    const id = `resp_vp${"0".repeat(32)}`;
    const stored = { id, response: "{}", inputItems: "[]", outputItems: "[]", previousId: null };
    const find = (_keyId: KeyId, asked: string) => (asked === id ? stored : null);
    expect(passage({ previous_response_id: id }, verbatim, remembering({ find })).destination.path).toBe(
      "/chat/completions",
    );
  });

  test("to Ark where its chain is Ark's, but for another caller's", () => {
    const isAnothers = (_keyId: KeyId, id: string) => id === "resp_others";
    const context = remembering({ isAnothers });
    expect(passage({ previous_response_id: "resp_own" }, verbatim, context).destination.path).toBe(
      "/responses",
    );
    expect(() => passage({ previous_response_id: "resp_others" }, verbatim, context)).toThrow(
      expect.objectContaining({ code: "previous_response_not_found", param: "previous_response_id" }),
    );
  });

  test("a word that only looks like a type of item changes nothing", () => {
    const text = "compaction";
    expect(passage({ input: text, instructions: text }).destination.path).toBe("/responses");
  });
});

describe("what is changed on the way", () => {
  const shell = { type: "function", name: "shell", parameters: { type: "object" } };

  test("tools that may not be called go, and the choice is a plain one", () => {
    const tools = [shell, { type: "web_search" }, { ...shell, name: "other" }];
    const choice = { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "shell" }] };
    const sent = passage({ tools, tool_choice: choice });
    expect(JSON.parse(sentBy(sent))).toMatchObject({ tools: [shell], tool_choice: "required" });
    expect(sent.cargo.rewrite.changes).toEqual(["responses_unknown_keys"]);
  });

  test("where no tool is left there is nothing to choose", () => {
    const sent = passage({ tools: [{ type: "image_generation" }], tool_choice: "auto", user: "u" });
    expect(sentBy(sent)).toBe(`{"model":"${MODEL}","input":"hi"}`);
    expect(sent.cargo.rewrite.changes).toEqual(["responses_unknown_keys"]);
  });

  test.each([
    ["a tool that only OpenAI runs", { tools: [shell], tool_choice: { type: "file_search" } }],
    ["one of none", { tools: [{ type: "tool_search" }], tool_choice: "required" }],
    ["no choice at all", { tools: [shell], tool_choice: 7 }],
  ])("%s cannot be forced", (_name, body) => {
    expect(() => passage(body)).toThrow(
      expect.objectContaining({ code: "invalid_request", param: "tool_choice" }),
    );
  });

  test("a name that is too long for Ark is shortened, and given back", () => {
    const name = "n".repeat(100);
    const sent = passage({ tools: [{ ...shell, name }], tool_choice: { type: "function", name } });
    const { tools, tool_choice: choice } = JSON.parse(sentBy(sent));
    expect(tools[0].name).toMatch(/^n{55}_[0-9a-f]{8}$/);
    expect(choice.name).toBe(tools[0].name);
    const call = { type: "function_call", name: tools[0].name, arguments: "{}" };
    const answer = sent.answers.rewriteWhole(Buffer.from(JSON.stringify({ output: [call] })));
    expect(JSON.parse(answer.toString())).toEqual({ output: [{ ...call, name }] });
  });

  test("without the repairs nothing is", () => {
    const body = {
      tools: [{ type: "custom", name: "x" }, { type: "image_generation" }, { type: "function", name: "f" }],
      tool_choice: { type: "file_search" },
      user: "u",
    };
    const sent = passage(body, { ...verbatim, repairs: new Set() });
    expect([sentBy(sent), sent.cargo.rewrite.changes]).toEqual([sent.cargo.body.toString(), []]);
    expect(defaultRepairs.has("namespace_tools")).toBe(true);
  });

  test("a body that would be changed in more places than fit is refused, at n and n + 1", () => {
    const items = (count: number) =>
      Array.from({ length: count }, () => ({ role: "user", content: "", phase: 1 }));
    expect(passage({ input: items(SPLICES_MAX) }).cargo.rewrite.splices).toHaveLength(SPLICES_MAX);
    expect(() => passage({ input: items(SPLICES_MAX + 1) })).toThrow(
      expect.objectContaining({ code: "invalid_request" }),
    );
  });
});

describe("a whole answer", () => {
  const answer = (more: object = {}) =>
    Buffer.from(JSON.stringify({ id: RESPONSE_ID, usage: USAGE, ...more }));

  test("tells its usage, and whose it is", () => {
    const own = vi.fn();
    const context = remembering({ own });
    const { answers } = passage({}, verbatim, context);
    expect(answers.hearWhole(answer({ store: true }))).toEqual({
      inputTokens: 25,
      cachedInputTokens: 10,
      outputTokens: 15,
      reasoningTokens: 6,
    });
    expect(own.mock.calls).toEqual([[context.keyId, RESPONSE_ID]]);
  });

  test("is nobody's where it is not stored", () => {
    const own = vi.fn();
    const context = remembering({ own });
    passage({ store: false }, verbatim, context).answers.hearWhole(answer());
    passage({}, verbatim, context).answers.hearWhole(answer({ store: false }));
    passage({}, verbatim, context).answers.hearWhole(Buffer.from('{"usage":null}'));
    expect(own.mock.calls).toEqual([]);
  });

  test("of a stream is owned once it has begun", () => {
    const own = vi.fn();
    const context = remembering({ own });
    const tap = passage({ stream: true }, verbatim, context).answers.openTap();
    tap.push(Buffer.from(responseStream([]).slice(0, 400)));
    tap.push(Buffer.from(responseStream([]).slice(400)));
    expect(own.mock.calls).toEqual([[context.keyId, RESPONSE_ID]]);
  });

  test.each(["", "{", "[]", '{"usage":7}', '{"usage":{},"usage":{}}', "null"])("%j has no usage", (text) => {
    expect(passage({}).answers.hearWhole(Buffer.from(text))).toBeNull();
  });

  test("goes to the client as it came, unless there is something to give back or to fill in", () => {
    expect(passage({ tools: [{ type: "function", name: "f" }] }).answers.rewritesWhole).toBe(false);
    expect(passage({ tools: [{ type: "custom", name: "f" }] }).answers.rewritesWhole).toBe(true);
    expect(passage({ tools: [{ type: "custom", name: "f" }], stream: true }).answers.rewritesWhole).toBe(
      false,
    );
    expect(passage({}, filling).answers.rewritesWhole).toBe(true);
  });

  test("gets names back, and no other byte is changed", () => {
    const tools = [
      { type: "custom", name: "patch" },
      { type: "namespace", name: "files", tools: [{ type: "function", name: "read" }] },
    ];
    const { answers } = passage({ tools });
    const given = (patch: string, read: string) =>
      ` { "output" : [ {"type":"message","content":[1e400]},${patch}, ${read} ],"x":"files__read"}`;
    const ark = given(
      '{"arguments":"{\\"input\\":\\"*** \\\\n\\"}","name":"patch","type":"function_call"}',
      '{ "type":"function_call","name":"files__read","arguments":"{}"}',
    );
    const client = given(
      '{"input":"*** \\n","name":"patch","type":"custom_tool_call"}',
      '{"namespace":"files", "type":"function_call","name":"read","arguments":"{}"}',
    );
    expect(answers.rewriteWhole(Buffer.from(ark)).toString()).toBe(client);
  });

  test.each(["", "{", "[]", "oops", '{"output":[{]}'])("%j is given as it came", (text) => {
    expect(passage({}, filling).answers.rewriteWhole(Buffer.from(text)).toString()).toBe(text);
  });
});

describe("what OpenAI's schema requires", () => {
  const { answers } = passage({}, filling);
  const filled = (answer: object) =>
    JSON.parse(answers.rewriteWhole(Buffer.from(JSON.stringify(answer))).toString());

  test("is filled in where it is missing", () => {
    expect(filled({ id: "resp_1" })).toEqual({
      id: "resp_1",
      error: null,
      incomplete_details: null,
      instructions: null,
      metadata: {},
      output: [],
      parallel_tool_calls: true,
      temperature: null,
      tool_choice: "auto",
      tools: [],
      top_p: null,
    });
  });

  test("stays as it is where it is there", () => {
    const whole = {
      error: null,
      incomplete_details: { reason: "content_filter" },
      instructions: "x",
      metadata: { a: "b" },
      output: [
        { type: "message", content: [{ type: "output_text", text: "x", annotations: [], logprobs: [] }] },
        { type: "reasoning", summary: [] },
        { type: "function_call", name: "f", arguments: "" },
        { type: "web_search_call" },
        7,
      ],
      parallel_tool_calls: false,
      temperature: 0.5,
      tool_choice: "none",
      tools: [{ type: "function", name: "f", parameters: null, strict: true }, { type: "web_search" }],
      top_p: 1,
    };
    const text = JSON.stringify(whole);
    expect(answers.rewriteWhole(Buffer.from(text)).toString()).toBe(text);
  });

  test("in items, parts, tools and usage, too", () => {
    const {
      output,
      tools,
      usage,
      incomplete_details: details,
    } = filled({
      output: [
        { type: "message", content: [{ type: "output_text", text: "x" }] },
        { type: "message" },
        { type: "reasoning" },
        { type: "function_call", name: "f" },
      ],
      tools: [{ type: "function", name: "f" }],
      usage: { ...USAGE, output_tokens_details: undefined },
      incomplete_details: { reason: "length" },
    });
    expect(output).toEqual([
      { type: "message", content: [{ type: "output_text", text: "x", annotations: [], logprobs: [] }] },
      { type: "message", content: [] },
      { type: "reasoning", summary: [] },
      { type: "function_call", name: "f", arguments: "" },
    ]);
    expect(tools).toEqual([{ type: "function", name: "f", parameters: null, strict: null }]);
    expect(usage.input_tokens_details).toEqual({ cached_tokens: 10, cache_write_tokens: 0 });
    expect(usage.output_tokens_details).toEqual({ reasoning_tokens: 0 });
    expect(details).toEqual({ reason: "max_output_tokens" });
  });
});
