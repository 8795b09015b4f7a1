/** The part of the upstream contract on keeping connections: when one is used again, when it is closed. */
import { expect, test } from "vitest";
import { answer, answering, openRawOrigin, until } from "../support/raw-origin.ts";
import { begin, type OpenUpstream, opened, type Running, run } from "../support/upstream-runs.ts";

/** Sent in one write. */
const WHOLE_BODY_BYTES = 262_144;

const keptAlive = answer("hello", "connection: keep-alive\r\nkeep-alive: timeout=60\r\n");

function idleConnections(open: OpenUpstream): void {
  test("idle connections are closed after about 4 s, whatever the server says", async () => {
    const closings = [answer("hello"), keptAlive].map(async (bytes) => {
      const origin = await openRawOrigin(answering(bytes));
      await run(opened(open, { baseUrl: origin.url }));
      const idleFromMs = performance.now();
      const connection = await origin.connection();
      await until(() => connection.isClosed, "the idle connection's end", 6_000);
      return connection.closedAtMs - idleFromMs;
    });
    for (const idleMs of await Promise.all(closings)) {
      expect(idleMs).toBeGreaterThan(3_500);
      expect(idleMs).toBeLessThan(4_500);
    }
  });

  test("a server that keeps connections for a shorter time is believed", async () => {
    const origin = await openRawOrigin(answering(answer("hello", "keep-alive: timeout=2\r\n")));
    const upstream = opened(open, { baseUrl: origin.url });
    await run(upstream);
    const connection = await origin.connection();
    await until(() => connection.isClosed, "the connection's end", 1_000);
    await run(upstream);
    expect(origin.connections.length).toBe(2);
  });
}

function takingUpAgain(open: OpenUpstream): void {
  test("the connection that was used last is used first", async () => {
    const origin = await openRawOrigin(async (connection) => {
      const number = origin.connections.indexOf(connection);
      while (!connection.isClosed) {
        await connection.request();
        await until(() => origin.connections.length === 3, "three connections");
        await connection.write(answer(String(number)));
      }
    });
    const upstream = opened(open, { baseUrl: origin.url });
    const three = [begin(upstream), begin(upstream), begin(upstream)];
    const order: string[] = [];
    for (const { recorder } of three) {
      recorder.onCall = (call) => {
        if (call === "end") order.push(recorder.body);
      };
    }
    for (const { recorder } of three) await recorder.finished();
    for (let count = 0; count < 3; count++) expect((await run(upstream)).body).toBe(order.at(-1));
  });

  test("an exchange that starts as another one ends takes over its connection", async () => {
    const origin = await openRawOrigin(answering(answer("hello")));
    const upstream = opened(open, { baseUrl: origin.url });
    const first = begin(upstream);
    let second: Running | null = null;
    first.recorder.onCall = (call) => {
      if (call === "end") second = begin(upstream);
    };
    await first.recorder.finished();
    await until(() => second?.recorder.isOver === true, "the second exchange's end");
    expect(origin.connections.length).toBe(1);
  });

  test("a connection that has not taken its whole request is not used again", async () => {
    const origin = await openRawOrigin((connection) => {
      connection.socket.pause();
    });
    const upstream = opened(open, { baseUrl: origin.url });
    // Each body goes into the buffers of the two kernels, until they are full.
    for (let count = 0; count < 500; count++) {
      const { recorder } = begin(upstream, { body: [Buffer.alloc(WHOLE_BODY_BYTES)] });
      const connection = await origin.connection();
      await until(() => recorder.calls.includes("dispatch"), "the dispatch");
      await new Promise((resolve) => setTimeout(resolve, 5));
      const isSent = recorder.calls.includes("sent");
      await connection.write(answer("early"));
      await recorder.finished();
      if (isSent) continue;
      expect(recorder.calls).toEqual(["dispatch", "head", "piece", "end"]);
      connection.socket.resume();
      await until(() => connection.isClosed, "the connection's end", 2_000);
      expect(connection.bytesReceived % WHOLE_BODY_BYTES).not.toBe(0);
      return;
    }
    throw new Error("the kernels' buffers do not fill up");
  });
}

