/**
 * `ledger.client_loss: drain`: an answer whose client has left is read on for its usage, within its bounds.
 */
import { afterEach, describe, expect, test } from "vitest";
import type { AttemptSettled } from "../../src/ledger/ledger.ts";
import type { ScriptStep, SimulatorOptions } from "../../src/simulator/index.ts";
import { departures } from "../support/http-caller.ts";
import { callInto, type ObservedCall, startCall } from "../support/observed-call.ts";
import { openRawOrigin, until } from "../support/raw-origin.ts";
import { reconcile, untilQuiet } from "../support/reconcile.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

let running: RunningGateway | null = null;

afterEach(async () => {
  if (running === null) return;
  await reconcile(running);
  await running.close();
  running = null;
});

async function start(ledger: object, simulator: SimulatorOptions = {}): Promise<RunningGateway> {
  running = await startGateway({
    settings: { ledger: { client_loss: "drain", ...ledger } },
    simulator: { replyTokens: 60, chunkIntervalMs: 5, ...simulator },
  });
  return running;
}

async function rowAfterLoss(call: ObservedCall, how: (typeof departures)[number]): Promise<AttemptSettled> {
  call.caller.leave(how);
  const row = await call.row();
  expect(await call.line()).toMatchObject({ status: 499, outcome: "abandoned", error: "client_closed" });
  return row;
}

describe.each(departures)("a client that leaves by %s", (how) => {
  test("in the middle of a stream: Ark's final figures are booked", async () => {
    const call = callInto(await start({}), null, { stream: true });
    await call.caller.untilText('"delta"');
    const row = await rowAfterLoss(call, how);
    expect(row).toMatchObject({ state: "partial", cause: "CS", provenance: "upstream_final" });
  });

  test("while it waits for a whole answer's head", async () => {
    const call = callInto(await start({}), { kind: "delay", ms: 200 }, { stream: false });
    await call.untilAtArk();
    const row = await rowAfterLoss(call, how);
    expect(row).toMatchObject({ state: "partial", cause: "CH", provenance: "upstream_final" });
  });

  test("while it waits for a stream's head", async () => {
    const call = callInto(await start({}), { kind: "delay", ms: 200 }, { stream: true });
    await call.untilAtArk();
    const row = await rowAfterLoss(call, how);
    expect(row).toMatchObject({ state: "partial", cause: "CH", provenance: "upstream_final" });
  });
});

test("of several usages the last one is booked", async () => {
  const step: ScriptStep = [
    { kind: "usage", variant: "several" },
    { kind: "split", bytes: 50 },
  ];
  const house = await start({});
  const call = callInto(house, step, { stream: true });
  await call.caller.untilText('"delta"');
  const row = await rowAfterLoss(call, "fin");
  expect(row).toMatchObject({ provenance: "upstream_final" });
  await untilQuiet(house);
  expect(row.usage?.outputTokens).toBe(house.simulator.bill[0]?.completionTokens);
});

describe("the bounds of reading on", () => {
  test("so long: then it hangs up, and counts what it has", async () => {
    const step: ScriptStep = { kind: "stall", afterBytes: 2_000 };
    const call = callInto(await start({ drain_for: "300ms" }), step, { stream: true });
    await call.caller.untilText('"delta"');
    const leftAtMs = performance.now();
    const row = await rowAfterLoss(call, "fin");
    expect(row).toMatchObject({ cause: "CS", provenance: "counted" });
    expect(performance.now() - leftAtMs).toBeGreaterThan(250);
    expect(performance.now() - leftAtMs).toBeLessThan(2_000);
  });

  test("so long, where not even a head comes", async () => {
    const call = callInto(await start({ drain_for: "300ms" }), { kind: "hang" }, { stream: false });
    await call.untilAtArk();
    const row = await rowAfterLoss(call, "fin");
    expect(row).toMatchObject({ cause: "CH", provenance: "estimated" });
  });

  test("an upstream that breaks off meanwhile changes nothing of how the client left", async () => {
    const origin = await openRawOrigin((connection) => connection.received());
    const house = await startGateway({
      settings: { ledger: { client_loss: "drain" } },
      baseUrl: origin.url,
    });
    running = house;
    const call = startCall(house);
    const connection = await origin.connection();
    await connection.request();
    call.caller.leave("fin");
    await until(() => house.gateway.deadlinesWatched === 2, "the reading on, beside the attempt");
    connection.reset();
    const row = await call.row();
    expect(await call.line()).toMatchObject({ status: 499, outcome: "abandoned", cause: "CH" });
    expect(row).toMatchObject({ state: "partial", cause: "CH", provenance: "estimated" });
  });

  test("so many tokens", async () => {
    const house = await start({ drain_tokens_max: 20 }, { replyTokens: 2_000, chunkIntervalMs: 1 });
    const call = callInto(house, null, { stream: true });
    await call.caller.untilText('"delta"');
    const row = await rowAfterLoss(call, "fin");
    expect(row).toMatchObject({ cause: "CS", provenance: "counted" });
    await untilQuiet(house);
    const [line] = house.simulator.bill;
    expect(line?.completionTokens).toBeLessThan(1_000);
  });

  test("so many at once: one more is hung up on", async () => {
    const house = await start({ drains_max: 1, drain_for: "500ms" });
    const stall: ScriptStep = { kind: "stall", afterBytes: 2_000 };
    const first = callInto(house, stall, { stream: true });
    await first.caller.untilText('"delta"');
    const second = callInto(house, stall, { stream: true });
    await second.caller.untilText('"delta"');
    first.caller.leave("fin");
    // Whatever the gateway answers now, it has heard before that the first has left.
    await callInto(house, null, { stream: false }).line();
    const leftAtMs = second.caller.leave("fin");
    expect((await second.closedAtArkMs()) - leftAtMs).toBeLessThan(250);
    expect((await second.row()).provenance).toBe("counted");
    expect((await first.row()).provenance).toBe("counted");
  });

  test("a stop ends it", async () => {
    const house = await start({ drain_for: "60s" });
    const call = callInto(house, { kind: "stall", afterBytes: 2_000 }, { stream: true });
    await call.caller.untilText('"delta"');
    call.caller.leave("fin");
    await house.gateway.stop({ lagMs: 0, deadlineMs: 100 });
    expect((await call.row()).provenance).toBe("counted");
    await house.simulator.close();
    running = null;
  });
});
