/** What no client may do over a WebSocket, and what becomes of the connection and of what it runs. */
import { describe, expect, test } from "vitest";
import { until } from "../support/raw-origin.ts";
import { frame, PING, TEXT } from "../support/raw-socket.ts";
import {
  answerOk,
  baseline,
  beginStream,
  begun,
  connect,
  finished,
  openStand,
  type Posted,
  openRaw as raw,
  type SocketClient,
  writeEvent,
} from "../support/socket-stand.ts";

const CREATE = { type: "response.create", model: "m", input: "x" };

function errorOf(client: SocketClient): unknown {
  const { status, error } = client.frames.at(-1) as unknown as { status: number; error: { code: string } };
  return [status, error.code];
}

describe("what is said", () => {
  test.each([
    ["no JSON", "{", 400, "invalid_json"],
    ["an array", "[]", 400, "invalid_json"],
    ["two documents", "{}{}", 400, "invalid_json"],
    ["nothing", "", 400, "invalid_json"],
    ["65 deep", `{"type":"response.create","input":${"[".repeat(64)}${"]".repeat(64)}}`, 400, "invalid_json"],
    ["no type", "{}", 400, "invalid_request"],
    ["a type of another API", '{"type":"session.update"}', 400, "invalid_request"],
    ["a cancellation, which there is not", '{"type":"response.cancel"}', 400, "invalid_request"],
    ["its type twice", '{"type":"response.create","type":"response.create"}', 400, "ambiguous_body"],
    ["its type in disguise", '{"type":"response.create","typ\\u0065":"x"}', 400, "ambiguous_body"],
    ["its input twice", '{"type":"response.create","input":[],"Input":[]}', 400, "ambiguous_body"],
    ["background", '{"type":"response.create","background":true}', 400, "invalid_request"],
    ["a word for generate", '{"type":"response.create","generate":"no"}', 400, "invalid_request"],
    ["a lane that is empty", '{"type":"response.create","stream_id":""}', 400, "invalid_stream_id"],
    ["a lane with a quote", '{"type":"response.create","stream_id":"a\\"b"}', 400, "invalid_stream_id"],
    ["a lane that is a number", '{"type":"response.create","stream_id":7}', 400, "invalid_stream_id"],
    [
      "257 characters",
      `{"type":"response.create","stream_id":"${"a".repeat(257)}"}`,
      400,
      "invalid_stream_id",
    ],
  ])("%s is answered with an error, and the connection goes on", async (_name, text, status, code) => {
    const stand = await openStand();
    const client = await connect(stand);
    client.webSocket.send(text);
    await client.frame("error");
    expect(errorOf(client)).toEqual([status, code]);
    client.create({ stream_id: "a".repeat(256), model: "m" });
    await client.frame("response.completed");
    expect(stand.posted).toHaveLength(1);
    client.webSocket.close();
    await baseline(stand);
  });

  test("a binary message is refused, and the connection goes on", async () => {
    const stand = await openStand();
    const client = await connect(stand);
    client.webSocket.send(Buffer.from(JSON.stringify(CREATE)));
    await client.frame("error");
    expect(errorOf(client)).toEqual([400, "invalid_request"]);
    client.send(CREATE);
    await client.frame("response.completed");
    client.webSocket.close();
    await baseline(stand);
  });

  test("receipts are taken without a word, and steering is handed back", async () => {
    const stand = await openStand();
    const client = await connect(stand);
    client.send({ type: "response.processed", response_id: "resp_0" });
    client.send({
      type: "response.steer",
      previous_response_id: "resp_0",
      input: [{ role: "user", content: "é" }],
    });
    await client.frame("response.steer.failed");
    expect(client.frames).toEqual([
      {
        type: "response.steer.failed",
        sequence_number: 0,
        error: { code: "steering_not_supported", message: expect.any(String) },
        steer: { previous_response_id: "resp_0", input: [{ role: "user", content: "é" }] },
      },
    ]);
    client.webSocket.close();
    await baseline(stand);
  });
});

