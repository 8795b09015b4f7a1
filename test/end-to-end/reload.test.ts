/** A new configuration comes while calls are in the house: each keeps the version it came in under. */
import { describe, expect, onTestFinished, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { createSimulator, type Simulator } from "../../src/simulator/index.ts";
import { callId, chatBytes, HttpCaller } from "../support/http-caller.ts";
import { callInto, ObservedCall, startCall } from "../support/observed-call.ts";
import { answer, answering, openRawOrigin, type Script, until } from "../support/raw-origin.ts";
import { reconcile, reconcileStopped } from "../support/reconcile.ts";
import { type RunningGateway, startGateway, testConfig } from "../support/running-gateway.ts";

const VERSIONS = 8;
const endpoints = Object.fromEntries(
  Array.from({ length: VERSIONS }, (_, version) => [`ep-version-${version}`, "deepseek-v3-241226"]),
);

async function open(): Promise<RunningGateway> {
  const running = await startGateway({ simulator: { replyTokens: 10, endpoints } });
  onTestFinished(() => running.close());
  return running;
}

async function otherArk(): Promise<{ simulator: Simulator; url: string }> {
  const simulator = createSimulator({ replyTokens: 10 });
  const { url } = await simulator.listen();
  onTestFinished(() => simulator.close());
  return { simulator, url };
}

function configFor(url: string, settings: Record<string, unknown> = {}): Config {
  return testConfig(settings, { ARK_BASE_URL: url });
}

function urlOf({ gateway }: RunningGateway): string {
  return gateway.config.upstreams[0]?.baseUrl ?? "";
}

describe("a reload", () => {
  test("leaves streams to the upstream that they began with; new calls go to the new one", async () => {
    const running = await open();
    const other = await otherArk();
    const stream = callInto(running, { kind: "stall", afterBytes: 900, ms: 300 }, { stream: true });
    const waiting = callInto(running, { kind: "delay", ms: 300 });
    await stream.caller.untilText("data: ");
    await waiting.untilAtArk();
    running.gateway.reload(configFor(other.url));
    const late = startCall(running, { stream: true });
    await Promise.all([stream, waiting, late].map(({ caller }) => caller.untilComplete()));
    expect(stream.caller.text.endsWith("[DONE]\n\n")).toBe(true);
    expect(waiting.caller.answer.status).toBe(200);
    expect(late.caller.text.endsWith("[DONE]\n\n")).toBe(true);
    expect(running.simulator.requests.length).toBe(2);
    expect(other.simulator.requests.length).toBe(1);
  });

  test("leaves a call to the old version whose body is still on its way", async () => {
    const running = await open();
    const other = await otherArk();
    const call = new ObservedCall(running, new HttpCaller(running.port), callId());
    const bytes = chatBytes({ id: call.id });
    call.caller.send(bytes.subarray(0, -10));
    await until(() => running.gateway.deadlinesWatched === 1, "the body's reader");
    running.gateway.reload(configFor(other.url));
    running.gateway.reload(configFor(other.url));
    call.caller.send(bytes.subarray(-10));
    await call.caller.untilComplete();
    expect(call.caller.answer.status).toBe(200);
    expect(running.simulator.requests.length).toBe(1);
    expect(other.simulator.requests.length).toBe(0);
    await reconcile(running);
  });

  test("leaves a call between two attempts to the old version", async () => {
    const other = await otherArk();
    const running = await startGateway({
      baseUrl: "http://127.0.0.77:9/api/v3",
      settings: { retries: { attempts_max: 4 } },
    });
    onTestFinished(() => running.close());
    const call = startCall(running);
    await until(() => running.events.length > 0, "the first attempt");
    running.gateway.reload(configFor(other.url));
    await call.caller.untilComplete();
    expect(await call.line()).toMatchObject({ attempts: 4, cause: "UC", error: "upstream_unreachable" });
    const late = startCall(running);
    await late.caller.untilComplete();
    expect(late.caller.answer.status).toBe(200);
  });

  test("closes the old upstream's connections once its last call is over", async () => {
    const goesOn = Promise.withResolvers<void>();
    const slow: Script = async (connection) => {
      await connection.request();
      await goesOn.promise;
      await connection.write(answer("{}"));
    };
    const origin = await openRawOrigin([slow, answering(answer("{}"))]);
    const running = await startGateway({ baseUrl: origin.url });
    onTestFinished(() => running.close());
    const other = await otherArk();
    const waiting = startCall(running);
    const busy = await origin.connection(0);
    await busy.received();
    await startCall(running).caller.untilComplete();
    const idle = await origin.connection(1);
    running.gateway.reload(configFor(other.url));
    await startCall(running).caller.untilComplete();
    expect(busy.isClosed).toBe(false);
    goesOn.resolve();
    await waiting.caller.untilComplete();
    expect(waiting.caller.answer.status).toBe(200);
    await until(() => busy.isClosed && idle.isClosed, "both connections to close", 1_000);
  });

  test("that cannot be built leaves the old version in force", async () => {
    const running = await open();
    const { config } = running.gateway;
    expect(() => running.gateway.reload({ ...config, upstreams: [] })).toThrow("no upstream");
    expect(running.gateway.config).toBe(config);
    running.gateway.countFailedReload();
    const call = startCall(running);
    await call.caller.untilComplete();
    expect(call.caller.answer.status).toBe(200);
    expect(await running.metrics()).toContain("volcano_config_reload_failures_total 1");
    await reconcile(running);
  });

  test("is never half applied, however often it comes under load", async () => {
    const running = await open();
    const url = urlOf(running);
    const versions = Array.from({ length: VERSIONS }, (_, version) =>
      configFor(url, {
        models: { alias: { targets: [{ upstream: "ark", model: `ep-version-${version}` }] } },
        default_model: "alias",
      }),
    );
    running.gateway.reload(versions[0] as Config);
    let calls = 0;
    const worker = async (): Promise<void> => {
      const caller = new HttpCaller(running.port);
      for (let call = 1; call <= 40; call++) {
        const id = callId();
        caller.send(chatBytes({ id, stream: call % 2 === 0, members: { model: "alias" } }));
        await caller.untilComplete(call);
        const given = caller.parser.answers[call - 1];
        expect(given?.status).toBe(200);
        const record = running.simulator.requests.find((each) => each.header("x-client-request-id") === id);
        const asked: unknown = record?.json();
        expect(asked).toMatchObject({ model: given?.headers.get("x-volcano-target")?.slice("ark/".length) });
        calls++;
      }
    };
    let version = 0;
    const reloads = setInterval(() => running.gateway.reload(versions[++version % VERSIONS] as Config), 5);
    await Promise.all(Array.from({ length: 8 }, worker)).finally(() => clearInterval(reloads));
    expect(calls).toBe(320);
    expect(version).toBeGreaterThan(5);
    await reconcile(running);
  });

  test("and then a stop: the calls of both versions finish", async () => {
    const running = await open();
    const other = await otherArk();
    const stream = callInto(running, { kind: "stall", afterBytes: 900, ms: 300 }, { stream: true });
    await stream.caller.untilText("data: ");
    running.gateway.reload(configFor(other.url));
    await running.gateway.stop({ lagMs: 0, deadlineMs: 10_000 });
    await stream.caller.untilComplete();
    expect(stream.caller.text.endsWith("[DONE]\n\n")).toBe(true);
    await reconcileStopped(running);
  });
});
