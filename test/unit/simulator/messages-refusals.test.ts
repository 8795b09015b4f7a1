/** What Ark's Anthropic base refuses, how its errors look, and who may come in by which of its doors. */
import { describe, expect, test } from "vitest";
import { type Asked, at, RAW_MODEL, startSimulator } from "../../support/running-simulator.ts";
import {
  askMessages,
  COUNT_PATH,
  MESSAGES_PATH,
  messagesBody,
  weatherTool,
} from "../../support/simulated-messages.ts";

type Case = {
  readonly name: string;
  readonly body: unknown;
  readonly status?: number;
  readonly code?: string;
  readonly param?: string;
  readonly says: string;
};

const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } };

function said(role: string, content: unknown): unknown {
  return messagesBody({ messages: [{ role, content }] });
}

function without(name: string): unknown {
  const { [name]: _, ...rest } = messagesBody();
  return rest;
}

const cases: readonly Case[] = [
  { name: "no JSON", body: "{", says: "not valid JSON" },
  { name: "no model", body: without("model"), code: "MissingParameter", param: "model", says: "`model`" },
  {
    name: "an unknown model",
    body: messagesBody({ model: "claude-sonnet-5" }),
    status: 404,
    code: "InvalidEndpointOrModel.NotFound",
    says: "does not exist or you do not have access to it",
  },
  {
    name: "no messages",
    body: without("messages"),
    code: "MissingParameter",
    param: "messages",
    says: "`messages`",
  },
  { name: "empty messages", body: messagesBody({ messages: [] }), param: "messages", says: "not empty" },
  {
    name: "no max_tokens",
    body: without("max_tokens"),
    code: "MissingParameter",
    param: "max_tokens",
    says: "`max_tokens`",
  },
  {
    name: "max_tokens of nothing",
    body: messagesBody({ max_tokens: 0 }),
    param: "max_tokens",
    says: "from 1",
  },
  {
    name: "half a token",
    body: messagesBody({ max_tokens: 1.5 }),
    param: "max_tokens",
    says: "must be an integer",
  },
  {
    name: "the role system",
    body: said("system", "x"),
    param: "messages.role",
    says: "got `system`, expected one of `user` and `assistant`",
  },
  { name: "the role tool", body: said("tool", "x"), param: "messages.role", says: "got `tool`" },
  { name: "no content", body: said("user", null), code: "MissingParameter", says: "`messages[0].content`" },
  { name: "a content of another kind", body: said("user", 5), says: "must be a text or a list of blocks" },
  { name: "a block without type", body: said("user", [{ text: "x" }]), says: "a block without a type" },
  { name: "a text without text", body: said("user", [{ type: "text" }]), says: "lacks its text" },
  { name: "a block of chat's", body: said("user", [{ type: "image_url" }]), says: "got `image_url`" },
  { name: "a call by a user", body: said("user", [{ type: "tool_use" }]), says: "got `tool_use`" },
  { name: "an image by an assistant", body: said("assistant", [image]), says: "got `image`" },
  {
    name: "an image without source",
    body: said("user", [{ type: "image" }]),
    code: "MissingParameter",
    says: "source",
  },
  {
    name: "an image of an unknown source",
    body: said("user", [{ type: "image", source: { type: "disk" } }]),
    says: "got `disk`",
  },
  {
    name: "an image without data",
    body: said("user", [{ type: "image", source: { type: "base64", media_type: "image/png" } }]),
    code: "MissingParameter",
    says: "source.data",
  },
  {
    name: "a result without its call",
    body: said("user", [{ type: "tool_result" }]),
    code: "MissingParameter",
    says: "tool_use_id",
  },
  {
    name: "a call without input",
    body: said("assistant", [{ type: "tool_use", id: "call_1", name: "f" }]),
    says: "input` must be an object",
  },
  {
    name: "an unsigned thought",
    body: said("assistant", [{ type: "thinking", thinking: "x" }]),
    code: "MissingParameter",
    says: "signature",
  },
  {
    name: "a thought that another has signed",
    body: said("assistant", [{ type: "thinking", thinking: "x", signature: "vp1.c2VhbA" }]),
    says: "is an invalid signature",
  },
  {
    name: "hidden thoughts of another",
    body: said("assistant", [{ type: "redacted_thinking", data: "vp1.c2VhbA" }]),
    says: "is an invalid signature",
  },
  {
    name: "an image as system",
    body: messagesBody({ system: [image] }),
    param: "system.type",
    says: "`text`",
  },
  { name: "tools that are no list", body: messagesBody({ tools: {} }), param: "tools", says: "a list" },
  {
    name: "a tool of chat's",
    body: messagesBody({ tools: [{ name: "f", parameters: {} }] }),
    code: "MissingParameter",
    says: "tools[0].input_schema",
  },
  {
    name: "a tool with a name of no kind",
    body: messagesBody({ tools: [{ ...weatherTool, name: "get weather" }] }),
    param: "tools[0].name",
    says: "1 to 64",
  },
  {
    name: "a choice of chat's",
    body: messagesBody({ tools: [weatherTool], tool_choice: { type: "required" } }),
    param: "tool_choice.type",
    says: "expected one of auto, any, tool and none",
  },
  {
    name: "a choice that is no object",
    body: messagesBody({ tools: [weatherTool], tool_choice: "auto" }),
    param: "tool_choice",
    says: "must be an object",
  },
  {
    name: "a choice of no tool",
    body: messagesBody({ tools: [weatherTool], tool_choice: { type: "tool", name: "f" } }),
    param: "tool_choice.name",
    says: "names no tool",
  },
  {
    name: "another thinking",
    body: messagesBody({ thinking: { type: "auto" } }),
    param: "thinking.type",
    says: "got `auto`, expected one of enabled, disabled and adaptive",
  },
  {
    name: "another effort",
    body: messagesBody({ output_config: { effort: "hard" } }),
    param: "output_config.effort",
    says: "none, minimal, low",
  },
  {
    name: "another format",
    body: messagesBody({ output_format: { type: "xml" } }),
    param: "output_format.type",
    says: "got `xml`",
  },
  {
    name: "a format without schema",
    body: messagesBody({ output_config: { format: { type: "json_schema" } } }),
    code: "MissingParameter",
    says: "schema",
  },
  {
    name: "a format that the model has not",
    body: messagesBody({
      model: "doubao-seed-2-0-code-preview-260215",
      output_format: { type: "json_schema", schema: { type: "object" } },
    }),
    says: "is not supported by this model",
  },
  {
    name: "the fast tier",
    body: messagesBody({ service_tier: "fast" }),
    param: "service_tier",
    says: "`service_tier`",
  },
  {
    name: "a stop that is no list",
    body: messagesBody({ stop_sequences: "x" }),
    param: "stop_sequences",
    says: "a list of texts",
  },
];

