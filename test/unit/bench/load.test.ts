/** The load against the mock Ark: right work is counted exactly, wrong work makes the run fail. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { RepeatedLoad, StreamLoad, unaryWork } from "../../../bench/load.ts";
import { createOrigin } from "../../../bench/origin.ts";
import { EVENT_BYTES, eventFrame, streamBody, streamRequest, unaryAnswer } from "../../../bench/workload.ts";

const servers: Server[] = [];
const sockets = new Set<Socket>();

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

/** A server that gives the same bytes to whatever it reads. */
function parrot(answer: Buffer, close = false): Promise<number> {
  return listening(
    createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => (close ? socket.end(answer) : socket.write(answer)));
    }),
  );
}

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

describe("against the mock Ark", () => {
  test("whole answers are counted, timed and right", async () => {
    const load = new RepeatedLoad(await listening(createOrigin()), 4, unaryWork);
    await load.until(() => load.answers >= 100, 5_000, "a hundred answers");
    await load.stop();
    expect(load.answers).toBeGreaterThanOrEqual(100);
    expect(load.answerMs).toHaveLength(load.answers);
    expect(Math.min(...load.answerMs)).toBeGreaterThan(0);
    expect(load.faults).toEqual([]);
  });

  test("a load with pauses is stopped within one of them", async () => {
    const load = new RepeatedLoad(await listening(createOrigin()), 1, unaryWork, [5]);
    await load.until(() => load.answers >= 3, 5_000, "three answers");
    await load.stop();
    expect(load.answers).toBe(3);
  });

  test("streams deliver exactly the events that they promise, paced", async () => {
    const startedAt = performance.now();
    const load = await StreamLoad.open(await listening(createOrigin()), 60, { events: 6, intervalMs: 20 });
    expect(load.answers).toBe(0);
    await load.finish(5_000);
    expect(load.events).toBe(60 * 8);
    expect(load.firstByteMs).toHaveLength(60);
    expect(performance.now() - startedAt).toBeGreaterThan(5 * 20 - 5);
  });

  test("the usage event comes only where it was asked for", async () => {
    const port = await listening(createOrigin());
    const asked = streamRequest({ events: 1, intervalMs: 10 })
      .toString()
      .replace('"user"', '"stream_options":{"include_usage":true},"user"');
    const body = asked.slice(asked.indexOf("\r\n\r\n") + 4);
    const request = asked.replace(/content-length: \d+/, `content-length: ${body.length}`);
    const load = new RepeatedLoad(port, 1, { request: Buffer.from(request), body: streamBody(1) });
    await expect(load.stop()).rejects.toThrow("differs");
  });

  test("an ordinary event has its 191 bytes", () => {
    expect(streamBody(2).length - streamBody(1).length).toBe(EVENT_BYTES);
    expect(eventFrame.length).toBe(EVENT_BYTES + "bf\r\n\r\n".length);
    expect(JSON.parse(streamBody(1).toString().slice("data: ".length).split("\n")[0] ?? "")).toMatchObject({
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta: { role: "assistant" } }],
      usage: null,
    });
  });
});

describe("unequal work fails", () => {
  const text = unaryAnswer.toString();

  test.each([
    ["status 500", text.replace("200 OK", "500 Broken")],
    ["differs", text.replace('"stop"', '"stoP"')],
    [
      "ended after",
      text.replace(/content-length: \d+/, "content-length: 20").slice(0, -unaryWork.body.length + 20),
    ],
    ["nobody asked for", text + text],
  ])("%s", async (reason, answer) => {
    const load = new RepeatedLoad(await parrot(Buffer.from(answer)), 1, unaryWork);
    await expect(load.stop()).rejects.toThrow(reason);
    expect(load.answers).toBeLessThanOrEqual(1);
  });

  test("an answer that is cut", async () => {
    const load = new RepeatedLoad(await parrot(unaryAnswer.subarray(0, -1), true), 1, unaryWork);
    await expect(load.stop()).rejects.toThrow("the connection was closed");
    expect(load.answers).toBe(0);
  });

  test("an answer that does not come in time", async () => {
    const load = new RepeatedLoad(await parrot(unaryAnswer.subarray(0, -1)), 1, unaryWork);
    await expect(load.until(() => load.answers > 0, 50, "an answer")).rejects.toThrow("not within 50 ms");
    load.close();
  });

  test("a server that is not there", async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await once(server, "close");
    await expect(new RepeatedLoad(port, 1, unaryWork).stop()).rejects.toThrow("ECONNREFUSED");
  });
});
