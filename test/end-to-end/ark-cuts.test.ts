/**
 * Ark cuts, breaks off or says what it should not: the client is told the truth, and the connection to Ark
 * is gone.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Fault, ScriptStep } from "../../src/simulator/index.ts";
import { chatBytes, HttpCaller } from "../support/http-caller.ts";
import { callInto, codeOf, type ObservedCall, startCall } from "../support/observed-call.ts";
import { openRawOrigin } from "../support/raw-origin.ts";
import { reconcile, untilQuiet } from "../support/reconcile.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const MEBIBYTE = 1024 * 1024;

let running: RunningGateway;

beforeAll(async () => {
  running = await startGateway({ simulator: { replyTokens: 12 } });
});

afterEach(() => reconcile(running));

afterAll(() => running.close());

function call(step: ScriptStep, stream: boolean): ObservedCall {
  return callInto(running, step, { stream });
}

async function expectRefused(made: ObservedCall, code: string, cause: string): Promise<void> {
  await made.expectRefused(502, code, cause);
  expect(made.caller.answer.headers.get("x-should-retry")).toBe("false");
}

/** A reset may overtake the bytes before it; after a pause they have been read. */
function pause(afterBytes: number): Fault {
  return { kind: "stall", afterBytes, ms: 100 };
}

/** Ark's side of the connection is closed by the gateway, and soon. */
async function expectLetGo(): Promise<void> {
  await running.simulator.waitFor(({ openRequests }) => openRequests === 0, 2_000);
}

describe("a stream that Ark ends without [DONE]", () => {
  test.each<[string, ScriptStep]>([
    ["cleanly, with its finish_reason", { kind: "omit_done" }],
    ["cleanly, without either", { kind: "omit_done", andFinish: true }],
    ["cleanly, in the middle of an event", { kind: "truncate", afterBytes: 1_000 }],
    ["with half of an event's JSON and nothing more", { kind: "truncate", afterBytes: 300 }],
    ["by closing, where closing is its end", [{ kind: "until_close" }, { kind: "close", afterBytes: 900 }]],
    ["by resetting, where closing is its end", [{ kind: "until_close" }, { kind: "reset", afterBytes: 900 }]],
    [
      "short of its promised length",
      [
        { kind: "content_length", surplus: 9 },
        { kind: "close", afterBytes: 900 },
      ],
    ],
  ])("%s ends in one error frame", async (_how, step) => {
    const text = await call(step, true).expectFrame("upstream_truncated", "US");
    const events = text.split(/(?<=\n\n)/);
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) expect(() => JSON.parse(event.slice("data: ".length))).not.toThrow();
  });

  test("before its first event is a 502", async () => {
    await expectRefused(call({ kind: "truncate", afterBytes: 100 }, true), "upstream_truncated", "UF");
  });

  test("before its head is a 502", async () => {
    const step: ScriptStep = { kind: "close", afterBytes: 20, of: "wire" };
    await expectRefused(call(step, true), "upstream_truncated", "UH");
  });
});

