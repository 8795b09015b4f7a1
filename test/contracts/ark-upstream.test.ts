/** The Ark upstream: the contract of every upstream, and what Ark's own headers and keys add to it. */
import { describe, expect, test } from "vitest";
import { arkTransport, createArkUpstream } from "../../src/upstreams/ark/index.ts";
import { upstreamKinds } from "../../src/upstreams/index.ts";
import { openRawOrigin, type Script } from "../support/raw-origin.ts";
import { type OpenUpstream, opened, run } from "../support/upstream-runs.ts";
import { upstreamContract } from "./upstream-contract.ts";

const ark = {
  name: "ark",
  anthropicBaseUrl: null,
  apiKeys: [] as string[],
  environment: {},
  userAgent: "volcano-proxy/0.0.0",
};

const open: OpenUpstream = ({ transport, ...setup }) =>
  upstreamKinds.ark({ ...ark, ...setup, transport: { ...arkTransport, ...transport } });

upstreamContract("ark", open);

/** Answers with the head that was received. */
const mirror: Script = async (connection) => {
  while (!connection.isClosed) {
    const { head } = await connection.request();
    await connection.write(`HTTP/1.1 200 OK\r\ncontent-length: ${head.length}\r\n\r\n${head}`);
  }
};

describe("what Ark receives", () => {
  test("is the caller's credential, the given headers and nothing else", async () => {
    const origin = await openRawOrigin(mirror);
    const upstream = opened(open, { baseUrl: `${origin.url}/api/v3` });
    expect([upstream.name, upstream.holdsKey]).toEqual(["ark", false]);
    const headers = ["content-type", "application/json", "x-client-request-id", "abc"];
    const recorder = await run(upstream, { headers });
    expect(recorder.body.split("\r\n")).toEqual([
      "POST /api/v3/chat/completions HTTP/1.1",
      `host: 127.0.0.1:${origin.port}`,
      "connection: keep-alive",
      "authorization: Bearer caller-credential",
      "accept-encoding: identity",
      "user-agent: volcano-proxy/0.0.0",
      "content-type: application/json",
      "x-client-request-id: abc",
      "content-length: 17",
      "",
      "",
    ]);
  });

  test("of Anthropic's protocol goes to its own base, on the same host or another", async () => {
    const origin = await openRawOrigin(mirror);
    const other = await openRawOrigin(mirror);
    const at = (anthropicBaseUrl: string) =>
      opened((setup) => createArkUpstream({ ...ark, ...setup, anthropicBaseUrl }), {
        baseUrl: `${origin.url}/api/v3`,
      });
    const same = await run(at(`${origin.url}/api/compatible`), { base: "messages", path: "/v1/messages" });
    expect(same.body).toContain("POST /api/compatible/v1/messages HTTP/1.1\r\n");
    expect(same.body).toContain(`host: 127.0.0.1:${origin.port}\r\n`);
    const elsewhere = await run(at(other.url), { base: "messages", path: "/v1/messages" });
    expect(elsewhere.body).toContain("POST /v1/messages HTTP/1.1\r\n");
    expect(elsewhere.body).toContain(`host: 127.0.0.1:${other.port}\r\n`);
  });

  test("of Anthropic's protocol is nothing where there is no base for it", async () => {
    const origin = await openRawOrigin(mirror);
    const upstream = opened(open, { baseUrl: `${origin.url}/api/v3` });
    expect(upstream.hasMessagesBase).toBe(false);
    const refused = await run(upstream, { base: "messages", path: "/v1/messages" });
    expect([refused.error?.fault, refused.error?.dispatched]).toEqual(["protocol", false]);
  });

  test("is each of our own keys in turn, where the caller brings none that may be shown", async () => {
    const origin = await openRawOrigin(mirror);
    const upstream = opened((setup) => createArkUpstream({ ...ark, ...setup, apiKeys: ["key-1", "key-2"] }), {
      baseUrl: origin.url,
    });
    expect(upstream.holdsKey).toBe(true);
    const keys: (string | undefined)[] = [];
    for (let count = 0; count < 4; count++) {
      const { body } = await run(upstream, { credential: null });
      keys.push(/^authorization: Bearer (.*)\r$/m.exec(body)?.[1]);
    }
    expect(keys).toEqual(["key-1", "key-2", "key-1", "key-2"]);
    expect((await run(upstream)).body).toContain("authorization: Bearer caller-credential\r\n");
  });

  test("is the path below the base URL, with or without a slash at its end", async () => {
    const origin = await openRawOrigin(mirror);
    for (const base of ["", "/", "/api/v3", "/api/v3/"]) {
      const { body } = await run(opened(open, { baseUrl: origin.url + base }));
      expect(body.split(" ")[1]).toBe(`${base.replace(/\/$/, "")}/chat/completions`);
    }
  });
});

describe("opening", () => {
  const base = { ...ark, baseUrl: "https://ark.test/api/v3" };

  test("the defaults are those of the design", () => {
    expect([arkTransport.idleMs, arkTransport.idleMax, arkTransport.headerBytesMax]).toEqual([
      4_000, 1_024, 16_384,
    ]);
  });

  test.each([
    "",
    "ark.test",
    "ftp://ark.test",
    "file:///etc/passwd",
    "https://",
    "https://user:pw@ark.test",
    "https://ark.test?a",
  ])("refuses the base URL %j without repeating it", (baseUrl) => {
    expect(() => createArkUpstream({ ...base, baseUrl })).toThrow(/^The base URL of upstream ark /);
  });

  test.each(["", "a b", "a\r\nb", "火山"])("refuses the key %j without repeating it", (key) => {
    expect(() => createArkUpstream({ ...base, apiKeys: ["good", key] })).toThrow(
      /^An API key of upstream ark is/,
    );
  });

  test("refuses a proxy that it cannot use without repeating its credentials", () => {
    const environment = { HTTPS_PROXY: "socks5://user:secret@proxy.test" };
    expect(() => createArkUpstream({ ...base, environment })).toThrow(
      /^HTTPS_PROXY names a proxy of kind socks5:/,
    );
  });

  test("reads Ark's errors", () => {
    const body = Buffer.from('{"error":{"code":"ModelNotOpen","message":"","param":"","type":"NotFound"}}');
    expect(createArkUpstream(base).readError(404, body)).toMatchObject({
      upstreamCode: "ModelNotOpen",
      code: "model_not_found",
      mayRepeat: false,
    });
  });
});
