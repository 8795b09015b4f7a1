/** The gateway as a library: for those who embed it, or test against it. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createGateway, type EmbeddedGateway } from "../../src/index.ts";
import { createSimulator, type Simulator } from "../../src/simulator/index.ts";

const BODY = '{"model":"deepseek-v3","messages":[{"role":"user","content":"hi"}]}';
const CALL = {
  method: "POST",
  path: "/v1/chat/completions",
  headers: { authorization: "Bearer k", "content-type": "application/json" },
  body: BODY,
} as const;

let simulator: Simulator;
let environment: { ARK_BASE_URL: string };
let gateway: EmbeddedGateway | null = null;

beforeEach(async () => {
  simulator = createSimulator();
  environment = { ARK_BASE_URL: (await simulator.listen()).url };
});

afterEach(async () => {
  await gateway?.close(0);
  gateway = null;
  await simulator.close();
});

describe("createGateway", () => {
  test("answers an injected request without opening the ports of the configuration", async () => {
    const lines: string[] = [];
    gateway = createGateway({ environment, accessLog: (line) => lines.push(line) });
    const answer = await gateway.inject(CALL);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toHaveProperty("usage.completion_tokens");
    expect(answer.headers["x-volcano-model"]).toBe("deepseek-v3");
    expect(lines.map((line) => JSON.parse(line).request_id)).toEqual([answer.headers["x-request-id"]]);
    const page = await gateway.inject({ path: "/" });
    expect(JSON.parse(page.body.toString())).toMatchObject({ name: "volcano-proxy" });
  });

  test("listens where the settings say, and stops", async () => {
    const settings = { server: { host: "127.0.0.1", port: 0 }, control: { port: 0 } };
    gateway = createGateway({ settings, environment });
    const { url, controlUrl } = await gateway.listen();
    const answer = await fetch(`${url}${CALL.path}`, CALL);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("chat.completion");
    expect(await (await fetch(`${controlUrl}/metrics`)).text()).toContain("volcano_requests_total");
    await gateway.close(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  test("makes keys for a gateway that holds an Ark key", async () => {
    gateway = createGateway({ environment: { ...environment, ARK_API_KEY: "ark-own" } });
    const { id, key } = await gateway.createKey({ name: "test", models: ["deepseek-r1"] });
    expect([id, key]).toEqual([expect.stringMatching(/^key_/), expect.stringMatching(/^sk-vp-/)]);
    const answerTo = async (body: string, secret: string) =>
      (
        await gateway?.inject({
          ...CALL,
          body,
          headers: { ...CALL.headers, authorization: `Bearer ${secret}` },
        })
      )?.status;
    expect(await answerTo(BODY.replace("deepseek-v3", "deepseek-r1"), key)).toBe(200);
    expect(await answerTo(BODY, key)).toBe(404);
    expect(await answerTo(BODY, "k")).toBe(401);
    await expect(gateway.createKey({ name: "" })).rejects.toThrow(/name/);
  });

  test("takes models and timeouts in the words of the configuration file", async () => {
    const settings = {
      models: { mine: { targets: [{ upstream: "ark", model: "doubao-seed-2-0-lite-260428" }] } },
      default_model: null,
    };
    gateway = createGateway({ settings, environment });
    const asked = (model: string) => ({ ...CALL, body: BODY.replace("deepseek-v3", model) });
    expect((await gateway.inject(asked("mine"))).headers["x-volcano-target"]).toBe(
      "ark/doubao-seed-2-0-lite-260428",
    );
    const missing = await gateway.inject(asked("mime"));
    expect(missing.status).toBe(404);
    expect(missing.body.toString()).toContain("Did you mean mine");
  });

  test("refuses wrong settings, naming the first that is wrong", () => {
    expect(() => createGateway({ settings: { server: { prot: 1 } } })).toThrow(/prot.*port/s);
  });
});
