/**
 * Whatever happens to a request, in whatever order: it ends exactly once, honestly, and leaves nothing
 * behind.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError, unreachable } from "../../src/core/errors.ts";
import { serveRequest } from "../../src/pipeline/pipeline.ts";
import { chatDoor } from "../../src/protocols/chat/index.ts";
import type { AnswerReader, Door } from "../../src/protocols/door.ts";
import type { ExchangeFault } from "../../src/upstreams/upstream.ts";
import { AnswerParser } from "../support/answer-parser.ts";
import { ScriptedRequest } from "../support/scripted-request.ts";

const CHUNK = 'data: {"choices":[{"delta":{"content":"a"},"index":0}],"usage":null}\n\n';
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5}}\n\n';
const DONE = "data: [DONE]\n\n";
const THEIR_ERROR = 'data: {"error":{"code":"InternalServiceError","message":"m"}}\n\n';
const pieces = [
  CHUNK,
  CHUNK.slice(0, 30),
  CHUNK.slice(30),
  CHUNK + CHUNK + CHUNK.slice(0, 9),
  USAGE,
  CHUNK + USAGE + DONE,
  DONE,
  DONE + CHUNK,
  THEIR_ERROR,
  ": comment\n\n",
  "\n\n",
  '{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}',
  '{"error":{"code":"ServerOverloaded","message":"m"}}',
  "x".repeat(300_000),
  `data: ${"x".repeat(1_100_000)}`,
] as const;
const faults = ["reset", "protocol", "connect", "certificate"] as const satisfies readonly ExchangeFault[];

type Step =
  | { readonly kind: "dispatch" | "end" | "leave" | "block" | "unblock" | "stop" | "turn" }
  | { readonly kind: "head"; readonly status: number; readonly type: string }
  | { readonly kind: "piece"; readonly index: number }
  | { readonly kind: "break"; readonly fault: ExchangeFault }
  | { readonly kind: "advance"; readonly ms: number };

const anyPiece = fc.record({ kind: fc.constant("piece" as const), index: fc.nat(pieces.length - 1) });
const chunk = fc.constant({ kind: "piece" as const, index: 0 });
const anyHead = fc.record({
  kind: fc.constant("head" as const),
  status: fc.constantFrom(200, 200, 429, 500, 204),
  type: fc.constantFrom("text/event-stream", "application/json", "text/html"),
});
const plain = (kind: "dispatch" | "end" | "leave" | "block" | "unblock" | "stop" | "turn") =>
  fc.constant({ kind });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: anyPiece },
  { weight: 8, arbitrary: chunk },
  { weight: 3, arbitrary: anyHead },
  { weight: 2, arbitrary: plain("dispatch") },
  { weight: 2, arbitrary: plain("end") },
  { weight: 2, arbitrary: plain("leave") },
  { weight: 2, arbitrary: plain("block") },
  { weight: 2, arbitrary: plain("unblock") },
  { weight: 1, arbitrary: plain("stop") },
  { weight: 4, arbitrary: plain("turn") },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("break" as const), fault: fc.constantFrom(...faults) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      ms: fc.constantFrom(100, 1_000, 2_600, 4_100),
    }),
  },
);

function apply(scripted: ScriptedRequest, each: Step): void {
  const { exchange, socket } = scripted;
  switch (each.kind) {
    case "dispatch":
      exchange?.dispatch();
      break;
    case "head":
      exchange?.head(each.status, each.type);
      break;
    case "piece":
      exchange?.piece(Buffer.from(pieces[each.index] ?? ""));
      break;
    case "end":
      exchange?.end();
      break;
    case "break":
      exchange?.break(each.fault);
      break;
    case "leave":
      socket.destroy();
      break;
    case "block":
      socket.block();
      break;
    case "unblock":
      socket.unblock();
      break;
    case "stop":
      scripted.inFlight.stopAll(new GatewayError("shutting_down", "Stopping."));
      break;
    case "advance":
      scripted.advance(each.ms);
      break;
    case "turn":
      break;
    default:
      unreachable(each);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What the client can tell of its answer. */
function clientsView(scripted: ScriptedRequest): { parser: AnswerParser; text: string; isWhole: boolean } {
  const parser = new AnswerParser();
  parser.push(scripted.received);
  const answer = parser.answers[0];
  return { parser, text: answer?.text ?? "", isWhole: answer?.isComplete === true };
}

function checkHonest(scripted: ScriptedRequest): void {
  const { parser, text, isWhole } = clientsView(scripted);
  const [record] = scripted.observer.ended;
  expect(parser.flaw).toBeNull();
  expect(parser.answers.length).toBeLessThanOrEqual(1);
  const answer = parser.answers[0];
  const isStream = answer?.status === 200 && answer.headers.get("cache-control") === "no-cache, no-transform";
  if (isStream && isWhole) {
    const events = text
      .replaceAll(": ping\n", "")
      .split(/(?<=\n\n)/)
      .filter((event) => event !== "");
    const errors = events.filter((event) => event.startsWith('data: {"error"'));
    const isDone = events.at(-1) === DONE;
    expect(errors.length, text).toBe(isDone ? 0 : 1);
    if (!isDone) expect(events.at(-1)).toBe(errors[0]);
    expect(record?.outcome === "ok", `${record?.outcome} ${text}`).toBe(isDone);
  }
  if (answer === undefined || !isWhole) expect(scripted.socket.destroyed).toBe(true);
  if (record?.outcome === "ok" && !scripted.socket.destroyed) expect(isWhole).toBe(true);
}

