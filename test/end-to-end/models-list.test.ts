/**
 * The list of models: one shape for OpenAI's, OpenRouter's and Anthropic's clients, with advice on choosing.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CALLER_KEY, callGateway } from "../support/gateway-call.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const ALIASES = ["deepseek-r1", "deepseek-v3", "deepseek-r1-distill-qwen-7b", "deepseek-r1-distill-qwen-32b"];

let running: RunningGateway;

beforeAll(async () => {
  const models = {
    "vendor/fast-model+1": "doubao-seed-2-0-lite-260428",
    priced: { targets: [{ model: "ep-mine" }], price: { input: 2, cached_input: 0.4, output: 8 } },
    "gpt-*": "doubao-seed-2-0-lite-260428",
  };
  running = await startGateway({ settings: { models } });
});

afterAll(() => running.close());

function get(path: string, headers: Record<string, string> = { authorization: `Bearer ${CALLER_KEY}` }) {
  return callGateway(running, { path, headers });
}

type Model = Readonly<Record<string, unknown>> & { readonly id: string };
type ModelList = Readonly<Record<string, unknown>> & { readonly data: readonly Model[] };

async function list(path = "/v1/models"): Promise<ModelList> {
  const answer = await get(path);
  expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
  return JSON.parse(answer.text);
}

async function model(id: string): Promise<Model> {
  return JSON.parse((await get(`/v1/models/${encodeURIComponent(id)}`)).text);
}

describe("GET /v1/models", () => {
  test("is a list as OpenAI's and Anthropic's clients read one", async () => {
    const { object, data, has_more, first_id, last_id, ...rest } = await list();
    expect(rest).toEqual({});
    expect([object, has_more, first_id, last_id]).toEqual(["list", false, data[0]?.id, data.at(-1)?.id]);
    const ids = data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([...ALIASES, "vendor/fast-model+1", "priced"]));
    expect(ids).toContain("doubao-seed-2-0-lite-260428");
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => /[*#]/.test(id))).toEqual([]);
  });

  test("has in each model what any of the clients looks for, and nothing else", async () => {
    for (const each of (await list()).data) {
      expect(each).toStrictEqual({
        id: expect.stringMatching(/./),
        object: "model",
        created: expect.any(Number),
        owned_by: "volcengine",
        name: each.id,
        description: expect.any(String),
        context_length: orNull(Number),
        architecture: { input_modalities: expect.arrayContaining(["text"]), output_modalities: ["text"] },
        pricing: orNull(Object),
        top_provider: { max_completion_tokens: orNull(Number) },
        supported_parameters: expect.arrayContaining(["max_tokens", "tools", "temperature"]),
        type: "model",
        display_name: each.id,
        created_at: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
        max_input_tokens: orNull(Number),
        max_tokens: orNull(Number),
        capabilities: null,
        lifecycle: "active",
      });
      const created = each["created"] as number;
      expect(Number.isInteger(created) && created > 1_500_000_000 && created < 2_000_000_000).toBe(true);
      expect(Date.parse(String(each["created_at"]))).toBe(created * 1_000);
    }
  });

  test.each([
    ...["/models", "/v1/v1/models", "/anthropic/v1/models", "//v1/models", "/v1/models?limit=1000"],
    ...["/v1/models?client_version=0.169.0", "/v1/models?after_id=x&before_id=%2f"],
  ])("%s is the same list", async (path) => {
    expect(await list(path)).toEqual(await list());
  });

  test("HEAD gives the same head without a body", async () => {
    const headers = { authorization: `Bearer ${CALLER_KEY}` };
    const head = await callGateway(running, { method: "HEAD", path: "/v1/models", headers });
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    expect(head.header("content-length")).toBe(String((await get("/v1/models")).bytes.length));
  });

  test("is for those with a key, by either header, and asks nothing of Ark", async () => {
    expect((await get("/v1/models", {})).status).toBe(401);
    expect((await get("/v1/models", { "x-api-key": CALLER_KEY })).status).toBe(200);
    expect(running.simulator.requests).toHaveLength(0);
  });

  test("takes no body", async () => {
    const answer = await callGateway(running, {
      method: "POST",
      path: "/v1/models",
      headers: { authorization: `Bearer ${CALLER_KEY}` },
      body: "{}",
    });
    expect([answer.status, answer.header("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

/** A value of that kind, or null. */
function orNull(kind: NumberConstructor | ObjectConstructor): unknown {
  return {
    asymmetricMatch: (value: unknown) =>
      value === null || (kind === Number ? Number.isInteger(value) : typeof value === "object"),
    toString: () => "OrNull",
  };
}

