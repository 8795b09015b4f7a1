/** Paths, keys and names: who is let in where, and which model a name leads to. */
import { describe, expect, test } from "vitest";
import { createSimulator, defaultEndpoints } from "../../../src/simulator/index.ts";
import { at, CHAT_PATH, chat, startSimulator } from "../../support/running-simulator.ts";

const PLAN = "/api/plan/v3/chat/completions";
const CODING = "/api/coding/v3/chat/completions";
const planKeys = ["plan-key"];

function codeOf(text: string): unknown {
  return at(JSON.parse(text), "error", "code");
}

describe("keys", () => {
  test.each([
    ["a good key", CHAT_PATH, "good", 200],
    ["a good key on coding", CODING, "good", 200],
    ["a bad key", CHAT_PATH, "bad", 401],
    ["no key", CHAT_PATH, null, 401],
    ["a plan key on the plan", PLAN, "plan-key", 200],
    ["a plan key elsewhere", CHAT_PATH, "plan-key", 401],
    ["a plan key on coding", CODING, "plan-key", 401],
    ["a good key on the plan", PLAN, "good", 401],
  ])("%s", async (_name, path, key, status) => {
    const simulator = await startSimulator({ keys: ["good"], planKeys });
    const model = path === CHAT_PATH ? "glm-5-2-260617" : "glm-5.2";
    const answer = await simulator.post(chat({ model }), { path, key });
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect(JSON.parse(answer.text)).toEqual({
      error: {
        code: "AuthenticationError",
        message: expect.stringContaining("API key"),
        param: "",
        type: "Unauthorized",
      },
    });
  });

  test("any key will do by default, but not the plan's and not another scheme", async () => {
    const simulator = await startSimulator({ planKeys });
    expect((await simulator.post(chat())).status).toBe(200);
    expect((await simulator.post(chat(), { key: "plan-key" })).status).toBe(401);
    const basic = { key: null, headers: { authorization: "Basic abc" } };
    expect((await simulator.post(chat(), basic)).status).toBe(401);
  });
});

describe("names", () => {
  test.each([
    ["a dated model", "doubao-seed-2-0-lite-260428", 200, "doubao-seed-2-0-lite-260428"],
    ["a retiring model", "doubao-seed-1-8-251228", 200, "doubao-seed-1-8-251228"],
    ["a model that is shut down", "deepseek-r1-250528", 404, "InvalidEndpointOrModel.NotFound"],
    ["a Model Name", "doubao-seed-2.0-lite", 404, "InvalidEndpointOrModel.NotFound"],
    ["a plan's model", "kimi-k3", 404, "InvalidEndpointOrModel.NotFound"],
    ["nonsense", "__proto__", 404, "InvalidEndpointOrModel.NotFound"],
    ["an unknown endpoint", "ep-20990101000000-abcde", 404, "InvalidEndpointOrModel.NotFound"],
    ["an endpoint of one's own", "ep-mine", 200, "kimi-k3"],
    ["a model that is not activated", "glm-5-2-260617", 404, "ModelNotOpen"],
  ])("%s", async (_name, model, status, expected) => {
    const endpoints = { "ep-mine": "kimi-k3" };
    const simulator = await startSimulator({ endpoints, notOpen: ["glm-5-2-260617"] });
    const answer = await simulator.post(chat({ model }));
    expect(answer.status).toBe(status);
    const found = status === 200 ? at(JSON.parse(answer.text), "model") : codeOf(answer.text);
    expect(found).toBe(expected);
  });

  test("the four default endpoints are served, by the models that they were made for", async () => {
    const simulator = await startSimulator();
    for (const [endpoint, model] of Object.entries(defaultEndpoints)) {
      const { text } = await simulator.post(chat({ model: endpoint }));
      expect(at(JSON.parse(text), "model")).toBe(model);
    }
    expect(simulator.ark.bill.map((line) => line.modelServed)).toEqual(Object.values(defaultEndpoints));
  });

  test.each([
    ["doubao-seed-2.0-lite", 200, "doubao-seed-2-0-lite-260215"],
    ["doubao-seed-2-0-lite-260428", 200, "doubao-seed-2-0-lite-260215"],
    ["deepseek-v4-pro-260425", 200, "deepseek-v4-pro-ga-260813"],
    ["ark-code-latest", 200, "auto"],
    ["glm-latest", 200, "glm-5.3"],
    ["kimi-k3", 200, "kimi-k3"],
    ["auto", 404, "UnsupportedModel"],
    ["deepseek-r1-250528", 404, "UnsupportedModel"],
    ["constructor", 404, "UnsupportedModel"],
  ])("%s on the plan", async (model, status, expected) => {
    const simulator = await startSimulator({ planKeys });
    const answer = await simulator.post(chat({ model }), { path: PLAN, key: "plan-key" });
    expect(answer.status).toBe(status);
    if (status === 200) expect(at(JSON.parse(answer.text), "model")).toBe(expected);
    else expect(at(JSON.parse(answer.text), "error")).toMatchObject({ code: expected, type: "", param: "" });
  });

  test.each([
    [{ thinking: { type: "disabled" } }, "thinking.type", ""],
    [{ reasoning_effort: "none" }, "reasoning_effort", ""],
    [{ service_tier: "fast" }, "fast tier", "service_tier"],
  ])("glm-5.3 on the plan refuses %j", async (more, says, param) => {
    const simulator = await startSimulator({ planKeys });
    const body = chat({ model: "glm-5.3", ...more });
    const { status, text } = await simulator.post(body, { path: PLAN, key: "plan-key" });
    expect(status).toBe(400);
    expect(at(JSON.parse(text), "error")).toMatchObject({ code: "InvalidParameter", param });
    expect(at(JSON.parse(text), "error", "message")).toContain(says);
  });

  test("an endpoint of a model that there is not is refused at once", () => {
    const endpoints = { "ep-x": "gpt-4o" };
    expect(() => createSimulator({ endpoints })).toThrow(/ep-x points to gpt-4o/);
  });
});

