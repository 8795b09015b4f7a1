/**
 * The process and its signals: streams finish, then it exits 0 at once; a second signal gives them five
 * seconds.
 */
import { describe, expect, test } from "vitest";
import { chatBytes, HttpCaller } from "../support/http-caller.ts";
import { spawnGateway } from "../support/spawned-gateway.ts";

const PROBE = "GET /readyz HTTP/1.1\r\nhost: gateway.test\r\n\r\n";

describe("SIGTERM", () => {
  test("with 100 streams in flight: all of them finish, and it exits 0 within a second", async () => {
    const gateway = await spawnGateway({ chunkIntervalMs: 20, replyTokens: 60 });
    const callers = Array.from({ length: 100 }, () => new HttpCaller(gateway.port));
    for (const caller of callers) {
      caller.send(chatBytes({ stream: true, members: { model: "deepseek-v3" } }));
    }
    await Promise.all(callers.map((caller) => caller.untilText("data: ")));
    const probe = new HttpCaller(gateway.port);
    await probe.sent("");
    gateway.signal("SIGTERM");
    const signalledAtMs = performance.now();
    probe.send(PROBE);
    await probe.until(() => probe.hasHead || probe.ending !== "open", "an answer");
    for (let tries = 1; probe.parser.answers.at(-1)?.status === 200 && tries < 50; tries++) {
      probe.send(PROBE);
      await probe.untilComplete(tries + 1);
    }
    expect(probe.parser.answers.at(-1)?.status).toBe(503);
    expect(performance.now() - signalledAtMs).toBeLessThan(250);
    let lastByteAtMs = 0;
    await Promise.all(
      callers.map(async (caller) => {
        await caller.untilComplete();
        lastByteAtMs = performance.now();
      }),
    );
    for (const { text } of callers) expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    const { code, atMs } = await gateway.exited(5_000);
    expect(code).toBe(0);
    expect(atMs - lastByteAtMs).toBeLessThan(1_000);
    const requests = gateway.lines.filter((line) => line["message"] === "request");
    expect(requests.filter((line) => line["outcome"] === "ok").length).toBe(100);
    expect(gateway.lines.at(-1)?.["message"]).toBe("stopped");
  });

  test("a second one: whoever is left after five seconds is told, and it exits 0", async () => {
    const gateway = await spawnGateway({});
    gateway.simulator.script({ kind: "stall", afterBytes: 900 });
    const caller = new HttpCaller(gateway.port);
    caller.send(chatBytes({ stream: true }));
    await caller.untilText("data: ");
    gateway.signal("SIGTERM");
    gateway.signal("SIGTERM");
    const signalledAtMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 200));
    gateway.signal("SIGTERM");
    expect(await caller.untilEnded()).toBe("fin");
    expect(caller.text).toContain('"code":"shutting_down"');
    const { code, atMs } = await gateway.exited(5_000);
    expect(code).toBe(0);
    expect(atMs - signalledAtMs).toBeGreaterThan(4_900);
    expect(atMs - signalledAtMs).toBeLessThan(7_000);
    const line = gateway.lines.find((each) => each["message"] === "request");
    expect(line).toMatchObject({ outcome: "partial", cause: "GS", error: "shutting_down" });
  });
});

test("SIGINT on an idle gateway: it exits 0 at once", async () => {
  const gateway = await spawnGateway({});
  const signalledAtMs = performance.now();
  gateway.signal("SIGINT");
  const { code, atMs } = await gateway.exited(5_000);
  expect(code).toBe(0);
  expect(atMs - signalledAtMs).toBeLessThan(1_500);
});
