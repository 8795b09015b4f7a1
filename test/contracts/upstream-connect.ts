/** The part of the upstream contract on reaching the other side: names, addresses, deadlines, proxies. */
import { Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import type { LookupFunction } from "../../src/upstreams/name-lookup.ts";
import type { ExchangeFault, UpstreamRequest } from "../../src/upstreams/upstream.ts";
import { openDeafListener } from "../support/deaf-listener.ts";
import { answer, answering, openRawOrigin, type Script, until } from "../support/raw-origin.ts";
import { begin, type OpenUpstream, opened, run, type UpstreamSetup } from "../support/upstream-runs.ts";

/** A name that every address answers to. */
function resolvingTo(...addresses: readonly string[]): LookupFunction {
  return (_hostname, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
}

/** A port where nobody listens. */
async function refusedPort(): Promise<number> {
  const origin = await openRawOrigin(() => {});
  const port = origin.port;
  await origin.close();
  return port;
}

type Faulty = (open: OpenUpstream) => Promise<{
  readonly setup: UpstreamSetup;
  readonly changes?: Partial<UpstreamRequest>;
}>;

const timeouts = { dnsMs: 120, connectMs: 120, tlsMs: 120 };

const faulty: readonly (readonly [string, ExchangeFault, Faulty])[] = [
  [
    "a name that does not exist",
    "name",
    async () => ({
      setup: {
        baseUrl: "http://ark.test",
        transport: { lookup: (_hostname, callback) => callback(new Error("ENOTFOUND"), []) },
      },
    }),
  ],
  [
    "a name that the host's resolver refuses",
    "name",
    async () => ({ setup: { baseUrl: "http://ark.invalid" } }),
  ],
  [
    "a name without an address",
    "name",
    async () => ({ setup: { baseUrl: "http://ark.test", transport: { lookup: resolvingTo() } } }),
  ],
  [
    "a resolver that hangs",
    "name_timeout",
    async () => ({
      setup: { baseUrl: "http://ark.test", transport: { lookup: () => {} } },
      changes: { timeouts },
    }),
  ],
  [
    "a port that refuses",
    "connect",
    async () => ({ setup: { baseUrl: `http://127.0.0.1:${await refusedPort()}` } }),
  ],
  [
    "addresses that all refuse",
    "connect",
    async () => ({
      setup: {
        baseUrl: `http://ark.test:${await refusedPort()}`,
        transport: { lookup: resolvingTo("127.0.0.1", "127.0.0.2", "::1") },
      },
    }),
  ],
];

/** A proxy that connects every tunnel to the given port. */
function tunnelling(port: number, seen: string[]): Script {
  return async (connection) => {
    seen.push((await connection.request()).head);
    const target = new Socket().on("error", () => {}).connect(port, "127.0.0.1");
    await connection.write("HTTP/1.1 200 Connection established\r\nx-proxy: 1\r\n\r\n");
    connection.socket.pipe(target).pipe(connection.socket);
    connection.socket.on("close", () => target.destroy());
  };
}

/** A full backlog that drops a SYN without a word, and all of 127.0.0.0/8 as addresses, are Linux's alone. */
const onLinux = test.skipIf(process.platform !== "linux");

function namesAndDeadlines(open: OpenUpstream): void {
  test.each(faulty)("%s is %s, and nothing is dispatched", async (_name, fault, prepare) => {
    const { setup, changes } = await prepare(open);
    const startedAtMs = performance.now();
    const recorder = await run(opened(open, setup), changes);
    expect(recorder.calls).toEqual(["error"]);
    expect([recorder.error?.fault, recorder.error?.dispatched]).toEqual([fault, false]);
    if (fault.endsWith("timeout")) {
      expect(performance.now() - startedAtMs).toBeGreaterThan(115);
      expect(performance.now() - startedAtMs).toBeLessThan(400);
    }
  });

  test("the deadlines are those of the request that connects, not of the first one", async () => {
    const upstream = opened(open, { baseUrl: "http://ark.test", transport: { lookup: () => {} } });
    const slow = begin(upstream);
    expect((await run(upstream, { timeouts })).error?.fault).toBe("name_timeout");
    expect((await run(upstream, { timeouts })).error?.fault).toBe("name_timeout");
    expect(slow.recorder.calls).toEqual([]);
    slow.exchange.abort();
    await slow.recorder.finished();
  });
}

function addresses(open: OpenUpstream): void {
  test("goes on to the next address where one refuses", async () => {
    const origin = await openRawOrigin(answering(answer("hello")));
    const lookup = resolvingTo("127.0.0.2", "::1", "127.0.0.1");
    const upstream = opened(open, { baseUrl: `http://ark.test:${origin.port}`, transport: { lookup } });
    expect((await run(upstream)).body).toBe("hello");
  });

  onLinux("a port that does not answer is connect_timeout", async () => {
    const upstream = opened(open, { baseUrl: `http://127.0.0.1:${await openDeafListener()}` });
    const startedAtMs = performance.now();
    const recorder = await run(upstream, { timeouts });
    expect([recorder.error?.fault, recorder.error?.dispatched]).toEqual(["connect_timeout", false]);
    expect(performance.now() - startedAtMs).toBeGreaterThan(115);
    expect(performance.now() - startedAtMs).toBeLessThan(400);
  });

  onLinux("goes on to the next address where one is silent, and closes the silent one", async () => {
    const origin = await openRawOrigin(answering(answer("hello")));
    await openDeafListener("127.0.0.2", origin.port);
    const lookup = resolvingTo("127.0.0.2", "127.0.0.1");
    const upstream = opened(open, { baseUrl: `http://ark.test:${origin.port}`, transport: { lookup } });
    const resources = () => process.getActiveResourcesInfo();
    const connecting = () => resources().filter((name) => name === "ConnectWrap").length;
    const before = connecting();
    const startedAtMs = performance.now();
    expect((await run(upstream)).body).toBe("hello");
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
    await until(() => connecting() === before, "the silent connection's end");
  });

  onLinux("a silent address keeps its time where another refuses", async () => {
    const port = await openDeafListener();
    const lookup = resolvingTo("127.0.0.1", "127.0.0.2");
    const upstream = opened(open, { baseUrl: `http://ark.test:${port}`, transport: { lookup } });
    const recorder = await run(upstream, { timeouts: { ...timeouts, connectMs: 400 } });
    expect(recorder.error?.fault).toBe("connect_timeout");
  });

  test("those who connect at the same time share one lookup", async () => {
    const answers: (() => void)[] = [];
    const lookup: LookupFunction = (_hostname, callback) =>
      answers.push(() => callback(null, [{ address: "127.0.0.1", family: 4 }]));
    const origin = await openRawOrigin(answering(answer("hello")));
    const upstream = opened(open, { baseUrl: `http://ark.test:${origin.port}`, transport: { lookup } });
    const running = Array.from({ length: 10 }, () => begin(upstream));
    expect(answers.length).toBe(1);
    answers[0]?.();
    for (const { recorder } of running) expect((await recorder.finished()).body).toBe("hello");
  });

  test("sets TCP_NODELAY on every connection", async () => {
    const spy = vi.spyOn(Socket.prototype, "setNoDelay");
    onTestFinished(() => spy.mockRestore());
    const origin = await openRawOrigin(answering(answer("hello")));
    const upstream = opened(open, { baseUrl: origin.url });
    const both = [begin(upstream), begin(upstream)];
    for (const { recorder } of both) await recorder.finished();
    expect(spy.mock.calls).toEqual([[true], [true]]);
  });
}

function proxies(open: OpenUpstream): void {
  test("goes through the environment's proxy, which alone sees its credentials", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.write(answer((await connection.request()).head));
    });
    const seen: string[] = [];
    const proxy = await openRawOrigin(tunnelling(origin.port, seen));
    const upstream = opened(open, {
      baseUrl: "http://ark.test:8080/api/v3",
      environment: { http_proxy: `http://user:p%40ss@127.0.0.1:${proxy.port}` },
      transport: { lookup: () => {} },
    });
    const recorder = await run(upstream);
    const authorization = `Basic ${Buffer.from("user:p@ss").toString("base64")}`;
    const head = "CONNECT ark.test:8080 HTTP/1.1\r\nhost: ark.test:8080\r\n";
    expect(seen).toEqual([`${head}proxy-authorization: ${authorization}\r\n\r\n`]);
    expect(recorder.body).toMatch(/^POST \/api\/v3\/chat\/completions HTTP\/1\.1\r\n/);
    expect(recorder.body).toMatch(/^host: ark\.test:8080\r$/m);
    expect(recorder.body).not.toMatch(/^(x-)?proxy/im);
  });

  test.each<readonly [string, Script, ExchangeFault]>([
    [
      "refuses",
      answering("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"),
      "connect",
    ],
    ["is no HTTP proxy", answering("SSH-2.0-x\r\n\r\n"), "connect"],
    ["closes", async (connection) => connection.request().then(() => connection.end()), "connect"],
    ["speaks on", answering("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n"), "connect"],
    ["never ends its head", answering(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}`), "connect"],
    ["is silent", () => {}, "connect_timeout"],
  ])("a proxy that %s is a fault of connecting", async (_name, script, fault) => {
    const proxy = await openRawOrigin(script);
    const environment = { HTTP_PROXY: `127.0.0.1:${proxy.port}` };
    const recorder = await run(opened(open, { baseUrl: "http://ark.test", environment }), {
      timeouts: { dnsMs: 1_000, connectMs: 300, tlsMs: 1_000 },
    });
    expect(recorder.calls).toEqual(["error"]);
    expect([recorder.error?.fault, recorder.error?.dispatched]).toEqual([fault, false]);
    const connection = await proxy.connection();
    await until(() => connection.isClosed, "the proxy connection's end");
  });
}

export function connectContract(open: OpenUpstream): void {
  namesAndDeadlines(open);
  addresses(open);
  proxies(open);
}