describe("an event of more than 1 MiB", () => {
  test.each(["close", "reset"] as const)(
    "that is cut by %s when part of it has flowed breaks the connection",
    async (kind) => {
      const long = { kind: "long_line", afterEvents: 2, bytes: 2 * MEBIBYTE } as const;
      const afterBytes = MEBIBYTE + 500_000;
      const made = call([long, pause(afterBytes - 1), { kind, afterBytes }], true);
      await made.expectBroken("US");
      expect(made.caller.text.length).toBeGreaterThan(MEBIBYTE);
    },
  );

  test("that Ark ends cleanly in its middle breaks the connection", async () => {
    await call({ kind: "long_line", bytes: 2 * MEBIBYTE, ends: false }, true).expectBroken("US");
  });

  test("is held and dropped where less than that has come", async () => {
    const made = call({ kind: "long_line", afterEvents: 2, bytes: MEBIBYTE - 1_000, ends: false }, true);
    const text = await made.expectFrame("upstream_truncated", "US");
    expect(text.split(/(?<=\n\n)/).length).toBe(2);
  });

  test("that is whole flows, and the stream goes on to [DONE]", async () => {
    const made = call({ kind: "long_line", afterEvents: 2, bytes: 2 * MEBIBYTE }, true);
    await made.caller.untilComplete();
    expect(made.caller.text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(await made.row()).toMatchObject({ state: "settled", provenance: "upstream_final" });
  });
});

describe("a whole answer that is cut", () => {
  test.each(["close", "reset"] as const)("by %s while it is small is an honest 502", async (kind) => {
    const made = call({ kind, afterBytes: 100 }, false);
    await expectRefused(made, "upstream_truncated", "US");
    made.caller.send(chatBytes());
    await made.caller.untilComplete(2);
    expect(made.caller.parser.answers[1]?.status).toBe(200);
  });

  test.each(["close", "reset"] as const)(
    "by %s when more than 256 KiB have come breaks the connection",
    async (kind) => {
      const other = await startGateway({ simulator: { replyTokens: 200_000 } });
      other.simulator.script([pause(399_999), { kind, afterBytes: 400_000 }]);
      const caller = new HttpCaller(other.port);
      caller.send(chatBytes({ members: { max_tokens: 200_000 } }));
      await caller.untilEnded();
      expect(caller.answer).toMatchObject({ status: 200, isComplete: false });
      expect(Number(caller.answer.headers.get("content-length"))).toBeGreaterThan(400_000);
      await reconcile(other);
      expect(other.accessLines[0]).toMatchObject({
        outcome: "partial",
        cause: "US",
        error: "upstream_truncated",
      });
      await other.close();
    },
  );
});

describe("[DONE]", () => {
  test("ends the call at once, though Ark keeps the connection open; after a second it is closed", async () => {
    const made = call({ kind: "open_after_done" }, true);
    await made.caller.untilComplete();
    const doneAtMs = performance.now();
    expect(await made.line()).toMatchObject({ outcome: "ok", cause: "-E" });
    expect(performance.now() - doneAtMs).toBeLessThan(250);
    await expectLetGo();
    const goneAfterMs = (running.simulator.requests.at(-1)?.closedByClientAtMs ?? 0) - doneAtMs;
    expect(goneAfterMs).toBeGreaterThan(800);
    expect(goneAfterMs).toBeLessThan(1_500);
  });

  test.each<[string, string | null]>([
    ["the last events again", null],
    ["an error", 'data: {"error":{"code":"InternalServiceError"}}\n\n'],
    ["half an event", 'data: {"choices":[{"delta":{"content":"x'],
  ])("is the end, whatever follows: %s", async (_what, text) => {
    const made = call({ kind: "after_done", text }, true);
    await made.caller.untilComplete();
    expect(made.caller.text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(made.caller.text.split("[DONE]").length).toBe(2);
    expect(made.caller.text).not.toContain('"error"');
    expect(await made.row()).toMatchObject({ state: "settled", provenance: "upstream_final" });
  });

  test.each([
    ["and nothing more, its connection is used again", "", 1],
    ["and more in a piece of its own, it is not", "6\r\n: more\r\n", 2],
  ])("%s", async (_what, more, connections) => {
    const events = 'data: {"choices":[{"delta":{"content":"a"},"index":0}]}\n\ndata: [DONE]\n\n';
    const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    const goesOn = Promise.withResolvers<void>();
    const origin = await openRawOrigin(async (connection) => {
      while (!connection.isClosed) {
        await connection.request();
        await connection.write(`${head}${events.length.toString(16)}\r\n${events}\r\n`);
        await goesOn.promise;
        await connection.write(`${more}0\r\n\r\n`);
      }
    });
    const other = await startGateway({ baseUrl: origin.url });
    const caller = new HttpCaller(other.port);
    caller.send(chatBytes({ stream: true }));
    await caller.untilComplete();
    goesOn.resolve();
    await untilQuiet(other);
    caller.send(chatBytes({ stream: true }));
    await caller.untilComplete(2);
    expect(caller.parser.answers[1]?.text).toBe(events);
    expect(origin.connections.length).toBe(connections);
    await other.close();
  });
});

describe("Ark's own error event", () => {
  test.each([false, true])("is passed on as it is, and the connection closes (named: %s)", async (named) => {
    const made = call({ kind: "error_event", afterEvents: 2, named }, true);
    expect(await made.caller.untilEnded()).toBe("fin");
    expect(made.caller.answer.isComplete).toBe(true);
    const events = made.caller.text.split(/(?<=\n\n)/);
    expect(events.length).toBe(3);
    expect(events[2]?.startsWith(named ? "event: error\ndata: " : "data: ")).toBe(true);
    const line = { outcome: "partial", cause: "US", error: "InternalServiceError", error_source: "upstream" };
    expect(await made.line()).toMatchObject(line);
    expect(await made.row()).toMatchObject({ state: "partial", cause: "US" });
  });
});

describe("an answer that is none", () => {
  test.each<[string, ScriptStep, string]>([
    ["a page of HTML with status 502", { kind: "html", status: 502 }, "UF"],
    ["a page of HTML with status 200", { kind: "html", status: 200 }, "UF"],
    ["an empty 500", { kind: "empty", status: 500 }, "UF"],
    ["an empty 200", { kind: "empty", status: 200 }, "UF"],
    ["a 204", { kind: "empty", status: 204 }, "UF"],
    ["a redirect", { kind: "redirect" }, "UF"],
    ["a permanent redirect", { kind: "redirect", status: 308 }, "UF"],
    ["gzip", { kind: "compressed" }, "UF"],
    ["a bomb of gzip", { kind: "compressed", layers: 3, bombBytes: 20 * MEBIBYTE }, "UF"],
    ["another content type", { kind: "content_type" }, "UF"],
    ["no content type", { kind: "content_type", value: null }, "UF"],
    ["a length and chunks at once", { kind: "both_framings" }, "UH"],
    [
      "a length given twice",
      [
        { kind: "content_length", surplus: 0 },
        { kind: "raw_header", line: "Content-Length: 5" },
      ],
      "UH",
    ],
    ["a header that splits the head", { kind: "raw_header", line: "X: a\nb" }, "UH"],
    ["a storm of 1xx", { kind: "interim", count: 500 }, "UH"],
  ])("%s is a 502, whole and streamed", async (_what, step, cause) => {
    for (const stream of [false, true]) {
      const made = call(step, stream);
      await made.caller.untilComplete();
      const { answer } = made.caller;
      expect([answer.status, codeOf(answer.text), stream]).toEqual([502, "upstream_invalid", stream]);
      expect(answer.headers.get("x-should-retry")).toBe("false");
      expect(await made.line()).toMatchObject({ outcome: "failed", error: "upstream_invalid", attempts: 1 });
      expect((await made.line())["cause"]).toMatch(stream ? cause : /^U[HFS]$/);
      await expectLetGo();
    }
  });

  test("an error with status 200 where a stream was asked is an error", async () => {
    const made = call({ kind: "error", status: 200 }, true);
    await expectRefused(made, "upstream_invalid", "US");
  });

  test("a few 1xx before the answer do no harm, and the client sees none of them", async () => {
    const made = call({ kind: "interim", count: 20, status: 103 }, true);
    await made.caller.untilComplete();
    expect([made.caller.answer.status, made.caller.parser.interim]).toEqual([200, []]);
  });

  test("the redirect's target hears nothing", async () => {
    const before = running.simulator.requests.length;
    const made = call(
      { kind: "redirect", location: `${running.gateway.config.upstreams[0]?.baseUrl}/models` },
      false,
    );
    await made.caller.untilComplete();
    await reconcile(running);
    expect(running.simulator.requests.length).toBe(before + 1);
  });

  test("an error that Ark sends before it has read the body passes as it is", async () => {
    running.simulator.script({ kind: "upload_refused", code: "AuthenticationError" });
    const made = startCall(running, { stream: true });
    await made.caller.untilComplete();
    expect([made.caller.answer.status, codeOf(made.caller.text)]).toEqual([401, "AuthenticationError"]);
  });

  test("a connection that is reset while the body goes up is not tried again", async () => {
    running.simulator.script({ kind: "upload_reset", afterBytes: 1 });
    const made = startCall(running);
    await expectRefused(made, "upstream_truncated", "UH");
    expect(await made.line()).toMatchObject({ attempts: 1 });
  });
});
