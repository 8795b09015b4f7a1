/** The part of the upstream contract on what comes back: heads, pieces, pauses, ends. */
import { expect, test } from "vitest";
import { answer, answering, openRawOrigin, until } from "../support/raw-origin.ts";
import { begin, type OpenUpstream, opened, run } from "../support/upstream-runs.ts";

const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const interim = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
const STREAM_BYTES = 48_000_000;

function wholeAnswers(open: OpenUpstream): void {
  test("tells dispatch, sent, head, pieces and end, in this order", async () => {
    const origin = await openRawOrigin(answering(answer("hello", "X-Odd: \xe9t\xe9\r\nx-odd: two\r\n")));
    const recorder = await run(opened(open, { baseUrl: origin.url }));
    expect(recorder.calls).toEqual(["dispatch", "sent", "head", "piece", "end"]);
    expect(recorder.status).toBe(200);
    expect(recorder.heads[0]?.rawHeaders.map((bytes) => bytes.toString("latin1"))).toEqual([
      ...["X-Odd", "\xe9t\xe9", "x-odd", "two", "content-length", "5"],
    ]);
    expect(recorder.body).toBe("hello");
  });

  test("never calls the listener before start returns, also on a connection that stands", async () => {
    const origin = await openRawOrigin(answering(answer("hello")));
    const upstream = opened(open, { baseUrl: origin.url });
    for (let count = 0; count < 3; count++) {
      const { recorder } = begin(upstream);
      expect(recorder.calls).toEqual([]);
      await recorder.finished();
    }
    expect(origin.connections.length).toBe(1);
  });

  test.each([400, 429, 500, 302])("hands on an answer of status %d like any other", async (status) => {
    const origin = await openRawOrigin(answering(answer("{}", "location: /elsewhere\r\n", `${status} Odd`)));
    const recorder = await run(opened(open, { baseUrl: origin.url }));
    expect([recorder.status, recorder.body]).toEqual([status, "{}"]);
    expect(origin.connections.length).toBe(1);
  });

  test("is the same when every byte comes alone", async () => {
    const bytes = `${interim}${chunked}5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nx-trailer: 1\r\n\r\n`;
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
      await connection.drip(bytes);
    });
    const recorder = await run(opened(open, { baseUrl: origin.url }));
    expect(recorder.calls).toEqual(["dispatch", "sent", "head", "piece", "end"]);
    expect([recorder.heads.length, recorder.body]).toEqual([1, "hello world"]);
  });
}

function endsOfAnswers(open: OpenUpstream): void {
  test("skips twenty interim answers and refuses one more", async () => {
    const origin = await openRawOrigin([
      answering(interim.repeat(20) + answer("after twenty")),
      answering(interim.repeat(21) + answer("after twenty-one")),
    ]);
    const upstream = opened(open, { baseUrl: origin.url, transport: { idleMax: 0 } });
    expect((await run(upstream)).body).toBe("after twenty");
    const refused = await run(upstream);
    expect(refused.calls).toEqual(["dispatch", "sent", "error"]);
    expect([refused.error?.fault, refused.error?.dispatched]).toEqual(["protocol", true]);
    const connection = await origin.connection(1);
    await until(() => connection.isClosed, "the connection's end");
  });

  test("takes the connection's end for the answer's where it has no length", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
      await connection.write("HTTP/1.1 200 OK\r\n\r\nhello");
      connection.end();
    });
    const recorder = await run(opened(open, { baseUrl: origin.url }));
    expect([recorder.body, recorder.error]).toEqual(["hello", null]);
  });

  test("an answer without a body ends at once", async () => {
    const origin = await openRawOrigin(answering("HTTP/1.1 204 No Content\r\n\r\n"));
    const recorder = await run(opened(open, { baseUrl: origin.url }));
    expect([recorder.status, recorder.calls]).toEqual([204, ["dispatch", "sent", "head", "end"]]);
  });
}

function pausedAnswers(open: OpenUpstream): void {
  test("pause stops the origin, resume lets it go on, and no byte is lost", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
      await connection.write(`HTTP/1.1 200 OK\r\ncontent-length: ${STREAM_BYTES}\r\n\r\n`);
      for (let sent = 0; sent < STREAM_BYTES; sent += 100_000)
        await connection.write(Buffer.alloc(100_000, 120));
    });
    const { exchange, recorder } = begin(opened(open, { baseUrl: origin.url }));
    recorder.onCall = (call) => {
      if (call === "piece" && recorder.pieces.length === 3) exchange.pause();
    };
    const connection = await origin.connection();
    let before = -1;
    await until(() => {
      const stands = connection.socket.bytesWritten === before && before > 0;
      before = connection.socket.bytesWritten;
      return stands && connection.socket.writableNeedDrain;
    }, "the origin to be stopped");
    const whilePaused = recorder.pieces.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(whilePaused).toBe(3);
    expect(recorder.pieces.length).toBe(3);
    expect(connection.socket.bytesWritten).toBeLessThan(STREAM_BYTES / 2);
    exchange.resume();
    await recorder.finished(15_000);
    expect([recorder.bodyBytes, recorder.error]).toEqual([STREAM_BYTES, null]);
  });

  test("paused before its head, it hears the head, and no piece until it is resumed", async () => {
    const origin = await openRawOrigin(answering(answer("hello")));
    const { exchange, recorder } = begin(opened(open, { baseUrl: origin.url }));
    exchange.pause();
    await until(() => recorder.calls.includes("head"), "the head");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(recorder.calls).toEqual(["dispatch", "sent", "head"]);
    exchange.resume();
    expect((await recorder.finished()).body).toBe("hello");
  });

  test("starts, resumes and aborts exchanges from inside another's calls", async () => {
    const origin = await openRawOrigin(answering(answer("hello".repeat(1_000))));
    const upstream = opened(open, { baseUrl: origin.url });
    const held = begin(upstream);
    held.exchange.pause();
    await until(() => held.recorder.calls.includes("head"), "the held head");
    const doomed = begin(upstream);
    const outer = begin(upstream);
    const inner: ReturnType<typeof begin>[] = [];
    outer.recorder.onCall = (call) => {
      if (call === "head") held.exchange.resume();
      if (call === "piece") doomed.exchange.abort();
      if (call === "head" || call === "end") inner.push(begin(upstream));
    };
    await outer.recorder.finished();
    await held.recorder.finished();
    await doomed.recorder.finished();
    for (const { recorder } of inner) expect((await recorder.finished()).bodyBytes).toBe(5_000);
    expect([inner.length, held.recorder.bodyBytes, outer.recorder.bodyBytes]).toEqual([2, 5_000, 5_000]);
  });
}

export function answerContract(open: OpenUpstream): void {
  wholeAnswers(open);
  endsOfAnswers(open);
  pausedAnswers(open);
}
