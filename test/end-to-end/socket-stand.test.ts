/** What a client over a WebSocket sees, with a scripted answer in place of the pipeline's. */
import { describe, expect, test } from "vitest";
import {
  answerOk,
  beginStream,
  connect,
  finished,
  message,
  openStand,
  type Posted,
  type SocketStand,
  writeEvent,
} from "../support/socket-stand.ts";

/** Answers that a test lets go by hand. */
function held(): { readonly answer: (posted: Posted, index: number) => void; release(index: number): void } {
  const waiting = new Map<number, Posted>();
  return {
    answer: (posted, index) => {
      beginStream(posted.response);
      writeEvent(posted.response, { type: "response.created", response: { id: `resp_${index}` } });
      waiting.set(index, posted);
    },
    release: (index) => {
      const posted = waiting.get(index);
      if (posted === undefined) throw new Error(`no call ${index}`);
      waiting.delete(index);
      writeEvent(posted.response, finished(`resp_${index}`, [message("x")]));
      posted.response.end();
    },
  };
}

function errorOf(frame: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { status: frame["status"], ...(frame["error"] as object) };
}

async function quiet(stand: SocketStand): Promise<void> {
  expect(stand.faults).toEqual([]);
  expect(stand.bodies.held).toBe(0);
}

describe("a response", () => {
  test("is a POST of the message without its envelope; each event is one text message", async () => {
    const stand = await openStand();
    const client = await connect(stand, {
      authorization: "Bearer sk-1",
      "x-client-request-id": "mine",
      "idempotency-key": "never",
      originator: "codex",
    });
    client.webSocket.send(
      '{ "type": "response.create", "model": "m", "stream_id": "main", "input": "hé", "n": 1e400, "store":false}',
    );
    await client.frame("response.completed");
    expect(client.frames).toEqual([
      { type: "response.created", response: { id: "resp_0" }, sequence_number: 0, stream_id: "main" },
      { type: "response.output_text.delta", delta: "Grüße", sequence_number: 1, stream_id: "main" },
      { ...finished("resp_0", [message("answer 0")], { store: false }), stream_id: "main" },
    ]);
    const [posted] = stand.posted;
    expect(posted?.text).toBe('{ "stream":true, "model": "m", "input": "hé", "n": 1e400, "store":false}');
    expect(posted?.request.method).toBe("POST");
    expect(posted?.request.url).toBe("/v1/responses");
    expect(posted?.request.socket.remoteAddress).toBe("127.0.0.1");
    const { headers } = posted?.request ?? {};
    expect(headers).toMatchObject({
      host: `127.0.0.1:${stand.port}`,
      authorization: "Bearer sk-1",
      "x-client-request-id": "mine",
      originator: "codex",
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(posted?.text ?? "")),
    });
    expect(Object.keys(headers ?? {}).filter((name) => /^(sec-|upgrade|idempotency)/.test(name))).toEqual([]);
    await client.until(() => stand.bodies.held === 0, "the message to be let go");
    await quiet(stand);
  });

  test("without a lane its events name none", async () => {
    const stand = await openStand();
    const client = await connect(stand);
    client.create({ model: "m", input: [] });
    const frame = await client.frame("response.completed");
    expect("stream_id" in frame).toBe(false);
  });

  test("refused before its stream is an error with the status, and with headers that say more", async () => {
    const stand = await openStand({
      answer: ({ response }) => {
        const error = {
          message: "Slow down.",
          type: "rate_limit_error",
          param: null,
          code: "rate_limit_exceeded",
        };
        response.writeHead(429, {
          "content-type": "application/json",
          "retry-after": "7",
          "x-request-id": "req_1",
          "set-cookie": "a=b",
        });
        response.end(JSON.stringify({ error }));
      },
    });
    const client = await connect(stand);
    client.create({ model: "m", stream_id: "a.b-c_1" });
    expect(await client.frame("error")).toEqual({
      type: "error",
      status: 429,
      stream_id: "a.b-c_1",
      error: { type: "rate_limit_error", code: "rate_limit_exceeded", message: "Slow down.", param: null },
      headers: { "retry-after": "7", "x-request-id": "req_1" },
    });
    client.create({ model: "m" });
    await client.frame("error", 2);
    expect(client.closed).toBeNull();
  });

  test.each([
    ["an error that is no JSON", 502, "text/html", "<html>", [502, "upstream_invalid"]],
    ["a whole answer where a stream was asked", 200, "application/json", "{}", [502, "upstream_invalid"]],
  ])("%s", async (_name, status, type, body, expected) => {
    const stand = await openStand({
      answer: ({ response }) => {
        response.writeHead(status, { "content-type": type });
        response.end(body);
      },
    });
    const client = await connect(stand);
    client.create({ model: "m" });
    const { status: told, code } = errorOf(await client.frame("error"));
    expect([told, code]).toEqual(expected);
  });

  test.each([
    ["cleanly", (posted: Posted) => posted.response.end()],
    ["by a reset", (posted: Posted) => posted.response.destroy()],
    ["after [DONE]", (posted: Posted) => posted.response.end("data: [DONE]\n\n")],
  ])("that ends %s before its last event is an error, for the connection stays open", async (_name, cut) => {
    const stand = await openStand({
      answer: (posted, index) => {
        if (index > 0) return answerOk(posted, index);
        beginStream(posted.response);
        posted.response.write(
          'event: response.created\ndata: {"type":"response.created"}\n\nevent: x\ndata: {"ha',
          () => cut(posted),
        );
      },
    });
    const client = await connect(stand);
    client.create({ model: "m" });
    expect(errorOf(await client.frame("error"))).toMatchObject({ status: 502, code: "upstream_truncated" });
    expect(client.types).toEqual(["response.created", "error"]);
    client.create({ model: "m" });
    await client.frame("response.completed");
    await client.until(() => stand.bodies.held === 0, "the messages to be let go");
    await quiet(stand);
  });

  test("an error event of the stream becomes an error with a status; nothing is said twice", async () => {
    const stand = await openStand({
      answer: ({ response }) => {
        beginStream(response);
        const error = {
          type: "error",
          code: "upstream_timeout",
          message: "Late.",
          param: null,
          sequence_number: 3,
        };
        writeEvent(response, error);
        response.end();
      },
    });
    const client = await connect(stand);
    client.create({ model: "m", stream_id: "a" });
    client.create({ model: "m", stream_id: "a" });
    await client.frame("error", 2);
    expect(client.frames[0]).toEqual({
      type: "error",
      status: 504,
      stream_id: "a",
      error: { type: "server_error", code: "upstream_timeout", message: "Late.", param: null },
    });
    expect(client.types).toEqual(["error", "error"]);
  });

  test("a failed one is told as it came, and once", async () => {
    const failed = finished(
      "resp_1",
      [],
      { error: { code: "server_error", message: "No." } },
      "response.failed",
    );
    const stand = await openStand({
      answer: ({ response }) => {
        beginStream(response);
        writeEvent(response, failed);
        response.end();
      },
    });
    const client = await connect(stand);
    client.create({ model: "m" });
    client.create({ model: "m" });
    await client.frame("response.failed", 2);
    expect(client.frames).toEqual([failed, failed]);
  });

  test("an event longer than one may be breaks it off, and only it", async () => {
    const stand = await openStand({
      bounds: { eventBytesMax: 10_000 },
      answer: (posted, index) => {
        if (index > 0) return answerOk(posted, index);
        beginStream(posted.response);
        writeEvent(posted.response, { type: "response.created", text: "x".repeat(10_000) });
      },
    });
    const client = await connect(stand);
    client.create({ model: "m" });
    expect(errorOf(await client.frame("error"))).toMatchObject({ code: "upstream_truncated" });
    await client.until(() => stand.posted[0]?.response.destroyed === true, "the call to be let go");
    client.create({ model: "m" });
    await client.frame("response.completed");
  });
});

