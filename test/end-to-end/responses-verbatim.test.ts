/** An agent's tool loop over Ark's own Responses: what Ark refuses is mended, and names are given back. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answered, callChat } from "../support/gateway-call.ts";
import { type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";
import { responseEvents } from "../support/simulated-responses.ts";

const MODEL = "doubao-seed-2-0-lite-260215";
const OWN = "openai-shaped";

let gateway: KeyedGateway;
let keys: readonly string[];

beforeAll(async () => {
  const target = { targets: [{ upstream: "ark", model: MODEL }], speaks: ["chat", "responses"] };
  gateway = await startKeyedGateway({
    settings: { models: { [OWN]: { ...target, compat: "openai" }, [MODEL]: target } },
    simulator: { replyTokens: 12 },
  });
  keys = [(await gateway.newKey()).secret, (await gateway.newKey()).secret];
});

afterAll(() => gateway.close());

function respond(body: object, key = keys[0]): Promise<Answered> {
  const headers = { authorization: `Bearer ${key}` };
  return callChat(gateway, { model: MODEL, ...body }, { path: "/v1/responses", headers });
}

function sent(): Record<string, unknown> {
  return JSON.parse(gateway.simulator.requests.at(-1)?.body.toString() ?? "{}");
}

const text = (type: string, words: string) => [{ type, text: words }];

/** As Codex sends it. */
const agent = {
  store: false,
  instructions: "You are an agent.",
  include: ["reasoning.encrypted_content"],
  parallel_tool_calls: true,
  prompt_cache_key: "thread-1",
  reasoning: { effort: "low", summary: "auto" },
  text: { verbosity: "low" },
  client_metadata: { turn: "1" },
  tools: [
    { type: "function", name: "shell", strict: false, parameters: { type: "object", properties: {} } },
    {
      type: "namespace",
      name: "mcp__weather",
      description: "Weather",
      tools: [{ type: "function", name: "get", description: "The weather", strict: false, parameters: null }],
    },
    {
      type: "custom",
      name: "apply_patch",
      format: { type: "grammar", syntax: "lark", definition: "start: x" },
    },
    { type: "web_search", external_web_access: false },
    { type: "image_generation", output_format: "png" },
  ],
};
const turn = [
  { type: "message", role: "developer", content: text("input_text", "Be brief.") },
  { type: "message", role: "user", content: text("input_text", "What is the weather?") },
];

type Item = { readonly type: string; readonly call_id: string; readonly [member: string]: unknown };

/** The calls that a client sees in an answer, whole or put together from its events. */
function callsIn(answer: Answered, stream: boolean): Item[] {
  const items: Item[] = stream
    ? responseEvents(answer.text)
        .filter(({ event }) => event === "response.output_item.done")
        .map(({ data }) => data["item"] as Item)
    : JSON.parse(answer.text).output;
  return items.filter(({ type }) => type.endsWith("_call"));
}

describe.each([
  ["whole", false],
  ["streamed", true],
])("an agent's turns, %s", (_how, stream) => {
  test("call tools of a namespace, and bring them back", async () => {
    const choice = { type: "function", name: "get", namespace: "mcp__weather" };
    const first = await respond({ ...agent, stream, input: turn, tool_choice: choice });
    expect([first.status, first.changes]).toEqual([200, ["namespace_tools", "responses_unknown_keys"]]);
    const calls = callsIn(first, stream);
    expect(calls).toEqual([
      expect.objectContaining({ type: "function_call", name: "get", namespace: "mcp__weather" }),
    ]);
    const outputs = calls.map(({ call_id }) => ({ type: "function_call_output", call_id, output: "Sunny." }));
    const second = await respond({ ...agent, stream, input: [...turn, ...calls, ...outputs] });
    expect([second.status, second.text]).toEqual([200, expect.any(String)]);
    expect(sent()["input"]).toEqual([
      ...turn,
      ...calls.map(({ namespace: _namespace, ...call }) => ({ ...call, name: "mcp__weather__get" })),
      ...outputs,
    ]);
  });

  test("write free texts, and bring them back", async () => {
    const choice = { type: "custom", name: "apply_patch" };
    const first = await respond({ ...agent, stream, input: turn, tool_choice: choice });
    const calls = callsIn(first, stream);
    expect(calls).toEqual([
      expect.objectContaining({ type: "custom_tool_call", name: "apply_patch", input: expect.any(String) }),
    ]);
    if (stream) {
      const events = responseEvents(first.text);
      const deltas = events.filter(({ event }) => event === "response.custom_tool_call_input.delta");
      expect(deltas.map(({ data }) => data["delta"]).join("")).toBe(calls[0]?.["input"]);
    }
    const outputs = calls.map(({ call_id }) => ({ type: "custom_tool_call_output", call_id, output: "ok" }));
    const second = await respond({ ...agent, stream, input: [...turn, ...calls, ...outputs] });
    expect([second.status, second.text]).toEqual([200, expect.any(String)]);
  });

  test("are told as OpenAI tells them, where that is wanted", async () => {
    const answer = await respond({ model: OWN, stream, input: "hi" });
    const events = responseEvents(answer.text);
    const response = stream ? events.at(-1)?.data["response"] : JSON.parse(answer.text);
    expect(response).toMatchObject({ error: null, instructions: null, metadata: {}, tools: [], top_p: null });
    const parts = events.filter(({ event }) => event === "response.content_part.added");
    for (const { data } of parts)
      expect(data["part"]).toEqual({ type: "output_text", text: "", annotations: [], logprobs: [] });
    expect(parts).toHaveLength(stream ? 1 : 0);
  });
});

test("a chain goes on for its own caller alone", async () => {
  const { id } = JSON.parse((await respond({ input: "hi", store: true })).text);
  expect(id).not.toMatch(/^resp_vp/);
  const own = await respond({ input: "on", previous_response_id: id });
  expect([own.status, sent()["previous_response_id"]]).toEqual([200, id]);
  const other = await respond({ input: "on", previous_response_id: id }, keys[1]);
  expect([other.status, other.error["code"]]).toEqual([400, "previous_response_not_found"]);
});

test("what Ark refuses comes as it came, and what only OpenAI has is refused plainly", async () => {
  const unknown = await respond({ input: "hi", oddity: 1 });
  expect([unknown.status, unknown.error["message"]]).toEqual([400, expect.stringContaining("oddity")]);
  const background = await respond({ input: "hi", background: true });
  expect([background.status, background.error["param"]]).toEqual([400, "background"]);
});