function errorOf({ text }: Asked): Record<string, unknown> {
  const { type, error, ...more } = JSON.parse(text) as Record<string, unknown>;
  expect([type, more]).toEqual(["error", {}]);
  return error as Record<string, unknown>;
}

describe("the Anthropic base refuses", () => {
  test.each(cases)("$name", async ({ body, status = 400, code = "InvalidParameter", param, says }) => {
    const simulator = await startSimulator();
    const asked = await simulator.post(body, { path: MESSAGES_PATH });
    const error = errorOf(asked);
    expect([asked.status, error["code"]]).toEqual([status, code]);
    expect(Object.keys(error)).toEqual(["code", "message", "param", "type"]);
    expect(error["message"]).toContain(says);
    expect(error["message"]).toMatch(/ Request id: 02\d{13}[0-9a-f]{38}$/);
    if (param !== undefined) expect(error["param"]).toBe(param);
    expect(simulator.ark.bill).toEqual([
      expect.objectContaining({ api: "messages", ended: "refused", promptTokens: 0, completionTokens: 0 }),
    ]);
  });

  test.each(cases.filter(({ name }) => name !== "no max_tokens"))("when counting: $name", async (refused) => {
    const simulator = await startSimulator();
    const asked = await simulator.post(refused.body, { path: COUNT_PATH });
    expect(errorOf(asked)["code"]).toBe(refused.code ?? "InvalidParameter");
    expect(simulator.ark.bill[0]).toMatchObject({ api: "count_tokens", ended: "refused" });
  });
});

