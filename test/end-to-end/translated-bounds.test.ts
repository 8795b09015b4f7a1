/** A translated call is bounded, and taken to cost, by what Ark is sent, not by all that was asked for. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { UNLIMITED } from "../../src/core/limits.ts";
import { CHAT_MODEL } from "../support/door-calls.ts";
import { callGateway } from "../support/gateway-call.ts";
import { type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";
import { reconcile } from "../support/reconcile.ts";

let gateway: KeyedGateway;

beforeAll(async () => {
  gateway = await startKeyedGateway({
    settings: { models: { [CHAT_MODEL]: { price: { input: 2, output: 8 } } } },
  });
});

afterEach(() => reconcile(gateway));

afterAll(() => gateway.close());

async function post(path: string, body: object, key: string) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return callGateway(gateway, { method: "POST", path, headers, body: JSON.stringify(body) });
}

async function keyWithYuan(): Promise<string> {
  const budgets = [{ unit: "cny", amount: 10_000_000, period: "day" }] as const;
  return (await gateway.newKey({ limits: { ...UNLIMITED, budgets } })).secret;
}

const WEATHER = {
  name: "weather",
  input_schema: { type: "object", properties: { city: { type: "string" } } },
};

test("a tool of Anthropic's own, which is left out, does not make the price unknown", async () => {
  const body = {
    model: CHAT_MODEL,
    max_tokens: 200,
    messages: [{ role: "user", content: "The weather?" }],
    tools: [{ type: "web_search_20250305", name: "web_search" }, WEATHER],
  };
  expect((await post("/v1/messages", body, await keyWithYuan())).status).toBe(200);
});

test("a tool of OpenAI's own does not either", async () => {
  const parameters = WEATHER.input_schema;
  const body = {
    model: CHAT_MODEL,
    max_output_tokens: 200,
    input: "The weather?",
    tools: [{ type: "web_search" }, { type: "function", name: "weather", parameters }],
  };
  expect((await post("/v1/responses", body, await keyWithYuan())).status).toBe(200);
});

test("a tier that is sent on does", async () => {
  const key = await keyWithYuan();
  const body = { model: CHAT_MODEL, input: "The weather?", service_tier: "fast" };
  const { status, error } = await post("/v1/responses", body, key);
  expect([status, error["code"]]).toEqual([429, "insufficient_quota"]);
});

test.each([
  ["/v1/messages", { max_tokens: 5, messages: [{ role: "user", content: "hi" }], tools: [] as object[] }],
  ["/v1/responses", { input: [] as object[] }],
  ["/v1/responses/compact", { input: [] as object[] }],
])("millions of small values are refused at %s before they are parsed", async (path, more) => {
  const list = Array.from({ length: 600_000 }, () => ({}));
  const body = "tools" in more ? { ...more, tools: list } : { ...more, input: list };
  const { status } = await post(path, { model: CHAT_MODEL, ...body }, (await gateway.newKey()).secret);
  expect(status).toBe(413);
});

test("a count of tokens knows a picture where its letters say nothing", async () => {
  const image = {
    type: "image",
    source: { type: "base64", media_type: "image/png", data: "A".repeat(40_000) },
  };
  const count = async (content: readonly object[]) => {
    const body = { model: CHAT_MODEL, messages: [{ role: "user", content }] };
    const answer = await post("/v1/messages/count_tokens", body, (await gateway.newKey()).secret);
    return JSON.parse(answer.text).input_tokens as number;
  };
  const words = { type: "text", text: "What is this?" };
  expect((await count([words, image])) - (await count([words]))).toBeGreaterThan(1_000);
});
