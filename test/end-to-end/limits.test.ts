/** Limits and budgets over HTTP: what is let in, what is refused with which words, and who waits. */
import { afterEach, describe, expect, test } from "vitest";
import { type LimitSettings, UNLIMITED } from "../../src/core/limits.ts";
import { type Answered, chatBodyFor } from "../support/gateway-call.ts";
import { chatWith, type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";
import { until } from "../support/raw-origin.ts";
import { reconcile } from "../support/reconcile.ts";
import type { RunningOptions } from "../support/running-gateway.ts";

const MODEL = "deepseek-v3";
const PRICED = { models: { [MODEL]: { price: { input: 2, output: 8 } } } };
let gateway: KeyedGateway;

afterEach(async () => {
  await reconcile(gateway);
  await gateway.close();
});

async function begin(options: RunningOptions = {}): Promise<void> {
  gateway = await startKeyedGateway(options);
}

async function keyWith(limits: Partial<LimitSettings>): Promise<string> {
  return (await gateway.newKey({ limits: { ...UNLIMITED, ...limits } })).secret;
}

/** Ark counts ten tokens of answer at most. */
function bounded(more: object = {}): object {
  return chatBodyFor(MODEL, { max_completion_tokens: 10, ...more });
}

function statusesOf(answers: readonly Answered[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe("requests per minute", () => {
  test("lets n in and refuses n + 1 of a thousand at once, with honest headers", async () => {
    await begin();
    const secret = await keyWith({ requestsPerMinute: 100 });
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => chatWith(gateway, secret, bounded())),
    );
    expect(statusesOf(answers)).toEqual({ 200: 100, 429: 900 });
    expect(gateway.simulator.requests.length).toBe(100);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.error).toMatchObject({ code: "rate_limit_exceeded", type: "rate_limit_error" });
    expect(refused?.header("x-should-retry")).toBeNull();
    expect(Number(refused?.header("retry-after"))).toBeGreaterThan(0);
    expect(Number(refused?.header("retry-after"))).toBeLessThanOrEqual(61);
    expect(refused?.header("x-ratelimit-limit-requests")).toBe("100");
    expect(refused?.header("x-ratelimit-remaining-requests")).toBe("0");
    expect(refused?.header("x-ratelimit-reset-requests")).toMatch(/^(\d+m)?\d+s$/);
  });

  test("of one key are nothing to another", async () => {
    await begin();
    const [one, two] = [await keyWith({ requestsPerMinute: 1 }), await keyWith({ requestsPerMinute: 1 })];
    expect((await chatWith(gateway, one, bounded())).status).toBe(200);
    expect((await chatWith(gateway, one, bounded())).status).toBe(429);
    expect((await chatWith(gateway, two, bounded())).status).toBe(200);
  });

  test("have a default for keys, a bound for a model, and one for all", async () => {
    await begin({
      settings: {
        limits: { requests_per_minute: 3, total: { requests_per_minute: 5 } },
        models: { [MODEL]: { limits: { requests_per_minute: 2 } } },
      },
    });
    const secret = await keyWith({});
    const other = await keyWith({ requestsPerMinute: 100 });
    const models = [MODEL, MODEL, MODEL, "deepseek-r1", "deepseek-r1"];
    const answers: Answered[] = [];
    for (const model of models) {
      answers.push(await chatWith(gateway, secret, chatBodyFor(model, { max_completion_tokens: 5 })));
    }
    // Two of the model's, then its bound, then the third of the key's, then the key's bound.
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 200, 429]);
    expect(answers[2]?.error["message"]).toContain("This model's limit of 2 requests per minute");
    const rest: Answered[] = [];
    for (let call = 0; call < 3; call++) {
      rest.push(await chatWith(gateway, other, chatBodyFor("deepseek-r1", { max_completion_tokens: 5 })));
    }
    expect(rest.map(({ status }) => status)).toEqual([200, 200, 429]);
  });
});

