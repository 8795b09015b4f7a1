/** The control plane: metrics and health for operators, and nothing for pages of other people's. */
import { expect, onTestFinished, test } from "vitest";
import { createControlServer } from "../../src/server/control.ts";
import { type RawAnswer, RawHttpClient } from "../support/raw-http-client.ts";

async function ask(metrics: () => Promise<string>, lines: string, host = "127.0.0.1"): Promise<RawAnswer> {
  const faults: unknown[] = [];
  const server = createControlServer({ host, port: 0, metrics, onFault: (error) => faults.push(error) });
  onTestFinished(() => server.close());
  const { port } = await server.listen();
  expect(server.port).toBe(port);
  const client = new RawHttpClient(port);
  onTestFinished(() => client.close());
  await client.send(`${lines}Connection: close\r\n\r\n`);
  await client.ended();
  return client.answer();
}

const metrics = async (): Promise<string> => "volcano_build_info 1\n";

test("metrics in Prometheus' text format", async () => {
  const answer = await ask(metrics, "GET /metrics HTTP/1.1\r\nHost: localhost:5001\r\n");
  expect([answer.status, answer.body]).toEqual([200, "volcano_build_info 1\n"]);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
});

test("an index, and whether it is alive", async () => {
  const index = await ask(metrics, "GET / HTTP/1.1\r\nHost: localhost\r\n");
  expect(index.status).toBe(200);
  expect(index.body).toContain("/metrics");
  expect((await ask(metrics, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n")).body).toBe('{"status":"ok"}');
});

test.each([
  "localhost",
  "LOCALHOST:5001",
  "127.0.0.1:5001",
  "[::1]:5001",
  "10.1.2.3",
  "gateway:5001",
  "ops.example.com",
])("%s is a name of this server", async (name) => {
  const answer = await ask(metrics, `GET /metrics HTTP/1.1\r\nHost: ${name}\r\n`, "127.0.0.1");
  expect(answer.status).toBe(name === "ops.example.com" ? 400 : 200);
});

test.each([
  "evil.example",
  "localhost.evil.example:5001",
  "127.0.0.1.evil.example",
  "1.2.3.4.5",
  "a.b@localhost",
  "",
])("%j is none: a page that was rebound to this address gets nothing", async (name) => {
  const answer = await ask(metrics, `GET /metrics HTTP/1.1\r\nHost: ${name}\r\n`);
  expect(answer.status).toBe(400);
  expect(answer.body).toContain('"code":"ambiguous_request"');
  expect(answer.body).not.toContain("volcano_build_info");
});

test("errors are JSON and tell nothing of their cause", async () => {
  const failing = (): Promise<string> => Promise.reject(new Error("secret detail"));
  const rows: [string, number, string][] = [
    ["GET /metrics", 500, "internal_error"],
    ["GET /nothing", 404, "unsupported_endpoint"],
    ["POST /metrics", 405, "method_not_allowed"],
    ["DELETE /", 405, "method_not_allowed"],
  ];
  for (const [line, status, code] of rows) {
    const answer = await ask(failing, `${line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n`);
    expect(answer.status).toBe(status);
    expect((JSON.parse(answer.body) as { error: { code: string } }).error.code).toBe(code);
    expect(answer.body).not.toContain("secret detail");
    expect(answer.headers.get("content-type")).toBe("application/json");
  }
});

test("every answer forbids browsers to make anything of it", async () => {
  for (const path of ["/", "/metrics", "/nothing"]) {
    const { headers } = await ask(metrics, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n`);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.has("access-control-allow-origin")).toBe(false);
  }
});

test("a port that is taken is said, and listening can be tried again", async () => {
  const one = createControlServer({ host: "127.0.0.1", port: 0, metrics });
  onTestFinished(() => one.close());
  const { port } = await one.listen();
  const other = createControlServer({ host: "127.0.0.1", port, metrics });
  await expect(other.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
  await one.close();
  expect((await other.listen()).port).toBe(port);
  await other.close();
});
