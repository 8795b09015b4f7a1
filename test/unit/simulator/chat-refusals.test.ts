/** What Ark refuses on chat: status, code, param, type and the words that clients match on. */
import { describe, expect, test } from "vitest";
import {
  at,
  chat,
  RAW_MODEL,
  type RunningSimulator,
  startSimulator,
} from "../../support/running-simulator.ts";

type Case = {
  readonly name: string;
  readonly body: unknown;
  readonly status?: number;
  readonly code?: string;
  readonly param?: string;
  readonly says: string;
};

const tool = { type: "function", function: { name: "f", parameters: { type: "object" } } };
const pixel = { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } };

const cases: readonly Case[] = [
  { name: "no JSON", body: "{", says: "not valid JSON" },
  { name: "no object", body: "[]", says: "not a JSON object" },
  { name: "no model", body: { messages: [] }, code: "MissingParameter", param: "model", says: "`model`" },
  {
    name: "no messages",
    body: { model: RAW_MODEL },
    code: "MissingParameter",
    param: "messages",
    says: "`messages`",
  },
  {
    name: "the role developer",
    body: chat({ messages: [{ role: "developer", content: "x" }] }),
    says: "`messages.role`",
  },
  {
    name: "a role in capitals",
    body: chat({ messages: [{ role: "SYSTEM", content: "x" }] }),
    says: "`SYSTEM`",
  },
  {
    name: "a missing role",
    body: chat({ messages: [{ content: "x" }] }),
    code: "InvalidArgumentError",
    says: "`role`",
  },
  {
    name: "an unknown part",
    body: chat({ messages: [{ role: "user", content: [{ type: "image" }] }] }),
    says: "`messages.content.type`",
  },
  {
    name: "an empty content",
    body: chat({ messages: [{ role: "user", content: null }] }),
    code: "MissingParameter",
    param: "messages.content",
    says: "`messages.content`",
  },
  {
    name: "a tool's answer without id",
    body: chat({ messages: [{ role: "tool", content: "x" }] }),
    code: "MissingParameter",
    param: "messages.tool_call_id",
    says: "`messages.tool_call_id`",
  },
  {
    name: "both token limits",
    body: chat({ max_tokens: 5, max_completion_tokens: 5 }),
    param: "max_tokens",
    says: "cannot be set at the same time",
  },
  {
    name: "65,537 completion tokens",
    body: chat({ max_completion_tokens: 65_537 }),
    param: "max_completion_tokens",
    says: "from 1 to 65536",
  },
  { name: "half a token", body: chat({ max_tokens: 1.5 }), param: "max_tokens", says: "integer" },
  { name: "a hot temperature", body: chat({ temperature: 2.01 }), param: "temperature", says: "from 0 to 2" },
  {
    name: "five stop words",
    body: chat({ stop: ["1", "2", "3", "4", "5"] }),
    param: "stop",
    says: "at most 4",
  },
  {
    name: "stream options without a stream",
    body: chat({ stream_options: { include_usage: true } }),
    param: "stream_options",
    says: "`stream`",
  },
  {
    name: "tool_choice auto as an object",
    body: chat({ tools: [tool], tool_choice: { type: "auto" } }),
    param: "tool_choice.type",
    says: "expected 'function'",
  },
  {
    name: "a choice of a tool that is not there",
    body: chat({ tools: [tool], tool_choice: { type: "function", function: { name: "g" } } }),
    param: "tool_choice.function.name",
    says: "names no tool",
  },
  {
    name: "a tool name of 65 letters",
    body: chat({ tools: [{ type: "function", function: { name: "f".repeat(65) } }] }),
    param: "tools.function.name",
    says: "1 to 64",
  },
  {
    name: "json_object on a model without it",
    body: chat({ model: "doubao-seed-2-0-code-preview-260215", response_format: { type: "json_object" } }),
    param: "response_format.type",
    says: "is not supported by this model",
  },
  {
    name: "json_schema on a model without it",
    body: chat({
      model: "deepseek-v4-pro-260425",
      response_format: { type: "json_schema", json_schema: { name: "x", schema: {} } },
    }),
    param: "response_format.type",
    says: "is not supported by this model",
  },
  {
    name: "json_object without the word json",
    body: chat({ response_format: { type: "json_object" } }),
    param: "response_format.type",
    says: "needs the word json",
  },
  {
    name: "an unknown effort",
    body: chat({ reasoning_effort: "huge" }),
    param: "reasoning_effort",
    says: "xhigh",
  },
  {
    name: "thinking auto",
    body: chat({ thinking: { type: "auto" } }),
    says: "`thinking.type` `auto` is not supported",
  },
  {
    name: "an image for a model of text",
    body: chat({ model: "glm-5-2-260617", messages: [{ role: "user", content: [pixel] }] }),
    says: "`image_url` is not supported",
  },
  {
    name: "more than the context",
    body: chat({ model: "doubao-seed-translation-250915" }, "word ".repeat(1_025)),
    code: "OutofContextError",
    says: "1024",
  },
];

async function expectRefusal(simulator: RunningSimulator, refused: Case): Promise<void> {
  const { status, text, headers } = await simulator.post(refused.body);
  const error = at(JSON.parse(text), "error");
  expect(Object.keys(error as object)).toEqual(["code", "message", "param", "type"]);
  expect(error).toEqual({
    code: refused.code ?? "InvalidParameter",
    message: expect.stringContaining(refused.says),
    param: refused.param ?? "",
    type: "BadRequest",
  });
  expect(status).toBe(refused.status ?? 400);
  expect(headers.get("content-length")).toBe(String(Buffer.byteLength(text)));
  expect(at(error, "message")).toMatch(/ Request id: 02\d{13}[0-9a-f]{38}$/);
}

describe("chat refuses", () => {
  test.each(cases)("$name", async (refused) => {
    const simulator = await startSimulator();
    await expectRefusal(simulator, refused);
    expect(simulator.ark.bill).toEqual([
      expect.objectContaining({ ended: "refused", promptTokens: 0, completionTokens: 0, modelServed: null }),
    ]);
  });
});

describe("chat takes", () => {
  const taken: readonly (readonly [string, unknown])[] = [
    ["members it does not know", chat({ seed: 4, metadata: {}, store: true, n: 1, stop: null })],
    [
      "nulls for what is left out",
      chat({ max_tokens: null, tools: null, stream_options: null, thinking: null }),
    ],
    ["the last completion token", chat({ max_completion_tokens: 65_536 })],
    ["four stop words", chat({ stop: ["1", "2", "3", "4"] })],
    ["a lone system message", chat({ messages: [{ role: "system", content: "x" }] })],
    ["an image where the model sees", chat({ messages: [{ role: "user", content: [pixel] }] })],
    ["the word json for json_object", chat({ response_format: { type: "json_object" } }, "as JSON please")],
    ["thinking auto on its one model", chat({ model: "doubao-seed-1-6-250615", thinking: { type: "auto" } })],
    ["1,024 tokens into 1,024", chat({ model: "doubao-seed-translation-250915" }, "word ".repeat(1_020))],
  ];

  test.each(taken)("%s", async (_name, body) => {
    const simulator = await startSimulator();
    expect((await simulator.post(body)).status).toBe(200);
  });

  test("developer and empty contents once it is not strict", async () => {
    const simulator = await startSimulator({ strictRoles: false });
    const messages = [{ role: "developer", content: "x" }, { role: "user", content: null }, { role: "tool" }];
    expect((await simulator.post(chat({ messages }))).status).toBe(200);
    expect((await simulator.post(chat({ messages: [{ role: "USER", content: "x" }] }))).status).toBe(400);
  });
});
