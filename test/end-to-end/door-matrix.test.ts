/** Every door, on each of its ways: the same keys, permissions, limits, ledger, retries and endings. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { UNLIMITED } from "../../src/core/limits.ts";
import { doorNames } from "../../src/protocols/door.ts";
import { doors } from "../../src/protocols/index.ts";
import {
  CHAT_MODEL,
  callDoor,
  type DoorCallOptions,
  NATIVE_MODEL,
  type Way,
  ways,
} from "../support/door-calls.ts";
import { doorManners } from "../support/door-manners.ts";
import { callGateway } from "../support/gateway-call.ts";
import { ARK_KEY, type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";
import type { ObservedCall } from "../support/observed-call.ts";
import { until } from "../support/raw-origin.ts";
import { reconcile } from "../support/reconcile.ts";

let gateway: KeyedGateway;
let key: string;

beforeAll(async () => {
  gateway = await startKeyedGateway({
    simulator: { replyTokens: 12 },
    settings: { heartbeat: { every: "1s" }, timeouts: { between_chunks: "3s", first_byte: "4s" } },
  });
  key = (await gateway.newKey()).secret;
});

afterEach(() => reconcile(gateway));

afterAll(() => gateway.close());

const named = (which: readonly Way[]) =>
  which.map((way) => [`${way.door}, ${way.how} (${way.model})`, way] as const);
const billed = ways.filter(({ door }) => doorManners[door].isBilled);
const streaming = billed.filter(({ door }) => doorManners[door].mayStream);

function call(way: Way, options: DoorCallOptions = {}): ObservedCall {
  return callDoor(gateway, way, { key, ...options });
}

/** The body of a whole answer, with its status. */
async function whole(made: ObservedCall): Promise<{ status: number; text: string }> {
  await made.caller.untilComplete();
  const { status, text } = made.caller.answer;
  return { status, text };
}

async function refusal(way: Way, made: ObservedCall): Promise<readonly [number, string]> {
  const { status, text } = await whole(made);
  expect(made.caller.answer.headers.get("content-type")).toBe("application/json");
  return [status, doorManners[way.door].codeOfError(JSON.parse(text))];
}

/** A stream that has ended in an error, in the door's own words, and never as if it were whole. */
async function brokenStream(way: Way, made: ObservedCall): Promise<string> {
  await made.caller.untilEnded();
  const { answer } = made.caller;
  expect(answer).toMatchObject({ status: 200, isComplete: true });
  const { codeOfStream, isComplete } = doorManners[way.door];
  expect(isComplete(answer.text, true)).toBe(false);
  return codeOfStream(answer.text) ?? "no error";
}

test("each door of the router has its manners here, and each has its place in the router", () => {
  expect(doors.map(({ name }) => name).toSorted()).toEqual([...doorNames].toSorted());
  for (const { name, paths } of doors)
    expect(paths.map((path) => `/v1${path}`)).toContain(doorManners[name].path);
});

