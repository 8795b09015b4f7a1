/** The ledger comes first: nothing is sent before its row is written, nothing ends before its row is kept. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { callChat } from "../support/gateway-call.ts";
import { HeldLedger } from "../support/held-ledger.ts";
import { callId, chatBytes, HttpCaller } from "../support/http-caller.ts";
import { until } from "../support/raw-origin.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

/** The house looks at its deadlines ten times a second. */
const HEARTBEAT_MS = 60;
const CHAT = { model: "deepseek-r1", messages: [{ role: "user", content: "hi" }] };

let ledger: HeldLedger;
let running: RunningGateway;

beforeEach(async () => {
  ledger = new HeldLedger();
  running = await startGateway({
    ledger,
    settings: { heartbeat: { every: `${HEARTBEAT_MS}ms` } },
    simulator: { replyTokens: 30 },
  });
});

afterEach(async () => {
  ledger.writing.letGo();
  ledger.keeping.letGo();
  await running.close();
});

function call(stream: boolean): HttpCaller {
  const caller = new HttpCaller(running.port);
  caller.send(chatBytes({ id: callId(), stream }));
  return caller;
}

describe("before a byte goes to Ark", () => {
  test("its row has been written", async () => {
    ledger.writing.hold();
    const answer = callChat(running, CHAT);
    await until(() => ledger.writing.waiting === 1, "the wait for the row");
    expect(ledger.openRows).toBe(1);
    expect(running.simulator.requests).toHaveLength(0);
    ledger.writing.letGo();
    expect((await answer).status).toBe(200);
  });

  test("a row that cannot be written stops the call: 503, nothing sent, and it may come back", async () => {
    ledger.writing.fail();
    const answer = await callChat(running, CHAT);
    expect(answer.status).toBe(503);
    expect(answer.error).toMatchObject({ type: "server_error", code: "ledger_unavailable" });
    expect(answer.header("retry-after")).toBe("1");
    expect(answer.header("x-should-retry")).toBeNull();
    expect(running.simulator.requests).toHaveLength(0);
    const line = { status: 503, outcome: "refused", cause: "DQ", error: "ledger_unavailable", attempts: 0 };
    expect(running.accessLines.at(-1)).toMatchObject(line);
    ledger.writing.letGo();
    expect((await callChat(running, CHAT)).status).toBe(200);
  });

  test("a client that leaves meanwhile has cost nothing", async () => {
    ledger.writing.hold();
    const caller = call(true);
    await until(() => ledger.writing.waiting === 1, "the wait for the row");
    caller.leave("reset");
    await until(() => running.gateway.deadlinesWatched === 0, "the reply's end");
    ledger.writing.letGo();
    await until(() => ledger.openRows === 0, "the settled row");
    expect(ledger.rows().at(-1)?.settled).toMatchObject({ state: "failed", cost: 0, provenance: "none" });
    expect(running.simulator.requests).toHaveLength(0);
  });
});

describe("before an answer ends", () => {
  test("a stream flows, and its [DONE] waits for the row", async () => {
    ledger.keeping.hold();
    const caller = call(true);
    await until(() => ledger.keeping.waiting === 1, "the wait for the row");
    expect(ledger.rows().at(-1)?.settled).toMatchObject({ state: "settled", provenance: "upstream_final" });
    await caller.untilText('"delta"');
    expect(caller.parser.answers[0]?.text).not.toContain("[DONE]");
    ledger.keeping.letGo();
    await caller.untilComplete();
    expect(caller.parser.answers[0]?.text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("a whole answer waits for the row", async () => {
    ledger.keeping.hold();
    const caller = call(false);
    await until(() => ledger.keeping.waiting === 1, "the wait for the row");
    expect(caller.bytesReceived).toBe(0);
    ledger.keeping.letGo();
    await caller.untilComplete();
    expect(caller.parser.answers[0]?.status).toBe(200);
  });

  test("a row that cannot be kept: the stream ends in an error that its client can see", async () => {
    ledger.keeping.hold();
    const caller = call(true);
    await until(() => ledger.keeping.waiting === 1, "the wait for the row");
    ledger.keeping.fail();
    await until(() => caller.ending === "fin", "the end of the connection");
    const text = caller.parser.answers[0]?.text ?? "";
    expect(text).toContain('data: {"error":{');
    expect(text).toContain('"code":"ledger_unavailable"');
    expect(text).not.toContain("[DONE]");
    await until(() => running.accessLines.length === 1, "the line");
    expect(running.accessLines[0]).toMatchObject({ outcome: "failed", cause: "DE" });
  });

  test("a row that cannot be kept: a whole answer becomes a 503 that is not to be repeated", async () => {
    ledger.keeping.fail();
    const answer = await callChat(running, CHAT);
    expect(answer.status).toBe(503);
    expect(answer.error).toMatchObject({ code: "ledger_unavailable" });
    expect(answer.header("x-should-retry")).toBe("false");
  });

  test("an error of Ark's waits as well", async () => {
    running.simulator.script({ kind: "error", code: "ServerOverloaded" });
    ledger.keeping.hold();
    const caller = call(false);
    await until(() => ledger.keeping.waiting === 1, "the wait for the row");
    expect(caller.bytesReceived).toBe(0);
    expect(ledger.rows().at(-1)?.settled).toMatchObject({ state: "failed", cost: 0, provenance: "none" });
    ledger.keeping.letGo();
    await caller.untilComplete();
    expect(caller.parser.answers[0]?.status).toBe(429);
  });

  test("an error of Ark's for a stream keeps its status, however long it waits", async () => {
    running.simulator.script({ kind: "error", code: "ServerOverloaded" });
    ledger.keeping.hold();
    const caller = call(true);
    await until(() => ledger.keeping.waiting === 1, "the wait for the row");
    await new Promise((resolve) => setTimeout(resolve, 5 * HEARTBEAT_MS));
    expect(caller.bytesReceived).toBe(0);
    ledger.keeping.letGo();
    await caller.untilComplete();
    expect(caller.parser.answers[0]?.status).toBe(429);
  });
});
