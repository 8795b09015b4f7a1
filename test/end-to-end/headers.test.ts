/** Which headers reach Ark, which come back, and what they say. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answered, CALLER_KEY, callChat, callGateway, chatBodyFor } from "../support/gateway-call.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const REQUEST_ID = /^req_[0-9a-zA-Z]{16,64}$/;

let running: RunningGateway;

beforeAll(async () => {
  running = await startGateway();
});

afterAll(() => running.close());

/** What reached Ark: names in lower case, sorted, each with its value. */
function headersAtArk(): [string, string][] {
  const raw = running.simulator.requests.at(-1)?.rawHeaders ?? [];
  const headers: [string, string][] = [];
  for (let index = 0; index < raw.length; index += 2) {
    headers.push([(raw[index] ?? "").toLowerCase(), raw[index + 1] ?? ""]);
  }
  return headers.sort(([one], [two]) => (one < two ? -1 : 1));
}

describe("towards Ark", () => {
  const body = JSON.stringify(chatBodyFor("ep-20250218170310-pvmdb"));
  const always = (): [string, string][] => [
    ["accept-encoding", "identity"],
    ["authorization", `Bearer ${CALLER_KEY}`],
    ["connection", "keep-alive"],
    ["content-length", String(Buffer.byteLength(body))],
    ["content-type", "application/json"],
    ["host", new URL(`http://127.0.0.1:${portOfArk()}`).host],
    ["user-agent", expect.stringMatching(/^volcano-proxy\/\d+\.\d+\.\d+$/)],
  ];

  function portOfArk(): number {
    const [upstream] = running.gateway.config.upstreams;
    return Number(new URL(upstream?.baseUrl ?? "").port);
  }

  test("with the fewest headers a client can send, just these go", async () => {
    expect((await callChat(running, body)).status).toBe(200);
    expect(headersAtArk()).toEqual(always());
  });

  test("what Ark understands goes with it", async () => {
    const understood: Record<string, string> = {
      accept: "text/event-stream",
      "ark-beta-mcp": "true",
      "ark-beta-web-search": "true",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      tracestate: "vendor=1",
      "x-client-request-id": "mine-1",
      "x-encrypt-info": "{}",
      "x-fornax-trace": "t",
      "x-is-encrypted": "false",
      "x-project-name": "default",
      "x-prompt-cache-id": "conversation-7",
      "x-session-token": "s",
    };
    const upper = Object.entries(understood).map(([name, value]) => [name.toUpperCase(), value] as const);
    expect((await callChat(running, body, { headers: Object.fromEntries(upper) })).status).toBe(200);
    const expected = [...always(), ...Object.entries(understood)];
    expect(headersAtArk()).toEqual(expected.sort(([one], [two]) => (one < two ? -1 : 1)));
  });

  test("nothing else does", async () => {
    const headers = {
      "accept-encoding": "gzip, br",
      "accept-language": "zh",
      "anthropic-beta": "x",
      "api-key": "k",
      "ark-beta-": "empty",
      "ark-beta-Web_Search": "odd",
      connection: "keep-alive, X-Prompt-Cache-Id, TraceParent, x-own",
      "content-type": 'Application/JSON; charset="UTF-8"',
      cookie: "session=1",
      "cf-connecting-ip": "192.0.2.1",
      forwarded: "for=192.0.2.1",
      "helicone-auth": "Bearer h",
      host: "elsewhere.example",
      "openai-organization": "org",
      origin: "http://localhost:3000",
      "proxy-authorization": "Basic eA==",
      "proxy-connection": "keep-alive",
      referer: "http://localhost:3000/",
      te: "trailers",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      upgrade: "h2c",
      "user-agent": "OpenAI/JS 7.57.0",
      via: "1.1 somebody",
      "x-api-base": "http://127.0.0.1:1/",
      "x-api-key": "another",
      "x-forwarded-for": "192.0.2.1",
      "x-forwarded-host": "elsewhere.example",
      "x-forwarded-proto": "https",
      "x-own": "1",
      "x-prompt-cache-id": "named by connection",
      "x-real-ip": "192.0.2.1",
      "x-request-id": "mine-2",
      "x-stainless-lang": "js",
    };
    expect((await callChat(running, body, { headers })).status).toBe(200);
    expect(headersAtArk()).toEqual(always());
  });

  test.each([
    ["names of Object.prototype", { __proto__x: "1", constructor: "1", "has-own-property": "1" }],
    ["a header that JavaScript knows", Object.fromEntries([["__proto__", "1"]])],
  ])("%s are headers like any other", async (_name, headers) => {
    expect((await callChat(running, body, { headers })).status).toBe(200);
    expect(headersAtArk()).toEqual(always());
  });
});

