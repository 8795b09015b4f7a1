/** The part of the upstream contract on TLS: who is trusted, what is offered, and a handshake that fails. */
import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import type { LookupFunction } from "../../src/upstreams/name-lookup.ts";
import { answer, answering, openRawOrigin, type Script, until } from "../support/raw-origin.ts";
import { testCertificate } from "../support/tls/certificate.ts";
import { begin, type OpenUpstream, opened, run } from "../support/upstream-runs.ts";

const lookup: LookupFunction = (_hostname, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]);
const trusting = { lookup, extraCertificates: [testCertificate.cert] };
const tls = { ...testCertificate, ALPNProtocols: ["h2", "http/1.1"] };

/** The first byte of a TLS record that holds a handshake message. */
const HANDSHAKE = 0x16;

function tunnelTo(port: number): Script {
  return async (connection) => {
    await connection.request();
    const target = new Socket().on("error", () => {}).connect(port, "127.0.0.1");
    await connection.write("HTTP/1.1 200 OK\r\n\r\n");
    connection.socket.pipe(target).pipe(connection.socket);
    connection.socket.on("close", () => target.destroy());
  };
}

function handshakes(open: OpenUpstream): void {
  test("speaks HTTP/1.1 over TLS, names the host, and keeps the connection", async () => {
    const origin = await openRawOrigin(answering(answer("hello")), tls);
    const upstream = opened(open, { baseUrl: `https://ark.test:${origin.port}`, transport: trusting });
    const body = [Buffer.alloc(900_000, 97)];
    for (let count = 0; count < 3; count++) {
      const recorder = await run(upstream, { body });
      expect(recorder.calls).toEqual(["dispatch", "sent", "head", "piece", "end"]);
      expect(recorder.body).toBe("hello");
    }
    const socket = (await origin.connection()).socket as TLSSocket & { servername?: string };
    expect([socket.alpnProtocol, socket.servername]).toEqual(["http/1.1", "ark.test"]);
    expect(origin.connections.length).toBe(1);
  });

  test("takes up its session again on the next connection", async () => {
    const reused: boolean[] = [];
    const origin = await openRawOrigin((connection) => {
      reused.push((connection.socket as TLSSocket).isSessionReused());
      return answering(answer("hello", "connection: close\r\n"))(connection);
    }, tls);
    const upstream = opened(open, { baseUrl: `https://ark.test:${origin.port}`, transport: trusting });
    await run(upstream);
    expect((await run(upstream)).body).toBe("hello");
    expect(reused).toEqual([false, true]);
  });

  test.each([
    ["that nobody trusts", "ark.test", { lookup }],
    ["of another host", "other.test", trusting],
    ["of a name, where an address was meant", "127.0.0.1", trusting],
  ])("a certificate %s is refused, whatever the environment says", async (_name, hostname, transport) => {
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    onTestFinished(() => {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    });
    const origin = await openRawOrigin(answering(answer("hello")), tls);
    const upstream = opened(open, { baseUrl: `https://${hostname}:${origin.port}`, transport });
    const recorder = await run(upstream);
    expect(recorder.calls).toEqual(["error"]);
    expect([recorder.error?.fault, recorder.error?.dispatched]).toEqual(["certificate", false]);
    expect(origin.connections.every((connection) => connection.bytesReceived === 0)).toBe(true);
  });
}

function brokenHandshakes(open: OpenUpstream): void {
  test.each<readonly [string, Script, string]>([
    ["is silent", () => {}, "tls_timeout"],
    ["is none", (connection) => connection.write("HTTP/1.1 400 Bad Request\r\n\r\n"), "tls"],
    ["is cut off", (connection) => connection.end(), "tls"],
    ["is reset", (connection) => connection.received().then(() => connection.reset()), "tls"],
  ])("a handshake that %s", async (_name, script, fault) => {
    const origin = await openRawOrigin(script);
    const upstream = opened(open, { baseUrl: `https://ark.test:${origin.port}`, transport: trusting });
    const timeouts = { dnsMs: 1_000, connectMs: 1_000, tlsMs: 150 };
    const recorder = await run(upstream, { timeouts });
    expect(recorder.calls).toEqual(["error"]);
    expect([recorder.error?.fault, recorder.error?.dispatched]).toEqual([fault, false]);
    const connection = await origin.connection();
    await until(() => connection.isClosed, "the connection's end");
  });

  test("an abort in the middle of the handshake closes the connection", async () => {
    const origin = await openRawOrigin(() => {});
    const { exchange, recorder } = begin(
      opened(open, { baseUrl: `https://ark.test:${origin.port}`, transport: trusting }),
    );
    const connection = await origin.connection();
    await connection.received();
    const abortedAtMs = performance.now();
    exchange.abort();
    await recorder.finished();
    expect([recorder.error?.fault, recorder.error?.dispatched]).toEqual(["aborted", false]);
    await until(() => connection.isClosed, "the connection's end");
    expect(connection.closedAtMs - abortedAtMs).toBeLessThan(250);
  });
}

function tunnels(open: OpenUpstream): void {
  test.each([
    ["in the clear", undefined, "http://127.0.0.1"],
    ["over TLS", testCertificate, "https://proxy.test"],
  ])("goes through a proxy that is spoken to %s", async (_name, proxyTls, proxyUrl) => {
    const origin = await openRawOrigin(answering(answer("hello")), tls);
    const proxy = await openRawOrigin(tunnelTo(origin.port), proxyTls);
    const upstream = opened(open, {
      baseUrl: `https://ark.test:${origin.port}`,
      environment: { HTTPS_PROXY: `${proxyUrl}:${proxy.port}` },
      transport: trusting,
    });
    for (let count = 0; count < 2; count++) expect((await run(upstream)).body).toBe("hello");
    expect([proxy.connections.length, origin.connections.length]).toEqual([1, 1]);
  });

  test("a handshake that is broken inside a tunnel is a fault of TLS", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.received();
      await connection.write(Buffer.of(HANDSHAKE, 0, 0));
      connection.end();
    });
    const proxy = await openRawOrigin(tunnelTo(origin.port));
    const environment = { https_proxy: `http://127.0.0.1:${proxy.port}` };
    const recorder = await run(
      opened(open, { baseUrl: `https://ark.test:${origin.port}`, environment, transport: trusting }),
    );
    expect([recorder.error?.fault, recorder.error?.dispatched]).toEqual(["tls", false]);
  });
}

export function tlsContract(open: OpenUpstream): void {
  handshakes(open);
  brokenHandshakes(open);
  tunnels(open);
}
