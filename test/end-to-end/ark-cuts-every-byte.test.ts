/**
 * Ark cuts a stream after every one of its bytes: whole events, then one honest error, and never a false
 * success.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Fault } from "../../src/simulator/index.ts";
import { callId, chatBytes, HttpCaller } from "../support/http-caller.ts";
import { reconcile } from "../support/reconcile.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const AT_ONCE = 16;
const MARK = "data: [DONE]\n\n";
const ERROR_FRAME =
  /^data: \{"error":\{"message":"[^\n]+","type":"server_error","param":null,"code":"([a-z_]+)"\}\}$/;

let running: RunningGateway;
let arkPort: number;
/** What strikes which call. */
const faults = new Map<string, Fault>();

beforeAll(async () => {
  running = await startGateway({ simulator: { replyTokens: 2 } });
  const [request] = running.gateway.config.upstreams;
  running.simulator.scriptBy((call) => faults.get(call.header("x-client-request-id") ?? "") ?? null);
  arkPort = Number(new URL(request?.baseUrl ?? "").port);
});

afterAll(() => running.close());

const streams = {
  "plain, its usage hidden": { members: { model: "deepseek-v3", max_tokens: 2 }, wantsUsage: false },
  "with its usage": { members: { model: "deepseek-v3", max_tokens: 2 }, wantsUsage: true },
  "of thoughts": { members: { model: "deepseek-r1", max_completion_tokens: 3 }, wantsUsage: false },
} as const;
type Stream = (typeof streams)[keyof typeof streams];

/** What changes from call to call. */
function masked(text: string): string {
  return text.replaceAll(/"id":"[0-9a-z]+"/g, '"id":""').replaceAll(/"created":\d+/g, '"created":0');
}

function eventsOf(text: string): string[] {
  return text.split(/(?<=\n\n)/);
}

function bytesFor({ members, wantsUsage }: Stream, id: string): Buffer {
  const usage = wantsUsage ? { stream_options: { include_usage: true } } : {};
  return chatBytes({ id, stream: true, members: { ...members, ...usage } });
}

/**
 * The stream as Ark sends it, event by event: the body that the gateway has sent is sent again, past the
 * gateway.
 */
async function arkEvents(stream: Stream): Promise<string[]> {
  const through = new HttpCaller(running.port);
  through.send(bytesFor(stream, callId()));
  await through.untilComplete();
  const body = running.simulator.requests.at(-1)?.body ?? Buffer.alloc(0);
  const caller = new HttpCaller(arkPort);
  const head = [
    "POST /api/v3/chat/completions HTTP/1.1",
    "host: ark.test",
    "authorization: Bearer key",
    "content-type: application/json",
    `content-length: ${body.length}`,
  ];
  caller.send(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]));
  await caller.untilComplete();
  const events = eventsOf(caller.text);
  expect(events.at(-1)).toBe(MARK);
  return events;
}

type Expected = { readonly text: string; readonly end: "done" | "frame" | "502" };

function expectedAfter(events: readonly string[], cutBytes: number, wantsUsage: boolean): Expected {
  let bytes = 0;
  let text = "";
  for (const event of events) {
    bytes += Buffer.byteLength(event);
    const missing = bytes - cutBytes;
    // What lacks no more than its blank line has come.
    if (missing === 1 || missing === 2) {
      if (event === MARK) return { text: text + MARK.slice(0, -missing), end: "done" };
    } else if (missing > 0) return { text, end: text === "" ? "502" : "frame" };
    if (wantsUsage || !event.includes('"choices":[]')) text += event;
  }
  return { text, end: "done" };
}

/** What is wrong with what the client saw; null where all is well. */
function wrongWith(caller: HttpCaller, expected: Expected): string | null {
  const { status, text, isComplete, headers } = caller.answer;
  if (caller.parser.flaw !== null) return caller.parser.flaw;
  if (!isComplete) return "the answer has no end";
  switch (expected.end) {
    case "done":
      return masked(text) === masked(expected.text) ? null : `success, but with ${text}`;
    case "502": {
      const isTold = status === 502 && text.includes('"code":"upstream_truncated"');
      return isTold && headers.get("x-should-retry") === "false" ? null : `${status} ${text}`;
    }
    case "frame": {
      if (caller.ending !== "fin") return `the connection is ${caller.ending}`;
      const events = eventsOf(text);
      const frame = events.pop() ?? "";
      if (masked(events.join("")) !== masked(expected.text)) return `other events: ${text}`;
      return ERROR_FRAME.exec(frame.trimEnd())?.[1] === "upstream_truncated" ? null : `frame: ${frame}`;
    }
  }
}

async function cutAt(stream: Stream, events: readonly string[], kind: "close" | "reset", afterBytes: number) {
  const id = callId();
  faults.set(id, { kind, afterBytes });
  const caller = new HttpCaller(running.port);
  caller.send(bytesFor(stream, id));
  const expected = expectedAfter(events, afterBytes, stream.wantsUsage);
  if (expected.end === "frame") await caller.untilEnded();
  else await caller.untilComplete();
  const wrong = wrongWith(caller, expected);
  caller.leave();
  faults.delete(id);
  return wrong === null ? null : `${kind} after ${afterBytes} bytes: ${wrong}`;
}

describe.each(["close", "reset"] as const)("Ark ends by %s after every byte of a stream", (kind) => {
  test.each(Object.keys(streams) as (keyof typeof streams)[])("%s", async (name) => {
    const stream = streams[name];
    const events = await arkEvents(stream);
    const bytesMax = Buffer.byteLength(events.join(""));
    const wrong: string[] = [];
    let afterBytes = 0;
    const worker = async (): Promise<void> => {
      while (afterBytes <= bytesMax) {
        const found = await cutAt(stream, events, kind, afterBytes++);
        if (found !== null) wrong.push(found);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});

test("every cut attempt has its row, and the rows say what happened", async () => {
  await reconcile(running);
  const states = new Set<string>();
  for (const { settled } of running.ledger.rows()) {
    const { state, cause, provenance } = settled ?? {};
    states.add(`${state} ${cause} ${provenance}`);
  }
  expect([...states].sort()).toEqual([
    "failed UF estimated",
    "partial US counted",
    "partial US upstream_final",
    "settled -E upstream_final",
  ]);
});