describe("calls at once", () => {
  test("are given back however they end", async () => {
    await begin({ simulator: { firstTokenDelayMs: 50 } });
    const secret = await keyWith({ concurrent: 2 });
    const answers = await Promise.all(Array.from({ length: 6 }, () => chatWith(gateway, secret, bounded())));
    expect(statusesOf(answers)).toEqual({ 200: 2, 429: 4 });
    gateway.simulator.script({ kind: "error", code: "InternalServiceError", status: 500 });
    expect((await chatWith(gateway, secret, bounded())).status).toBe(500);
    expect((await chatWith(gateway, secret, { model: MODEL })).status).toBe(400);
    const again = await Promise.all([
      chatWith(gateway, secret, bounded()),
      chatWith(gateway, secret, bounded()),
    ]);
    expect(statusesOf(again)).toEqual({ 200: 2 });
  });
});

describe("budgets", () => {
  test("are never spent beyond by a thousand callers that bound their answers, and are used", async () => {
    await begin({ settings: PRICED });
    const amount = 10_000_000;
    const { record, secret } = await gateway.newKey({
      limits: { ...UNLIMITED, budgets: [{ unit: "cny", amount, period: "day" }] },
    });
    const answers: Answered[] = [];
    for (let round = 0; round < 4; round++) {
      const body = bounded({ messages: [{ role: "user", content: "word ".repeat(20_000) }] });
      answers.push(
        ...(await Promise.all(Array.from({ length: 250 }, () => chatWith(gateway, secret, body)))),
      );
    }
    const spent = gateway.gateway.spendingOf("key", record.id).day.cost;
    expect(spent).toBeLessThanOrEqual(amount);
    expect(spent).toBeGreaterThan(0.5 * amount);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([429]));
    const last = answers.at(-1);
    expect(last?.error).toMatchObject({ code: "insufficient_quota", type: "insufficient_quota" });
    expect(last?.header("x-should-retry")).toBe("false");
    expect(Number(last?.header("retry-after"))).toBeLessThanOrEqual(86_400);
  }, 30_000);

  test("in yuan do not take a model whose price is not known", async () => {
    await begin();
    const secret = await keyWith({ budgets: [{ unit: "cny", amount: 1e9, period: "all" }] });
    const answer = await chatWith(gateway, secret, bounded());
    expect([answer.status, answer.error["code"]]).toEqual([429, "insufficient_quota"]);
    expect(answer.error["message"]).toContain("price");
    expect(answer.header("retry-after")).toBeNull();
    expect(gateway.simulator.requests.length).toBe(0);
  });

  test.each([
    ["a tier with prices of its own", { service_tier: "fast" }],
    [
      "speech",
      {
        messages: [{ role: "user", content: [{ type: "input_audio", input_audio: { url: "https://a/b" } }] }],
      },
    ],
  ])("in yuan do not take %s, whose cost nobody would count", async (_name, more) => {
    await begin({ settings: PRICED });
    const secret = await keyWith({ budgets: [{ unit: "cny", amount: 1e9, period: "all" }] });
    const answer = await chatWith(gateway, secret, bounded(more));
    expect([answer.status, answer.error["code"]]).toEqual([429, "insufficient_quota"]);
    expect(gateway.simulator.requests.length).toBe(0);
    expect((await chatWith(gateway, secret, bounded())).status).toBe(200);
  });

  test("in tokens count what Ark counts, whole and streamed", async () => {
    await begin();
    const { record, secret } = await gateway.newKey({
      limits: { ...UNLIMITED, budgets: [{ unit: "tokens", amount: 100_000, period: "month" }] },
    });
    await chatWith(gateway, secret, bounded());
    await chatWith(gateway, secret, bounded({ stream: true }));
    await until(() => gateway.gateway.requestsInFlight === 0, "an empty house", 2_000);
    const billed = gateway.simulator.bill.reduce(
      (sum, line) => sum + line.promptTokens + line.completionTokens,
      0,
    );
    expect(gateway.gateway.spendingOf("key", record.id).month.tokens).toBe(billed);
    expect(gateway.gateway.spendingOf("all", "").all.tokens).toBe(billed);
    expect(gateway.gateway.spendingOf("model", MODEL).all.tokens).toBe(billed);
  });
});

