/** The front door over real sockets: what is refused, by whom, and that nothing follows a refusal. */
import type { Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { brokenChunks, POST_HEAD, refusedByGateway, refusedByNode } from "../support/framing-refusals.ts";
import { type FrontDoor, type FrontDoorOptions, openFrontDoor } from "../support/front-door.ts";
import { type RawAnswer, RawHttpClient } from "../support/raw-http-client.ts";
import { until } from "../support/raw-origin.ts";

async function open(options: FrontDoorOptions = {}): Promise<{ door: FrontDoor; client: RawHttpClient }> {
  const door = await openFrontDoor(options);
  return { door, client: clientOf(door) };
}

function clientOf(door: FrontDoor): RawHttpClient {
  const client = new RawHttpClient(door.port);
  onTestFinished(() => client.close());
  return client;
}

function codeOf(answer: RawAnswer): string {
  return (JSON.parse(answer.body) as { error: { code: string } }).error.code;
}

const GET = "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n";

describe("every refusal is JSON, closes, and lets nothing that follows reach the handler", () => {
  test.each([...refusedByGateway, ...refusedByNode])("%s", async (_name, bytes, status, code) => {
    const { door, client } = await open();
    // The trap: the parser goes on with what came in the same packet.
    await client.send(bytes + GET + GET);
    const answer = await client.answer();
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("connection")).toBe("close");
    await client.ended();
    expect(client.received).toBe("");
    expect(door.handled).toEqual([]);
  });

  test("a refusal that node:http has no request for is told to the metrics, with its id to the client", async () => {
    const { door, client } = await open();
    await client.send("get / HTTP/1.1\r\nHost: a\r\n\r\n");
    const answer = await client.answer();
    expect(answer.headers.get("x-request-id")).toMatch(/^req_[0-9a-z]{26}$/);
    expect(answer.headers.get("request-id")).toBe(answer.headers.get("x-request-id"));
    expect(answer.headers.get("x-should-retry")).toBe("false");
    expect(door.refusals).toEqual(["ambiguous_request"]);
  });

  test.each(brokenChunks)("in the middle of a body: %s", async (_name, chunks) => {
    const { door, client } = await open();
    await client.send(`${POST_HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}`);
    const answer = await client.answer();
    expect([answer.status, codeOf(answer)]).toEqual([400, "ambiguous_request"]);
    await client.ended();
    await until(() => door.unread === 1 && door.watch.watched.size === 0, "the handler to hear of it");
  });

  test("answers that are due go out before the refusal of what follows them", async () => {
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const { door, client } = await open({ hold });
    await client.send(`${GET}${GET}get / HTTP/1.1\r\n\r\n`);
    await until(() => door.handled.length === 2, "two requests");
    release();
    expect((await client.answer()).status).toBe(200);
    expect((await client.answer()).status).toBe(200);
    expect(codeOf(await client.answer())).toBe("ambiguous_request");
    await client.ended();
  });
});