describe("back to the client", () => {
  function expectIds(answer: Answered): void {
    expect(answer.header("x-request-id")).toMatch(REQUEST_ID);
    expect(answer.header("request-id")).toBe(answer.header("x-request-id"));
  }

  test.each([false, true])("a good answer says what became of the request; streamed: %s", async (stream) => {
    const answer = await callChat(running, chatBodyFor("gpt-4o", { stream }));
    expect(answer.status).toBe(200);
    expectIds(answer);
    expect(answer.header("x-volcano-model")).toBe("deepseek-r1");
    expect(answer.header("x-volcano-target")).toBe("ark/ep-20250218144306-sshj5");
    expect(answer.header("x-volcano-attempts")).toBe("1");
    expect(answer.changes).toEqual(stream ? ["model", "include_usage"] : ["model"]);
    expect(answer.header("x-volcano-model-fallback")).toBe("gpt-4o -> deepseek-r1");
    expect(answer.header("server-timing")).toMatch(/^gateway;dur=\d+\.\d, upstream;dur=\d+\.\d$/);
    for (const name of ["x-should-retry", "x-volcano-error", "x-volcano-hint", "retry-after"]) {
      expect(answer.header(name)).toBeNull();
    }
    const row = running.ledger.rows().at(-1);
    expect(row?.opened.requestId).toBe(answer.header("x-request-id"));
    expect(running.accessLines.at(-1)).toMatchObject({ request_id: answer.header("x-request-id") });
  });

  test("Ark's own headers stay here, but for the content type", async () => {
    running.simulator.script([
      { kind: "raw_header", line: "Set-Cookie: ark=1" },
      { kind: "raw_header", line: "X-RateLimit-Remaining-Requests: 0" },
      { kind: "raw_header", line: "X-Request-Id: theirs" },
      { kind: "raw_header", line: "Server: istio-envoy" },
      { kind: "raw_header", line: "Access-Control-Allow-Origin: *" },
      { kind: "raw_header", line: "Connection: X-Their-Own" },
    ]);
    const answer = await callChat(running, chatBodyFor("deepseek-v3"));
    expect(answer.status).toBe(200);
    const names = answer.rawHeaders
      .filter((_name, index) => index % 2 === 0)
      .map((name) => name.toLowerCase());
    expect(names.sort()).toEqual(
      [
        ...["connection", "content-length", "content-type", "date", "keep-alive", "request-id"],
        ...["server-timing", "x-request-id", "x-volcano-attempts", "x-volcano-changes", "x-volcano-model"],
        "x-volcano-target",
      ].sort(),
    );
    expect(answer.header("x-request-id")).toMatch(REQUEST_ID);
  });

  test("the gateway's own errors carry the ids and whether to try again", async () => {
    const headers = { authorization: `Bearer ${CALLER_KEY}` };
    const cases = [
      await callChat(running, '{"model":'),
      await callChat(running, "{}"),
      await callGateway(running, { path: "/v1/nothing", headers }),
      await callGateway(running, { path: "/v1/models" }),
      await callGateway(running, { method: "PUT", path: "/v1/chat/completions", headers }),
    ];
    expect(cases.map(({ status }) => status)).toEqual([400, 400, 404, 401, 405]);
    for (const answer of cases) {
      expectIds(answer);
      expect(answer.header("x-should-retry")).toBe("false");
      expect(answer.header("content-type")).toBe("application/json");
      expect(answer.header("retry-after")).toBeNull();
    }
    expect(new Set(cases.map((answer) => answer.header("x-request-id"))).size).toBe(cases.length);
  });

  test("an answer that may have been billed is not to be asked for again", async () => {
    running.simulator.script({ kind: "html" });
    const answer = await callChat(running, chatBodyFor("deepseek-v3"));
    expect([answer.status, answer.error["code"]]).toEqual([502, "upstream_invalid"]);
    expect(answer.header("x-should-retry")).toBe("false");
    expect(answer.header("x-volcano-target")).toBe("ark/ep-20250218170310-pvmdb");
    expect(answer.header("x-volcano-attempts")).toBe("1");
  });

  test("where nothing was reached it may be, and 503 says when", async () => {
    const own = await startGateway({ settings: { server: { in_flight_max: 1 } } });
    try {
      own.simulator.script({ kind: "hang" });
      const first = callChat(own, chatBodyFor("deepseek-v3"));
      await own.simulator.waitFor(({ openRequests }) => openRequests === 1);
      const second = await callChat(own, chatBodyFor("deepseek-v3"));
      expect([second.status, second.error["code"]]).toEqual([503, "overloaded"]);
      expect(second.header("retry-after")).toMatch(/^[1-9]\d?$/);
      expect(second.header("x-should-retry")).toBeNull();
      await own.gateway.stop({ lagMs: 0, deadlineMs: 0 });
      expect((await first).error["code"]).toBe("shutting_down");
    } finally {
      await own.close();
    }
  });
});

