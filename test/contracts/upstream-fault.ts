/** The part of the upstream contract on connections that break and answers that are none. */
import { expect, test } from "vitest";
import type { ExchangeFault } from "../../src/upstreams/upstream.ts";
import { answer, answering, openRawOrigin, type Script, until } from "../support/raw-origin.ts";
import { type OpenUpstream, opened, run } from "../support/upstream-runs.ts";

const HEADER_BYTES_MAX = 2_000;

function sending(bytes: string, then: "end" | "reset" | "stay"): Script {
  return async (connection) => {
    await connection.request();
    await connection.write(bytes);
    if (then === "end") connection.end();
    // A reset may overtake bytes that the other side has not read.
    if (then === "reset") setTimeout(() => connection.reset(), 30);
  };
}

const ok = "HTTP/1.1 200 OK\r\n";

/** What is wrong, the script, the fault, and whether a head is told first. */
const broken: readonly (readonly [string, Script, ExchangeFault, boolean])[] = [
  ["an end before the head", sending("", "end"), "reset", false],
  ["a reset before the head", sending("", "reset"), "reset", false],
  ["an end inside the head", sending(`${ok}content-le`, "end"), "reset", false],
  [
    "an end inside a body with a length",
    sending(`${ok}content-length: 9\r\n\r\nhello`, "end"),
    "reset",
    true,
  ],
  ["a reset inside it", sending(`${ok}content-length: 9\r\n\r\nhello`, "reset"), "reset", true],
  [
    "an end inside a body with a length, on a connection that was to close",
    sending(`${ok}connection: close\r\ncontent-length: 9\r\n\r\nhello`, "end"),
    "reset",
    true,
  ],
  [
    "an end inside a chunked body",
    sending(`${ok}transfer-encoding: chunked\r\n\r\n9\r\nhello`, "end"),
    "reset",
    true,
  ],
  [
    "an end between chunks, on a connection that was to close",
    sending(`${ok}connection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`, "end"),
    "reset",
    true,
  ],
  ["a reset where the end is the connection's", sending(`${ok}\r\nhello`, "reset"), "reset", true],
  ["something else than HTTP", sending("220 mail ready\r\n", "stay"), "protocol", false],
  [
    "a length and a coding",
    sending(`${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`, "stay"),
    "protocol",
    false,
  ],
  [
    "a coding and a length",
    sending(`${ok}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n`, "stay"),
    "protocol",
    false,
  ],
  [
    "two lengths that differ",
    sending(`${ok}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`, "stay"),
    "protocol",
    false,
  ],
  [
    "two lengths that agree",
    sending(`${ok}content-length: 5\r\ncontent-length: 5\r\n\r\nhello`, "stay"),
    "protocol",
    false,
  ],
  ["a length that is a list", sending(`${ok}content-length: 5, 5\r\n\r\nhello`, "stay"), "protocol", false],
  ["another coding", sending(`${ok}transfer-encoding: gzip\r\n\r\nhello`, "stay"), "protocol", false],
  [
    "another coding before chunked",
    sending(`${ok}transfer-encoding: gzip, chunked\r\n\r\n`, "stay"),
    "protocol",
    false,
  ],
  [
    "chunked twice",
    sending(`${ok}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n`, "stay"),
    "protocol",
    false,
  ],
  ["a line folded", sending(`${ok}x-a: b\r\n c\r\n\r\n`, "stay"), "protocol", false],
  ["a space before the colon", sending(`${ok}content-length : 5\r\n\r\nhello`, "stay"), "protocol", false],
  [
    "a chunk that says no size",
    sending(`${ok}transfer-encoding: chunked\r\n\r\nxyz\r\n`, "stay"),
    "protocol",
    true,
  ],
  [
    "a chunk longer than it says",
    sending(`${ok}transfer-encoding: chunked\r\n\r\n2\r\nhello\r\n`, "stay"),
    "protocol",
    true,
  ],
  [
    "a switch of protocols",
    sending("HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "stay"),
    "protocol",
    false,
  ],
  [
    "a 100 that nobody asked for",
    sending(`HTTP/1.1 100 Continue\r\n\r\n${answer("hello")}`, "stay"),
    "protocol",
    false,
  ],
];

/** A head whose names and values together have this many bytes. */
function headOf(bytes: number): string {
  const length = "content-length".length + "0".length;
  return `${ok}content-length: 0\r\nx-a: ${"v".repeat(bytes - length - "x-a".length)}\r\n\r\n`;
}

export function faultContract(open: OpenUpstream): void {
  test.each(broken)("%s", async (_name, script, fault, headFirst) => {
    const origin = await openRawOrigin([script, answering(answer("fine"))]);
    const upstream = opened(open, { baseUrl: origin.url });
    const recorder = await run(upstream);
    expect(recorder.calls.at(-1)).toBe("error");
    expect([recorder.error?.fault, recorder.error?.dispatched]).toEqual([fault, true]);
    expect(recorder.calls.includes("head")).toBe(headFirst);
    const connection = await origin.connection(0);
    await until(() => connection.isClosed, "the connection's end");
    expect(origin.connections.length).toBe(1);
    expect((await run(upstream)).body).toBe("fine");
  });

  test("takes a head of the greatest size and refuses one more byte", async () => {
    const origin = await openRawOrigin([
      sending(headOf(HEADER_BYTES_MAX), "stay"),
      sending(headOf(HEADER_BYTES_MAX + 1), "stay"),
    ]);
    const transport = { headerBytesMax: HEADER_BYTES_MAX, idleMax: 0 };
    const upstream = opened(open, { baseUrl: origin.url, transport });
    expect((await run(upstream)).calls.at(-1)).toBe("end");
    const refused = await run(upstream);
    expect([refused.error?.fault, refused.calls.includes("head")]).toEqual(["protocol", false]);
  });

  test.each([
    ["one large piece", [Buffer.alloc(64_000_000)]],
    ["several pieces", [Buffer.alloc(32_000_000), Buffer.alloc(32_000_000)]],
  ])("an answer that comes early is told, and the rest of %s is not sent", async (_name, body) => {
    const origin = await openRawOrigin((connection) => {
      connection.socket.pause();
      void connection.write(answer("too large", "", "413 Too Large"));
      setTimeout(() => connection.socket.resume(), 300);
    });
    const recorder = await run(opened(open, { baseUrl: origin.url }), { body });
    expect([recorder.status, recorder.body, recorder.error]).toEqual([413, "too large", null]);
    const connection = await origin.connection();
    const bodyBytes = body.reduce((bytes, piece) => bytes + piece.length, 0);
    await until(() => connection.isClosed, "the connection's end");
    expect(connection.bytesReceived).toBeLessThan(bodyBytes / 2);
  });
}
