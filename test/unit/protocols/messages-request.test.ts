/** What becomes of the single members of a Messages request on its way to chat. */
import { describe, expect, test } from "vitest";
import type { ChatRequest } from "../../../src/core/chat.ts";
import type { KeyId } from "../../../src/core/ids.ts";
import type { Reasoning } from "../../../src/core/memories.ts";
import { BODY_VALUES_MAX } from "../../../src/protocols/client-json.ts";
import type { CallContext } from "../../../src/protocols/door.ts";
import { messagesDoor } from "../../../src/protocols/messages/index.ts";
import { arkToolName, TOOL_NAME_CHARACTERS_MAX } from "../../../src/protocols/messages/tool-names.ts";
import { SEALED_CHARACTERS_MAX, sealThought } from "../../../src/protocols/sealed-thoughts.ts";
import { callContext, chatTraits, noMemories } from "../../support/call-context.ts";
import { plainSeal, sealingContext } from "../../support/plain-seal.ts";

const HI = { role: "user", content: "Hi" };
const context = sealingContext();

function changesOf(
  body: object,
  within: CallContext = context,
): { request: ChatRequest; changes: readonly string[] } {
  const bytes = Buffer.from(JSON.stringify({ model: "m", messages: [HI], ...body }));
  const passage = messagesDoor.read(bytes).prepare(chatTraits("doubao"), within);
  if (passage.kind !== "upstream") throw new Error("not sent to Ark");
  return { request: JSON.parse(passage.cargo.body.toString()), changes: passage.cargo.rewrite.changes };
}

function requestOf(body: object): ChatRequest {
  return changesOf(body).request;
}

describe("settings", () => {
  test("that are not given are not sent", () => {
    expect(requestOf({})).toEqual({ model: "doubao", messages: [HI] });
  });

  test.each([
    [{ max_tokens: 65_536 }, { max_completion_tokens: 65_536 }],
    [{ max_tokens: 65_537 }, { max_completion_tokens: 65_536 }],
    [{ max_tokens: 1 }, { max_completion_tokens: 1 }],
    [{ max_tokens: 0 }, { max_completion_tokens: 1 }],
    [
      { temperature: 0, top_p: 0.5, top_k: 7 },
      { temperature: 0, top_p: 0.5 },
    ],
    [{ temperature: 0.30000000000000004 }, { temperature: 0.30000000000000004 }],
    [{ stop_sequences: ["END", ""] }, { stop: ["END"] }],
    [{ stop_sequences: [] }, {}],
    [{ service_tier: "auto" }, {}],
    [{ service_tier: "fast" }, { service_tier: "fast" }],
    [
      { thinking: { type: "disabled" }, output_config: { effort: "high" } },
      { thinking: { type: "disabled" } },
    ],
    [{ thinking: { type: "adaptive" } }, { thinking: { type: "enabled" } }],
    [{ thinking: { type: "between_tools" } }, { thinking: { type: "enabled" } }],
    [{ output_config: { effort: "xhigh" } }, { reasoning_effort: "xhigh" }],
    [{ output_config: { effort: "unheard of" } }, {}],
    [
      { thinking: { type: "enabled", budget_tokens: 1 }, output_config: { effort: "max" } },
      { thinking: { type: "enabled" }, reasoning_effort: "max" },
    ],
    ...(
      [
        [4_096, "low"],
        [4_097, "medium"],
        [16_384, "medium"],
        [16_385, "high"],
      ] as const
    ).map(([budget, effort]) => [
      { thinking: { type: "enabled", budget_tokens: budget } },
      { thinking: { type: "enabled" }, reasoning_effort: effort },
    ]),
    [{ output_format: { type: "json_object" } }, { response_format: { type: "json_object" } }],
    [{ output_config: { format: { type: "text" } } }, {}],
    [{ metadata: { user_id: "u" }, context_management: {}, container: "c", anything: 1 }, {}],
  ] as [object, object][])("%j becomes %j", (body, wanted) => {
    expect(requestOf(body)).toEqual({ model: "doubao", messages: [HI], ...wanted });
  });

  test("a schema for the answer keeps its numbers", () => {
    const json = '{"type":"object","properties":{"n":{"maximum":12345678901234567890}}}';
    const body = `{"model":"m","messages":[{"role":"user","content":"Hi"}],"output_config":{"format":{"type":"json_schema","schema":${json}}}}`;
    const passage = messagesDoor.read(Buffer.from(body)).prepare(chatTraits("doubao"), context);
    expect(passage.kind === "upstream" && passage.cargo.body.toString()).toContain(
      `"schema":${json},"strict":true`,
    );
  });
});

