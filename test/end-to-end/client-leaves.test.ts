/**
 * Clients that leave, at every phase and in every way: Ark is told at once, and nothing of them stays
 * behind.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AttemptSettled } from "../../src/ledger/ledger.ts";
import type { ScriptStep } from "../../src/simulator/index.ts";
import { callId, chatBytes, type Departure, departures, HttpCaller } from "../support/http-caller.ts";
import { callInto, ObservedCall } from "../support/observed-call.ts";
import { until } from "../support/raw-origin.ts";
import { reconcile } from "../support/reconcile.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";
import { Seeded } from "../support/seeded.ts";

const TOLD_WITHIN_MS = 250;

let running: RunningGateway;

beforeAll(async () => {
  running = await startGateway({ simulator: { replyTokens: 40 } });
});

afterEach(() => reconcile(running));

afterAll(() => running.close());

/** How long Ark took to learn that nobody waits any more. */
async function msUntilTold(call: ObservedCall, leftAtMs: number): Promise<number> {
  return (await call.closedAtArkMs()) - leftAtMs;
}

const ASKS_FOR_USAGE = { stream_options: { include_usage: true } };

/** A call that meets the step; resolves once Ark has its body. */
async function callAtArk(step: ScriptStep, stream: boolean): Promise<ObservedCall> {
  const call = callInto(running, step, { stream, members: stream ? ASKS_FOR_USAGE : {} });
  await call.untilAtArk();
  return call;
}

async function expectAbandoned(call: ObservedCall, how: Departure, cause: string): Promise<AttemptSettled> {
  const leftAtMs = call.caller.leave(how);
  expect(await msUntilTold(call, leftAtMs)).toBeLessThan(TOLD_WITHIN_MS);
  const line = { status: 499, outcome: "abandoned", cause, error: "client_closed" };
  expect(await call.line()).toMatchObject(line);
  const row = await call.row();
  expect(row).toMatchObject({ state: "partial", cause });
  return row;
}

describe.each(departures)("a client that leaves by %s", (how) => {
  test("while it sends its body: Ark hears nothing", async () => {
    const before = running.simulator.requests.length;
    const caller = new HttpCaller(running.port);
    const call = new ObservedCall(running, caller, callId());
    const bytes = chatBytes({ id: call.id });
    caller.send(bytes.subarray(0, bytes.length - 20));
    await until(() => running.gateway.deadlinesWatched === 1, "the body's reader");
    caller.leave(how);
    const line = { status: 499, outcome: "abandoned", cause: "CB", attempts: 0 };
    expect(await call.line()).toMatchObject(line);
    expect(running.simulator.requests.length).toBe(before);
  });

  test.each([false, true])("while it waits for the head (stream: %s)", async (stream) => {
    const call = await callAtArk({ kind: "hang" }, stream);
    const row = await expectAbandoned(call, how, "CH");
    expect(row).toMatchObject({ status: null, provenance: "estimated" });
  });

  test("before the first token", async () => {
    // A comment comes through, so the head has; it is no event.
    const step: ScriptStep = [
      { kind: "sse", variant: "comments" },
      { kind: "stall", afterBytes: ": keep-alive 0\n\n".length },
    ];
    const call = await callAtArk(step, true);
    await call.caller.untilText(": keep-alive 0");
    const row = await expectAbandoned(call, how, "CF");
    expect(row).toMatchObject({ status: 200, usage: { outputTokens: 0 }, provenance: "estimated" });
  });

  test("in the middle of a stream", async () => {
    const call = await callAtArk({ kind: "stall", afterBytes: 1_000 }, true);
    await call.caller.untilText("data: ");
    const row = await expectAbandoned(call, how, "CS");
    expect(row).toMatchObject({ status: 200, provenance: "counted" });
    expect(row.usage?.outputTokens).toBeGreaterThan(0);
  });

  test("after the usage and before [DONE]: Ark's final figures are booked", async () => {
    const call = await callAtArk([{ kind: "omit_done" }, { kind: "open_after_done" }], true);
    await call.caller.untilText('"choices":[]');
    const row = await expectAbandoned(call, how, "CS");
    expect(row.provenance).toBe("upstream_final");
  });

  test("after the usage that it had not asked for", async () => {
    const call = callInto(running, [{ kind: "omit_done" }, { kind: "open_after_done" }], { stream: true });
    await call.caller.untilText('"finish_reason":"stop"');
    const row = await expectAbandoned(call, how, "CS");
    expect(row.provenance).toBe("upstream_final");
  });

  test("after [DONE]: that is a success", async () => {
    const call = await callAtArk(null, true);
    await call.caller.untilComplete();
    call.caller.leave(how);
    expect(await call.line()).toMatchObject({ status: 200, outcome: "ok", cause: "-E" });
    expect(await call.row()).toMatchObject({ state: "settled", provenance: "upstream_final" });
  });

  test("with a second call behind the first on its connection: both are let go", async () => {
    running.simulator.script({ kind: "hang" }, { kind: "hang" });
    const caller = new HttpCaller(running.port);
    const calls = [callId(), callId()].map((id) => new ObservedCall(running, caller, id));
    caller.send(Buffer.concat(calls.map(({ id }) => chatBytes({ id, stream: true }))));
    for (const call of calls) await call.untilAtArk();
    const leftAtMs = caller.leave(how);
    for (const call of calls) expect(await msUntilTold(call, leftAtMs)).toBeLessThan(TOLD_WITHIN_MS);
    for (const call of calls) expect(await call.line()).toMatchObject({ outcome: "abandoned", cause: "CH" });
  });
});

