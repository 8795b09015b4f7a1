/**
 * What is sent again and what never is: only a connection that was not made, on the same target, within the
 * bound.
 */
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { HttpCaller } from "../support/http-caller.ts";
import { codeOf, startCall } from "../support/observed-call.ts";
import { answer, answering, openRawOrigin, type Script, until } from "../support/raw-origin.ts";
import { reconcile } from "../support/reconcile.ts";
import { type RunningGateway, type RunningOptions, startGateway } from "../support/running-gateway.ts";
import { testCertificate } from "../support/tls/certificate.ts";

/** An address of loopback that no other test uses: a port that is free here stays so. */
const OWN_HOST = "127.0.0.77";
const BODY = '{"object":"chat.completion","choices":[]}';
const STREAM =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 14\r\n\r\ndata: [DONE]\n\n";

async function open(options: RunningOptions): Promise<RunningGateway> {
  const running = await startGateway(options);
  onTestFinished(async () => {
    await reconcile(running);
    await running.close();
  });
  return running;
}

function attempts(max: number): Record<string, unknown> {
  return { retries: { attempts_max: max } };
}

/** A port that nobody listens on, until `listen` is called. */
async function closedPort(): Promise<{ port: number; listen(bytes: string): Promise<void> }> {
  const finder = createServer();
  await new Promise<void>((resolve) => finder.listen(0, OWN_HOST, resolve));
  const address = finder.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await new Promise((resolve) => finder.close(resolve));
  const listen = async (bytes: string): Promise<void> => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.write(bytes));
      onTestFinished(() => void socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(port, OWN_HOST, resolve));
    onTestFinished(() => void server.close());
  };
  return { port, listen };
}

describe("a refused connection", () => {
  test.each([1, 2, 4])("is tried %s times in all, each with its row, then told", async (max) => {
    const { port } = await closedPort();
    const running = await open({ baseUrl: `http://${OWN_HOST}:${port}/api/v3`, settings: attempts(max) });
    const call = startCall(running);
    await call.caller.untilComplete();
    const { answer: told } = call.caller;
    expect([told.status, codeOf(told.text)]).toEqual([502, "upstream_unreachable"]);
    expect(told.headers.get("x-volcano-attempts")).toBe(String(max));
    expect(told.headers.has("x-should-retry")).toBe(false);
    expect(told.text).not.toContain("127.0.0");
    expect(told.text).not.toContain("ECONNREFUSED");
    expect(await call.line()).toMatchObject({ outcome: "failed", cause: "UC", attempts: max });
    const rows = await call.rows();
    expect(rows.length).toBe(max);
    for (const row of rows) expect(row).toMatchObject({ state: "failed", cause: "UC", dispatchedMs: null });
  });

  test.each([false, true])("that is accepted the next time is a success (stream: %s)", async (stream) => {
    const { port, listen } = await closedPort();
    const running = await open({ baseUrl: `http://${OWN_HOST}:${port}/api/v3`, settings: attempts(5) });
    const call = startCall(running, { stream });
    await until(() => running.events.length > 0, "the first attempt");
    await listen(stream ? STREAM : answer(BODY));
    await call.caller.untilComplete();
    const { headers, status } = call.caller.answer;
    const count = Number(headers.get("x-volcano-attempts"));
    expect(status).toBe(200);
    expect(count).toBeGreaterThanOrEqual(2);
    const rows = await call.rows();
    expect(rows.length).toBe(count);
    expect(rows.map((row) => row?.state)).toEqual([...Array(count - 1).fill("failed"), "settled"]);
    expect(rows.at(-1)?.cause).toBe("-E");
  });

  test("ends at once where the client leaves between two attempts", async () => {
    const { port } = await closedPort();
    const running = await open({ baseUrl: `http://${OWN_HOST}:${port}/api/v3`, settings: attempts(10) });
    const call = startCall(running);
    await until(() => running.events.length >= 3, "a few attempts");
    call.caller.leave();
    expect(await call.line()).toMatchObject({ status: 499, outcome: "abandoned" });
    const rows = await call.rows();
    expect(rows.length).toBeLessThanOrEqual(5);
    for (const row of rows) expect(row).toMatchObject({ state: "failed", cause: "UC", provenance: "none" });
  });
});