describe("time", () => {
  test("a message that does not come to its end ends the connection; a slow one in time does not", async () => {
    const stand = await openStand({ requestBodyTimeoutMs: 1_000 });
    const socket = await raw(stand);
    const bytes = frame(TEXT, JSON.stringify(CREATE));
    await socket.send(bytes.subarray(0, 20));
    await until(() => stand.bodies.held === 20, "half a message");
    stand.advance(900);
    await socket.send(bytes.subarray(20));
    await until(() => socket.received.includes("response.completed"), "the answer");
    stand.advance(5_000);
    await socket.send(bytes.subarray(0, 20));
    await until(() => stand.bodies.held === 20, "half a message");
    expect(socket.isEnded).toBe(false);
    stand.advance(1_001);
    await until(() => socket.received.includes("too slowly"), "the close frame");
    stand.advance(1_000);
    expect(await socket.closeCode()).toBe(1008);
    await baseline(stand);
  });

  test("pings go out, and a client that is silent is cut; one that answers stays", async () => {
    const stand = await openStand();
    const socket = await raw(stand);
    const client = await connect(stand);
    let pings = 0;
    client.webSocket.on("ping", () => pings++);
    for (let times = 1; times <= 4; times++) {
      stand.advance(30_000);
      await until(() => pings === times, "a ping");
    }
    expect(socket.isEnded).toBe(false);
    expect(socket.frames().filter(({ opcode }) => opcode === PING).length).toBe(4);
    stand.advance(30_001);
    await socket.ended();
    await until(() => pings === 5, "one more");
    client.send(CREATE);
    await client.frame("response.completed");
    client.webSocket.close();
    await baseline(stand);
  });

  test("at its age a connection that is idle closes, and says why", async () => {
    const stand = await openStand();
    const client = await connect(stand);
    client.send(CREATE);
    await client.frame("response.completed");
    stand.advance(3_599_000);
    client.send(CREATE);
    await client.frame("response.completed", 2);
    stand.advance(1_001);
    expect(await client.end()).toEqual({ code: 1001, reason: "websocket_connection_limit_reached" });
    expect(client.types).not.toContain("error");
    await baseline(stand);
  });

  test("at its age what runs goes on to its end; what waits or comes is refused", async () => {
    const stand = await openStand({ answer: begun });
    const client = await connect(stand);
    client.create({ model: "m" });
    client.create({ model: "m" });
    await client.frame("response.created");
    stand.advance(3_600_000);
    await client.frame("error");
    expect(errorOf(client)).toEqual([400, "websocket_connection_limit_reached"]);
    client.create({ model: "m", stream_id: "late" });
    expect((await client.frame("error", 2))["stream_id"]).toBe("late");
    const { response } = stand.posted[0] as Posted;
    writeEvent(response, finished("resp_0", []));
    response.end();
    await client.frame("response.completed");
    expect((await client.end()).code).toBe(1001);
    expect(stand.posted).toHaveLength(1);
    await baseline(stand);
  });

  test("a client that does not answer the close frame is cut", async () => {
    const stand = await openStand();
    const socket = await raw(stand);
    stand.advance(3_600_000);
    await until(() => socket.received.includes("limit_reached"), "the close frame");
    expect(socket.isEnded).toBe(false);
    stand.advance(1_000);
    await socket.ended();
    await baseline(stand);
  });
});

