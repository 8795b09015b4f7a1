/** Frames of RFC 6455, right and wrong, from a bare socket. */
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../support/raw-origin.ts";
import { CONTINUATION, frame, frameHead, PING, RawSocket, TEXT } from "../support/raw-socket.ts";
import { baseline, begun, connect, openStand, openRaw as raw } from "../support/socket-stand.ts";

const CREATE = { type: "response.create", model: "m", input: "x" };

describe("frames", () => {
  test("a message in many fragments, with pings between, is one message", async () => {
    const stand = await openStand();
    const socket = await raw(stand);
    const text = JSON.stringify(CREATE);
    await socket.send(frame(TEXT, text.slice(0, 1), { isLast: false }));
    for (let at = 1; at < text.length - 1; at++) {
      await socket.send(frame(CONTINUATION, text.slice(at, at + 1), { isLast: false }));
      if (at === 9) await socket.send(frame(PING, "are you there?"));
    }
    await socket.send(frame(CONTINUATION, text.slice(-1)));
    await until(() => socket.received.includes("response.completed"), "the answer");
    expect(socket.received).toContain("are you there?");
    expect(stand.posted[0]?.body).toEqual({ stream: true, model: "m", input: "x" });
    await until(() => stand.bodies.held === 0, "nothing to be held");
    socket.close();
    await baseline(stand);
  });

  test("n bytes pass, n + 1 end the connection with 1009, whole or in fragments", async () => {
    const text = JSON.stringify(CREATE);
    const stand = await openStand({ bodyBytesMax: text.length, bounds: { closingMs: 50 } });
    const client = await connect(stand);
    client.webSocket.send(text);
    await client.frame("response.completed");
    client.webSocket.send(` ${text}`);
    expect((await client.end()).code).toBe(1009);
    const socket = await raw(stand);
    await socket.send(frame(TEXT, text, { isLast: false }));
    await socket.send(frame(CONTINUATION, "x"));
    expect(await socket.closeCode()).toBe(1009);
    expect(stand.posted).toHaveLength(1);
    await baseline(stand);
  });

  test.each([
    ["a length beyond all bounds", frameHead(TEXT, 2 ** 40), 1009],
    ["a frame without a mask", frame(TEXT, "{}", { isMasked: false }), 1002],
    ["a reserved bit", frame(TEXT, "{}", { reserved: 4 }), 1002],
    ["an unknown opcode", frame(0x3, "{}"), 1002],
    ["a continuation of nothing", frame(CONTINUATION, "{}"), 1002],
    [
      "a new message within one",
      Buffer.concat([frame(TEXT, "{", { isLast: false }), frame(TEXT, "}")]),
      1002,
    ],
    ["a ping in fragments", frame(PING, "", { isLast: false }), 1002],
    ["a ping of 126 bytes", frame(PING, "x".repeat(126)), 1002],
    ["a text that is not UTF-8", frame(TEXT, Buffer.from([0x7b, 0xff, 0x7d])), 1007],
    ["half a character, then the end", frame(TEXT, Buffer.from([0xc3])), 1007],
    ["a close code that may not be sent", frame(0x8, Buffer.from([0x03, 0xed])), 1002],
  ])("%s ends the connection, and with it what it runs", async (_name, bytes, code) => {
    const stand = await openStand({ answer: begun, bounds: { closingMs: 50 } });
    const socket = await raw(stand);
    await socket.send(frame(TEXT, JSON.stringify(CREATE)));
    await until(() => socket.received.includes("response.created"), "the stream to begin");
    const closed = new Promise((resolve) => stand.posted[0]?.response.on("close", resolve));
    await socket.send(bytes);
    expect(await socket.closeCode()).toBe(code);
    await closed;
    await baseline(stand);
  });

  test("more fragments than any client makes end the connection", async () => {
    const stand = await openStand({ bounds: { closingMs: 50 } });
    const socket = await raw(stand);
    const piece = Buffer.concat(
      Array.from({ length: 1_024 }, () => frame(CONTINUATION, "", { isLast: false })),
    );
    await socket.send(frame(TEXT, "", { isLast: false }));
    for (let times = 0; times < 17 && !socket.isEnded; times++) await socket.send(piece);
    expect(await socket.closeCode()).toBe(1008);
    await baseline(stand);
  });

  test("compression is not taken up", async () => {
    const stand = await openStand({ bounds: { closingMs: 50 } });
    const client = await connect(stand);
    expect(client.webSocket.extensions).toBe("");
    const socket = new RawSocket(stand.port);
    onTestFinished(() => socket.close());
    await socket.upgrade(["Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Protocol: a, b"]);
    await socket.send(frame(TEXT, "x", { reserved: 4 }));
    expect(await socket.closeCode()).toBe(1002);
  });
});