describe("system texts", () => {
  test.each([
    ["Be brief.", "Be brief."],
    [
      [
        { type: "text", text: "One." },
        { type: "text", text: "" },
        { type: "text", text: "Two." },
      ],
      "One.\n\nTwo.",
    ],
    [
      [
        { type: "text", text: "x-anthropic-billing-header: a=b" },
        { type: "text", text: "One." },
      ],
      "One.",
    ],
  ])("%j become one message first", (system, content) => {
    expect(requestOf({ system }).messages).toEqual([{ role: "system", content }, HI]);
  });

  test.each(["", [], null, "x-anthropic-billing-header: a=b"])("%j become none", (system) => {
    expect(requestOf({ system }).messages).toEqual([HI]);
  });

  test("tell of tools that come and go", () => {
    const content = [
      { type: "tool_removal", tool: { type: "tool_reference", name: "look" } },
      {
        type: "tool_addition",
        tool: { type: "tool_definition", definition: { name: "late", input_schema: {} } },
      },
    ];
    const { messages, tools } = requestOf({ messages: [HI, { role: "system", content }] });
    expect(messages[1]?.content).toBe(
      "The tool look is no longer available.\n\nThe tool late is now available.",
    );
    expect(tools?.map((tool) => tool.function.name)).toEqual(["late"]);
  });
});