describe("bytes", () => {
  test("when no more request bodies may be held, the connection ends, to be tried again", async () => {
    const bytes = frame(TEXT, JSON.stringify({ ...CREATE, input: "x".repeat(2_000) }));
    const stand = await openStand({ bodiesBytesMax: bytes.length - 1 });
    const socket = await raw(stand);
    await socket.send(bytes.subarray(0, 100));
    await until(() => stand.bodies.held === 100, "a piece");
    await socket.send(bytes.subarray(100));
    await until(() => socket.received.includes("too many request bodies"), "the close frame");
    stand.advance(1_000);
    expect(await socket.closeCode()).toBe(1013);
    expect(stand.posted).toEqual([]);
    await baseline(stand);
  });

  test("many messages in one packet are all answered, and nothing stays held", async () => {
    const stand = await openStand({ answer: answerOk });
    const socket = await raw(stand);
    const one = frame(TEXT, JSON.stringify(CREATE));
    await socket.send(Buffer.concat(Array.from({ length: 20 }, () => one)));
    await until(() => socket.received.split("response.completed").length - 1 === 20, "20 answers");
    await until(() => stand.bodies.held === 0, "nothing to be held");
    socket.close();
    await baseline(stand);
  });

  test("who asks on and on and reads nothing is cut", async () => {
    const stand = await openStand();
    const socket = await raw(stand);
    socket.socket.pause();
    const flood = Buffer.concat(Array.from({ length: 500 }, () => frame(TEXT, '{"type":"x"}')));
    let ended = false;
    socket.socket.on("close", () => {
      ended = true;
    });
    for (let times = 0; times < 400 && !ended; times++) {
      const sent = socket.send(flood);
      await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, 200))]);
      if (stand.sockets.count === 0) break;
    }
    await baseline(stand);
  });

  test("who lets the gateway give back what it reads nothing of is cut, however few answers it makes", async () => {
    const bodyBytesMax = 1_048_576;
    const stand = await openStand({ bodyBytesMax });
    const socket = await raw(stand);
    socket.socket.pause();
    const steer = frame(TEXT, `{"type":"response.steer","input":"${"x".repeat(bodyBytesMax - 64)}"}`);
    for (let times = 0; times < 60 && stand.sockets.count > 0; times++) {
      await Promise.race([socket.send(steer), new Promise((resolve) => setTimeout(resolve, 500))]);
    }
    await baseline(stand);
  });

  test("a client that reads slowly paces the answer; when it reads on, it gets all of it", async () => {
    const events = 400;
    const text = "x".repeat(64 * 1024);
    let written = 0;
    let stuck = 0;
    const stand = await openStand({
      answer: async ({ response }) => {
        beginStream(response);
        for (; written < events; written++) {
          const line = `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"${text}"}\n\n`;
          if (response.write(line)) continue;
          stuck++;
          await new Promise((resolve) => response.once("drain", resolve));
        }
        writeEvent(response, finished("resp_0", []));
        response.end();
      },
    });
    const client = await connect(stand);
    client.webSocket.pause();
    client.webSocket.send(JSON.stringify(CREATE));
    let before = -1;
    await until(() => {
      const isStill = before === written && written > 0;
      before = written;
      return isStill;
    }, "the answer to be held");
    expect(written).toBeLessThan(events);
    expect(stuck).toBeGreaterThan(0);
    client.webSocket.resume();
    await client.frame("response.completed");
    expect(client.frames).toHaveLength(events + 1);
    client.webSocket.close();
    await baseline(stand);
  });

  test("an answer that is cut because its client does not read ends the connection", async () => {
    const stand = await openStand({
      answer: ({ response }) => {
        beginStream(response);
        const flow = () => {
          while (
            !response.destroyed &&
            response.write(`data: {"type":"x","delta":"${"x".repeat(65_536)}"}\n\n`)
          );
          response.once("drain", flow);
        };
        flow();
      },
    });
    const client = await connect(stand);
    client.webSocket.pause();
    client.send(CREATE);
    let before = -1;
    await until(() => {
      const bytes = stand.posted[0]?.response.socket?.bytesWritten ?? -1;
      const isStill = before === bytes && bytes > 0;
      before = bytes;
      return isStill;
    }, "the answer to be held");
    stand.posted[0]?.response.socket?.destroy();
    await baseline(stand);
  });
});

describe("ends", () => {
  test.each([
    ["closes", (client: SocketClient) => client.webSocket.close()],
    ["vanishes", (client: SocketClient) => client.webSocket.terminate()],
  ])("a client that %s takes along what it runs and what waits", async (_name, leave) => {
    const stand = await openStand({ answer: begun });
    const client = await connect(stand);
    for (const stream_id of ["a", "a", "b"]) client.create({ stream_id, model: "m" });
    await client.frame("response.created", 2);
    const closed = stand.posted.map(
      ({ response }) => new Promise((resolve) => response.on("close", resolve)),
    );
    leave(client);
    await Promise.all(closed);
    expect(stand.posted.map(({ response }) => response.writableFinished)).toEqual([false, false]);
    await baseline(stand);
    expect(stand.posted).toHaveLength(2);
  });

  test("drained: who is idle is closed, what runs goes on, what waits is refused", async () => {
    const stand = await openStand({ answer: begun });
    const idle = await connect(stand);
    const busy = await connect(stand);
    busy.create({ model: "m" });
    busy.create({ model: "m" });
    await busy.frame("response.created");
    stand.sockets.drain();
    expect(await idle.end()).toEqual({ code: 1001, reason: "shutting_down" });
    await busy.frame("error");
    expect(errorOf(busy)).toEqual([503, "shutting_down"]);
    let isGone = false;
    const gone = stand.sockets.gone().then(() => {
      isGone = true;
    });
    const { response } = stand.posted[0] as Posted;
    writeEvent(response, finished("resp_0", []));
    expect(isGone).toBe(false);
    response.end();
    await busy.frame("response.completed");
    expect((await busy.end()).code).toBe(1001);
    await gone;
    await baseline(stand);
    const late = await connect(stand);
    expect((await late.end()).code).toBe(1001);
  });
});