describe("other paths", () => {
  test("the model list has live, retiring, shut-down and partial entries and no owned_by", async () => {
    const simulator = await startSimulator();
    const { status, text } = await simulator.get("/api/v3/models?limit=3");
    expect(status).toBe(200);
    const list = JSON.parse(text) as { object: string; data: Record<string, unknown>[] };
    expect(list.object).toBe("list");
    expect(list.data.length).toBeGreaterThan(40);
    const byId = new Map(list.data.map((model) => [model["id"], model]));
    expect(byId.get("doubao-seed-1-8-251228")).toMatchObject({
      name: "doubao-seed-1-8",
      version: "251228",
      object: "model",
      created: Date.UTC(2025, 11, 28) / 1_000,
      domain: "VLM",
      status: "Retiring",
    });
    expect(byId.get("doubao-seed-2-1-pro-260628")).not.toHaveProperty("status");
    expect(byId.get("doubao-1.5-ui-tars-250328")).toMatchObject({ status: "Shutdown", token_limits: {} });
    expect(byId.get("doubao-seed3d-2-0-260328")).not.toHaveProperty("task_type");
    expect(byId.has("kimi-k3")).toBe(false);
    for (const model of list.data) expect(model).not.toHaveProperty("owned_by");
  });

  test("coding lists the whole catalogue, under both of its spellings", async () => {
    const simulator = await startSimulator();
    const { text } = await simulator.get("/api/v3/models");
    expect((await simulator.get("/api/coding/v3/models")).text).toBe(text);
    expect((await simulator.get("/api/coding/v1/models")).text).toBe(text);
    expect((await simulator.get("/api/coding/v3/v1/models")).status).toBe(401);
    expect((await simulator.get("/api/v3/models", null)).status).toBe(401);
  });

  test.each([
    "/api/v3/responses/a/cancel",
    "/api/v3/embeddings",
    "/v1/chat/completions",
    "/api/v3/nonsense?x=1",
  ])("%s is an unknown action that is named", async (path) => {
    const simulator = await startSimulator();
    const { status, text } = await simulator.post(chat(), { path });
    expect(status).toBe(404);
    expect(at(JSON.parse(text), "error")).toMatchObject({ code: "InvalidAction", type: "NotFound" });
    expect(at(JSON.parse(text), "error", "message")).toContain(path.split("?")[0]);
    expect(simulator.ark.bill).toEqual([]);
  });

  test("the plan says nothing at all, and has no model list", async () => {
    const simulator = await startSimulator({ planKeys });
    for (const path of ["/api/plan/v3/models", "/api/plan/v3/files"]) {
      const { status, text } = await simulator.get(path, "plan-key");
      expect([status, text]).toEqual([404, ""]);
    }
  });

  test("a client's request id is echoed, on errors too", async () => {
    const simulator = await startSimulator();
    const headers = { "x-client-request-id": "20260901120000ABCDEF" };
    for (const body of [chat(), chat({ stream: true }), chat({ model: "nope" })]) {
      const answer = await simulator.post(body, { headers });
      expect(answer.headers.get("x-client-request-id")).toBe("20260901120000ABCDEF");
    }
    expect(simulator.ark.bill.map((line) => line.clientRequestId)).toEqual(
      Array(3).fill("20260901120000ABCDEF"),
    );
  });
});
