/**
 * The strict front door of the whole gateway: what is refused reaches nobody, what is right is answered in
 * order.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { brokenChunks, POST_HEAD, refusedByGateway, refusedByNode } from "../support/framing-refusals.ts";
import { CALLER_KEY, callChat, callGateway, chatBodyFor } from "../support/gateway-call.ts";
import { RawClient, splitHead, unchunk } from "../support/raw-client.ts";
import { RawHttpClient } from "../support/raw-http-client.ts";
import { until } from "../support/raw-origin.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

let running: RunningGateway;

beforeAll(async () => {
  running = await startGateway({ settings: { server: { cors: ["https://chat.example.com"] } } });
});

afterAll(() => running.close());

function open(): RawHttpClient {
  const client = new RawHttpClient(running.port);
  onTestFinished(() => client.close());
  return client;
}

/** The head of a good chat call, without the line break that ends it. */
const CHAT_HEAD = [
  "POST /v1/chat/completions HTTP/1.1",
  "Host: a",
  `Authorization: Bearer ${CALLER_KEY}`,
  "Content-Type: application/json",
  "",
].join("\r\n");

function chatCall(more: object = {}, fields = ""): string {
  const body = JSON.stringify(chatBodyFor("deepseek-v3", more));
  return `${CHAT_HEAD}${fields}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** What must not have changed by the end of a test: nothing reached Ark, nothing will be billed. */
function reached(): readonly number[] {
  return [running.simulator.requests.length, running.ledger.rows().length];
}

async function requestsCounted(): Promise<number> {
  const counts = (await running.metrics()).matchAll(/^volcano_requests_total\{.*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

describe("refused before anything of it reaches Ark", () => {
  test.each([...refusedByGateway, ...refusedByNode])(
    "%s, and what follows in the same packet is not looked at",
    async (_name, bytes, status, code) => {
      const before = reached();
      const client = open();
      // Good calls but for their framing, and after them calls that are good altogether.
      await client.send(bytes.replace(POST_HEAD, CHAT_HEAD) + chatCall() + chatCall());
      const answer = await client.answer();
      expect([answer.status, answer.headers.get("connection")]).toEqual([status, "close"]);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(answer.headers.get("x-should-retry")).toBe("false");
      expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
      expect(JSON.parse(answer.body)).toEqual({
        error: { message: expect.any(String), type: "invalid_request_error", param: null, code },
      });
      await client.ended();
      expect(client.received).toBe("");
      expect(reached()).toEqual(before);
    },
  );

  test.each(brokenChunks)("in the middle of a body, and booked once: %s", async (_name, chunks) => {
    const before = reached();
    const counted = await requestsCounted();
    const client = open();
    await client.send(`${CHAT_HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}${chatCall()}`);
    const answer = await client.answer();
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([400, "ambiguous_request"]);
    await client.ended();
    expect(client.received).toBe("");
    expect(reached()).toEqual(before);
    expect(running.accessLines.at(-1)).toMatchObject({
      request_id: answer.headers.get("x-request-id"),
      status: 400,
      outcome: "refused",
      error: "ambiguous_request",
    });
    expect(await requestsCounted()).toBe(counted + 1);
  });

  test("a call whose body nobody has read is the last one of its connection", async () => {
    const before = reached();
    const client = open();
    await client.send(chatCall().replace(`Bearer ${CALLER_KEY}`, "Basic eA==") + chatCall());
    const answer = await client.answer();
    expect([answer.status, answer.headers.get("connection")]).toEqual([401, "close"]);
    await client.ended();
    expect(client.received).toBe("");
    expect(reached()).toEqual(before);
  });

  test("after an error of a body that was read, the connection goes on", async () => {
    const client = open();
    await client.send(`${CHAT_HEAD}Content-Length: 2\r\n\r\n{}`);
    expect((await client.answer()).status).toBe(400);
    await client.send(chatCall());
    expect((await client.answer()).status).toBe(200);
  });
});

describe("pipelined calls", () => {
  test("are answered in their order, whichever Ark answers first", async () => {
    running.simulator.script({ kind: "delay", ms: 60 }, null, { kind: "delay", ms: 20 }, null);
    const client = open();
    const ids = ["one", "two", "three", "four"];
    await client.send(ids.map((id) => chatCall({}, `X-Client-Request-Id: ${id}\r\n`)).join(""));
    for (const id of ids) {
      const answer = await client.answer();
      expect([answer.status, answer.headers.get("x-client-request-id")]).toEqual([200, id]);
      expect(JSON.parse(answer.body).object).toBe("chat.completion");
    }
  });

  test("streams among them, too", async () => {
    running.simulator.script({ kind: "delay", ms: 30 }, null, null);
    const client = new RawClient(running.port);
    client.send(chatCall({ stream: true }) + chatCall() + chatCall({ stream: true }));
    await until(() => client.text.split("data: [DONE]\n\n\r\n0\r\n\r\n").length === 3, "two ends of streams");
    const first = splitHead(client.received);
    expect(first.head).toContain("text/event-stream");
    const { body, rest } = unchunk(first.body);
    expect(body.toString()).toMatch(/^data: \{.*data: \[DONE\]\n\n$/s);
    const second = splitHead(rest ?? Buffer.alloc(0));
    const length = Number(/content-length: (\d+)/i.exec(second.head)?.[1]);
    expect(JSON.parse(second.body.subarray(0, length).toString()).object).toBe("chat.completion");
    const third = splitHead(second.body.subarray(length));
    expect(unchunk(third.body)).toEqual({ body: expect.anything(), rest: Buffer.alloc(0) });
  });

  test("of which eight wait and one more does not", async () => {
    running.simulator.script(...Array.from({ length: 8 }, () => ({ kind: "delay", ms: 50 }) as const));
    const before = running.simulator.requests.length;
    const client = open();
    await client.send(chatCall().repeat(9));
    for (let index = 0; index < 8; index++) expect((await client.answer()).status).toBe(200);
    const last = await client.answer();
    expect([last.status, JSON.parse(last.body).error.code]).toEqual([503, "overloaded"]);
    expect(last.headers.get("retry-after")).toBe("1");
    await client.ended();
    expect(running.simulator.requests).toHaveLength(before + 8);
  });
});

describe("uploads in chunks", () => {
  const body = JSON.stringify(chatBodyFor("ep-20250218170310-pvmdb", { x: "模型".repeat(50) }));

  test.each([1, 7, 100_000])("of %d bytes arrive as one body of a known length", async (chunkBytes) => {
    const client = open();
    await client.send(`${CHAT_HEAD}Transfer-Encoding: Chunked\r\nTrailer: X-Late\r\n\r\n`);
    const bytes = Buffer.from(body);
    for (let start = 0; start < bytes.length; start += chunkBytes) {
      const chunk = bytes.subarray(start, start + chunkBytes);
      await client.send(`00${chunk.length.toString(16).toUpperCase()};note=1\r\n`);
      await client.send(chunk);
      await client.send("\r\n");
    }
    await client.send("0\r\nX-Late: 1\r\nAuthorization: Bearer late\r\n\r\n");
    expect((await client.answer()).status).toBe(200);
    const sent = running.simulator.requests.at(-1);
    expect(sent?.body.equals(bytes)).toBe(true);
    expect(sent?.header("content-length")).toBe(String(bytes.length));
    expect(sent?.header("authorization")).toBe(`Bearer ${CALLER_KEY}`);
    for (const name of ["transfer-encoding", "trailer", "x-late", "te"])
      expect(sent?.header(name)).toBeNull();
  });
});

describe("HTTP/1.0", () => {
  const old = (more: object) => chatCall(more).replace("HTTP/1.1", "HTTP/1.0");

  test("is answered whole, and its connection closes", async () => {
    const client = open();
    await client.send(old({}));
    expect((await client.answer()).status).toBe(200);
    await client.ended();
  });

  test("has its streams without chunks, up to the connection's end", async () => {
    const client = new RawClient(running.port);
    client.send(old({ stream: true }));
    expect(await client.untilClosed()).toBe("fin");
    const { head, body } = splitHead(client.received);
    expect(head).not.toMatch(/transfer-encoding|content-length/i);
    expect(body.toString()).toMatch(/^data: \{.*\n\ndata: \[DONE\]\n\n$/s);
  });
});

describe("pages of other origins", () => {
  const allowed = [
    "http://localhost:3000",
    "http://127.0.0.1",
    "https://[::1]:8443",
    "https://chat.example.com",
  ];
  const foreign = [
    "https://evil.example",
    "http://localhost.evil.example",
    "https://chat.example.com:444",
    "null",
  ];
  const asking = (origin: string, more: Record<string, string> = {}) => ({
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,x-stainless-os",
    ...more,
  });

  test.each(allowed)("%s may: its preflight needs no key, and is told what it asked for", async (origin) => {
    for (const path of ["/v1/chat/completions", "/v1/models", "/nothing"]) {
      const answer = await callGateway(running, { method: "OPTIONS", path, headers: asking(origin) });
      expect([answer.status, answer.bytes.length]).toEqual([204, 0]);
      expect(answer.header("access-control-allow-origin")).toBe(origin);
      expect(answer.header("access-control-allow-headers")).toBe("authorization,content-type,x-stainless-os");
      expect(answer.header("access-control-allow-methods")).toContain("POST");
      expect(answer.header("access-control-allow-credentials")).toBeNull();
      expect(answer.header("vary")).toContain("Origin");
    }
  });

  test.each(allowed)("%s reads answers, streams and errors, and our headers on them", async (origin) => {
    const answers = [
      await callChat(running, chatBodyFor("deepseek-v3"), { headers: { origin } }),
      await callChat(running, chatBodyFor("deepseek-v3", { stream: true }), { headers: { origin } }),
      await callChat(running, "{", { headers: { origin } }),
      await callGateway(running, { path: "/v1/models", headers: { origin } }),
      await callGateway(running, { path: "/healthz", headers: { origin } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 401, 200]);
    for (const answer of answers) {
      expect(answer.header("access-control-allow-origin")).toBe(origin);
      expect(answer.header("access-control-expose-headers")).toMatch(
        /x-request-id.*x-volcano-model-fallback/,
      );
      expect(answer.header("vary")).toBe("Origin");
    }
  });

  test.each(foreign)("%s may not", async (origin) => {
    const preflight = await callGateway(running, {
      method: "OPTIONS",
      path: "/v1/chat/completions",
      headers: asking(origin),
    });
    const answer = await callChat(running, chatBodyFor("deepseek-v3"), { headers: { origin } });
    expect([preflight.status, answer.status]).toEqual([204, 200]);
    for (const each of [preflight, answer]) {
      expect(each.rawHeaders.filter((field) => /^access-control/i.test(field))).toEqual([]);
      expect(each.header("vary")).toContain("Origin");
    }
  });

  test("no page at all: no such headers", async () => {
    const answer = await callChat(running, chatBodyFor("deepseek-v3"));
    expect(answer.rawHeaders.filter((field) => /^(?:access-control.*|vary)$/i.test(field))).toEqual([]);
  });

  test("a private network is said to be open where that is asked", async () => {
    const headers = asking("http://localhost:3000", { "access-control-request-private-network": "true" });
    const answer = await callGateway(running, { method: "OPTIONS", path: "/v1/models", headers });
    expect(answer.header("access-control-allow-private-network")).toBe("true");
  });

  test("OPTIONS without a preflight's headers is a method like any other", async () => {
    const answer = await callGateway(running, {
      method: "OPTIONS",
      path: "/v1/chat/completions",
      headers: { authorization: `Bearer ${CALLER_KEY}` },
    });
    expect([answer.status, answer.header("allow")]).toEqual([405, "POST"]);
  });

  test("probes and preflights are nobody's work: no line, no figure", async () => {
    const before = running.accessLines.length;
    await callGateway(running, {
      method: "OPTIONS",
      path: "/v1/models",
      headers: asking("http://localhost"),
    });
    await callGateway(running, { path: "/readyz" });
    expect(running.accessLines).toHaveLength(before);
    expect(await running.metrics()).toContain("volcano_inflight_requests 0\n");
  });
});