/** Who ended requests, when, and what was sent: so that the scripts are known to get everywhere. */
const reached = new Set<string>();

async function checkEnded(scripted: ScriptedRequest): Promise<void> {
  const { observer, ledger, inFlight, house, watch, places, bodies } = scripted;
  expect([observer.started, observer.ended.length]).toEqual([1, 1]);
  expect([ledger.openRows, ledger.refusedSettlements]).toEqual([0, 0]);
  expect([inFlight.count, house.occupancy.count, places.taken, bodies.held]).toEqual([0, 0, 0, 0]);
  expect(watch.size).toBe(0);
  for (const exchange of scripted.upstream.exchanges) expect(exchange.isOver).toBe(true);
  for (const { settled } of ledger.rows()) expect(settled).not.toBeNull();
  const [record] = observer.ended;
  expect(record?.status).toBeGreaterThanOrEqual(200);
  reached.add(`${record?.outcome} ${record?.cause}`);
}

/**
 * Runs the steps, then lets time run out and the client read or leave; then everything again, to no effect.
 */
async function live(scripted: ScriptedRequest, steps: readonly Step[]): Promise<void> {
  const served = serveRequest(scripted.house, scripted.request, scripted.response);
  await turn();
  for (const each of steps) {
    apply(scripted, each);
    const { exchange, response } = scripted;
    // Else its end could not come, and its connection would be lost.
    if (response.writableEnded && exchange?.isOver === false) expect(exchange.isPaused).toBe(false);
    if (each.kind === "turn") await turn();
  }
  await turn();
  for (let tick = 0; tick < 4; tick++) {
    scripted.advance(10_000);
    await turn();
  }
  scripted.socket.unblock();
  await turn();
  scripted.advance(10_000);
  await turn();
  await served;
  await turn();
  const before = scripted.received.length;
  for (const each of steps) apply(scripted, each);
  scripted.advance(10_000);
  await turn();
  expect(scripted.received.length).toBe(before);
  scripted.socket.destroy();
  await turn();
}

const endings = [
  "ok -E",
  "failed -E",
  ...["UC", "UF", "GC", "GF"].map((cause) => `failed ${cause}`),
  ...["CC", "CF", "CS"].map((cause) => `abandoned ${cause}`),
  ...["US", "CS", "GS"].map((cause) => `partial ${cause}`),
];
const some = fc.array(step, { maxLength: 14 });
const answered = (status: number, type: string): fc.Arbitrary<Step[]> =>
  some.map((rest) => [{ kind: "head", status, type }, { kind: "turn" }, ...rest]);
const steps = fc.oneof(
  { weight: 2, arbitrary: some },
  { weight: 5, arbitrary: answered(200, "text/event-stream") },
  { weight: 2, arbitrary: answered(200, "application/json") },
  { weight: 1, arbitrary: answered(429, "application/json") },
);

describe("a request ends exactly once and leaves nothing behind", () => {
  test("whatever the upstream, the client, the clock and the process do", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), steps, async (stream, script) => {
        const scripted = new ScriptedRequest({ stream });
        await live(scripted, script);
        await checkEnded(scripted);
        checkHonest(scripted);
      }),
      { numRuns: 5_000, seed: 1 },
    );
    for (const ending of endings) expect(reached).toContain(ending);
  });

  test("though a part of the house throws in its middle", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.constantFrom(...weaknesses),
        steps,
        async (stream, weakness, script) => {
          const scripted = new ScriptedRequest({ stream, door: weakDoor(weakness) });
          await live(scripted, [{ kind: "head", status: 200, type: "text/event-stream" }, ...script]);
          await checkEnded(scripted);
          checkHonest(scripted);
        },
      ),
      { numRuns: 1_500, seed: 1 },
    );
  });
});

const weaknesses = ["push", "finish", "render", "renderEvent", "readUsage", "openTap"] as const;
type Weakness = (typeof weaknesses)[number];

/** A door with a defect, so that every call of one of its functions throws. */
function weakDoor(weakness: Weakness): Door {
  const fail = (): never => {
    throw new TypeError(`a defect in ${weakness}`);
  };
  const weaken = (answers: AnswerReader): AnswerReader => ({
    isVerbatim: true,
    isFree: false,
    rewritesWhole: false,
    rewriteWhole: (body) => body,
    hearWhole: weakness === "readUsage" ? fail : (body) => answers.hearWhole(body),
    openTap: () => {
      if (weakness === "openTap") fail();
      const tap = answers.openTap();
      if (weakness === "push") tap.push = fail;
      if (weakness === "finish") tap.finish = fail;
      if (weakness === "renderEvent") tap.failureEvent = fail;
      return tap;
    },
  });
  return {
    ...chatDoor,
    read: (body) => {
      const reading = chatDoor.read(body);
      return {
        intent: reading.intent,
        prepare: (target, context) => {
          const passage = reading.prepare(target, context);
          if (passage.kind === "local") throw new TypeError("chat always goes to Ark");
          return { ...passage, answers: weaken(passage.answers) };
        },
      };
    },
    dialect: {
      ...chatDoor.dialect,
      ...(weakness === "render" ? { renderError: fail } : {}),
      ...(weakness === "renderEvent" ? { renderErrorEvent: fail } : {}),
    },
  };
}
