/** What Ark's Responses refuse: unknown members and types, values out of range, what does not go together. */
import { describe, expect, test } from "vitest";
import { at, startSimulator } from "../../support/running-simulator.ts";
import { RESPONSES_PATH, respond, weatherFunction } from "../../support/simulated-responses.ts";

const message = (...content: unknown[]): unknown => [{ role: "user", content }];

const unknownMembers: readonly (readonly [what: string, more: Record<string, unknown>, said: string])[] = [
  ["a member of OpenAI", { metadata: {} }, 'json: unknown field "metadata"'],
  ["null in an unknown member", { background: null }, 'json: unknown field "background"'],
  ["the prompt cache's key", { prompt_cache_key: "a" }, 'json: unknown field "prompt_cache_key"'],
  ["a name in another case", { Stream: true }, 'json: unknown field "Stream"'],
  ["reasoning.summary", { reasoning: { effort: "low", summary: "auto" } }, 'json: unknown field "summary"'],
  ["text.verbosity", { text: { verbosity: "low" } }, 'json: unknown field "verbosity"'],
  [
    "a member of a format",
    { text: { format: { type: "text", json_schema: {} } } },
    'json: unknown field "json_schema"',
  ],
  [
    "a member of web_search",
    { tools: [{ type: "web_search", external_web_access: true }] },
    'json: unknown field "external_web_access"',
  ],
  [
    "chat's form of a function",
    { tools: [{ type: "function", function: {} }] },
    'json: unknown field "function"',
  ],
  [
    "a namespace",
    { tools: [weatherFunction, { type: "namespace", name: "a" }] },
    "unknown tool type: namespace",
  ],
  ["a custom tool", { tools: [{ type: "custom", name: "a" }] }, "unknown tool type: custom"],
  ["a tool without type", { tools: [{ name: "a" }] }, "unknown tool type: "],
  [
    "a member of a tool named as a prototype's",
    { tools: [{ type: "constructor" }] },
    "unknown tool type: constructor",
  ],
  [
    "a member of an item",
    { input: [{ role: "user", content: "a", phase: "b" }] },
    'json: unknown field "phase"',
  ],
  [
    "an item of OpenAI",
    { input: [{ type: "custom_tool_call" }] },
    "unknown input item type: custom_tool_call",
  ],
  [
    "a part of OpenAI",
    { input: message({ type: "refusal", refusal: "no" }) },
    "unknown content type: refusal",
  ],
  [
    "a member of a part",
    { input: message({ type: "input_text", text: "a", logprobs: [] }) },
    'json: unknown field "logprobs"',
  ],
  [
    "a part of a call's output",
    { input: [{ type: "function_call_output", call_id: "a", output: [{ type: "text", text: "b" }] }] },
    "unknown content type: text",
  ],
];

describe("unknown members and types", () => {
  test.each(unknownMembers)("%s", async (_what, more, said) => {
    const simulator = await startSimulator();
    const { status, text } = await respond(simulator, more);
    expect(status).toBe(400);
    const error = at(JSON.parse(text), "error");
    expect(at(error, "code")).toBe("InvalidParameter");
    expect(at(error, "type")).toBe("BadRequest");
    expect(String(at(error, "message"))).toContain(said);
    expect(String(at(error, "message"))).toMatch(/ Request id: 02\d{13}[0-9a-f]{38}$/);
  });

  test("are let pass where the simulator is told to", async () => {
    const simulator = await startSimulator({ strictMembers: false });
    for (const [, more, said] of unknownMembers) {
      const { status, text } = await respond(simulator, more);
      expect(text).not.toContain(said);
      if (said.includes("unknown field")) expect([200, 400]).toContain(status);
    }
    expect((await respond(simulator, { metadata: { a: "b" }, background: false })).status).toBe(200);
  });

  test("are refused before the model is looked for, and after the key", async () => {
    const simulator = await startSimulator({ keys: ["good"] });
    const body = { model: "no-such-model", metadata: {} };
    expect((await respond(simulator, body, { key: "good" })).text).toContain("unknown field");
    expect((await respond(simulator, body, { key: "bad" })).status).toBe(401);
  });
});

