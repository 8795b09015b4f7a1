/** Small pieces leave at once on both sides: no event waits for the acknowledgement of the one before. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { CALLER_KEY, callChat, chatBodyFor } from "../support/gateway-call.ts";
import { startGateway } from "../support/running-gateway.ts";

const PIECES = 60;
const EVERY_MS = 4;
/** Linux delays an acknowledgement by 40 ms, once it has sent the first sixteen or so at once. */
const PLATEAU_MS = 30;
const QUICK_PIECES = 20;

/** The mean wait between pieces, of those that come late enough for acknowledgements to be delayed. */
async function meanGapMs(port: number, ask: string): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1" });
  onTestFinished(() => {
    socket.destroy();
  });
  const arrivals: number[] = [];
  socket.on("data", (bytes: Buffer) => {
    // Pieces that come together have waited for each other: all but the first came late.
    for (let found = bytes.indexOf("data: "); found >= 0; found = bytes.indexOf("data: ", found + 1)) {
      arrivals.push(performance.now());
    }
  });
  socket.write(ask);
  await once(socket, "end");
  expect(arrivals.length).toBeGreaterThanOrEqual(PIECES);
  const bursts = new Set(arrivals.slice(QUICK_PIECES).map((atMs) => Math.round(atMs))).size;
  const spanMs = (arrivals.at(-1) ?? 0) - (arrivals[QUICK_PIECES] ?? 0);
  return spanMs / Math.max(1, bursts - 1);
}

describe("events of a few bytes", () => {
  test("reach the client one by one", async () => {
    const running = await startGateway({
      simulator: { chunkIntervalMs: EVERY_MS, replyTokens: PIECES + 10 },
    });
    onTestFinished(() => running.close());
    const body = JSON.stringify(chatBodyFor("doubao-seed-2-0-lite-260215", { stream: true }));
    const head = [
      "POST /v1/chat/completions HTTP/1.1",
      "Host: gateway",
      `Authorization: Bearer ${CALLER_KEY}`,
      "Connection: close",
      `Content-Length: ${body.length}`,
    ];
    const gapMs = await meanGapMs(running.port, `${head.join("\r\n")}\r\n\r\n${body}`);
    expect(gapMs).toBeLessThan(PLATEAU_MS / 2);
  });
});

test("fifty small calls, one after the other, wait for nobody", async () => {
  const running = await startGateway({ simulator: { replyTokens: 3 } });
  onTestFinished(() => running.close());
  const tookMs: number[] = [];
  for (let call = 0; call < 50; call++) {
    const started = performance.now();
    expect((await callChat(running, chatBodyFor("deepseek-v3"))).status).toBe(200);
    tookMs.push(performance.now() - started);
  }
  tookMs.sort((one, two) => one - two);
  expect(tookMs[25]).toBeLessThan(PLATEAU_MS / 2);
});

/**
 * Every socket that this process accepts (`net.server.socket`) or opens (`net.client.socket`) until the test
 * ends.
 */
function watchSockets(channel: string): Socket[] {
  const sockets: Socket[] = [];
  const note = (message: unknown) => {
    const { socket } = message as { socket?: unknown };
    if (socket instanceof Socket) sockets.push(socket);
  };
  subscribe(channel, note);
  onTestFinished(() => {
    unsubscribe(channel, note);
  });
  return sockets;
}

/** Whether TCP_NODELAY is on, by Node's own note of it: there is no call that asks the kernel. */
function isUndelayed(socket: Socket): unknown {
  const note = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "kSetNoDelay");
  return note === undefined ? undefined : Reflect.get(socket, note);
}

test("TCP_NODELAY is on for the connections of clients and for those to Ark", async () => {
  const [accepted, opened] = [watchSockets("net.server.socket"), watchSockets("net.client.socket")];
  const running = await startGateway();
  onTestFinished(() => running.close());
  await callChat(running, chatBodyFor("deepseek-v3"));
  const arkPort = Number(new URL(running.gateway.config.upstreams[0]?.baseUrl ?? "").port);
  const clients = accepted.filter(({ localPort }) => localPort === running.port);
  const upstreams = opened.filter(({ remotePort }) => remotePort === arkPort);
  expect([clients.map(isUndelayed), upstreams.map(isUndelayed)]).toEqual([[true], [true]]);
  const plain = new Socket();
  expect(isUndelayed(plain)).not.toBe(true);
  plain.destroy();
});
