/** The promises of the first proxy, each where its defects were: errors, events, bodies, names, paths. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callChat, callGateway, chatBodyFor } from "../support/gateway-call.ts";
import { type RunningGateway, type RunningOptions, startGateway } from "../support/running-gateway.ts";

const R1 = "ep-20250218144306-sshj5";
const V3 = "ep-20250218170310-pvmdb";

let running: RunningGateway;

beforeAll(async () => {
  running = await startGateway();
});

afterAll(() => running.close());

async function withGateway(options: RunningOptions, use: (own: RunningGateway) => Promise<void>) {
  const own = await startGateway(options);
  try {
    await use(own);
  } finally {
    await own.close();
  }
}

function lastBody(from = running): string {
  return from.simulator.requests.at(-1)?.body.toString() ?? "";
}

function lastModel(from = running): unknown {
  return JSON.parse(lastBody(from)).model;
}

describe("errors are never answered with 200", () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ["Ark refuses a parameter", 400, '{"model":"deepseek-v3","temperature":9,"messages":[]}'],
    ["Ark knows no such endpoint", 404, '{"model":"ep-20990101000000-nobod","messages":[]}'],
    ["the body is no JSON", 400, '{"model":'],
    ["there is no model", 400, '{"messages":[]}'],
  ];
  test.each(cases)("%s: %d, whole and streamed", async (_name, status, body) => {
    expect((await callChat(running, body)).status).toBe(status);
    const streamed = await callChat(running, body.replace("{", '{"stream":true,'));
    expect(streamed.status).toBe(status);
    expect(streamed.header("content-type")).toMatch(/^application\/json\b/);
    expect(streamed.error["code"]).toEqual(expect.any(String));
  });

  test("Ark's own failure keeps its status", async () => {
    running.simulator.script({ kind: "error", code: "InternalServiceError" });
    expect((await callChat(running, chatBodyFor("deepseek-v3"))).status).toBe(500);
  });
});

describe("a stream", () => {
  test("has each event on its own, ended by a blank line, and [DONE] as the last", async () => {
    const answer = await callChat(running, chatBodyFor("deepseek-r1", { stream: true }));
    expect(answer.status).toBe(200);
    expect(answer.header("content-type")).toMatch(/^text\/event-stream\b/);
    const events = answer.text.split("\n\n");
    expect(events.pop()).toBe("");
    expect(events.pop()).toBe("data: [DONE]");
    expect(events.length).toBeGreaterThan(3);
    for (const event of events) {
      expect(event).toMatch(/^data: \{[^\n]*\}$/);
      expect(JSON.parse(event.slice("data: ".length)).object).toBe("chat.completion.chunk");
    }
  });

  test("tells proxies not to hold it back", async () => {
    const answer = await callChat(running, chatBodyFor("deepseek-r1", { stream: true }));
    expect(answer.header("cache-control")).toBe("no-cache, no-transform");
    expect(answer.header("x-accel-buffering")).toBe("no");
  });
});

describe("the body goes on as it came", () => {
  const members: readonly (readonly [string, string])[] = [
    ["a member named api_key", '"api_key":"sk-of-somebody-else"'],
    [
      "members that other gateways act on",
      '"api_base":"http://127.0.0.1:1/","base_url":"http://127.0.0.1:1/"',
    ],
    ["a number beyond 2^53", '"seed":12345678901234567890'],
    ["a number beyond all", '"x":1e400,"y":-1E-400,"z":-0'],
    ["an unknown key twice", '"x":1,"x":2'],
    ["white space that nobody else would write", '"x" \t:\r\n [ 1 ,\n2 ] '],
    ["escapes that need not be there", '"x":"\\u0061\\/\\ud83d\\ude00"'],
    ["half a surrogate pair", '"x":"\\ud83d"'],
    ["keys that mean something to JavaScript", '"__proto__":{"a":1},"constructor":{"prototype":{}}'],
  ];
  test.each(members)("%s", async (_name, member) => {
    const body = `{ ${member} ,"messages":[{"role":"user","content":"hi"}],  "model" :\t"${V3}"}\n`;
    const answer = await callChat(running, body);
    expect(lastBody()).toBe(body);
    expect(answer.changes).toEqual([]);
    expect([200, 400]).toContain(answer.status);
  });

  test("a member named api_key is no fault of anybody", async () => {
    const answer = await callChat(running, chatBodyFor("deepseek-v3", { api_key: "sk-of-somebody-else" }));
    expect(answer.status).toBe(200);
    expect(running.simulator.requests.at(-1)?.header("authorization")).toBe("Bearer ark-key-of-a-caller");
  });

  test("a replaced model leaves every other byte where it was", async () => {
    const body =
      '{"x":1e400,\n "model"\t: "deepseek\\u002dv3" ,"messages":[{"role":"user","content":"模型"}]}';
    const answer = await callChat(running, body);
    expect(lastBody()).toBe(body.replace('"deepseek\\u002dv3"', `"${V3}"`));
    expect(answer.changes).toEqual(["model"]);
  });
});

describe("names", () => {
  test.each([
    ["deepseek-r1", R1],
    ["deepseek-v3", V3],
    ["deepseek-r1-distill-qwen-7b", "ep-20250218182157-7rdv4"],
    ["deepseek-r1-distill-qwen-32b", "ep-20250218182233-vxkqv"],
  ])("the alias %s goes to %s without any configuration", async (alias, endpoint) => {
    const answer = await callChat(running, chatBodyFor(alias));
    expect(answer.status).toBe(200);
    expect(lastModel()).toBe(endpoint);
    expect(answer.header("x-volcano-model")).toBe(alias);
    expect(answer.header("x-volcano-target")).toBe(`ark/${endpoint}`);
    expect(answer.header("x-volcano-model-fallback")).toBeNull();
  });

  test("a typo falls back to R1, and header, log line and metric say so", async () => {
    await withGateway({}, async (own) => {
      const answer = await callChat(own, chatBodyFor("deepsek-v3"));
      expect(answer.status).toBe(200);
      expect(lastModel(own)).toBe(R1);
      expect(answer.header("x-volcano-model")).toBe("deepseek-r1");
      expect(answer.header("x-volcano-model-fallback")).toBe("deepsek-v3 -> deepseek-r1");
      expect(own.accessLines.at(-1)).toMatchObject({ model: "deepseek-r1", fallback_from: "deepsek-v3" });
      expect(await own.metrics()).toContain('volcano_model_fallbacks_total{model="deepseek-r1"} 1\n');
    });
  });

  test("an alias itself is no fallback", async () => {
    await withGateway({}, async (own) => {
      await callChat(own, chatBodyFor("deepseek-r1"));
      expect(own.accessLines.at(-1)).not.toHaveProperty("fallback_from");
      expect(await own.metrics()).not.toContain("volcano_model_fallbacks_total{");
    });
  });

  test.each([
    ...["doubao-seed-2-0-lite-260215", "doubao-anything", "ep-20990101000000-nobod", "ep-m-20260101-x"],
    ...["deepseek-v4-pro-ga-260813", "glm-5-2-260617", "kimi-k3", "minimax-m9", "seed-x", "dola-y"],
    ...["ark-code-latest", "somebodys-own-260101"],
  ])("%s is Ark's own name and goes through as it is", async (name) => {
    const answer = await callChat(running, chatBodyFor(name));
    expect(lastModel()).toBe(name);
    expect(answer.header("x-volcano-model")).toBe(name);
    expect(answer.header("x-volcano-model-fallback")).toBeNull();
    expect(answer.changes).toEqual([]);
  });

  test.each(["gpt-4o", "ark-code-latest-2", "x-26010", "doubao", "DEEPSEEK-V3"])(
    "%j is nobody's, and falls back",
    async (name) => {
      const answer = await callChat(running, chatBodyFor(name));
      expect(lastModel()).toBe(R1);
      expect(answer.header("x-volcano-model-fallback")).toBe(`${name} -> deepseek-r1`);
    },
  );

  test("without a default model an unknown name is 404, with the nearest names, and costs nothing", async () => {
    await withGateway({ settings: { default_model: null } }, async (own) => {
      const answer = await callChat(own, chatBodyFor("deepsek-v3"));
      expect(answer.status).toBe(404);
      expect(answer.error).toMatchObject({
        code: "model_not_found",
        type: "not_found_error",
        param: "model",
        message: expect.stringContaining("deepseek-v3"),
      });
      expect(answer.header("x-should-retry")).toBe("false");
      expect(own.simulator.requests).toHaveLength(0);
      expect(own.ledger.rows()).toHaveLength(0);
      expect((await callChat(own, chatBodyFor("deepseek-v3"))).status).toBe(200);
      expect((await callChat(own, chatBodyFor("doubao-seed-2-0-lite-260215"))).status).toBe(200);
    });
  });

  test("one's own ids are one line of environment", async () => {
    const environment = { VOLCANO_PROXY_MODELS: "deepseek-v3=ep-mine,fast=doubao-seed-2-0-lite-260215" };
    await withGateway({ environment }, async (own) => {
      const answer = await callChat(own, chatBodyFor("fast"));
      expect(answer.status).toBe(200);
      expect(lastModel(own)).toBe("doubao-seed-2-0-lite-260215");
      await callChat(own, chatBodyFor("deepseek-v3"));
      expect(lastModel(own)).toBe("ep-mine");
      await callChat(own, chatBodyFor("deepseek-r1"));
      expect(lastModel(own)).toBe(R1);
    });
  });

  test("or of the file; and an alias may be a wildcard", async () => {
    const models = { "deepseek-r1": "ep-mine", "gpt-4*": "doubao-seed-2-0-lite-260215", "o#": "ep-digit" };
    await withGateway({ settings: { models } }, async (own) => {
      const answer = await callChat(own, chatBodyFor("gpt-4o-mini"));
      expect(answer.status).toBe(200);
      expect(lastModel(own)).toBe("doubao-seed-2-0-lite-260215");
      expect(answer.header("x-volcano-model-fallback")).toBeNull();
      await callChat(own, chatBodyFor("o3"));
      expect(lastModel(own)).toBe("ep-digit");
      await callChat(own, chatBodyFor("o33"));
      expect(lastModel(own)).toBe("ep-mine");
    });
  });
});

describe("a default endpoint id is somebody's example", () => {
  const notFound = { kind: "error", code: "InvalidEndpointOrModel.NotFound" } as const;

  test("so Ark's 404 for it comes with what to do about it, for the client and in the log", async () => {
    await withGateway({}, async (own) => {
      own.simulator.script(notFound);
      const answer = await callChat(own, chatBodyFor("deepseek-v3"));
      expect(answer.status).toBe(404);
      expect(answer.error["code"]).toBe("InvalidEndpointOrModel.NotFound");
      expect(answer.header("x-volcano-hint")).toContain("VOLCANO_PROXY_MODELS=deepseek-v3=ep-");
      expect(own.events.filter(({ level }) => level === "warn")).toEqual([
        expect.objectContaining({
          fields: expect.objectContaining({ alias: "deepseek-v3", model: V3 }),
          message: expect.stringContaining("VOLCANO_PROXY_MODELS"),
        }),
      ]);
    });
  });

  test("a 404 for one's own id comes as it is", async () => {
    await withGateway({ environment: { VOLCANO_PROXY_MODELS: "deepseek-v3=ep-mine" } }, async (own) => {
      const answer = await callChat(own, chatBodyFor("deepseek-v3"));
      expect(answer.status).toBe(404);
      expect(answer.header("x-volcano-hint")).toBeNull();
      expect(own.events.filter(({ level }) => level === "warn")).toEqual([]);
    });
  });
});

describe("paths", () => {
  test.each([
    ...["/v1/chat/completions", "/chat/completions", "/v1/v1/chat/completions"],
    ...["/anthropic/v1/chat/completions", "//v1/chat/completions", "/v1//chat/completions"],
    ...["/v1/chat/completions?beta=true", "/chat/completions?api-version=2024-06-01&x=%2f.."],
  ])("%s is the chat door, and the path at Ark is always the same", async (path) => {
    const answer = await callChat(running, chatBodyFor("deepseek-v3"), { path });
    expect(answer.status).toBe(200);
    expect(running.simulator.requests.at(-1)?.path).toBe("/api/v3/chat/completions");
  });

  test.each(["/v1/chat/completions/", "/v1/chat", "/v2/chat/completions", "/v1/v1/v1/chat/completions"])(
    "%s is nothing, and named in the answer as it was asked for",
    async (path) => {
      const answer = await callChat(running, chatBodyFor("deepseek-v3"), { path: `${path}?x=1` });
      expect(answer.status).toBe(404);
      expect(answer.error).toMatchObject({ code: "unsupported_endpoint", type: "not_found_error" });
      expect(answer.error["message"]).toContain(` ${path}.`);
    },
  );

  test("what OpenAI has and Ark has not is 404 as well", async () => {
    for (const path of ["/v1/audio/speech", "/v1/moderations", "/v1/assistants", "/v1/fine_tuning/jobs"]) {
      const answer = await callChat(running, {}, { path });
      expect([answer.status, answer.error["code"]]).toEqual([404, "unsupported_endpoint"]);
    }
  });

  test("a wrong method is told the right one", async () => {
    const headers = { authorization: "Bearer k" };
    const answer = await callGateway(running, { path: "/v1/chat/completions", headers });
    expect([answer.status, answer.header("allow"), answer.error["code"]]).toEqual([
      405,
      "POST",
      "method_not_allowed",
    ]);
  });

  test("GET and HEAD / say who answers, to everybody", async () => {
    const got = await callGateway(running, { path: "/" });
    expect(got.status).toBe(200);
    expect(JSON.parse(got.text)).toEqual({
      name: expect.stringContaining("volcano-proxy"),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
    const head = await callGateway(running, { method: "HEAD", path: "/" });
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    expect(head.header("content-length")).toBe(String(got.bytes.length));
  });

  test.each([
    ...["/health", "/healthz", "/livez", "/readyz", "/v1/health", "/anthropic/v1/healthz", "/healthz?full=1"],
    ...["/health/liveliness", "/health/liveness", "/health/readiness"],
  ])("%s answers without a key", async (path) => {
    const got = await callGateway(running, { path });
    expect([got.status, JSON.parse(got.text).status]).toEqual([200, expect.stringMatching(/^(?:ok|ready)$/)]);
    expect((await callGateway(running, { method: "HEAD", path })).status).toBe(200);
  });
});

test("the first proxy's port and its 30 minutes are the defaults", async () => {
  const { config } = running.gateway;
  expect(config.timeouts.firstByteMs).toBe(30 * 60_000);
  expect(config.timeouts.totalMs).toBe(31 * 60_000);
  const { defaults } = await import("../../src/config/defaults.ts");
  expect(defaults.server.port).toBe(5000);
});