describe("the line", () => {
  const QUEUED = { limits: { queue: { waiting_max: 100, wait_max: "5s" } }, heartbeat: { every: "20ms" } };

  test("lets callers wait for a place instead of failing", async () => {
    await begin({ settings: QUEUED, simulator: { firstTokenDelayMs: 20 } });
    const secret = await keyWith({ concurrent: 4 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => chatWith(gateway, secret, bounded())));
    expect(statusesOf(answers)).toEqual({ 200: 40 });
  });

  test("keeps a stream alive by heartbeats, and says whom it will ask before the first", async () => {
    await begin({ settings: QUEUED, simulator: { firstTokenDelayMs: 300 } });
    const secret = await keyWith({ concurrent: 1 });
    const stream = bounded({ stream: true });
    const first = chatWith(gateway, secret, stream);
    await until(() => gateway.simulator.requests.length === 1, "the first call", 2_000);
    const second = await chatWith(gateway, secret, stream);
    expect((await first).status).toBe(200);
    expect(second.status).toBe(200);
    expect(second.text.startsWith(": ping\n")).toBe(true);
    expect(second.text.trimEnd().endsWith("data: [DONE]")).toBe(true);
    expect(second.header("x-volcano-model")).toBe(MODEL);
    expect(second.changes).toContain("model");
  });

  test("is left by whoever leaves, and then nothing is held for him", async () => {
    await begin({ settings: QUEUED, simulator: { firstTokenDelayMs: 300 } });
    const secret = await keyWith({ concurrent: 1 });
    const first = chatWith(gateway, secret, bounded());
    await until(() => gateway.simulator.requests.length === 1, "the first call", 2_000);
    const leaving = new AbortController();
    const gone = fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body: JSON.stringify(bounded()),
      signal: leaving.signal,
    });
    await until(() => gateway.gateway.callsWaiting === 1, "somebody in line", 2_000);
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await until(() => gateway.gateway.callsWaiting === 0, "an empty line", 2_000);
    expect((await first).status).toBe(200);
    expect((await chatWith(gateway, secret, bounded())).status).toBe(200);
    const causes = gateway.accessLines.map(({ cause }) => cause);
    expect(causes).toContain("CQ");
    expect(gateway.simulator.requests.length).toBe(2);
  });

  test("has an end: who has waited too long is refused, a stream by an error event", async () => {
    await begin({
      settings: { ...QUEUED, limits: { queue: { waiting_max: 100, wait_max: "1s" } } },
    });
    const secret = await keyWith({ requestsPerMinute: 1 });
    expect((await chatWith(gateway, secret, bounded())).status).toBe(200);
    const [whole, stream] = await Promise.all([
      chatWith(gateway, secret, bounded()),
      chatWith(gateway, secret, bounded({ stream: true })),
    ]);
    expect([whole.status, whole.error["code"]]).toEqual([429, "rate_limit_exceeded"]);
    expect(stream.status).toBe(200);
    expect(stream.text).toContain('data: {"error":{');
    expect(stream.text).not.toContain("[DONE]");
  });

  test("lets nobody through whose key was revoked, or lowered, while he stood in it", async () => {
    await begin({ settings: QUEUED, simulator: { firstTokenDelayMs: 300 } });
    const keys = await Promise.all(
      [1, 2].map(() => gateway.newKey({ limits: { ...UNLIMITED, concurrent: 1 } })),
    );
    const [one, two] = keys.map(({ record }) => record.id);
    const calls = [...keys, ...keys].map(({ secret }) => chatWith(gateway, secret, bounded()));
    await until(() => gateway.gateway.callsWaiting === 2, "two in line", 2_000);
    const lowered = {
      ...UNLIMITED,
      concurrent: 1,
      budgets: [{ unit: "tokens", amount: 1, period: "all" }],
    } as const;
    if (one !== undefined) await gateway.desk.revoke(one, "test");
    if (two !== undefined) await gateway.desk.change(two, { limits: lowered }, "test");
    const answers = await Promise.all(calls);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 429]);
    expect(answers[2]?.error["code"]).toBe("invalid_api_key");
    expect(gateway.simulator.requests.length).toBe(2);
    expect(gateway.gateway.reserved).toEqual({ tokens: 0, cost: 0 });
  });

  test("has no more than its places", async () => {
    await begin({
      settings: { limits: { queue: { waiting_max: 2, wait_max: "5s" } } },
      simulator: { firstTokenDelayMs: 100 },
    });
    const secret = await keyWith({ concurrent: 1 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => chatWith(gateway, secret, bounded())));
    expect(statusesOf(answers)).toEqual({ 200: 3, 429: 2 });
  });
});
