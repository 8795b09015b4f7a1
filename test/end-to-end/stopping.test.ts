/** The gateway stops: not ready at once, streams finish, and at the deadline the rest are told. */
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import type { ScriptStep } from "../../src/simulator/index.ts";
import { callGateway } from "../support/gateway-call.ts";
import { callId, chatBytes, HttpCaller } from "../support/http-caller.ts";
import { callInto, codeOf, ObservedCall, startCall } from "../support/observed-call.ts";
import { answer, answering, type OriginConnection, openRawOrigin, until } from "../support/raw-origin.ts";
import { reconcileStopped } from "../support/reconcile.ts";
import { type RunningGateway, type RunningOptions, startGateway } from "../support/running-gateway.ts";

const LONG_MS = 60_000;
const STUCK_MS = 150;
const PROBE = "GET /readyz HTTP/1.1\r\nhost: gateway.test\r\n\r\n";
const HANG: ScriptStep = { kind: "hang" };
const STALL: ScriptStep = { kind: "stall", afterBytes: 900 };

let running: RunningGateway | null = null;

async function open(options: RunningOptions = {}): Promise<RunningGateway> {
  const opened = await startGateway(options);
  onTestFinished(() => opened.close());
  running = opened;
  return opened;
}

afterEach(async () => {
  if (running !== null) await reconcileStopped(running);
  running = null;
});

/** How long the stop took. */
async function stopped(house: RunningGateway, lagMs: number, deadlineMs: number): Promise<number> {
  const startedAtMs = performance.now();
  await house.gateway.stop({ lagMs, deadlineMs });
  return performance.now() - startedAtMs;
}

/** A stream without an end, as fast as the gateway takes it. */
async function flood(connection: OriginConnection, onWritten = (): void => {}): Promise<void> {
  await connection.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
  const event = Buffer.from(`data: {"choices":[{"delta":{"content":"${"x".repeat(60_000)}"}}]}\n\n`);
  while (!connection.isClosed) {
    await connection.write(event);
    onWritten();
  }
}

/** Resolves once nothing more has been taken for a while: every buffer on the way is full. */
async function untilStuck(count: () => number): Promise<void> {
  let last = -1;
  let sinceMs = 0;
  const isStuck = (): boolean => {
    if (count() !== last) sinceMs = performance.now();
    last = count();
    return last > 0 && performance.now() - sinceMs > STUCK_MS;
  };
  await until(isStuck, "full buffers");
}

async function isRefused(port: number): Promise<boolean> {
  const caller = new HttpCaller(port);
  caller.send(PROBE);
  await caller.until(() => caller.hasHead || caller.ending !== "open", "an answer or none");
  return !caller.hasHead;
}