describe("what is known", () => {
  const accepted: readonly (readonly [what: string, more: Record<string, unknown>])[] = [
    [
      "every plain parameter",
      {
        instructions: "Be brief.",
        store: true,
        max_output_tokens: 4_000,
        temperature: 0.5,
        top_p: 0.9,
        parallel_tool_calls: true,
        max_tool_calls: 3,
        include: ["reasoning.encrypted_content"],
        service_tier: "auto",
        session: { id: "s" },
        safety_identifier: "u",
        reasoning: { effort: "low" },
        thinking: { type: "enabled" },
        text: { format: { type: "text" } },
        tool_choice: "auto",
        tools: [weatherFunction],
      },
    ],
    [
      "Ark's own tools",
      {
        tools: [
          {
            type: "web_search",
            limit: 5,
            sources: ["toutiao"],
            user_location: { type: "approximate", city: "杭州" },
          },
          { type: "mcp", server_label: "a", server_url: "https://a.example", headers: { anything: "b" } },
          { type: "image_process", zoom: { type: "enabled" } },
          { type: "knowledge_search", knowledge_resource_id: "k", ranking_options: { rerank_switch: true } },
          { type: "doubao_app", feature: { chat: { type: "enabled" } } },
        ],
      },
    ],
    ["a choice of Ark's own tools", { tools: [{ type: "web_search" }], tool_choice: { type: "web_search" } }],
    [
      "context management",
      {
        context_management: {
          edits: [{ type: "clear_thinking", keep: { type: "thinking_turns", value: 1 } }],
        },
      },
    ],
    ["the explicit cache", { caching: { type: "enabled" } }],
    [
      "every role",
      {
        input: ["user", "system", "developer", "assistant"].map((role) => ({ role, content: "a" })),
      },
    ],
    [
      "every part but images",
      {
        model: "doubao-seed-2-0-lite-260428",
        input: message(
          { type: "input_text", text: "a" },
          { type: "input_image", image_url: "https://a.example/b.png", detail: "high" },
          { type: "input_video", file_id: "file-1", fps: 1 },
          { type: "input_audio", audio_url: "https://a.example/b.mp3" },
          { type: "input_file", file_data: "data:application/pdf;base64,AA", filename: "a.pdf" },
        ),
      },
    ],
    [
      "a whole turn of tools",
      {
        tools: [weatherFunction],
        input: [
          { role: "user", content: "天气?" },
          {
            type: "reasoning",
            id: "rs_1",
            summary: [{ type: "summary_text", text: "hm" }],
            encrypted_content: "djF+",
          },
          { type: "function_call", call_id: "c", name: "get_weather", arguments: "{}", status: "completed" },
          { type: "function_call_output", call_id: "c", output: "5度" },
          {
            type: "message",
            role: "assistant",
            content: [{ type: "output_text", text: "冷", annotations: [] }],
          },
          {
            type: "web_search_call",
            id: "ws_1",
            status: "completed",
            action: { type: "search", query: "b" },
          },
          { role: "user", content: "谢谢" },
        ],
      },
    ],
    [
      "an output of parts",
      {
        input: [{ type: "function_call_output", call_id: "c", output: [{ type: "input_text", text: "b" }] }],
      },
    ],
  ];

  test.each(accepted)("%s", async (_what, more) => {
    const simulator = await startSimulator();
    const { status, text } = await respond(simulator, more);
    expect(text).not.toContain('"error"');
    expect(status).toBe(200);
  });
});

