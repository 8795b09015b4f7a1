/**
 * What must outlive what: a house its requests, a deadline its signals; and a body not one moment too much.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test } from "vitest";
import { callChat, callGateway, chatBodyFor } from "../support/gateway-call.ts";
import { RawHttpClient } from "../support/raw-http-client.ts";
import { type RunningGateway, startGateway, testConfig } from "../support/running-gateway.ts";

let running: RunningGateway | null = null;

afterEach(async () => {
  await running?.close();
  running = null;
});

function headOf(bodyBytes: number): string {
  return (
    "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer k\r\n" +
    `Content-Type: application/json\r\nContent-Length: ${bodyBytes}\r\n\r\n`
  );
}

describe("a reload", () => {
  test("leaves a request alone whose body is still coming", async () => {
    running = await startGateway();
    const body = JSON.stringify(chatBodyFor("deepseek-v3"));
    const client = new RawHttpClient(running.port);
    await client.send(headOf(body.length) + body.slice(0, 10));
    const { gateway } = running;
    // Until the gateway has begun to read the body there is nothing that a reload could break.
    await expect.poll(() => gateway.requestsInFlight).toBe(1);
    gateway.reload(testConfig({}, { ARK_BASE_URL: gateway.config.upstreams[0]?.baseUrl ?? "" }));
    await client.send(body.slice(10));
    const answer = await client.answer();
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-volcano-attempts")).toBe("1");
    client.close();
  });
});

describe("a stop", () => {
  test("ends although Ark leaves its connection open after [DONE]", async () => {
    running = await startGateway();
    running.simulator.script({ kind: "open_after_done" });
    const answer = await callChat(running, chatBodyFor("deepseek-v3", { stream: true }));
    expect(answer.text.endsWith("data: [DONE]\n\n")).toBe(true);
    const stopped = running.gateway.stop({ lagMs: 0, deadlineMs: 100 }).then(() => "stopped");
    expect(await Promise.race([stopped, delay(4_000, "hangs")])).toBe("stopped");
  });

  test("comes no later for being asked for again and again", async () => {
    running = await startGateway();
    running.simulator.script({ kind: "hang" });
    const call = callChat(running, chatBodyFor("deepseek-v3", { stream: true }));
    await running.simulator.waitFor((ark) => ark.openRequests === 1);
    const startedMs = performance.now();
    const { gateway } = running;
    const again = setInterval(() => void gateway.stop({ lagMs: 0, deadlineMs: 400 }), 100);
    await gateway.stop({ lagMs: 0, deadlineMs: 400 });
    clearInterval(again);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect((await call).status).toBe(503);
  });

  test("reaches a request whose body is still coming, in words", async () => {
    running = await startGateway();
    const client = new RawHttpClient(running.port);
    await client.send(`${headOf(1_000)}{"model"`);
    const { gateway } = running;
    await expect.poll(() => gateway.requestsInFlight).toBe(1);
    const stopped = gateway.stop({ lagMs: 0, deadlineMs: 0 });
    const answer = await client.answer();
    expect(answer.status).toBe(503);
    expect(answer.body).toContain('"code":"shutting_down"');
    await stopped;
    client.close();
  });

  test("arms nothing where all is over", async () => {
    running = await startGateway();
    await running.gateway.stop({ lagMs: 0, deadlineMs: 0 });
    const before = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    await running.gateway.stop({ lagMs: 0, deadlineMs: 60_000 });
    const after = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    expect(after).toBeLessThanOrEqual(before);
  });
});

describe("bodies", () => {
  test("are held up to the bound of all together, and one more is answered 503", async () => {
    running = await startGateway({ settings: { server: { bodies_bytes_max: "64KiB" } } });
    const { port } = running;
    const clients = Array.from({ length: 3 }, () => new RawHttpClient(port));
    for (const client of clients) await client.send(headOf(40_000) + " ".repeat(30_000));
    const refused = await Promise.race(clients.map((client) => client.answer()));
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.body).toContain("server.bodies_bytes_max");
    for (const client of clients) client.close();
    const { gateway } = running;
    await expect.poll(() => gateway.bodyBytesHeld).toBe(0);
    expect((await callChat(running, chatBodyFor("deepseek-v3"))).status).toBe(200);
  });

  test("leave memory once Ark has begun to answer, though the stream goes on", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const origin = createServer((request, response) => {
      request.resume().once("end", () => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write('data: {"choices":[{"delta":{"content":"x"},"index":0}],"usage":null}\n\n');
      });
    });
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
    const { port: originPort } = origin.address() as AddressInfo;
    running = await startGateway({ baseUrl: `http://127.0.0.1:${originPort}/api/v3` });
    const { port, gateway } = running;
    const streams = 12;
    const body = JSON.stringify(chatBodyFor("deepseek-v3", { stream: true, padding: "x".repeat(2_000_000) }));
    const clients = Array.from({ length: streams }, () => new RawHttpClient(port));
    for (const client of clients) void client.send(headOf(body.length) + body);
    await expect
      .poll(() => clients.every((client) => client.received.includes("data: ")), { timeout: 15_000 })
      .toBe(true);
    expect(gateway.bodyBytesHeld).toBe(0);
    await expect
      .poll(() => {
        collect();
        return process.memoryUsage().arrayBuffers;
      })
      .toBeLessThan((streams * body.length) / 4);
    for (const client of clients) client.close();
    origin.closeAllConnections();
    origin.close();
  });
});

describe("a page in a browser", () => {
  const origin = "http://evil.example:5000";

  test("may not spend the gateway's own key through a name of its own", async () => {
    running = await startGateway({
      environment: { ARK_API_KEY: "ark-own" },
      settings: { auth: { mode: "passthrough" } },
    });
    const answer = await callChat(running, chatBodyFor("deepseek-v3"), { headers: { origin } });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("server.cors");
    expect(running.simulator.requests).toHaveLength(0);
    const local = await callChat(running, chatBodyFor("deepseek-v3"), {
      headers: { origin: "http://localhost:3000" },
    });
    expect(local.status).toBe(200);
  });

  test("may bring its own key where the gateway has none", async () => {
    running = await startGateway();
    const answer = await callChat(running, chatBodyFor("deepseek-v3"), { headers: { origin } });
    expect(answer.status).toBe(200);
  });
});

describe("a refusal", () => {
  test("keeps the connection where the request had no body", async () => {
    running = await startGateway();
    const client = new RawHttpClient(running.port);
    const request = "GET /v1/nothing HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer k\r\n\r\n";
    await client.send(request);
    expect((await client.answer()).status).toBe(404);
    await client.send(request);
    expect((await client.answer()).status).toBe(404);
    client.close();
  });

  test("tells nobody without a key what is served", async () => {
    running = await startGateway();
    for (const [method, path] of [
      ["GET", "/v1/nothing"],
      ["GET", "/v1/chat/completions"],
      ["POST", "/v1/models"],
    ] as const) {
      expect((await callGateway(running, { method, path })).status).toBe(401);
    }
  });
});