describe("whatever the phase", () => {
  const MEASURED_MIN = 200;
  const CALLS_MAX = 1_000;
  const AT_ONCE = 12;

  async function callAndLeave(seeded: Seeded): Promise<number | null> {
    const caller = new HttpCaller(running.port);
    const call = new ObservedCall(running, caller, callId());
    const bytes = chatBytes({ id: call.id, stream: seeded.fraction() < 0.7 });
    const how = seeded.pick(departures);
    if (seeded.fraction() < 0.2) {
      await caller.sent(bytes.subarray(0, seeded.below(bytes.length)));
      caller.leave(how);
      return null;
    }
    caller.send(bytes);
    if (seeded.fraction() < 0.5) {
      const bytesMax = seeded.below(12_000);
      const isOver = (): boolean => caller.hasHead && caller.answer.isComplete;
      await caller.until(() => caller.bytesReceived >= bytesMax || isOver(), "bytes");
    } else {
      const ms = seeded.below(120);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    const leftAtMs = caller.leave(how);
    await until(() => call.record === undefined || call.isOver, `the end of ${call.id}`);
    const toldAtMs = call.record?.closedByClientAtMs ?? null;
    return toldAtMs === null ? null : toldAtMs - leftAtMs;
  }

  test(`clients leave at random bytes and times: Ark is told within ${TOLD_WITHIN_MS} ms`, async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", onWarning);
    const seeded = new Seeded(20_261_122);
    running.simulator.scriptBy(() => [
      { kind: "delay", ms: 20 },
      { kind: "drip", bytes: 400, everyMs: 3 },
    ]);
    const delays: number[] = [];
    let calls = 0;
    const worker = async (): Promise<void> => {
      while (delays.length < MEASURED_MIN && calls++ < CALLS_MAX) {
        const delayMs = await callAndLeave(seeded);
        if (delayMs !== null) delays.push(delayMs);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    running.simulator.clearScript();
    await reconcile(running);
    expect(delays.length).toBeGreaterThanOrEqual(MEASURED_MIN);
    delays.sort((one, other) => one - other);
    expect(delays[Math.floor(delays.length * 0.99)]).toBeLessThan(TOLD_WITHIN_MS);
    for (const line of running.accessLines) {
      if (line["outcome"] === "abandoned") expect(line["status"]).toBe(499);
      expect(line["status"]).not.toBe(0);
    }
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  test("one connection carries many calls without gathering listeners", async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", onWarning);
    const caller = new HttpCaller(running.port);
    for (let call = 1; call <= 40; call++) {
      caller.send(chatBytes({ stream: call % 2 === 0 }));
      await caller.untilComplete(call);
    }
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
    expect(caller.parser.flaw).toBeNull();
  });

  test("a house that is closed leaves no socket behind", async () => {
    const sockets = (): number =>
      process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
    const before = sockets();
    const other = await startGateway({ simulator: { replyTokens: 10 } });
    const callers = Array.from({ length: 10 }, () => new HttpCaller(other.port));
    for (const caller of callers) caller.send(chatBytes({ stream: true }));
    await Promise.all(callers.map((caller) => caller.untilComplete()));
    for (const [index, caller] of callers.entries()) if (index % 2 === 0) caller.leave("reset");
    await reconcile(other);
    await other.close();
    await Promise.all(callers.map((caller) => caller.untilEnded()));
    await until(() => sockets() <= before, "as few sockets as before");
  });
});