describe("never sent again", () => {
  const closing: Script = async (connection) => {
    await connection.request();
    connection.end();
  };
  const resetting: Script = async (connection) => {
    await connection.received();
    connection.reset();
  };
  const answeringError =
    (status: string): Script =>
    (connection) =>
      answering(answer('{"error":{"code":"X","message":"m"}}', undefined, status))(connection);

  test.each<[string, Script, number, string]>([
    ["a call whose connection was closed without an answer", closing, 502, "upstream_truncated"],
    ["a call whose connection was reset", resetting, 502, "upstream_truncated"],
    ["a 500", answeringError("500 Internal Server Error"), 500, "X"],
    ["a 503", answeringError("503 Service Unavailable"), 503, "X"],
    ["a 429", answeringError("429 Too Many Requests"), 429, "X"],
  ])("%s", async (_what, script, status, code) => {
    const origin = await openRawOrigin(script);
    const running = await open({ baseUrl: `${origin.url}/api/v3`, settings: attempts(5) });
    for (const stream of [false, true]) {
      const call = startCall(running, { stream });
      await call.caller.untilComplete();
      expect([call.caller.answer.status, codeOf(call.caller.text)]).toEqual([status, code]);
      expect(call.caller.answer.headers.get("x-volcano-attempts")).toBe("1");
      expect((await call.rows()).length).toBe(1);
    }
    // As many requests as calls, whichever connections they came on.
    const ends = origin.connections.filter(({ bytesReceived }) => bytesReceived > 0).length;
    expect(ends).toBeLessThanOrEqual(2);
  });

  test("a call on an idle connection that Ark closes as it arrives", async () => {
    const origin = await openRawOrigin(async (connection) => {
      await connection.request();
      await connection.write(answer(BODY));
      await connection.request();
      connection.reset();
    });
    const running = await open({ baseUrl: `${origin.url}/api/v3`, settings: attempts(5) });
    await startCall(running).caller.untilComplete();
    const second = startCall(running);
    await second.expectRefused(502, "upstream_truncated", "UH");
    expect(second.caller.answer.headers.get("x-should-retry")).toBe("false");
    expect(origin.connections.length).toBe(1);
  });

  test("a bad certificate: no byte is sent, and the client hears nothing of it", async () => {
    const origin = await openRawOrigin(answering(answer(BODY)), testCertificate);
    const baseUrl = `https://127.0.0.1:${origin.port}/api/v3`;
    const running = await open({ baseUrl, settings: attempts(5) });
    const call = startCall(running);
    await call.expectRefused(502, "upstream_unreachable", "UT");
    expect(call.caller.answer.headers.get("x-volcano-attempts")).toBe("1");
    expect(call.caller.answer.headers.get("x-should-retry")).toBe("false");
    expect(call.caller.text).not.toMatch(/self.signed|ark\.test|127\.0\.0\.1|CERT_/i);
    expect(await call.row()).toMatchObject({ dispatchedMs: null, provenance: "none" });
    for (const connection of origin.connections) expect(connection.bytesReceived).toBe(0);
  });
});

test("a heartbeat does not stop another attempt: Ark has not answered yet", async () => {
  const { port, listen } = await closedPort();
  const running = await open({
    baseUrl: `http://${OWN_HOST}:${port}/api/v3`,
    settings: { ...attempts(10), heartbeat: { every: "150ms" } },
  });
  const caller = startCall(running, { stream: true }).caller as HttpCaller;
  await caller.untilText(": ping\n");
  await listen(STREAM);
  await caller.untilComplete();
  expect(caller.text.replaceAll(": ping\n", "")).toBe("data: [DONE]\n\n");
});
