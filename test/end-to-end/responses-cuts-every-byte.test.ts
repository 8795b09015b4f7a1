/**
 * Ark cuts a stream of Responses after every one of its bytes: the client sees the whole answer where its
 * last event had come, else one event that says what failed, numbered on; and the rows say the same.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Fault } from "../../src/simulator/index.ts";
import { callId, HttpCaller } from "../support/http-caller.ts";
import { reconcile } from "../support/reconcile.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";
import { responseEvents } from "../support/simulated-responses.ts";

const AT_ONCE = 16;
const MODEL = "doubao-seed-2-0-lite-260215";

let running: RunningGateway;
/** What strikes which call. */
const faults = new Map<string, Fault>();

beforeAll(async () => {
  const target = { targets: [{ upstream: "ark", model: MODEL }], speaks: ["chat", "responses"] };
  running = await startGateway({ simulator: { replyTokens: 2 }, settings: { models: { [MODEL]: target } } });
  running.simulator.scriptBy((call) => faults.get(call.header("x-client-request-id") ?? "") ?? null);
});

afterAll(() => running.close());

function callBytes(id: string): Buffer {
  const thinking = { type: "disabled" };
  const body = JSON.stringify({ model: MODEL, input: "hi", stream: true, store: false, thinking });
  const head = [
    "POST /v1/responses HTTP/1.1",
    "host: gateway.test",
    "authorization: Bearer ark-key-of-a-caller",
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    `x-client-request-id: ${id}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

async function called(fault: Fault | null): Promise<HttpCaller> {
  const id = callId();
  if (fault !== null) faults.set(id, fault);
  const caller = new HttpCaller(running.port);
  caller.send(callBytes(id));
  await caller.until(() => caller.parser.answers[0]?.isComplete === true, "a whole answer");
  faults.delete(id);
  return caller;
}

/** The stream as Ark sends it, which a verbatim answer is: the types of its events, and where each ends. */
async function arkEvents(): Promise<{ types: string[]; ends: number[]; bytes: number }> {
  const { text } = await called(null);
  const blocks = text.split(/(?<=\n\n)/);
  expect(blocks.at(-1)).toBe("data: [DONE]\n\n");
  let end = 0;
  const ends = blocks.slice(0, -1).map((block) => {
    end += Buffer.byteLength(block);
    return end;
  });
  return { types: responseEvents(text).map(({ event }) => event), ends, bytes: Buffer.byteLength(text) };
}

/** What is wrong with what the client saw of a stream of which so many events had come; null if nothing. */
function wrongWith({ answer, parser }: HttpCaller, came: readonly string[], isWhole: boolean): string | null {
  if (parser.flaw !== null) return parser.flaw;
  const { status, text } = answer;
  if (came.length === 0) return status === 502 && text.includes('"upstream_truncated"') ? null : text;
  const seen = responseEvents(text);
  const types = seen.map(({ event }) => event);
  const wanted = isWhole ? came : [...came, "response.failed"];
  if (types.join() !== wanted.join()) return `${types} where ${wanted} was to come`;
  const numbers = seen.map(({ data }) => data["sequence_number"]);
  if (numbers.some((number, index) => number !== index)) return `numbered ${numbers}`;
  return isWhole || text.includes('"code":"upstream_truncated"') ? null : text;
}

describe.each(["close", "reset"] as const)("Ark ends by %s after every byte of a stream", (kind) => {
  test("of Responses", async () => {
    const { types, ends, bytes } = await arkEvents();
    const wrong: string[] = [];
    let afterBytes = 0;
    const worker = async (): Promise<void> => {
      while (afterBytes <= bytes) {
        const cut = afterBytes++;
        const caller = await called({ kind, afterBytes: cut });
        // What lacks no more than its blank line has come.
        const came = types.slice(0, ends.filter((end) => end <= cut + 2).length);
        const isWhole = came.length === types.length;
        const found = wrongWith(caller, came, isWhole);
        if (found !== null) wrong.push(`${kind} after ${cut} of ${bytes} bytes: ${found}`);
        caller.leave();
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
    "settled -E upstream_final",
  ]);
});
