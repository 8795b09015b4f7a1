/**
 * Ark is silent: heartbeats between events, and each deadline in its time with its own code, letters and
 * row.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ScriptStep } from "../../src/simulator/index.ts";
import { openDeafListener } from "../support/deaf-listener.ts";
import { chatBytes, HttpCaller } from "../support/http-caller.ts";
import { callInto, codeOf, ObservedCall, startCall, together } from "../support/observed-call.ts";
import { answer, openRawOrigin } from "../support/raw-origin.ts";
import { reconcile } from "../support/reconcile.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const PING = ": ping\n";
const EVERY_MS = 200;
/** Deadlines are looked at ten times a second; beyond that, what the issue allows. */
const LATE_MS_MAX = 250;

const target = (): object[] => [{ upstream: "ark", model: "ep-20250218170310-pvmdb" }];
const model = (timeouts: object): object => ({ targets: target(), timeouts });
const models = {
  patient: model({}),
  "first-byte": model({ first_byte: "600ms" }),
  "first-token": model({ first_token: "600ms" }),
  "between-chunks": model({ between_chunks: "600ms" }),
  total: model({ total: "700ms" }),
};

let running: RunningGateway;
/** The same without heartbeats before the first byte. */
let quiet: RunningGateway;

beforeAll(async () => {
  const simulator = { replyTokens: 8 };
  const every = `${EVERY_MS}ms`;
  running = await startGateway({ simulator, settings: { models, heartbeat: { every } } });
  quiet = await startGateway({
    simulator,
    settings: { models, heartbeat: { every, before_first_byte: false } },
  });
});

afterEach(async () => {
  await reconcile(running);
  await reconcile(quiet);
});

afterAll(async () => {
  await running.close();
  await quiet.close();
});

/** How many pings there are, and the text without them. Fails where one is inside an event. */
function takePings(text: string): { pings: number; rest: string } {
  let rest = "";
  const pieces = text.split(PING);
  for (const [index, piece] of pieces.entries()) {
    const isBetween = rest === "" || rest.endsWith("\n\n");
    if (index > 0) expect(isBetween, `a ping after ${JSON.stringify(rest.slice(-60))}`).toBe(true);
    rest += piece;
  }
  return { pings: pieces.length - 1, rest };
}

function masked(text: string): string {
  return text.replaceAll(/"id":"[0-9a-z]+"/g, '"id":""').replaceAll(/"created":\d+/g, '"created":0');
}

function call(name: keyof typeof models, step: ScriptStep, stream = true, on = running): ObservedCall {
  return callInto(on, step, { stream, members: { model: name, max_tokens: 3 } });
}