describe("GET /v1/models/{id}", () => {
  test("is that model's object of the list, for each of them", async () => {
    for (const each of (await list()).data) expect(await model(each.id)).toEqual(each);
  });

  test.each([
    ...["/v1/models/vendor%2Ffast-model%2B1", "/v1/models/vendor%2ffast-model+1"],
    ...[
      "/models/vendor%2Ffast-model+1",
      "/v1/models/vendor/fast-model+1",
      "/v1/models/vendor%2Ffast-model+1?x=%2f",
    ],
  ])("%s finds the id with a slash in it", async (path) => {
    const answer = await get(path);
    expect([answer.status, JSON.parse(answer.text).id]).toEqual([200, "vendor/fast-model+1"]);
  });

  test.each(["nobody", "deepseek", "__proto__", "constructor", "gpt-4o", "%E6%A8%A1", "deepseek-r1%2F", ""])(
    "%j is 404, and the list is where to look",
    async (id) => {
      const answer = await get(`/v1/models/${id}`);
      expect(answer.status).toBe(404);
      expect(answer.error).toMatchObject({ code: "model_not_found", type: "not_found_error" });
      expect(answer.error["message"]).toContain("/v1/models");
    },
  );

  test.each(["%ff", "%c3%28"])("%s is no UTF-8, and so no path", async (id) => {
    expect((await get(`/v1/models/${id}`)).status).toBe(404);
  });

  test("is for those with a key", async () => {
    expect((await get("/v1/models/deepseek-r1", {})).status).toBe(401);
    expect((await get("/v1/models/nobody", {})).status).toBe(401);
  });
});

describe("what a model is for", () => {
  test.each([
    ["deepseek-r1", /reasoning/i],
    ["deepseek-v3", /everyday|general/i],
    ["deepseek-r1-distill-qwen-7b", /fast/i],
    ["deepseek-r1-distill-qwen-32b", /reasoning/i],
  ])("%s says it, and what takes its place today", async (id, expected) => {
    const description = String((await model(id))["description"]);
    expect(description).toMatch(expected);
    const successor = /[a-z]+-[a-z0-9-]+-\d{6}/.exec(description)?.[0];
    expect((await list()).data.map((each) => each.id)).toContain(successor);
  });

  test("each of Ark's own models says it", async () => {
    for (const each of (await list()).data) {
      if (["priced"].includes(each.id)) continue;
      expect([each.id, String(each["description"]).length > 10]).toEqual([each.id, true]);
    }
  });

  test("an alias of a known model has its window and price, an own price wins", async () => {
    const [alias, itself] = [await model("vendor/fast-model+1"), await model("doubao-seed-2-0-lite-260428")];
    for (const name of ["context_length", "max_tokens", "max_input_tokens", "pricing", "architecture"]) {
      expect(alias[name]).toEqual(itself[name]);
    }
    expect(itself["context_length"]).toBe(262_144);
    expect(itself["pricing"]).toMatchObject({ prompt: "0.0000006", completion: "0.0000036" });
    expect((await model("priced"))["pricing"]).toMatchObject({
      prompt: "0.000002",
      completion: "0.000008",
    });
  });
});