describe("lanes", () => {
  test("one lane runs one after the other, lanes run side by side", async () => {
    const { answer, release } = held();
    const stand = await openStand({ answer });
    const client = await connect(stand);
    for (const stream_id of ["a", "a", "b", undefined, undefined]) client.create({ stream_id, model: "m" });
    await client.frame("response.created", 3);
    expect(stand.posted).toHaveLength(3);
    release(1);
    await client.frame("response.completed");
    release(0);
    await client.frame("response.created", 4);
    expect(client.frames.at(-1)).toMatchObject({ type: "response.created", stream_id: "a" });
    release(2);
    await client.frame("response.created", 5);
    release(3);
    release(4);
    await client.frame("response.completed", 5);
    await quiet(stand);
  });

  test("so many run at once, so many wait, and one more is refused", async () => {
    const { answer, release } = held();
    const stand = await openStand({ answer, bounds: { runningMax: 2, waitingMax: 1 } });
    const client = await connect(stand);
    for (const stream_id of ["a", "b", "c", "d"]) client.create({ stream_id, model: "m" });
    const refused = await client.frame("error");
    expect(refused["stream_id"]).toBe("d");
    expect(errorOf(refused)).toMatchObject({ status: 429, code: "rate_limit_exceeded" });
    await client.frame("response.created", 2);
    release(0);
    await client.frame("response.created", 3);
    expect(stand.posted).toHaveLength(3);
    expect(client.frames.filter(({ type }) => type === "error")).toHaveLength(1);
  });

  test("so many bytes wait, and one more is refused", async () => {
    const { answer } = held();
    const stand = await openStand({ answer, bodyBytesMax: 200, bounds: { messageBytesMax: 200 } });
    const client = await connect(stand);
    const sized = (bytes: number) => {
      const text = JSON.stringify({ type: "response.create", input: "" });
      return text.replace('""', `"${"x".repeat(bytes - text.length)}"`);
    };
    client.webSocket.send(sized(150));
    client.webSocket.send(sized(120));
    client.webSocket.send(sized(80));
    await client.frame("response.created");
    client.webSocket.send(sized(60));
    await client.frame("error");
    expect(client.types).toEqual(["response.created", "error"]);
    expect(stand.bodies.held).toBe(350);
  });

  test("32 names pass, the 33rd is refused, and a known one is not", async () => {
    const stand = await openStand();
    const client = await connect(stand);
    for (let lane = 0; lane < 32; lane++) client.create({ stream_id: `lane-${lane}`, model: "m" });
    await client.frame("response.completed", 32);
    client.create({ stream_id: "lane-32", model: "m" });
    const refused = await client.frame("error");
    expect(refused["stream_id"]).toBe("lane-32");
    expect(errorOf(refused)).toMatchObject({
      status: 400,
      code: "websocket_stream_limit_reached",
      param: "stream_id",
    });
    client.create({ stream_id: "lane-0", model: "m" });
    client.create({ model: "m" });
    await client.frame("response.completed", 34);
  });
});