describe("heartbeats", () => {
  test("come before the first byte, and leave the stream's own bytes as they were", async () => {
    const plain = call("patient", null);
    await plain.caller.untilComplete();
    const slow = call("patient", { kind: "delay", ms: 1_000 });
    await slow.caller.untilHead();
    expect(performance.now() - slow.startedAtMs).toBeLessThan(EVERY_MS + LATE_MS_MAX);
    expect(slow.caller.answer.status).toBe(200);
    await slow.caller.untilComplete();
    const { pings, rest } = takePings(slow.caller.text);
    expect(pings).toBeGreaterThanOrEqual(2);
    expect(pings).toBeLessThanOrEqual(1_000 / EVERY_MS);
    expect(masked(rest)).toBe(masked(plain.caller.text));
    expect(await slow.line()).toMatchObject({ outcome: "ok", cause: "-E" });
    expect(slow.caller.answer.headers.get("x-accel-buffering")).toBe("no");
  });

  test("come between events, never inside one", () =>
    together([0, 100, 500, 1_000], async (afterBytes) => {
      const slow = call("patient", { kind: "stall", afterBytes, ms: 700 });
      await slow.caller.untilComplete();
      const { pings, rest } = takePings(slow.caller.text);
      expect(pings).toBeGreaterThanOrEqual(1);
      expect(rest.endsWith("data: [DONE]\n\n")).toBe(true);
      for (const event of rest.split(/(?<=\n\n)/).slice(0, -1)) JSON.parse(event.slice("data: ".length));
    }));

  test("go on while an event comes byte by byte, and stay out of it", async () => {
    const slow = call("patient", { kind: "drip", afterBytes: 300, bytes: 40, everyMs: 45 });
    await slow.caller.untilComplete();
    expect(takePings(slow.caller.text).pings).toBeGreaterThanOrEqual(2);
  });

  test("rest while an event of more than 1 MiB flows, and come again after it", async () => {
    const long = { kind: "long_line", afterEvents: 1, bytes: 1_500_000 } as const;
    const inside = { kind: "stall", afterBytes: 1_300_000, ms: 600 } as const;
    const after = { kind: "stall", afterBytes: 1_500_700, ms: 600 } as const;
    const slow = call("patient", [long, inside, after]);
    await slow.caller.untilComplete();
    const { pings, rest } = takePings(slow.caller.text);
    expect(pings).toBeGreaterThanOrEqual(1);
    expect(rest.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("are not sent for whole answers", async () => {
    const slow = call("patient", { kind: "delay", ms: 600 }, false);
    await slow.caller.untilComplete();
    expect(slow.caller.text.startsWith("{")).toBe(true);
    expect(performance.now() - slow.startedAtMs).toBeGreaterThan(600);
  });

  test("wait for the first byte where the operator wants the status", async () => {
    const slow = call(
      "patient",
      [
        { kind: "delay", ms: 600 },
        { kind: "stall", afterBytes: 600, ms: 500 },
      ],
      true,
      quiet,
    );
    await slow.caller.untilHead();
    expect(performance.now() - slow.startedAtMs).toBeGreaterThan(550);
    await slow.caller.untilComplete();
    expect(slow.caller.text.startsWith("data: ")).toBe(true);
    expect(takePings(slow.caller.text).pings).toBeGreaterThanOrEqual(1);
  });
});

describe("what comes after a heartbeat has said 200", () => {
  const delay = { kind: "delay", ms: 400 } as const;

  test("Ark's own 429 becomes the one event of the stream", async () => {
    const refused = call("patient", [
      delay,
      { kind: "error", code: "RateLimitExceeded.EndpointRPMExceeded" },
    ]);
    expect(await refused.caller.untilEnded()).toBe("fin");
    const { pings, rest } = takePings(refused.caller.text);
    expect(pings).toBeGreaterThanOrEqual(1);
    expect(rest.startsWith('data: {"error":{')).toBe(true);
    expect(rest.indexOf("\n\n")).toBe(rest.length - 2);
    expect(codeOf(rest.slice("data: ".length))).toBe("RateLimitExceeded.EndpointRPMExceeded");
    expect(refused.caller.answer).toMatchObject({ status: 200, isComplete: true });
    const line = { status: 200, outcome: "failed", error: "RateLimitExceeded.EndpointRPMExceeded" };
    expect(await refused.line()).toMatchObject(line);
    expect(await refused.row()).toMatchObject({ state: "failed", status: 429, provenance: "none" });
  });

  test("anything but a stream becomes an error frame", () =>
    together<[string, ScriptStep, string, string]>(
      [
        ["a page of HTML", [delay, { kind: "html" }], "upstream_invalid", "UF"],
        ["JSON", [delay, { kind: "error", status: 200 }], "upstream_invalid", "UF"],
        [
          "a cut before the head",
          [delay, { kind: "reset", afterBytes: 5, of: "wire" }],
          "upstream_truncated",
          "UH",
        ],
        [
          "a cut before the first event",
          [delay, { kind: "reset", afterBytes: 5 }],
          "upstream_truncated",
          "UF",
        ],
      ],
      async (_what, step, code, cause) => {
        const made = call("patient", step);
        const { pings, rest } = takePings(await made.expectFrame(code, cause, "failed"));
        expect(pings).toBeGreaterThanOrEqual(1);
        expect(rest).toBe("");
      },
    ));
});

/** Within the limit and what is allowed beyond it. */
function expectOnTime(made: ObservedCall, limitMs: number, endedAtMs = performance.now()): void {
  const tookMs = endedAtMs - made.startedAtMs;
  expect(tookMs).toBeGreaterThan(limitMs - 5);
  expect(tookMs).toBeLessThan(limitMs + Math.max(LATE_MS_MAX, limitMs / 10));
}

describe("a deadline of Ark's", () => {
  const beforeHead = { kind: "hang" } as const;
  const beforeToken = { kind: "hang", afterHead: true } as const;
  const inStream = { kind: "stall", afterBytes: 700 } as const;

  test("is a 504 where no heartbeat has come before it", () =>
    together<[keyof typeof models, number, ScriptStep, string]>(
      [
        ["first-byte", 600, beforeHead, "UH"],
        ["first-token", 600, beforeToken, "UF"],
        ["between-chunks", 600, beforeToken, "UF"],
        ["total", 700, beforeHead, "UH"],
        ["total", 700, beforeToken, "UF"],
      ],
      async (name, limitMs, step, cause) => {
        const made = call(name, step, true, quiet);
        await made.caller.untilHead();
        expectOnTime(made, limitMs);
        await made.expectRefused(504, "upstream_timeout", cause);
        expect(made.caller.answer.headers.get("x-should-retry")).toBe("false");
        expect((await made.closedAtArkMs()) - made.startedAtMs).toBeLessThan(limitMs + LATE_MS_MAX);
      },
    ));

  test("ends a stream in an error frame after heartbeats", () =>
    together<[keyof typeof models, number, ScriptStep, string, string]>(
      [
        ["first-byte", 600, beforeHead, "UH", "failed"],
        ["first-token", 600, beforeToken, "UF", "failed"],
        ["between-chunks", 600, beforeToken, "UF", "failed"],
        ["between-chunks", 600, inStream, "US", "partial"],
        ["total", 700, beforeHead, "UH", "failed"],
        ["total", 700, inStream, "US", "partial"],
        ["total", 700, { kind: "drip", bytes: 50, everyMs: 30 }, "US", "partial"],
      ],
      async (name, limitMs, step, cause, outcome) => {
        const made = call(name, step);
        const text = await made.expectFrame("upstream_timeout", cause, outcome);
        expectOnTime(made, limitMs, made.caller.endedAtMs ?? Number.NaN);
        takePings(text);
        if (cause !== "US") expect(text).toContain(PING);
        expect((await made.closedAtArkMs()) - made.startedAtMs).toBeLessThan(limitMs + LATE_MS_MAX);
      },
    ));

  test("is a 504 for a whole answer", () =>
    together<[keyof typeof models, number, ScriptStep]>(
      [
        ["first-byte", 600, beforeHead],
        ["between-chunks", 600, { kind: "stall", afterBytes: 100 }],
        ["total", 700, beforeHead],
      ],
      async (name, limitMs, step) => {
        const made = call(name, step, false);
        await made.caller.untilHead();
        expectOnTime(made, limitMs);
        expect(made.caller.answer.status).toBe(504);
        expect(await made.line()).toMatchObject({ outcome: "failed", error: "upstream_timeout" });
      },
    ));

  test("first-token holds for comments, too: they are no events", async () => {
    const step: ScriptStep = [
      { kind: "sse", variant: "comments" },
      { kind: "stall", afterBytes: ": keep-alive 0\n\n".length },
    ];
    const made = call("first-token", step);
    await made.expectFrame("upstream_timeout", "UF", "failed");
    expectOnTime(made, 600, made.caller.endedAtMs ?? Number.NaN);
  });

  test("between-chunks is about Ark: it does not run out while Ark goes on slowly", async () => {
    const made = call("between-chunks", { kind: "drip", bytes: 600, everyMs: 350 });
    await made.caller.untilComplete();
    expect(made.caller.text).toContain("[DONE]");
    expect(await made.line()).toMatchObject({ outcome: "ok" });
    expect(performance.now() - made.startedAtMs).toBeGreaterThan(700);
  });
});

describe("a deadline before Ark has the whole request", () => {
  const settings = (timeouts: object): object => ({ timeouts, retries: { attempts_max: 1 } });

  test("connect: nobody accepts", async () => {
    const port = await openDeafListener();
    const other = await startGateway({
      baseUrl: `http://127.0.0.1:${port}/api/v3`,
      settings: { ...settings({ connect: "500ms" }) },
    });
    const made = startCall(other);
    await made.caller.untilHead();
    expectOnTime(made, 500);
    await made.expectRefused(504, "upstream_timeout", "UC");
    expect(made.caller.answer.headers.has("x-should-retry")).toBe(false);
    expect(await made.row()).toMatchObject({ dispatchedMs: null, status: null, provenance: "none" });
    await other.close();
  });

  test("tls: the handshake is not answered", async () => {
    const origin = await openRawOrigin(() => {});
    const other = await startGateway({
      baseUrl: `https://127.0.0.1:${origin.port}/api/v3`,
      settings: { ...settings({ tls: "500ms" }) },
    });
    const made = startCall(other);
    await made.caller.untilHead();
    expectOnTime(made, 500);
    await made.expectRefused(504, "upstream_timeout", "UT");
    expect(await made.row()).toMatchObject({ dispatchedMs: null });
    await other.close();
  });

  test("body_write: Ark does not take the body", async () => {
    const origin = await openRawOrigin((connection) => void connection.socket.pause());
    const other = await startGateway({
      baseUrl: `${origin.url}/api/v3`,
      settings: { ...settings({ body_write: "500ms" }) },
    });
    const made = startCall(other, { members: { filler: "x".repeat(16 * 1024 * 1024) } });
    await made.caller.untilHead();
    await made.expectRefused(504, "upstream_timeout", "UB");
    const { totalMs, dispatchedMs } = await made.row();
    const tookMs = totalMs - (dispatchedMs ?? Number.NaN);
    expect(tookMs).toBeGreaterThan(495);
    expect(tookMs).toBeLessThan(500 + LATE_MS_MAX);
    await other.close();
  });

  test("request_body: the client does not send its body to the end", async () => {
    const other = await startGateway({ settings: { ...settings({ request_body: "500ms" }) } });
    const caller = new HttpCaller(other.port);
    const startedAtMs = performance.now();
    caller.send(chatBytes({ id: "slow-body" }).subarray(0, -10));
    await caller.untilComplete();
    expect(performance.now() - startedAtMs).toBeLessThan(500 + LATE_MS_MAX);
    expect([caller.answer.status, codeOf(caller.text)]).toEqual([408, "request_timeout"]);
    expect(await caller.untilEnded()).toBe("fin");
    const line = await new ObservedCall(other, caller, "slow-body").line();
    expect(line).toMatchObject({ status: 408, outcome: "refused", cause: "CB", attempts: 0 });
    await other.close();
  });

  test("none of them runs out for a call that is quick", async () => {
    const body = '{"object":"chat.completion","choices":[]}';
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
      await connection.write(answer(body));
    });
    const timeouts = { connect: "500ms", tls: "500ms", body_write: "500ms", first_byte: "500ms" };
    const other = await startGateway({
      baseUrl: `${origin.url}/api/v3`,
      settings: { ...settings(timeouts) },
    });
    const made = startCall(other, { members: { filler: "x".repeat(4 * 1024 * 1024) } });
    await made.caller.untilComplete();
    expect([made.caller.answer.status, made.caller.text]).toEqual([200, body]);
    await other.close();
  });
});