describe("once a stop has begun", () => {
  test("it is not ready at once, still takes calls for the lag, and closes their connections", async () => {
    const house = await open({ simulator: { replyTokens: 5 } });
    const kept = startCall(house);
    await kept.caller.untilComplete();
    expect(kept.caller.answer.headers.get("connection")).toBe("keep-alive");
    const stop = stopped(house, 500, LONG_MS);
    const probe = new HttpCaller(house.port);
    probe.send(PROBE);
    await probe.untilEnded();
    expect(probe.answer.status).toBe(503);
    expect(probe.answer.text).toBe('{"status":"shutting_down"}');
    const late = startCall(house, { stream: true });
    kept.caller.send(chatBytes());
    for (const caller of [late.caller, kept.caller]) expect(await caller.untilEnded()).toBe("fin");
    expect(late.caller.text.endsWith("[DONE]\n\n")).toBe(true);
    expect(late.caller.answer.headers.get("connection")).toBe("close");
    expect(kept.caller.parser.answers[1]?.status).toBe(200);
    expect(kept.caller.parser.answers[1]?.headers.get("connection")).toBe("close");
    expect(await stop).toBeGreaterThan(495);
    expect(await isRefused(house.port)).toBe(true);
  });

  test("an idle house is empty at once, with its idle connections closed", async () => {
    const house = await open({ simulator: { replyTokens: 5 } });
    const kept = startCall(house);
    await kept.caller.untilComplete();
    expect(await stopped(house, 0, LONG_MS)).toBeLessThan(500);
    expect(await kept.caller.untilEnded()).toBe("fin");
  });

  test("streams in flight finish, and it is over a moment after the last byte", async () => {
    const house = await open({ simulator: { chunkIntervalMs: 10, replyTokens: 40 } });
    const calls = Array.from({ length: 40 }, () => startCall(house, { stream: true }));
    await Promise.all(calls.map(({ caller }) => caller.untilText("data: ")));
    let lastByteAtMs = 0;
    const finished = calls.map(async ({ caller }) => {
      await caller.untilComplete();
      lastByteAtMs = performance.now();
    });
    await house.gateway.stop({ lagMs: 0, deadlineMs: LONG_MS });
    const stoppedAtMs = performance.now();
    await Promise.all(finished);
    for (const { caller } of calls) expect(caller.text.endsWith("[DONE]\n\n")).toBe(true);
    expect(stoppedAtMs - lastByteAtMs).toBeLessThan(1_000);
    for (const call of calls) expect(await call.line()).toMatchObject({ outcome: "ok" });
  });

  test("an answer that is written but not read yet is not torn from its client", async () => {
    const body = JSON.stringify({ choices: [], filler: "x".repeat(250_000) });
    const origin = await openRawOrigin(answering(answer(body)));
    const house = await open({ baseUrl: origin.url });
    const caller = new HttpCaller(house.port);
    caller.stopReading();
    let calls = 0;
    const isFlushed = (): boolean => house.gateway.requestsInFlight === 0;
    do {
      caller.send(chatBytes());
      calls++;
      await until(() => house.accessLines.length === calls, "the next answer");
      const writtenAtMs = performance.now();
      await until(() => isFlushed() || performance.now() - writtenAtMs > 200, "its flush");
    } while (isFlushed());
    const stop = house.gateway.stop({ lagMs: 0, deadlineMs: LONG_MS });
    caller.readOn();
    await caller.untilComplete(calls);
    await stop;
    expect(caller.parser.flaw).toBeNull();
    for (const each of caller.parser.answers) expect(each.text === body).toBe(true);
  });

  test("it waits for the accounts of clients that leave, not for their connections alone", async () => {
    const settings = { retries: { attempts_max: 10 } };
    const house = await open({ baseUrl: "http://127.0.0.77:9/api/v3", settings });
    const call = startCall(house);
    await until(() => house.events.length > 2, "a few attempts");
    const stop = house.gateway.stop({ lagMs: 0, deadlineMs: LONG_MS });
    call.caller.leave();
    await stop;
    expect(house.ledger.openRows).toBe(0);
    expect(call.isOver).toBe(true);
  });

  test("a connection of Ark's that stays open after [DONE] does not hold it up", async () => {
    const house = await open({ simulator: { replyTokens: 5 } });
    const call = callInto(house, { kind: "open_after_done" }, { stream: true });
    await call.caller.untilComplete();
    expect(await stopped(house, 0, LONG_MS)).toBeLessThan(1_000);
  });
});

