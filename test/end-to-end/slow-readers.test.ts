/** Clients that read slowly are paced, those that stop are cut, and both cost the others nothing. */
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { chatBytes, departures, HttpCaller } from "../support/http-caller.ts";
import { startCall } from "../support/observed-call.ts";
import { type OriginConnection, openRawOrigin, type RawOrigin, until } from "../support/raw-origin.ts";
import { reconcile } from "../support/reconcile.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const MEBIBYTE = 1024 * 1024;
const WRITE_STALL_MS = 1_000;
const TICK_MS = 100;
const EVENT = `data: {"choices":[{"delta":{"content":"${"x".repeat(16_000)}"},"index":0}]}\n\n`;
const DONE = "data: [DONE]\n\n";
const STREAM_HEAD =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

function chunk(text: string): Buffer {
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
}

const EVENT_CHUNK = chunk(EVENT);

/** A stream of so many events, as fast as the gateway takes it. */
async function flood(connection: OriginConnection, events: number): Promise<void> {
  await connection.write(STREAM_HEAD);
  for (let event = 0; event < events && !connection.isClosed; event++) await connection.write(EVENT_CHUNK);
  await connection.write(Buffer.concat([chunk(DONE), Buffer.from("0\r\n\r\n")]));
}

/** One JSON text of so many bytes. */
async function bigAnswer(connection: OriginConnection, bytes: number): Promise<void> {
  const [begin, end] = ['{"x":"', '"}'];
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n`;
  await connection.write(head + begin);
  const piece = Buffer.alloc(65_536, "x");
  for (let left = bytes - begin.length - end.length; left > 0 && !connection.isClosed; left -= piece.length) {
    await connection.write(piece.subarray(0, left));
  }
  await connection.write(end);
}

type House = { readonly running: RunningGateway; readonly origin: RawOrigin };

let house: House | null = null;

async function open(script: (connection: OriginConnection) => Promise<void>, timeouts = {}): Promise<House> {
  const origin = await openRawOrigin(async (connection) => {
    while (!connection.isClosed) {
      await connection.request();
      await script(connection);
    }
  });
  const settings = { timeouts: { write_stall: `${WRITE_STALL_MS}ms`, ...timeouts } };
  const running = await startGateway({ baseUrl: origin.url, settings });
  onTestFinished(() => running.close());
  house = { running, origin };
  return house;
}

afterEach(async () => {
  if (house !== null) await reconcile(house.running);
  house = null;
});

/** Bytes that the origin's kernel has taken. */
function takenFrom({ socket }: OriginConnection): number {
  return socket.bytesWritten - socket.writableLength;
}

/** Until every buffer between the origin and a client that does not read is full. */
async function untilFull(connection: OriginConnection): Promise<void> {
  let taken = -1;
  let sinceMs = performance.now();
  await until(() => {
    if (takenFrom(connection) === taken) return performance.now() - sinceMs > 200;
    taken = takenFrom(connection);
    sinceMs = performance.now();
    return false;
  }, "full buffers");
}

/** When the last byte was taken from the origin, and when its connection was closed. */
async function untilCut(connection: OriginConnection): Promise<{ lastByteAtMs: number; cutAtMs: number }> {
  let taken = -1;
  let lastByteAtMs = Number.NaN;
  await until(() => {
    if (takenFrom(connection) !== taken && !connection.isClosed) {
      taken = takenFrom(connection);
      lastByteAtMs = performance.now();
    }
    return connection.isClosed;
  }, "the origin's connection to be closed");
  return { lastByteAtMs, cutAtMs: connection.closedAtMs };
}

function expectCutInTime({ lastByteAtMs, cutAtMs }: { lastByteAtMs: number; cutAtMs: number }): void {
  const tookMs = cutAtMs - lastByteAtMs;
  expect(tookMs).toBeGreaterThan(WRITE_STALL_MS * 0.9);
  expect(tookMs).toBeLessThan(WRITE_STALL_MS * 1.1 + TICK_MS);
}

describe("a client that reads slowly", () => {
  test("gets every byte of a stream, and Ark is paced", async () => {
    const events = 2_000;
    const { running, origin } = await open((connection) => flood(connection, events));
    const call = startCall(running, { stream: true });
    await call.caller.untilHead();
    const connection = await origin.connection();
    let aheadMax = 0;
    while (!call.caller.answer.isComplete) {
      call.caller.stopReading();
      await new Promise((resolve) => setTimeout(resolve, 15));
      aheadMax = Math.max(aheadMax, takenFrom(connection) - call.caller.bytesReceived);
      call.caller.readOn();
      const before = call.caller.bytesReceived;
      await call.caller.until(
        () => call.caller.bytesReceived > before + 400_000 || call.caller.answer.isComplete,
        "more",
      );
    }
    expect(call.caller.parser.flaw).toBeNull();
    expect(call.caller.answer.body.equals(Buffer.from(EVENT.repeat(events) + DONE))).toBe(true);
    expect(aheadMax).toBeLessThan(20 * MEBIBYTE);
    expect(await call.line()).toMatchObject({ outcome: "ok", cause: "-E" });
  });

  test("gets every byte of a large whole answer", async () => {
    const bytes = 24 * MEBIBYTE;
    const { running } = await open((connection) => bigAnswer(connection, bytes));
    const call = startCall(running);
    await call.caller.untilHead();
    for (let pause = 0; pause < 5; pause++) {
      call.caller.stopReading();
      await new Promise((resolve) => setTimeout(resolve, 60));
      call.caller.readOn();
      const before = call.caller.bytesReceived;
      await call.caller.until(
        () => call.caller.bytesReceived > before + 500_000 || call.caller.answer.isComplete,
        "more",
      );
    }
    await call.caller.untilComplete();
    expect(call.caller.answer.body.length).toBe(bytes);
    expect(await call.line()).toMatchObject({ outcome: "ok", cause: "-E" });
  });
});

describe("a client that stops reading", () => {
  test("is cut after write_stall in the middle of a stream", async () => {
    const { running, origin } = await open((connection) => flood(connection, 10_000));
    const call = startCall(running, { stream: true });
    await call.caller.untilHead();
    call.caller.stopReading();
    const connection = await origin.connection();
    expectCutInTime(await untilCut(connection));
    expect(takenFrom(connection)).toBeLessThan(40 * MEBIBYTE);
    const ending = { outcome: "partial", cause: "CS", error: "client_closed" };
    expect(await call.line()).toMatchObject(ending);
    expect(await call.row()).toMatchObject({ state: "partial", cause: "CS", status: 200 });
    call.caller.readOn();
    expect(await call.caller.untilEnded()).toBe("reset");
    expect(call.caller.answer.isComplete).toBe(false);
  });

  test("is cut after write_stall in the middle of a large whole answer", async () => {
    const { running, origin } = await open((connection) => bigAnswer(connection, 100 * MEBIBYTE));
    const call = startCall(running);
    await call.caller.untilHead();
    call.caller.stopReading();
    expectCutInTime(await untilCut(await origin.connection()));
    expect(await call.line()).toMatchObject({ outcome: "partial", cause: "CS" });
    expect(await call.row()).toMatchObject({ state: "partial", cause: "CS" });
  });

  test("is cut after write_stall when the answer has been written to its end", async () => {
    const { running } = await open((connection) => bigAnswer(connection, 250_000));
    const caller = new HttpCaller(running.port);
    caller.send(chatBytes());
    await caller.untilComplete();
    caller.stopReading();
    // Each answer is whole in the gateway; sooner or later the kernel takes no more of them.
    let stuckAtMs = Number.NaN;
    for (let calls = 1; calls < 400 && Number.isNaN(stuckAtMs); calls++) {
      caller.send(chatBytes());
      await until(() => running.accessLines.length > calls, "the next answer");
      const writtenAtMs = performance.now();
      const isFlushed = (): boolean => running.gateway.requestsInFlight === 0;
      await until(() => isFlushed() || performance.now() - writtenAtMs > 200, "its flush");
      if (!isFlushed()) stuckAtMs = writtenAtMs;
    }
    await until(() => running.gateway.requestsInFlight === 0, "the cut");
    const tookMs = performance.now() - stuckAtMs;
    expect(tookMs).toBeGreaterThan(WRITE_STALL_MS * 0.9);
    expect(tookMs).toBeLessThan(WRITE_STALL_MS * 1.1 + 2 * TICK_MS);
  });

  test.each(departures)(
    "and then leaves by %s is noticed at once, though its buffers are full",
    async (how) => {
      const { running, origin } = await open((connection) => flood(connection, 10_000), {
        write_stall: "30s",
      });
      const call = startCall(running, { stream: true });
      await call.caller.untilHead();
      call.caller.stopReading();
      const connection = await origin.connection();
      let taken = -1;
      let since = performance.now();
      await until(() => {
        if (takenFrom(connection) === taken) return performance.now() - since > 200;
        taken = takenFrom(connection);
        since = performance.now();
        return false;
      }, "full buffers");
      const leftAtMs = call.caller.leave(how);
      await until(() => connection.isClosed, "the origin's connection to be closed");
      expect(connection.closedAtMs - leftAtMs).toBeLessThan(250);
      expect(await call.line()).toMatchObject({ status: 499, outcome: "abandoned", cause: "CS" });
    },
  );

  test("the process's stop cuts it, too", async () => {
    const { running, origin } = await open((connection) => flood(connection, 10_000), { write_stall: "30s" });
    const call = startCall(running, { stream: true });
    await call.caller.untilHead();
    call.caller.stopReading();
    await untilFull(await origin.connection());
    house = null;
    const startedAtMs = performance.now();
    await running.gateway.stop({ lagMs: 0, deadlineMs: 200 });
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    expect(await call.line()).toMatchObject({ outcome: "partial", cause: "GS", error: "shutting_down" });
  });
});

test("fifty clients that read nothing cost ten healthy streams nothing", async () => {
  const origin = await openRawOrigin(async (connection) => {
    await connection.request();
    await flood(connection, 1_000);
  });
  const target = [{ upstream: "flood", model: "ep-flood" }];
  const running = await startGateway({
    simulator: { chunkIntervalMs: 10, replyTokens: 100 },
    settings: {
      models: { flood: { targets: target } },
      timeouts: { write_stall: "1500ms" },
      upstreams: { ark: { base_url: `\${ARK_BASE_URL}` }, flood: { base_url: origin.url } },
    },
  });
  onTestFinished(() => running.close());
  const stuck = Array.from({ length: 50 }, () => {
    const call = startCall(running, { stream: true, members: { model: "flood" } });
    call.caller.stopReading();
    return call;
  });
  await until(() => origin.connections.length === 50, "fifty floods");
  const gapsMs: number[] = [];
  const healthy = Array.from({ length: 10 }, async () => {
    const call = startCall(running, { stream: true, members: { model: "deepseek-v3" } });
    await call.caller.untilHead();
    let lastAtMs = performance.now();
    while (!call.caller.answer.isComplete) {
      const before = call.caller.bytesReceived;
      await call.caller.until(() => call.caller.bytesReceived > before, "more");
      gapsMs.push(performance.now() - lastAtMs);
      lastAtMs = performance.now();
    }
    expect(call.caller.text.endsWith(DONE)).toBe(true);
  });
  await Promise.all(healthy);
  gapsMs.sort((one, other) => one - other);
  expect(gapsMs[Math.floor(gapsMs.length * 0.99)]).toBeLessThan(250);
  for (const call of stuck) expect(await call.line()).toMatchObject({ outcome: "partial", cause: "CS" });
  await reconcile(running);
});