describe("what is served", () => {
  test.each([
    ["leading line breaks", `\r\n\r\n${GET}`],
    [
      "an upgrade that nobody serves",
      "GET /ok HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
    ["an absolute form of this host", "GET http://a/ok HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["HTTP/1.0 without a Host", "GET /ok HTTP/1.0\r\n\r\n"],
    ["a tab in a value", "GET /ok HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n"],
    ["Chunked in capitals", `${POST_HEAD}Transfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n`],
    [
      "an upgrade with a body",
      `${POST_HEAD}Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi`,
    ],
  ])("%s", async (_name, bytes) => {
    const { door, client } = await open();
    await client.send(bytes);
    expect((await client.answer()).status).toBe(200);
    expect(door.handled).toEqual(["/ok"]);
  });

  test("one connection serves many, byte by byte", async () => {
    const { client } = await open();
    for (const bytes of [GET, `${POST_HEAD}Content-Length: 3\r\n\r\nabc`, GET]) {
      for (const byte of bytes) await client.send(byte);
      expect((await client.answer()).status).toBe(200);
    }
  });

  test("as many pipelined requests as the bound, and one more is refused after them", async () => {
    const { door, client } = await open({ pipelinedMax: 3 });
    await client.send(GET.repeat(3));
    for (let index = 0; index < 3; index++) expect((await client.answer()).status).toBe(200);
    await client.send(GET.repeat(5));
    for (let index = 0; index < 3; index++) expect((await client.answer()).status).toBe(200);
    expect(codeOf(await client.answer())).toBe("overloaded");
    await client.ended();
    expect(door.handled).toHaveLength(6);
  });

  test("as many connections as the bound, and one more is turned away", async () => {
    const { door, client } = await open({ connectionsMax: 1 });
    await client.send(GET);
    await client.answer();
    const other = clientOf(door);
    await other.ended();
    expect([other.received, door.dropped]).toEqual(["", 1]);
  });
});

describe("bounds: n passes, n + 1 is refused", () => {
  test("100 headers", async () => {
    const { client } = await open();
    await client.send(`GET /ok HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(99)}\r\n`);
    expect((await client.answer()).status).toBe(200);
    await client.send(`GET /ok HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(100)}\r\n`);
    const answer = await client.answer();
    expect([answer.status, codeOf(answer)]).toEqual([431, "headers_too_large"]);
  });

  test("16 KiB of target, names and values", async () => {
    const { client } = await open();
    const others = "/ok" + "Host" + "a" + "X";
    const request = (bytes: number) =>
      `GET /ok HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(bytes - others.length)}\r\n\r\n`;
    await client.send(request(16_384));
    expect((await client.answer()).status).toBe(200);
    await client.send(request(16_385));
    expect(codeOf(await client.answer())).toBe("headers_too_large");
  });

  test("8 KiB of target", async () => {
    const { client } = await open();
    await client.send(`GET /${"a".repeat(8_191)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect((await client.answer()).status).toBe(200);
    await client.send(`GET /${"a".repeat(8_192)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(codeOf(await client.answer())).toBe("uri_too_long");
  });

  test("the body: by its bytes in chunks, by its word before a byte of it is read", async () => {
    const { door, client } = await open({ bodyBytesMax: 1_000 });
    const chunked = (bytes: number) =>
      `${POST_HEAD}Transfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n0\r\n\r\n`;
    await client.send(`${POST_HEAD}Content-Length: 1000\r\n\r\n${"x".repeat(1_000)}`);
    expect((await client.answer()).body).toContain('"bytes":1000');
    await client.send(chunked(1_000));
    expect((await client.answer()).body).toContain('"bytes":1000');
    await client.send(chunked(1_001));
    expect(codeOf(await client.answer())).toBe("body_too_large");
    await client.ended();
    const declared = clientOf(door);
    await declared.send(`${POST_HEAD}Content-Length: 1001\r\n\r\n`);
    const answer = await declared.answer();
    expect([answer.status, codeOf(answer)]).toEqual([413, "body_too_large"]);
    await declared.ended();
  });

  test.each(["chunked", "declared"])(
    "a client that goes on sending still gets its 413 (%s)",
    async (kind) => {
      const { door, client } = await open({ bodyBytesMax: 1_000 });
      const sockets: Socket[] = [];
      door.server.on("connection", (socket) => sockets.push(socket));
      const piece = Buffer.alloc(1_000_000, 0x61);
      const head = kind === "chunked" ? "Transfer-Encoding: chunked" : "Content-Length: 64000000";
      await client.send(`${POST_HEAD}${head}\r\n\r\n${kind === "chunked" ? "3d09000\r\n" : ""}`);
      let sent = 0;
      const flood = (): void => {
        if (client.socket.writable && sent++ < 64) client.socket.write(piece, flood);
      };
      flood();
      expect(codeOf(await client.answer())).toBe("body_too_large");
      await client.ended();
      // Torn down at once, with bytes unread, it would be reset under the answer.
      expect(sockets[0]?.destroyed).toBe(false);
      await until(() => sockets[0]?.destroyed === true, "the connection to be torn down");
      expect(sockets[0]?.bytesRead).toBeLessThanOrEqual(1_000 + 65_536);
    },
  );
});

describe("expectations", () => {
  test("100 comes when the handler says so, and the body after it", async () => {
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const { door, client } = await open({ hold });
    await client.send(`${POST_HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
    await until(() => door.handled.length === 1, "the request");
    expect(client.received).toBe("");
    release();
    expect((await client.answer()).status).toBe(100);
    await client.send("hi");
    expect((await client.answer()).body).toContain('"bytes":2');
  });

  test("a request that is refused never gets its 100", async () => {
    const { client } = await open();
    await client.send(`${POST_HEAD}Host: b\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
    expect((await client.answer()).status).toBe(400);
    await client.ended();
  });
});

describe("slow clients are cut within their deadline and a second and a half", () => {
  test("headers", async () => {
    const { client } = await open({ requestHeadersTimeoutMs: 300 });
    const started = performance.now();
    await client.send("GET /ok HTTP/1.1\r\nHost:");
    expect(codeOf(await client.answer())).toBe("request_timeout");
    await client.ended();
    expect(performance.now() - started).toBeLessThan(300 + 1_500);
  });

  test("a connection that never says a word is closed without one", async () => {
    const { client, door } = await open({ requestHeadersTimeoutMs: 300 });
    await client.ended();
    expect([client.received, door.refusals]).toEqual(["", []]);
  });

  test("a body", async () => {
    const { client } = await open({ requestBodyTimeoutMs: 300 });
    const started = performance.now();
    await client.send(`${POST_HEAD}Content-Length: 10\r\n\r\nabc`);
    const answer = await client.answer();
    expect([answer.status, codeOf(answer)]).toEqual([408, "request_timeout"]);
    await client.ended();
    expect(performance.now() - started).toBeLessThan(300 + 1_500);
  });
});

test("a client that is gone before it is refused harms nobody", async () => {
  const { door } = await open();
  for (let index = 0; index < 50; index++) {
    const client = clientOf(door);
    await client.send("garbage\r\n\r\n");
    client.socket.resetAndDestroy();
  }
  const client = clientOf(door);
  await client.send(GET);
  expect((await client.answer()).status).toBe(200);
});