describe("the Anthropic base lets pass", () => {
  test.each([
    ["a null as if it were not there", { temperature: null, tools: null, thinking: null, system: null }],
    [
      "what clients have for others",
      {
        cache_control: { type: "ephemeral" },
        metadata: { user_id: "{}" },
        context_management: { edits: [] },
        top_k: 5,
        stop_sequences: ["a", "b", "c", "d", "e"],
        unheard_of: true,
      },
    ],
    [
      "tools that Ark would run",
      {
        tools: [{ type: "web_search_20250305", name: "web_search" }, weatherTool],
        tool_choice: { type: "none" },
      },
    ],
    ["a tool with a type of its own", { tools: [{ ...weatherTool, type: "custom", defer_loading: true }] }],
    ["the tiers of both", { service_tier: "standard_only" }],
    [
      "images by their address",
      {
        messages: [
          { role: "user", content: [{ type: "image", source: { type: "url", url: "https://a.cn/a.png" } }] },
        ],
      },
    ],
    [
      "documents by their id",
      {
        messages: [
          { role: "user", content: [{ type: "document", source: { type: "file", file_id: "file-1" } }] },
        ],
      },
    ],
    ["an answer that is to be gone on with", { messages: [{ role: "assistant", content: "So" }] }],
    [
      "a result of nothing",
      { messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "call_1" }] }] },
    ],
  ])("%s", async (_name, more) => {
    const simulator = await startSimulator();
    const asked = await askMessages(simulator, more);
    expect([asked.status, asked.text]).toEqual([200, expect.stringContaining('"type":"message"')]);
  });

  test.each([
    [
      "a system message",
      [
        { role: "user", content: "x" },
        { role: "system", content: "y" },
      ],
    ],
    [
      "a foreign seal",
      [{ role: "assistant", content: [{ type: "thinking", thinking: "x", signature: "vp1.x" }] }],
    ],
    ["no seal", [{ role: "assistant", content: [{ type: "redacted_thinking" }] }]],
  ])("%s since the notice of 2026-09-09", async (_name, messages) => {
    const simulator = await startSimulator({ strictRoles: false });
    expect((await askMessages(simulator, { messages })).status).toBe(200);
  });
});

describe("the doors of the Anthropic base", () => {
  const body = messagesBody();
  const planBody = messagesBody({ model: "glm-5.2" });

  test("take the key in either header, and refuse who has none", async () => {
    const simulator = await startSimulator({ keys: ["right"] });
    const ask = async (headers: Record<string, string>): Promise<[number, unknown]> => {
      const asked = await simulator.post(body, { path: MESSAGES_PATH, key: null, headers });
      return [asked.status, asked.status === 200 ? null : errorOf(asked)["code"]];
    };
    expect(await ask({ authorization: "Bearer right" })).toEqual([200, null]);
    expect(await ask({ "x-api-key": "right" })).toEqual([200, null]);
    expect(await ask({})).toEqual([401, "AuthenticationError"]);
    expect(await ask({ "x-api-key": "wrong" })).toEqual([401, "AuthenticationError"]);
    expect(await ask({ authorization: "Bearer wrong", "x-api-key": "right" })).toEqual([
      401,
      "AuthenticationError",
    ]);
    const chat = { model: RAW_MODEL, messages: [{ role: "user", content: "x" }] };
    expect((await simulator.post(chat, { key: null, headers: { "x-api-key": "right" } })).status).toBe(401);
  });

  test("stand on all three entries, each with its own keys and names", async () => {
    const simulator = await startSimulator({ planKeys: ["plan-key"] });
    const ask = async (path: string, asked: unknown, key = "test-key"): Promise<number> =>
      (await simulator.post(asked, { path, key })).status;
    expect(await ask("/api/compatible/v1/messages?beta=true", body)).toBe(200);
    expect(await ask("/api/coding/v1/messages", planBody)).toBe(200);
    expect(await ask("/api/coding/v1/messages/count_tokens", planBody)).toBe(200);
    expect(await ask("/api/plan/v1/messages", planBody)).toBe(401);
    expect(await ask("/api/plan/v1/messages", planBody, "plan-key")).toBe(200);
    expect(await ask("/api/plan/v1/messages/count_tokens", planBody, "plan-key")).toBe(200);
    expect(await ask("/api/compatible/v1/messages", planBody)).toBe(404);
    expect(await ask("/api/v3/v1/messages", body)).toBe(404);
    expect(await ask("/api/compatible/v1/models", body)).toBe(404);
  });

  test("serve every name of Anthropic's on the plan, by a model of Ark's", async () => {
    const simulator = await startSimulator({ planKeys: ["plan-key"] });
    const asked = messagesBody({ model: "claude-opus-5" });
    const { text } = await simulator.post(asked, { path: "/api/plan/v1/messages", key: "plan-key" });
    expect(at(JSON.parse(text), "model")).toBe("doubao-seed-2-1-turbo-260628");
    expect(simulator.ark.bill[0]).toMatchObject({
      modelAsked: "claude-opus-5",
      modelServed: "doubao-seed-2-1-turbo-260628",
    });
    const other = messagesBody({ model: "gpt-6" });
    const refused = await simulator.post(other, { path: "/api/plan/v1/messages", key: "plan-key" });
    expect([refused.status, errorOf(refused)["code"], errorOf(refused)["type"]]).toEqual([
      404,
      "UnsupportedModel",
      "",
    ]);
  });

  test("answer with the client's own id", async () => {
    const simulator = await startSimulator();
    const headers = { "x-client-request-id": "mine" };
    const asked = await askMessages(simulator, {}, { headers });
    expect(asked.headers.get("x-client-request-id")).toBe("mine");
    expect(simulator.ark.bill[0]).toMatchObject({ clientRequestId: "mine" });
  });
});