describe("at the deadline", () => {
  test("everybody who is still there is told, in the way that is left", async () => {
    const house = await open({ simulator: { replyTokens: 5 } });
    const stream = callInto(house, STALL, { stream: true });
    const begun = callInto(house, HANG, { stream: true });
    const whole = callInto(house, HANG);
    const held = callInto(house, { kind: "stall", afterBytes: 100 });
    await Promise.all([begun, whole, held].map((call) => call.untilAtArk()));
    await stream.caller.untilText("data: ");
    const upload = new ObservedCall(house, new HttpCaller(house.port), callId());
    upload.caller.send(chatBytes({ id: upload.id }).subarray(0, -10));
    await until(() => house.gateway.requestsInFlight === 5, "five requests");
    const tookMs = await stopped(house, 0, 300);
    expect(tookMs).toBeGreaterThan(295);
    expect(tookMs).toBeLessThan(2_300);
    await stream.expectFrame("shutting_down", "GS");
    await begun.expectRefused(503, "shutting_down", "GH");
    await whole.expectRefused(503, "shutting_down", "GH");
    expect(await held.line()).toMatchObject({ status: 503, outcome: "failed", error: "shutting_down" });
    await upload.caller.untilComplete();
    expect([upload.caller.answer.status, codeOf(upload.caller.text)]).toEqual([503, "shutting_down"]);
    const line = { status: 503, outcome: "refused", cause: "GB", error: "shutting_down", attempts: 0 };
    expect(await upload.line()).toMatchObject(line);
    for (const { caller } of [begun, whole, held, upload]) {
      expect(caller.answer.headers.get("retry-after")).toBe("1");
      expect(caller.answer.headers.has("x-should-retry")).toBe(false);
    }
  });

  test("a client in the middle of a large upload reads why it was cut", async () => {
    const house = await open();
    const bytes = chatBytes({ members: { filler: "x".repeat(20_000_000) } });
    const callers = Array.from({ length: 5 }, () => new HttpCaller(house.port));
    const uploads = callers.map(async (caller) => {
      for (let at = 0; at < bytes.length && caller.ending === "open"; at += 65_536) {
        await caller.sent(bytes.subarray(at, at + 65_536));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    await until(() => house.gateway.bodyBytesHeld > 5_000_000, "some of the bodies");
    const tookMs = await stopped(house, 0, 0);
    for (const caller of callers) {
      await caller.untilEnded();
      expect([caller.answer.status, codeOf(caller.text)]).toEqual([503, "shutting_down"]);
    }
    expect(tookMs).toBeLessThan(2_000);
    await Promise.allSettled(uploads);
  });

  test("a call that comes after it, on a connection that stands, is told at once", async () => {
    let events = 0;
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
      await flood(connection, () => events++);
    });
    const house = await open({ baseUrl: origin.url });
    const stuck = startCall(house, { stream: true });
    await stuck.caller.untilHead();
    stuck.caller.stopReading();
    await untilStuck(() => events);
    const waiting = new HttpCaller(house.port);
    const [begin, rest] = [chatBytes().subarray(0, 40), chatBytes().subarray(40)];
    await waiting.sent(begin);
    // A connection is idle until its first bytes have been read: what comes behind them is answered after.
    expect((await callGateway(house, { path: "/healthz" })).status).toBe(200);
    const stop = stopped(house, 0, 100);
    await until(() => stuck.isOver, "the deadline");
    waiting.send(rest.subarray(0, -5));
    await waiting.untilComplete();
    expect([waiting.answer.status, codeOf(waiting.text)]).toEqual([503, "shutting_down"]);
    await stop;
  });

  test("a stream that has only had heartbeats gets an error frame", async () => {
    const house = await open({ settings: { heartbeat: { every: "200ms" } } });
    const call = callInto(house, HANG, { stream: true });
    await call.caller.untilText(": ping");
    await house.gateway.stop({ lagMs: 0, deadlineMs: 100 });
    await call.expectFrame("shutting_down", "GH", "failed");
  });

  test("a stream whose event has flowed in part is broken", async () => {
    const house = await open();
    const long = { kind: "long_line", afterEvents: 1, bytes: 2_000_000 } as const;
    const call = callInto(house, [long, { kind: "stall", afterBytes: 1_500_000 }], { stream: true });
    await call.caller.until(() => call.caller.bytesReceived > 1_200_000, "part of the event");
    await house.gateway.stop({ lagMs: 0, deadlineMs: 100 });
    expect(await call.caller.untilEnded()).toBe("reset");
    expect(await call.line()).toMatchObject({ outcome: "partial", cause: "GS", error: "shutting_down" });
  });

  test("a call between two attempts is told, and not tried again", async () => {
    const house = await open({
      baseUrl: "http://127.0.0.1:1/api/v3",
      settings: { retries: { attempts_max: 10 } },
    });
    const call = startCall(house);
    await until(() => house.events.length > 2, "a few attempts");
    await house.gateway.stop({ lagMs: 0, deadlineMs: 0 });
    await call.caller.untilComplete();
    expect([call.caller.answer.status, codeOf(call.caller.text)]).toEqual([503, "shutting_down"]);
    for (const row of await call.rows()) expect(row).toMatchObject({ state: "failed", cause: "UC" });
  });

  test("calls that come during a lag longer than the deadline do not outlive it", async () => {
    const house = await open();
    const stop = stopped(house, LONG_MS, 300);
    const call = callInto(house, HANG, { stream: true });
    await call.untilAtArk();
    expect(await stop).toBeLessThan(2_000);
    await call.expectRefused(503, "shutting_down", "GH");
  });
});

describe("a second call to stop", () => {
  test("moves the deadline closer", async () => {
    const house = await open();
    const call = callInto(house, STALL, { stream: true });
    await call.caller.untilText("data: ");
    const first = stopped(house, 0, LONG_MS);
    await house.gateway.stop({ lagMs: 0, deadlineMs: 100 });
    expect(await first).toBeLessThan(2_000);
    await call.expectFrame("shutting_down", "GS");
  });

  test("never moves it away, not even while the last ones are told", async () => {
    const house = await open({ settings: { timeouts: { write_stall: "50s" } } });
    const call = callInto(house, STALL, { stream: true });
    await call.caller.untilText("data: ");
    const first = stopped(house, 0, 200);
    const second = stopped(house, 0, LONG_MS);
    await until(() => call.isOver, "the call's end");
    const third = stopped(house, 0, LONG_MS);
    for (const tookMs of await Promise.all([first, second, third])) expect(tookMs).toBeLessThan(2_000);
  });

  test("never moves it away from a client that does not read", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
      await flood(connection);
    });
    const house = await open({ baseUrl: origin.url });
    const call = startCall(house, { stream: true });
    await call.caller.untilHead();
    call.caller.stopReading();
    const first = stopped(house, 0, 200);
    await until(() => call.isOver, "the call's end");
    const second = stopped(house, 0, LONG_MS);
    for (const tookMs of await Promise.all([first, second])) expect(tookMs).toBeLessThan(2_500);
  });

  test("ends the lag where its deadline comes first", async () => {
    const house = await open();
    const first = stopped(house, LONG_MS, LONG_MS);
    await house.gateway.stop({ lagMs: 0, deadlineMs: 100 });
    expect(await first).toBeLessThan(2_000);
  });
});
