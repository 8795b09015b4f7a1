/** Responses over WebSockets through the whole gateway: the same keys, limits, rows and ends as over POST. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { UNLIMITED } from "../../src/core/limits.ts";
import { type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";
import { until } from "../support/raw-origin.ts";
import { reconcile, reconcileStopped } from "../support/reconcile.ts";
import { SocketClient } from "../support/socket-stand.ts";

const ARK_MODEL = "doubao-seed-2-0-lite-260428";
const settings = {
  models: {
    verbatim: { targets: [{ model: ARK_MODEL }] },
    translated: { targets: [{ model: ARK_MODEL }], speaks: ["chat"] },
  },
};
const INPUT = [
  { type: "message", role: "user", content: [{ type: "input_text", text: "Tell me about tides." }] },
];

let gateway: KeyedGateway;

beforeAll(async () => {
  gateway = await startKeyedGateway({ settings, simulator: { replyTokens: 40, requestsKeptMax: 1_000 } });
});

afterEach(async () => {
  gateway.simulator.clearScript();
  await reconcile(gateway);
  // Calls over one connection share its id, or have none: they are compared as a whole.
  const { ledger, simulator } = gateway;
  const sent = ledger.rows().flatMap(({ settled }) => (settled?.dispatchedMs == null ? [] : [settled]));
  expect(sent.length).toBe(simulator.bill.length);
  const billed = simulator.bill.map((line) => `${line.promptTokens}/${line.completionTokens}`);
  for (const { usage, provenance } of sent) {
    if (provenance !== "upstream_final") continue;
    const at = billed.indexOf(`${usage?.inputTokens}/${usage?.outputTokens}`);
    expect(at).toBeGreaterThanOrEqual(0);
    billed.splice(at, 1);
  }
  await until(() => gateway.gateway.bodyBytesHeld === 0, "no bytes to be held");
});

afterAll(() => gateway.close());

async function open(secret: string, running: KeyedGateway = gateway, id = ""): Promise<SocketClient> {
  const url = `ws://127.0.0.1:${running.port}/v1/responses`;
  const named = id === "" ? {} : { "x-client-request-id": id };
  return new SocketClient(url, { authorization: `Bearer ${secret}`, ...named }).opened();
}

function errorOf(client: SocketClient): unknown {
  const { status, error } = client.frames.at(-1) as unknown as { status: number; error: { code: string } };
  return [status, error.code];
}

type Finished = {
  readonly response: { readonly id: string; readonly output: readonly object[]; readonly usage: object };
};

async function completed(client: SocketClient, count = 1): Promise<Finished["response"]> {
  return ((await client.frame("response.completed", count)) as unknown as Finished).response;
}

describe.each(["verbatim", "translated"])("%s", (model) => {
  test("a response has its row, its line and its bill, and its events in order", async () => {
    const { secret } = await gateway.newKey();
    const client = await open(secret, gateway, `socket-${model}`);
    const before = gateway.accessLines.length;
    client.create({ model, input: INPUT, store: false, stream_id: "main" });
    const { usage } = await completed(client);
    expect(client.frames.map((frame) => frame["sequence_number"])).toEqual(
      client.frames.map((_, index) => index),
    );
    expect(client.types.slice(0, 2)).toEqual(["response.created", "response.in_progress"]);
    expect(client.types.filter((type) => type === "response.completed")).toHaveLength(1);
    expect(client.frames.every((frame) => frame["stream_id"] === "main")).toBe(true);
    await until(() => gateway.accessLines.length > before, "its line");
    const line = gateway.accessLines.at(-1);
    expect(line).toMatchObject({
      method: "POST",
      route: "/responses",
      client_request_id: `socket-${model}`,
      model,
      stream: true,
      status: 200,
      outcome: "ok",
      cause: "-E",
    });
    expect(usage).toMatchObject({
      input_tokens: line?.["input_tokens"],
      output_tokens: line?.["output_tokens"],
    });
    client.webSocket.close();
  });

  test("three turns, each with what is new alone, come to Ark whole", async () => {
    const { secret } = await gateway.newKey();
    const client = await open(secret);
    client.create({ model, input: INPUT, store: false });
    const first = await completed(client);
    const more = [{ type: "message", role: "user", content: "And at night?" }];
    client.create({ model, input: more, store: false, previous_response_id: first.id });
    const second = await completed(client, 2);
    client.create({ model, input: "Thanks.", store: false, previous_response_id: second.id });
    await completed(client, 3);
    const body = gateway.simulator.requests.at(-1)?.body.toString("utf8") ?? "";
    for (const text of ["Tell me about tides.", "And at night?", "Thanks."]) {
      expect(body.split(text).length - 1).toBe(1);
    }
    expect(body).not.toContain("previous_response_id");
    client.webSocket.close();
  });

  test("a warm-up asks nobody; the next one brings its input", async () => {
    const { secret } = await gateway.newKey();
    const client = await open(secret);
    const before = gateway.simulator.requests.length;
    client.create({ model, input: INPUT, store: false, generate: false });
    const { id } = await completed(client);
    expect(gateway.simulator.requests.length).toBe(before);
    client.create({ model, input: [], store: false, previous_response_id: id });
    await completed(client, 2);
    expect(gateway.simulator.requests.at(-1)?.body.toString("utf8")).toContain("Tell me about tides.");
    client.webSocket.close();
  });

  test("an id that nobody keeps is refused as over POST", async () => {
    const { secret } = await gateway.newKey();
    const client = await open(secret);
    client.create({ model, input: INPUT, previous_response_id: `resp_vp${"0".repeat(32)}` });
    await client.frame("error");
    expect(errorOf(client)).toEqual([400, "previous_response_not_found"]);
    client.webSocket.close();
  });

  test.each(["close", "terminate"] as const)(
    "a client that leaves (%s) takes the call along",
    async (leave) => {
      const { secret } = await gateway.newKey();
      const client = await open(secret);
      gateway.simulator.script([{ kind: "stall", afterBytes: 900 }]);
      client.create({ model, input: INPUT, store: false });
      await client.until(() => client.frames.length > 0, "the first events");
      client.webSocket[leave]();
      await until(() => gateway.simulator.openRequests === 0, "Ark to be told", 1_000);
      await until(() => gateway.gateway.requestsInFlight === 0, "an empty house");
      expect(gateway.accessLines.at(-1)).toMatchObject({ status: 499, outcome: "abandoned", cause: "CS" });
    },
  );

  test("an end that Ark tells several times comes once, and the next turn is its own", async () => {
    const { secret } = await gateway.newKey();
    const client = await open(secret);
    gateway.simulator.script([{ kind: "usage", variant: "several" }]);
    client.create({ model, input: INPUT, store: false });
    await completed(client);
    client.create({ model, input: INPUT, store: false });
    await completed(client, 2);
    const ends = client.types.filter((type) => type === "response.completed");
    expect([ends.length, client.types.at(-1)]).toEqual([2, "response.completed"]);
    expect(client.types.filter((type) => type === "response.created")).toHaveLength(2);
    expect(client.types.indexOf("response.completed")).toBeLessThan(
      client.types.lastIndexOf("response.created"),
    );
  });

  test("an answer that Ark cuts ends in a failure, and the connection goes on", async () => {
    const { secret } = await gateway.newKey();
    const client = await open(secret);
    gateway.simulator.script([{ kind: "reset", afterBytes: 1_500 }]);
    client.create({ model, input: INPUT, store: false });
    await client.until(() => /failed$|^error$/.test(client.types.at(-1) ?? ""), "the failure");
    expect(client.types).not.toContain("response.completed");
    client.create({ model, input: INPUT, store: false });
    await completed(client);
    client.webSocket.close();
  });
});

describe("keys and limits", () => {
  test("hold for each response: a model, a rate, a key that is revoked meanwhile", async () => {
    const { record, secret } = await gateway.newKey({
      models: ["verbatim"],
      limits: { ...UNLIMITED, requestsPerMinute: 1 },
    });
    const client = await open(secret);
    client.create({ model: "translated", input: INPUT });
    await client.frame("error");
    expect(errorOf(client)).toEqual([404, "model_not_found"]);
    client.create({ model: "verbatim", input: INPUT, store: false });
    await completed(client);
    client.create({ model: "verbatim", input: INPUT, store: false });
    const refused = await client.frame("error", 2);
    expect(errorOf(client)).toEqual([429, "rate_limit_exceeded"]);
    expect(Number((refused["headers"] as Record<string, string>)["retry-after"])).toBeGreaterThan(0);
    await gateway.desk.revoke(record.id, "test");
    client.create({ model: "verbatim", input: INPUT });
    await client.frame("error", 3);
    expect(errorOf(client)).toEqual([401, "invalid_api_key"]);
    client.webSocket.close();
  });
});

describe("a stop", () => {
  test("lets what runs go on, then closes; who is idle goes at once", async () => {
    const running = await startKeyedGateway({ settings, simulator: { replyTokens: 40 } });
    const { secret } = await running.newKey();
    const idle = await open(secret, running);
    const busy = await open(secret, running);
    running.simulator.script([{ kind: "stall", afterBytes: 900, ms: 300 }]);
    busy.create({ model: "verbatim", input: INPUT, store: false });
    await busy.until(() => busy.frames.length > 0, "the first events");
    const stopped = running.gateway.stop({ lagMs: 0, deadlineMs: 10_000 });
    expect(await idle.end()).toEqual({ code: 1001, reason: "shutting_down" });
    await completed(busy);
    expect(await busy.end()).toEqual({ code: 1001, reason: "shutting_down" });
    await stopped;
    await reconcileStopped(running);
    await running.close();
  });

  test("at its deadline what runs ends in an error that its client sees", async () => {
    const running = await startKeyedGateway({ settings, simulator: { replyTokens: 40 } });
    const { secret } = await running.newKey();
    const client = await open(secret, running);
    running.simulator.script([{ kind: "stall", afterBytes: 900 }]);
    client.create({ model: "verbatim", input: INPUT, store: false });
    await client.until(() => client.frames.length > 0, "the first events");
    await running.gateway.stop({ lagMs: 0, deadlineMs: 50 });
    expect((await client.end()).code).toBe(1001);
    expect(JSON.stringify(client.frames.at(-1))).toContain("shutting_down");
    await running.close();
  });
});