describe("tools", () => {
  test.each([
    [{}, { type: "object", properties: {} }],
    [null, { type: "object", properties: {} }],
    [{ properties: { a: {} } }, { type: "object", properties: { a: {} } }],
    [
      { type: "object", required: [] },
      { type: "object", required: [], properties: {} },
    ],
    [
      { $ref: "#/a", type: "string" },
      { $ref: "#/a", type: "string" },
    ],
  ])("with the schema %j have the parameters %j", (schema, parameters) => {
    const { tools } = requestOf({ tools: [{ name: "look", input_schema: schema }] });
    expect(tools).toEqual([{ type: "function", function: { name: "look", parameters } }]);
  });

  test("keep what describes them, and lose what is Anthropic's alone", () => {
    const given = {
      name: "a",
      description: "d",
      strict: true,
      defer_loading: true,
      cache_control: {},
      type: "custom",
    };
    const called = {
      name: "a",
      description: "d",
      parameters: { type: "object", properties: {} },
      strict: true,
    };
    expect(requestOf({ tools: [given] }).tools).toEqual([{ type: "function", function: called }]);
  });

  test("of one name count once, the last", () => {
    const { tools } = requestOf({
      tools: [{ name: "a" }, { name: "b" }, { name: "a", description: "last" }],
    });
    expect(tools?.map((tool) => tool.function.description)).toEqual(["last", undefined]);
  });

  test.each([
    [{ type: "auto" }, { tool_choice: "auto" }],
    [{ type: "any" }, { tool_choice: "required" }],
    [{ type: "none" }, { tool_choice: "none" }],
    [{ type: "tool", name: "a" }, { tool_choice: { type: "function", function: { name: "a" } } }],
    [
      { type: "auto", disable_parallel_tool_use: true },
      { tool_choice: "auto", parallel_tool_calls: false },
    ],
    [{ type: "auto", disable_parallel_tool_use: false }, { tool_choice: "auto" }],
    [null, {}],
  ])("chosen by %j are chosen by %j", (choice, wanted) => {
    const {
      tools: _tools,
      model: _model,
      messages: _messages,
      ...rest
    } = requestOf({
      tools: [{ name: "a" }],
      tool_choice: choice,
    });
    expect(rest).toEqual(wanted);
  });

  test("are not chosen where there are none", () => {
    expect(requestOf({ tools: [], tool_choice: { type: "any", disable_parallel_tool_use: true } })).toEqual(
      requestOf({}),
    );
  });

  test("have names that Ark takes, the same in their calls and in the choice, and their own in the answer", () => {
    const name = `mcp__${"a".repeat(60)}`;
    const changed = arkToolName(name);
    expect(changed).toMatch(/^mcp__a{50}_[0-9a-f]{8}$/);
    const {
      tools,
      tool_choice: choice,
      messages,
    } = requestOf({
      tools: [{ name }],
      tool_choice: { type: "tool", name },
      messages: [HI, { role: "assistant", content: [{ type: "tool_use", id: "1", name, input: {} }] }],
    });
    expect(tools?.[0]?.function.name).toBe(changed);
    expect(choice).toEqual({ type: "function", function: { name: changed } });
    expect(messages[1]).toMatchObject({ tool_calls: [{ function: { name: changed } }] });
  });

  test.each([
    ["a".repeat(TOOL_NAME_CHARACTERS_MAX), true],
    ["a".repeat(TOOL_NAME_CHARACTERS_MAX + 1), false],
    ["a.b", false],
    ["名", false],
  ])("named %s keep their name: %s", (name, isKept) => {
    expect(arkToolName(name) === name).toBe(isKept);
    expect(arkToolName(name)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });
});

describe("thoughts", () => {
  const seal = { seal: plainSeal, keyId: context.keyId, model: "doubao" };
  const call = { type: "tool_use", id: "call_1", name: "look", input: {} };

  function sent(...blocks: object[]): Reasoning {
    const { messages } = requestOf({ messages: [HI, { role: "assistant", content: [...blocks, call] }] });
    const said = messages[1];
    if (said?.role !== "assistant") throw new Error("nothing was said");
    return { text: said.reasoning_content ?? null, encrypted: said.encrypted_content ?? null };
  }

  test.each([
    [{ text: "hm", encrypted: "e" }],
    [{ text: "hm", encrypted: null }],
    [{ text: null, encrypted: "e" }],
  ])("that were sealed come back as they were: %j", (reasoning) => {
    const signature = sealThought(reasoning, seal);
    expect(sent({ type: "thinking", thinking: "", signature })).toEqual({
      ...reasoning,
      text: reasoning.text,
    });
    expect(sent({ type: "redacted_thinking", data: signature })).toEqual(reasoning);
  });

  test("that another model has thought come back as their text alone", () => {
    const signed = (reasoning: Reasoning) => {
      return {
        type: "thinking",
        thinking: "",
        signature: sealThought(reasoning, { ...seal, model: "kimi" }),
      };
    };
    expect(sent(signed({ text: "hm", encrypted: "e" }))).toEqual({ text: "hm", encrypted: null });
    expect(sent(signed({ text: null, encrypted: "e" }))).toEqual({ text: null, encrypted: null });
  });

  test("are sealed with their text up to SEALED_CHARACTERS_MAX", () => {
    const opened = (characters: number) =>
      sent({
        type: "thinking",
        thinking: "own",
        signature: sealThought({ text: "a".repeat(characters), encrypted: null }, seal),
      });
    expect(opened(SEALED_CHARACTERS_MAX).text).toHaveLength(SEALED_CHARACTERS_MAX);
    expect(opened(SEALED_CHARACTERS_MAX + 1).text).toBe("own");
  });

  test.each([
    ["of Anthropic's", "EqQBCkYIBBgCKkD"],
    ["of another key", plainSeal.seal("other" as KeyId, '{"t":"stolen"}')],
    ["that holds no JSON", plainSeal.seal(context.keyId, "oops")],
    ["that holds other things", plainSeal.seal(context.keyId, '{"t":7,"e":[]}')],
    ["that is no text", 7],
  ])("with a signature %s are their own text", (_name, signature) => {
    expect(sent({ type: "thinking", thinking: "own", signature })).toEqual({ text: "own", encrypted: null });
    expect(sent({ type: "redacted_thinking", data: signature })).toEqual({ text: null, encrypted: null });
  });

  test("of several blocks are one, with the last encrypted content", () => {
    const one = {
      type: "thinking",
      thinking: "",
      signature: sealThought({ text: "a", encrypted: "1" }, seal),
    };
    const two = {
      type: "thinking",
      thinking: "",
      signature: sealThought({ text: "b", encrypted: "2" }, seal),
    };
    expect(sent(one, two)).toEqual({ text: "ab", encrypted: "2" });
  });

  test("that a client dropped are put back where they are remembered, and it is said", () => {
    const reasoning = {
      holdsAnyOf: () => true,
      recall: () => ({ text: "hm", encrypted: null }),
      remember: () => {},
    };
    const remembering = { ...context, memories: { ...noMemories, reasoning } };
    const body = { messages: [HI, { role: "assistant", content: [call] }] };
    const { request, changes } = changesOf(body, remembering);
    expect(request.messages[1]).toMatchObject({ reasoning_content: "hm" });
    expect(changes).toEqual(["model", "translation", "reasoning_replay"]);
    expect(changesOf(body).changes).toEqual(["model", "translation"]);
  });
});

test("a conversation of very many turns, calls and results is translated in its order", () => {
  // As many as a body may hold values for (BODY_VALUES_MAX).
  const many = 40_000;
  const uses = Array.from({ length: many }, (_, index) => ({
    type: "tool_use",
    id: `c${index}`,
    name: "a",
    input: {},
  }));
  const results = uses.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: id })).reverse();
  const said = uses.map(() => ({ role: "assistant", content: "a" }));
  const { messages } = requestOf({
    messages: [{ role: "assistant", content: uses }, { role: "user", content: results }, ...said],
  });
  expect(messages).toHaveLength(many + 2);
  expect(messages[many]).toEqual({ role: "tool", tool_call_id: `c${many - 1}`, content: `c${many - 1}` });
  expect(messages[many + 1]?.content).toHaveLength(many * 3 - 2);
});

test("a body of more values than any model reads is refused before it is parsed", () => {
  const bodyOf = (values: number) =>
    Buffer.from(
      `{"model":"m","messages":[{"role":"user","content":"Hi"}],"metadata":[${"1,".repeat(values)}1]}`,
    );
  const prepare = (body: Buffer) => messagesDoor.read(body).prepare(chatTraits("x"), callContext());
  // What stands around those: objects, arrays, and a member more of two objects.
  const around = 8;
  expect(prepare(bodyOf(BODY_VALUES_MAX - around)).kind).toBe("upstream");
  expect(() => prepare(bodyOf(BODY_VALUES_MAX - around + 1))).toThrow(/more than 524288 JSON values/);
});
