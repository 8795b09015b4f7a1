/**
 * How answers are framed on the wire: our own chunks, HTTP/1.0, connections that close, and calls in a row.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Fault, ScriptStep } from "../../src/simulator/index.ts";
import { type ChatBytesOptions, callId, chatBytes, HttpCaller } from "../support/http-caller.ts";
import { callInto, ObservedCall, startCall } from "../support/observed-call.ts";
import { reconcile } from "../support/reconcile.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const OLD = { stream: true, version: "1.0" } as const satisfies ChatBytesOptions;
const MEBIBYTE = 1024 * 1024;

let running: RunningGateway;

beforeAll(async () => {
  running = await startGateway({
    simulator: { replyTokens: 8 },
    settings: { heartbeat: { every: "200ms" } },
  });
});

afterEach(() => reconcile(running));

afterAll(() => running.close());

function pause(afterBytes: number): Fault {
  return { kind: "stall", afterBytes, ms: 100 };
}

describe("our own chunks", () => {
  test("are valid, one for each piece, and end in the last chunk; the connection stays", async () => {
    const call = callInto(running, { kind: "drip", bytes: 350, everyMs: 5 }, { stream: true });
    await call.caller.untilComplete();
    const { parser, answer } = call.caller;
    expect(parser.flaw).toBeNull();
    expect(answer.headers.get("transfer-encoding")).toBe("chunked");
    expect(answer.headers.has("content-length")).toBe(false);
    expect(parser.chunkBytes.reduce((sum, bytes) => sum + bytes, 0)).toBe(answer.body.length);
    expect(parser.chunkBytes.length).toBeGreaterThan(2);
    expect(call.caller.ending).toBe("open");
    call.caller.send(chatBytes());
    await call.caller.untilComplete(2);
    expect(parser.flaw).toBeNull();
  });

  test("are valid where the first one is a heartbeat, and an error frame the last", async () => {
    const step: ScriptStep = [
      { kind: "delay", ms: 300 },
      { kind: "omit_done", andFinish: true },
    ];
    const call = callInto(running, step, { stream: true });
    expect(await call.expectFrame("upstream_truncated", "US")).toContain(": ping\n");
    expect(call.caller.parser.flaw).toBeNull();
  });
});

describe("a client of HTTP/1.0", () => {
  test("gets a stream without chunks, up to the connection's end", async () => {
    const call = startCall(running, { ...OLD, headers: ["connection: keep-alive"] });
    expect(await call.caller.untilEnded()).toBe("fin");
    const { answer } = call.caller;
    expect(answer.isComplete).toBe(true);
    expect(answer.headers.has("transfer-encoding")).toBe(false);
    expect(answer.headers.get("connection")).toBe("close");
    expect(answer.text.startsWith("data: {")).toBe(true);
    expect(answer.text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("gets heartbeats and error frames in the same way", async () => {
    const step: ScriptStep = [{ kind: "delay", ms: 300 }, { kind: "omit_done" }];
    const text = await callInto(running, step, OLD).expectFrame("upstream_truncated", "US");
    expect(text.startsWith(": ping\n")).toBe(true);
  });

  test.each(["close", "reset"] as const)(
    "sees a broken connection where half an event has flowed (%s)",
    async (kind) => {
      const long = { kind: "long_line", afterEvents: 1, bytes: 2 * MEBIBYTE } as const;
      const afterBytes = MEBIBYTE + 400_000;
      const call = callInto(running, [long, pause(afterBytes - 1), { kind, afterBytes }], OLD);
      expect(await call.caller.untilEnded()).toBe("reset");
      expect(await call.line()).toMatchObject({ outcome: "partial", cause: "US" });
    },
  );

  test("gets a whole answer with its length", async () => {
    const call = startCall(running, { version: "1.0" });
    expect(await call.caller.untilEnded()).toBe("fin");
    expect(Number(call.caller.answer.headers.get("content-length"))).toBe(call.caller.answer.body.length);
  });

  test("sees a broken connection where a large whole answer of unknown length is cut", async () => {
    const other = await startGateway({ simulator: { replyTokens: 200_000 } });
    const steps: ScriptStep = [
      { kind: "until_close" },
      pause(399_999),
      { kind: "reset", afterBytes: 400_000 },
    ];
    const call = callInto(other, steps, { version: "1.0", members: { max_tokens: 200_000 } });
    expect(await call.caller.untilEnded()).toBe("reset");
    expect(await call.line()).toMatchObject({ outcome: "partial", cause: "US" });
    await reconcile(other);
    await other.close();
  });
});

describe("calls in a row on one connection", () => {
  function sendTogether(...options: ChatBytesOptions[]): { caller: HttpCaller; calls: ObservedCall[] } {
    const caller = new HttpCaller(running.port);
    const calls = options.map(() => new ObservedCall(running, caller, callId()));
    const bytes = calls.map(({ id }, index) => chatBytes({ ...options[index], id }));
    caller.send(Buffer.concat(bytes));
    return { caller, calls };
  }

  test("are answered in order, whichever Ark answers first", async () => {
    running.simulator.script({ kind: "delay", ms: 150 }, null, null);
    const { caller, calls } = sendTogether({ stream: true }, {}, { stream: true });
    await caller.untilComplete(3);
    expect(caller.parser.flaw).toBeNull();
    const types = caller.parser.answers.map(({ headers }) => headers.get("content-type")?.split(";")[0]);
    expect(types).toEqual(["text/event-stream", "application/json", "text/event-stream"]);
    const ids = caller.parser.answers.map(({ headers }) => headers.get("x-client-request-id"));
    expect(ids).toEqual(calls.map(({ id }) => id));
    for (const call of calls) expect(await call.line()).toMatchObject({ outcome: "ok" });
  });

  test("end with the first that ends in an error frame; what follows is not answered by half", async () => {
    running.simulator.script([{ kind: "delay", ms: 100 }, { kind: "omit_done" }], { kind: "delay", ms: 300 });
    const { caller, calls } = sendTogether({ stream: true }, { stream: true });
    expect(await caller.untilEnded()).toBe("fin");
    expect(caller.parser.answers.length).toBe(1);
    expect(caller.text).toContain('data: {"error":');
    expect(await calls[0]?.line()).toMatchObject({ outcome: "partial", cause: "US" });
    expect(await calls[1]?.line()).toMatchObject({ outcome: "abandoned" });
  });

  test("whose second ends in an error frame: the connection closes after it", async () => {
    running.simulator.script({ kind: "delay", ms: 150 }, { kind: "omit_done" });
    const { caller, calls } = sendTogether({ stream: true }, { stream: true });
    expect(await caller.untilEnded()).toBe("fin");
    expect(caller.parser.flaw).toBeNull();
    expect(caller.parser.answers.map(({ isComplete }) => isComplete)).toEqual([true, true]);
    expect(caller.parser.answers[0]?.text).toContain("[DONE]");
    expect(caller.parser.answers[1]?.text).toContain('data: {"error":');
    expect(await calls[1]?.line()).toMatchObject({ outcome: "partial", cause: "US" });
  });

  test("after an error frame, a call that comes late is not sent to Ark", async () => {
    const call = callInto(running, [{ kind: "omit_done" }], { stream: true });
    await call.caller.untilText('"error"');
    const before = running.simulator.requests.length;
    call.caller.send(chatBytes());
    await call.caller.untilEnded();
    await reconcile(running);
    expect(running.simulator.requests.length).toBe(before);
  });

  test("a call that arrives in the turn of the error frame is not sent to Ark", async () => {
    const step: ScriptStep = [
      { kind: "delay", ms: 50 },
      { kind: "omit_done", andFinish: true },
    ];
    for (let round = 0; round < 20; round++) {
      const call = callInto(running, step, { stream: true });
      await call.untilAtArk();
      const before = running.simulator.requests.length;
      await call.caller.untilText('"error"');
      call.caller.send(chatBytes());
      expect(await call.caller.untilEnded()).not.toBe("open");
      expect(running.simulator.requests.length).toBe(before);
    }
  });
});