function boundsAndRaces(open: OpenUpstream): void {
  test("no more idle connections are kept than the bound", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
      await until(() => origin.connections.length === 3, "three connections");
      await connection.write(answer("hello"));
    });
    const upstream = opened(open, { baseUrl: origin.url, transport: { idleMax: 2 } });
    const three = [begin(upstream), begin(upstream), begin(upstream)];
    for (const { recorder } of three) await recorder.finished();
    const closed = () => origin.connections.filter((connection) => connection.isClosed).length;
    await until(() => closed() === 1, "one connection's end");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed()).toBe(1);
  });

  test.each(["end", "reset"] as const)(
    "a connection that the server closed by %s while idle is not used",
    async (how) => {
      const origin = await openRawOrigin(async (connection) => {
        await connection.request();
        await connection.write(answer("hello"));
        connection[how]();
      });
      const upstream = opened(open, { baseUrl: origin.url });
      for (let count = 0; count < 20; count++) expect((await run(upstream)).error).toBe(null);
      expect(origin.connections.length).toBe(20);
    },
  );

  test("a connection that closes as the next request goes out: reset, dispatched, sent once", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
      await connection.write(answer("hello"));
      await connection.request();
      connection.reset();
    });
    const upstream = opened(open, { baseUrl: origin.url });
    await run(upstream);
    const raced = await run(upstream);
    expect(raced.calls).toEqual(["dispatch", "sent", "error"]);
    expect([raced.error?.fault, raced.error?.dispatched]).toEqual(["reset", true]);
    expect(origin.connections.length).toBe(1);
  });
}

function surplusBytes(open: OpenUpstream): void {
  test.each([
    ["at once", 0],
    ["later", 60],
  ])("bytes that come after an answer, %s, never reach the next exchange", async (_name, delayMs) => {
    const origin = await openRawOrigin([
      async (connection) => {
        await connection.request();
        const surplus = answer("of somebody else");
        await connection.write(delayMs === 0 ? answer("first") + surplus : answer("first"));
        if (delayMs === 0) return;
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        await connection.write(surplus);
      },
      answering(answer("second")),
    ]);
    const upstream = opened(open, { baseUrl: origin.url });
    expect((await run(upstream)).body).toBe("first");
    if (delayMs > 0) {
      const connection = await origin.connection();
      await until(() => connection.isClosed, "the poisoned connection's end");
    }
    expect((await run(upstream)).body).toBe("second");
    expect((await origin.connection(0)).isClosed).toBe(true);
  });
}

function closing(open: OpenUpstream): void {
  test("close lets the running exchange end, closes the idle ones, and starts no more", async () => {
    let finish: () => void = () => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const origin = await openRawOrigin([
      async (connection) => {
        await connection.request();
        await slow;
        await connection.write(answer("slow"));
      },
      answering(answer("quick")),
    ]);
    const upstream = opened(open, { baseUrl: origin.url });
    const running = begin(upstream);
    await origin.connection(0);
    await run(upstream);
    let isClosed = false;
    const closing = upstream.close().then(() => {
      isClosed = true;
    });
    const idle = await origin.connection(1);
    await until(() => idle.isClosed, "the idle connection's end");
    const late = await run(upstream);
    expect([late.error?.fault, late.error?.dispatched]).toEqual(["aborted", false]);
    expect(isClosed).toBe(false);
    finish();
    expect((await running.recorder.finished()).body).toBe("slow");
    await closing;
    await upstream.close();
    expect(origin.connections.length).toBe(2);
  });
}

export function reuseContract(open: OpenUpstream): void {
  idleConnections(open);
  takingUpAgain(open);
  boundsAndRaces(open);
  surplusBytes(open);
  closing(open);
}