describe("an answer", () => {
  test.each(named(ways))("whole: %s", async (_name, way) => {
    const made = call(way);
    const { status, text } = await whole(made);
    expect([status, doorManners[way.door].isComplete(text, false)]).toEqual([200, true]);
    const line = await made.line();
    expect(line).toMatchObject({ status: 200, outcome: "ok", door: way.door });
    if (!doorManners[way.door].isBilled) return;
    expect(await made.row()).toMatchObject({ state: "settled", provenance: "upstream_final", cause: "-E" });
  });

  test.each(named(streaming))("streamed: %s", async (_name, way) => {
    const made = call(way, { stream: true });
    const { status, text } = await whole(made);
    expect([status, doorManners[way.door].isComplete(text, true)]).toEqual([200, true]);
    expect(made.caller.answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(await made.row()).toMatchObject({ state: "settled", provenance: "upstream_final", cause: "-E" });
  });

  test.each(named(billed.filter(({ how }) => how === "translated")))(
    "says that it is a translation: %s",
    async (_name, way) => {
      const made = call(way);
      await whole(made);
      expect(made.caller.answer.headers.get("x-volcano-changes")).toContain("translation");
    },
  );
});

describe("keys, models and limits", () => {
  test.each(named(ways))("%s", async (_name, way) => {
    expect(await refusal(way, call(way, { key: `sk-vp-${"a".repeat(32)}` }))).toEqual([
      401,
      "invalid_api_key",
    ]);
    const other = await gateway.newKey({ models: ["some-other-model"] });
    expect(await refusal(way, call(way, { key: other.secret }))).toEqual([404, "model_not_found"]);
    if (!doorManners[way.door].isBilled) return;
    const slow = await gateway.newKey({ limits: { ...UNLIMITED, requestsPerMinute: 1 } });
    expect((await whole(call(way, { key: slow.secret }))).status).toBe(200);
    const second = call(way, { key: slow.secret });
    expect(await refusal(way, second)).toEqual([429, "rate_limit_exceeded"]);
    expect(Number(second.caller.answer.headers.get("retry-after"))).toBeGreaterThan(0);
    const budgets = [{ unit: "tokens", period: "all", amount: 1 }] as const;
    const small = await gateway.newKey({ limits: { ...UNLIMITED, budgets } });
    const tooLarge = call(way, { key: small.secret });
    expect(await refusal(way, tooLarge)).toEqual([429, "rate_limit_exceeded"]);
    expect(tooLarge.caller.answer.headers.get("x-should-retry")).toBe("false");
  });

  test.each(named(billed))("once, with an Idempotency-Key: %s", async (name, way) => {
    const headers = [`idempotency-key: ${name}`];
    expect((await whole(call(way, { headers }))).status).toBe(200);
    expect(await refusal(way, call(way, { headers }))).toEqual([409, "request_already_done"]);
  });
});

describe("Ark's own errors", () => {
  test.each(named(billed))("%s", async (_name, way) => {
    const step = { kind: "error", code: "ModelAccountTpmRateLimitExceeded" } as const;
    const limited = call(way, { step });
    const { status, text } = await whole(limited);
    expect(status).toBe(429);
    expect(limited.caller.answer.headers.get("x-volcano-error")).toBe("rate_limit_exceeded");
    if (way.how === "verbatim") expect(text).toContain("ModelAccountTpmRateLimitExceeded");
    else expect(doorManners[way.door].codeOfError(JSON.parse(text))).toBe("rate_limit_exceeded");
    expect(await limited.row()).toMatchObject({ state: "failed", usage: null, cost: 0 });
  });

  test.each(named(streaming))("in the middle of a stream: %s", async (_name, way) => {
    const made = call(way, { stream: true, step: { kind: "error_event", afterEvents: 6 } });
    expect(await brokenStream(way, made)).not.toBe("no error");
    expect(await made.row()).toMatchObject({ state: "partial", cause: "US" });
  });
});

describe("endings", () => {
  test.each(named(streaming))("Ark cuts a stream: %s", async (_name, way) => {
    const made = call(way, { stream: true, step: { kind: "close", afterBytes: 1_500 } });
    expect(await brokenStream(way, made)).toBe("upstream_truncated");
    const row = await made.row();
    expect(row).toMatchObject({ state: "partial", cause: "US", provenance: "counted" });
    expect(row.usage?.outputTokens).toBeGreaterThan(0);
  });

  test.each(named(streaming))("Ark leaves out the bill of a stream: %s", async (_name, way) => {
    const made = call(way, { stream: true, step: { kind: "usage", variant: "missing" } });
    expect((await whole(made)).status).toBe(200);
    const row = await made.row();
    expect(row).toMatchObject({ state: "settled", provenance: "counted" });
    expect(row.usage?.outputTokens).toBeGreaterThan(5);
  });

  test.each(named(streaming))("Ark leaves out its closing event: %s", async (_name, way) => {
    const made = call(way, { stream: true, step: { kind: "omit_done", andFinish: true } });
    expect(await brokenStream(way, made)).toBe("upstream_truncated");
  });

  test.each(named(billed))("Ark closes before its head: %s", async (_name, way) => {
    const made = call(way, { step: { kind: "close", afterBytes: 20, of: "wire" } });
    expect(await refusal(way, made)).toEqual([502, "upstream_truncated"]);
    expect(await made.row()).toMatchObject({ state: "failed", cause: "UH" });
  });

  test.each(named(streaming))("the client leaves: %s", async (_name, way) => {
    const made = call(way, { stream: true, step: { kind: "stall", afterBytes: 1_500, ms: 3_000 } });
    await made.caller.until(() => made.caller.text.length > 400, "part of a stream");
    const leftMs = made.caller.leave();
    expect((await made.closedAtArkMs()) - leftMs).toBeLessThan(1_500);
    expect(await made.row()).toMatchObject({ state: "partial", cause: "CS" });
  });

  test.each(named(streaming))("silence is bridged, and then told: %s", async (_name, way) => {
    const made = call(way, { stream: true, step: { kind: "stall", afterBytes: 1_500, ms: 10_000 } });
    const { heartbeat } = doorManners[way.door];
    const before = () => made.caller.text.split(heartbeat).length;
    await until(() => made.caller.hasHead && before() > 1, "a heartbeat");
    expect(await brokenStream(way, made)).toBe("upstream_timeout");
    expect(await made.row()).toMatchObject({ state: "partial", cause: "US" });
  });
});

test("the gateway's own Ark key is in no answer of any door", async () => {
  const answers = await Promise.all(
    ways.map((way) => whole(call(way, { step: { kind: "error", code: "AuthenticationError" } }))),
  );
  for (const { text } of answers) expect(text).not.toContain(ARK_KEY);
});

test("what is no door answers 404 in OpenAI's shape, and stored responses need a key too", async () => {
  const headers = { authorization: `Bearer ${key}` };
  const assistants = await callGateway(gateway, { method: "POST", path: "/v1/assistants", headers });
  expect([assistants.status, assistants.error["code"]]).toEqual([404, "unsupported_endpoint"]);
  const stored = { method: "GET", path: "/v1/responses/resp_vp00000000000000000000000000000000" };
  expect((await callGateway(gateway, stored)).status).toBe(401);
  const missing = await callGateway(gateway, { ...stored, headers });
  expect([missing.status, missing.error["code"]]).toEqual([404, "response_not_found"]);
});

test("a translation counts among the bodies that are held, until Ark has begun to answer", async () => {
  const text = "tides ".repeat(20_000);
  const step = { kind: "delay", ms: 300 } as const;
  const held = async (model: string): Promise<number> => {
    const made = call({ door: "messages", model, how: "verbatim" }, { text, step });
    await made.untilAtArk();
    const bytes = gateway.gateway.bodyBytesHeld;
    await whole(made);
    return bytes;
  };
  const verbatim = await held(NATIVE_MODEL);
  expect(verbatim).toBeGreaterThan(text.length);
  expect(await held(CHAT_MODEL)).toBeGreaterThan(verbatim + text.length);
  await until(() => gateway.gateway.bodyBytesHeld === 0, "no body");
});

test("where Ark refuses the gateway's own key for a stored response, the client's is not at fault", async () => {
  const path = "/v1/responses/resp_0217955200000000000000000000000000000000000000000000000";
  gateway.simulator.scriptBy(() => ({ kind: "error", code: "AuthenticationError" }));
  const headers = { authorization: `Bearer ${key}` };
  const refused = await callGateway(gateway, { method: "GET", path, headers });
  gateway.simulator.scriptBy(() => null);
  expect([refused.status, refused.error["code"]]).toEqual([502, "upstream_auth"]);
});