describe("values", () => {
  const refused: readonly (readonly [
    what: string,
    more: Record<string, unknown>,
    code: string,
    param: string,
  ])[] = [
    ["no input", { input: undefined }, "MissingParameter", "input"],
    ["an empty list", { input: [] }, "InvalidParameter", "input"],
    ["a number as input", { input: 1 }, "InvalidParameter", "input"],
    ["an item that is a text", { input: ["a"] }, "InvalidParameter", "input[0]"],
    ["an unknown role", { input: [{ role: "USER", content: "a" }] }, "InvalidArgumentError.UnknownRole", ""],
    ["no role", { input: [{ content: "a" }] }, "InvalidArgumentError", ""],
    ["no content", { input: [{ role: "user" }] }, "MissingParameter", "input[0].content"],
    [
      "a part without text",
      { input: message({ type: "input_text" }) },
      "MissingParameter",
      "input[0].content[0].text",
    ],
    [
      "an image from nowhere",
      { input: message({ type: "input_image" }) },
      "MissingParameter",
      "input[0].content[0].image_url|file_id",
    ],
    [
      "a call without id",
      { input: [{ type: "function_call", name: "a", arguments: "" }] },
      "MissingParameter",
      "input[0].call_id",
    ],
    [
      "an output without call",
      { input: [{ type: "function_call_output", output: "a" }] },
      "MissingParameter",
      "input[0].call_id",
    ],
    [
      "an item that is not stored",
      { input: [{ type: "item_reference", id: "msg_1" }] },
      "InvalidParameter",
      "input[0].id",
    ],
    ["instructions that are no text", { instructions: [] }, "InvalidParameter", "instructions"],
    ["no tokens", { max_output_tokens: 0 }, "InvalidParameter", "max_output_tokens"],
    ["half a token", { max_output_tokens: 1.5 }, "InvalidParameter", "max_output_tokens"],
    ["no tool calls", { max_tool_calls: 0 }, "InvalidParameter", "max_tool_calls"],
    ["eleven tool calls", { max_tool_calls: 11 }, "InvalidParameter", "max_tool_calls"],
    ["heat", { temperature: 2.1 }, "InvalidParameter", "temperature"],
    ["an unknown effort", { reasoning: { effort: "most" } }, "InvalidParameter", "reasoning_effort"],
    [
      "no thoughts, hard",
      { thinking: { type: "disabled" }, reasoning: { effort: "low" } },
      "InvalidParameter",
      "reasoning.effort",
    ],
    ["an unknown inclusion", { include: ["file_search_call.results"] }, "InvalidParameter", "include"],
    [
      "a schema without name",
      { text: { format: { type: "json_schema", schema: {} } } },
      "MissingParameter",
      "text.format.name",
    ],
    [
      "a format without schema",
      { text: { format: { type: "json_schema", name: "a" } } },
      "MissingParameter",
      "text.format.schema",
    ],
    [
      "a choice of nothing",
      { tools: [weatherFunction], tool_choice: { type: "function", name: "b" } },
      "InvalidParameter",
      "tool_choice.name",
    ],
    ["a stored flex call", { service_tier: "flex" }, "InvalidParameter", "store"],
    [
      "instructions in the cache",
      { caching: { type: "enabled" }, instructions: "a" },
      "InvalidParameter",
      "caching",
    ],
    [
      "web search in the cache",
      { caching: { type: "enabled" }, tools: [{ type: "web_search" }] },
      "InvalidParameter",
      "caching",
    ],
    [
      "a streamed prefix",
      { caching: { type: "enabled", prefix: true }, stream: true },
      "InvalidParameter",
      "caching.prefix",
    ],
    ["a short prefix", { caching: { type: "enabled", prefix: true } }, "InvalidParameter", "caching.prefix"],
    [
      "an unknown previous response",
      { previous_response_id: "resp_1" },
      "InvalidParameter.PreviousResponseNotFound",
      "previous_response_id",
    ],
    ["a store that is no flag", { store: "yes" }, "InvalidParameter", "store"],
  ];

  test.each(refused)("%s", async (_what, more, code, param) => {
    const simulator = await startSimulator();
    const { status, text } = await respond(simulator, more);
    expect(status).toBe(400);
    expect(at(JSON.parse(text), "error", "code")).toBe(code);
    expect(at(JSON.parse(text), "error", "param")).toBe(param);
    expect(simulator.ark.bill[0]).toMatchObject({
      status: 400,
      promptTokens: 0,
      completionTokens: 0,
      ended: "refused",
    });
  });

  test("bound when a response may expire", async () => {
    const simulator = await startSimulator({ wallMs: () => 1_790_000_000_000 });
    const statuses: number[] = [];
    for (const seconds of [0, 1, 604_800, 604_801]) {
      statuses.push((await respond(simulator, { expire_at: 1_790_000_000 + seconds })).status);
    }
    expect(statuses).toEqual([400, 200, 200, 400]);
  });

  test("bound how many items a conversation has", async () => {
    const simulator = await startSimulator();
    const items = (count: number): unknown =>
      Array.from({ length: count }, () => ({ role: "user", content: "a" }));
    expect((await respond(simulator, { input: items(1_000) })).status).toBe(200);
    expect((await respond(simulator, { input: items(1_001) })).status).toBe(400);
  });

  test("of a model that has not what is asked", async () => {
    const simulator = await startSimulator({ planKeys: ["plan"] });
    const planned = { path: "/api/plan/v3/responses", key: "plan" };
    const disabled = await respond(simulator, { model: "glm-5.3", thinking: { type: "disabled" } }, planned);
    expect(disabled.text).toContain("`thinking.type` `disabled` is not supported by this model");
    const image = message({ type: "input_image", image_url: "https://a.example/b.png" });
    expect((await respond(simulator, { model: "glm-5-2-260617", input: image })).status).toBe(400);
    const fast = await respond(simulator, { model: "glm-5.3", service_tier: "fast" }, planned);
    expect(at(JSON.parse(fast.text), "error", "param")).toBe("service_tier");
  });

  test("that are no JSON", async () => {
    const simulator = await startSimulator();
    for (const body of ["{", "[]", ""]) {
      expect((await simulator.post(body, { path: RESPONSES_PATH })).status).toBe(400);
    }
  });
});
