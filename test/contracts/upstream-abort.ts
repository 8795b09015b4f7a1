/** The part of the upstream contract on giving up: at any time, the connection closes, `aborted` is told. */
import { expect, test } from "vitest";
import type { LookupFunction } from "../../src/upstreams/name-lookup.ts";
import { answer, answering, type OriginConnection, openRawOrigin, until } from "../support/raw-origin.ts";
import { begin, type OpenUpstream, opened, type Running, run } from "../support/upstream-runs.ts";

/** Design: Ark is told within this. */
const ABORT_MS_MAX = 250;

async function expectAborted(running: Running, dispatched: boolean): Promise<void> {
  await running.recorder.finished();
  expect(running.recorder.calls.at(-1)).toBe("error");
  expect([running.recorder.error?.fault, running.recorder.error?.dispatched]).toEqual([
    "aborted",
    dispatched,
  ]);
}

async function expectClosedSoon(connection: OriginConnection, abortedAtMs: number): Promise<void> {
  await until(() => connection.isClosed, "the connection's end");
  expect(connection.closedAtMs - abortedAtMs).toBeLessThan(ABORT_MS_MAX);
}

function abortsBeforeTheAnswer(open: OpenUpstream): void {
  test("in the turn it was started in: nothing connects", async () => {
    const origin = await openRawOrigin(answering(answer("hello")));
    const upstream = opened(open, { baseUrl: origin.url });
    const running = begin(upstream);
    running.exchange.abort();
    expect(running.recorder.calls).toEqual([]);
    await expectAborted(running, false);
    expect((await run(upstream)).body).toBe("hello");
  });

  test("while the name is looked up", async () => {
    let answerLookup: Parameters<LookupFunction>[1] = () => {};
    const lookup: LookupFunction = (_hostname, callback) => {
      answerLookup = callback;
    };
    const origin = await openRawOrigin(answering(answer("hello")));
    const upstream = opened(open, { baseUrl: `http://ark.test:${origin.port}`, transport: { lookup } });
    const running = begin(upstream);
    running.exchange.abort();
    await expectAborted(running, false);
    answerLookup(null, [{ address: "127.0.0.1", family: 4 }]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(origin.connections.length).toBe(0);
  });

  test("before the head", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
    });
    const running = begin(opened(open, { baseUrl: origin.url }));
    const connection = await origin.connection();
    await until(() => running.recorder.calls.includes("sent"), "the request to be sent");
    const abortedAtMs = performance.now();
    running.exchange.abort();
    await expectAborted(running, true);
    await expectClosedSoon(connection, abortedAtMs);
  });
}

function abortsInTheMiddle(open: OpenUpstream): void {
  test.each(["flowing", "paused"])("in the middle of the body, %s", async (state) => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
      await connection.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
      while (!connection.isClosed && state === "paused")
        await connection.write(`400\r\n${"x".repeat(1_024)}\r\n`);
    });
    const running = begin(opened(open, { baseUrl: origin.url }));
    await until(() => running.recorder.calls.includes("piece"), "a piece");
    if (state === "paused") running.exchange.pause();
    const abortedAtMs = performance.now();
    running.exchange.abort();
    const pieces = running.recorder.pieces.length;
    await expectAborted(running, true);
    expect(running.recorder.pieces.length).toBe(pieces);
    await expectClosedSoon(await origin.connection(), abortedAtMs);
  });

  test("while a large body is being sent", async () => {
    const origin = await openRawOrigin((connection) => {
      connection.socket.pause();
    });
    const running = begin(opened(open, { baseUrl: origin.url }), { body: [Buffer.alloc(64_000_000)] });
    const connection = await origin.connection();
    await until(() => running.recorder.calls.includes("dispatch"), "the dispatch");
    running.exchange.abort();
    connection.socket.resume();
    await expectAborted(running, true);
    await until(() => connection.isClosed, "the connection's end");
    expect(connection.bytesReceived).toBeLessThan(32_000_000);
  });

  test("from inside the dispatch: not a byte is sent", async () => {
    const origin = await openRawOrigin(answering(answer("hello")));
    const running = begin(opened(open, { baseUrl: origin.url }));
    running.recorder.onCall = (call) => {
      if (call === "dispatch") running.exchange.abort();
    };
    await expectAborted(running, false);
    const connection = await origin.connection();
    await until(() => connection.isClosed, "the connection's end");
    expect(connection.bytesReceived).toBe(0);
  });

  test.each(["sent", "head", "piece"] as const)(
    "from inside the call %s, and the next is unharmed",
    async (when) => {
      const last = answer("hello", "connection: close\r\n");
      const origin = await openRawOrigin(answering(last));
      const upstream = opened(open, { baseUrl: origin.url });
      const running = begin(upstream);
      running.recorder.onCall = (call) => {
        if (call === when) running.exchange.abort();
      };
      await expectAborted(running, true);
      expect(running.recorder.calls.at(-2)).toBe(when);
      expect((await run(upstream)).body).toBe("hello");
    },
  );
}

function abortsThatComeLate(open: OpenUpstream): void {
  test("after the end every call is a no-op, and the connection stays good", async () => {
    const origin = await openRawOrigin(answering(answer("hello")));
    const upstream = opened(open, { baseUrl: origin.url });
    const first = begin(upstream);
    await first.recorder.finished();
    const second = begin(upstream);
    first.exchange.pause();
    first.exchange.resume();
    first.exchange.abort();
    expect((await second.recorder.finished()).body).toBe("hello");
    await first.recorder.finished();
    expect(first.recorder.error).toBe(null);
    expect(origin.connections.length).toBe(1);
  });

  test("twice tells once", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
    });
    const running = begin(opened(open, { baseUrl: origin.url }));
    await until(() => running.recorder.calls.includes("sent"), "the request to be sent");
    running.exchange.abort();
    running.exchange.abort();
    await expectAborted(running, true);
  });

  test("a listener that throws ends its own exchange only", async () => {
    const origin = await openRawOrigin(answering(answer("hello")));
    const upstream = opened(open, { baseUrl: origin.url });
    const running = begin(upstream);
    running.recorder.onCall = (call) => {
      if (call === "head") throw new Error("a defect of the listener");
    };
    await expectAborted(running, true);
    expect(running.recorder.error?.cause).toMatchObject({ message: "a defect of the listener" });
    expect((await run(upstream)).body).toBe("hello");
  });
}

export function abortContract(open: OpenUpstream): void {
  abortsBeforeTheAnswer(open);
  abortsInTheMiddle(open);
  abortsThatComeLate(open);
}
