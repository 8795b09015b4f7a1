/**
 * The gateway behind nginx, as most people run it: nginx's own defaults must neither hold a stream nor hide
 * an end.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { nginxPath } from "../../bench/nginx.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const STREAMED = JSON.stringify({
  model: "deepseek-v3",
  stream: true,
  messages: [{ role: "user", content: "tides" }],
});

let running: RunningGateway;
let nginx: ChildProcess;
let folder = "";
let url = "";

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Only what every reverse proxy configuration has; buffering is on, as it is by default. */
function configuration(port: number, gatewayPort: number): string {
  return `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream gateway { server 127.0.0.1:${gatewayPort}; keepalive 16; }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 64m;
    location / {
      proxy_pass http://gateway;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_read_timeout 3s;
    }
  }
}
`;
}

async function untilListening(port: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("nginx did not listen");
}

beforeAll(async () => {
  running = await startGateway({ settings: { heartbeat: { every: "500ms" } } });
  folder = mkdtempSync(join(tmpdir(), "volcano-proxy-nginx-"));
  const port = await freePort();
  writeFileSync(join(folder, "nginx.conf"), configuration(port, running.port));
  nginx = spawn(
    nginxPath(),
    ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")],
    {
      stdio: "ignore",
    },
  );
  await untilListening(port);
  url = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  nginx.kill("SIGKILL");
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  running.simulator.clearScript();
});

function ask(body: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer k", "content-type": "application/json" },
    body,
    ...(signal === undefined ? {} : { signal }),
  });
}

describe("behind nginx", () => {
  test("events are not held back, though nginx buffers by default", async () => {
    running.simulator.script({ kind: "stall", afterBytes: 600, ms: 1_500 });
    const startedMs = performance.now();
    const answer = await ask(STREAMED);
    let firstMs = 0;
    let text = "";
    for await (const piece of answer.body ?? []) {
      if (firstMs === 0) firstMs = performance.now() - startedMs;
      text += Buffer.from(piece).toString();
    }
    expect(firstMs).toBeLessThan(1_000);
    expect(text).toContain(": ping\n");
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("a silence longer than nginx's read timeout is bridged by heartbeats", async () => {
    running.simulator.script({ kind: "delay", ms: 4_500 });
    const answer = await ask(STREAMED);
    expect(answer.status).toBe(200);
    expect((await answer.text()).endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("a cut stream ends in one error event", async () => {
    running.simulator.script({ kind: "reset", afterBytes: 900 });
    const text = await (await ask(STREAMED)).text();
    expect(text.match(/data: \{"error":/g)).toHaveLength(1);
    expect(text).not.toContain("[DONE]");
  });

  test("a client that leaves is noticed at Ark, through nginx", async () => {
    running.simulator.script({ kind: "drip", bytes: 50, everyMs: 20 });
    const abort = new AbortController();
    const answer = await ask(STREAMED, abort.signal);
    const reader = answer.body?.getReader();
    await reader?.read();
    abort.abort();
    await running.simulator.waitFor((ark) => ark.openRequests === 0, 1_000);
    expect(running.simulator.bill.at(-1)?.ended).toBe("aborted");
  });

  test("Ark's errors keep their status and bytes", async () => {
    running.simulator.script({ kind: "error", code: "RateLimitExceeded.EndpointTPMExceeded" });
    const answer = await ask(STREAMED);
    expect(answer.status).toBe(429);
    expect(answer.headers.get("x-volcano-error")).toBe("rate_limit_exceeded");
    expect(await answer.text()).toContain('"code":"RateLimitExceeded.EndpointTPMExceeded"');
  });
});
