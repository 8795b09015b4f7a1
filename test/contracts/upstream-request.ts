/** The part of the upstream contract on what goes out: the body's bytes, the framing, and what is refused. */
import { expect, test } from "vitest";
import type { UpstreamRequest } from "../../src/upstreams/upstream.ts";
import { answer, answering, openRawOrigin } from "../support/raw-origin.ts";
import { begin, helloBody, type OpenUpstream, opened, run } from "../support/upstream-runs.ts";

const invalidRequests: readonly (readonly [string, Partial<UpstreamRequest>])[] = [
  ["a line break in a value", { headers: ["accept", "a\r\nx-injected: 1"] }],
  ["a NUL in a value", { headers: ["accept", "a\0"] }],
  ["a character beyond latin-1 in a value", { headers: ["accept", "火山"] }],
  ["a space in a name", { headers: ["ac cept", "a"] }],
  ["an empty name", { headers: ["", "a"] }],
  ["a name in upper case", { headers: ["Accept", "a"] }],
  ["a name without a value", { headers: ["accept"] }],
  ["a host", { headers: ["host", "elsewhere.test"] }],
  ["a content-length", { headers: ["content-length", "1"] }],
  ["a transfer-encoding", { headers: ["transfer-encoding", "chunked"] }],
  ["a connection header", { headers: ["connection", "close"] }],
  ["an expectation", { headers: ["expect", "100-continue"] }],
  ["a second authorization", { headers: ["authorization", "Bearer stolen"] }],
  ["a cookie", { headers: ["cookie", "a=b"] }],
  ["a space in the path", { path: "/chat completions" }],
  ["a path without its slash", { path: "chat" }],
  ["a line break in the path", { path: "/chat\r\n" }],
  ["a line break in the credential", { credential: "key\r\nx-injected: 1" }],
  ["a body shorter than it says", { bodyBytes: helloBody.length + 1 }],
  ["a body longer than it says", { bodyBytes: helloBody.length - 1 }],
];

function pieces(count: number, bytes: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.alloc(bytes, 97 + (index % 26)));
}

function bodies(open: OpenUpstream): void {
  test("sends one host, one length and the body's own bytes", async () => {
    const origin = await openRawOrigin(async (connection) => {
      const request = await connection.request();
      await connection.write(answer(`${request.head}${request.body}`));
    });
    const recorder = await run(opened(open, { baseUrl: `${origin.url}/api/v3` }));
    const lines = recorder.body.split("\r\n");
    expect(lines[0]).toBe("POST /api/v3/chat/completions HTTP/1.1");
    expect(lines.filter((line) => /^host:/i.test(line))).toEqual([`host: 127.0.0.1:${origin.port}`]);
    expect(lines.filter((line) => /^content-length:/i.test(line))).toEqual([
      `content-length: ${helloBody.length}`,
    ]);
    expect(lines.filter((line) => /^(transfer-encoding|expect|te|cookie):/i.test(line))).toEqual([]);
    expect(lines).toContain("content-type: application/json");
    expect(lines.at(-1)).toBe(helloBody.toString());
  });

  test("a GET has no body and no length", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.write(answer((await connection.request()).head));
    });
    const recorder = await run(opened(open, { baseUrl: origin.url }), {
      method: "GET",
      body: [],
      headers: [],
    });
    expect(recorder.body).toMatch(/^GET \/chat\/completions HTTP\/1\.1\r\n/);
    expect(recorder.body).not.toMatch(/content-length|transfer-encoding/i);
  });

  test.each([
    ["three small pieces", pieces(3, 700)],
    ["pieces just below what is sent as one", [...pieces(2, 131_072)]],
    ["pieces just above it", [...pieces(2, 131_072), Buffer.from("x")]],
    ["one large piece", pieces(1, 3_000_000)],
    ["large and small pieces, and empty ones", [Buffer.alloc(0), ...pieces(3, 700_001), Buffer.from("}")]],
  ])("sends %s as one body", async (_name, body) => {
    const received: Buffer[] = [];
    const origin = await openRawOrigin(async (connection) => {
      for (let count = 0; count < 2; count++) {
        const request = await connection.request();
        received.push(request.body);
        await connection.write(answer(request.head));
      }
    });
    const upstream = opened(open, { baseUrl: origin.url });
    for (let count = 0; count < 2; count++) {
      const recorder = await run(upstream, { body });
      expect(recorder.calls).toEqual(["dispatch", "sent", "head", "piece", "end"]);
      const length = body.reduce((bytes, piece) => bytes + piece.length, 0);
      expect(recorder.body.match(/content-length: \d+/gi)).toEqual([`content-length: ${length}`]);
    }
    expect(received.every((bytes) => bytes.equals(Buffer.concat(body)))).toBe(true);
    expect(origin.connections.length).toBe(1);
  });
}

function refusals(open: OpenUpstream): void {
  test("tells that the request is sent only once the body has left", async () => {
    const origin = await openRawOrigin(async (connection) => {
      connection.socket.pause();
    });
    const { exchange, recorder } = begin(opened(open, { baseUrl: origin.url }), {
      body: pieces(1, 64_000_000),
    });
    const connection = await origin.connection();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(recorder.calls).toEqual(["dispatch"]);
    exchange.abort();
    connection.socket.resume();
    await recorder.finished();
    expect(recorder.calls).toEqual(["dispatch", "error"]);
  });

  test.each(invalidRequests)("refuses %s, and the next exchange is not harmed", async (_name, changes) => {
    const origin = await openRawOrigin(answering(answer("fine")));
    const upstream = opened(open, { baseUrl: origin.url });
    for (let count = 0; count < 5; count++) {
      const { recorder } = begin(upstream, changes);
      expect(recorder.calls).toEqual([]);
      await recorder.finished();
      expect(recorder.calls).toEqual(["error"]);
      expect([recorder.error?.fault, recorder.error?.dispatched]).toEqual(["protocol", false]);
    }
    expect((await run(upstream)).body).toBe("fine");
    expect(origin.connections.length).toBe(1);
  });
}

export function requestContract(open: OpenUpstream): void {
  bodies(open);
  refusals(open);
}