describe("a client's own id", () => {
  test("is echoed, reaches Ark, and stands in the log beside ours", async () => {
    const answer = await callChat(running, chatBodyFor("deepseek-v3"), {
      headers: { "x-client-request-id": "mine/1:~" },
    });
    expect(answer.header("x-client-request-id")).toBe("mine/1:~");
    expect(answer.header("x-request-id")).toMatch(REQUEST_ID);
    expect(running.simulator.requests.at(-1)?.header("x-client-request-id")).toBe("mine/1:~");
    expect(running.accessLines.at(-1)).toMatchObject({ client_request_id: "mine/1:~" });
    expect(running.simulator.bill.at(-1)?.clientRequestId).toBe("mine/1:~");
  });

  test("comes back on errors and on pages as well", async () => {
    const headers = { "x-client-request-id": "mine-3" };
    expect((await callChat(running, "{", { headers })).header("x-client-request-id")).toBe("mine-3");
    const page = await callGateway(running, { path: "/", headers });
    expect(page.header("x-client-request-id")).toBe("mine-3");
  });

  test.each(["", "has blanks", "x".repeat(129), "caf\u00e9"])(
    "%j is none: it goes to Ark as it came, and nowhere else",
    async (id) => {
      const answer = await callChat(running, chatBodyFor("deepseek-v3"), {
        headers: { "x-client-request-id": id },
      });
      expect(answer.status).toBe(200);
      expect(answer.header("x-client-request-id")).toBeNull();
      expect(answer.header("x-request-id")).toMatch(REQUEST_ID);
      expect(running.simulator.requests.at(-1)?.header("x-client-request-id")).toBe(id);
      expect(running.accessLines.at(-1)).not.toHaveProperty("client_request_id");
    },
  );

  test("of 128 characters is one", async () => {
    const id = "x".repeat(128);
    const answer = await callChat(running, chatBodyFor("deepseek-v3"), { headers: { "x-request-id": id } });
    expect(answer.header("x-client-request-id")).toBe(id);
  });
});
