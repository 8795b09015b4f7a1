/**
 * One call through a running gateway, seen from all sides: the client's bytes, Ark's record, the log and the
 * ledger.
 */
import { expect } from "vitest";
import type { AttemptSettled } from "../../src/ledger/ledger.ts";
import type { RecordedRequest, ScriptStep, Simulator } from "../../src/simulator/index.ts";
import { type ChatBytesOptions, callId, chatBytes, HttpCaller } from "./http-caller.ts";
import { until } from "./raw-origin.ts";
import type { RunningGateway } from "./running-gateway.ts";

export type Line = Record<string, unknown>;

/** The code of an error body, or of the JSON in an event. */
export function codeOf(json: string): unknown {
  return JSON.parse(json).error.code;
}

export class ObservedCall {
  readonly id: string;
  readonly caller: HttpCaller;
  readonly startedAtMs = performance.now();
  readonly #running: RunningGateway;

  constructor(running: RunningGateway, caller: HttpCaller, id: string) {
    this.#running = running;
    this.caller = caller;
    this.id = id;
  }

  get #line(): Line | undefined {
    return this.#running.accessLines.find((line) => line["client_request_id"] === this.id);
  }

  /** Ark's record of it; undefined where Ark has heard nothing. */
  get record(): RecordedRequest | undefined {
    const { requests } = this.#running.simulator;
    return requests.find((request) => request.header("x-client-request-id") === this.id);
  }

  get isOver(): boolean {
    return this.#line !== undefined;
  }

  /** The access log's line, as soon as it is written. */
  async line(): Promise<Line> {
    await until(() => this.isOver, `the line of ${this.id}`);
    return this.#line ?? {};
  }

  /** The settled rows, as soon as the call is over. */
  async rows(): Promise<(AttemptSettled | null)[]> {
    const { request_id: requestId } = await this.line();
    const rows = this.#running.ledger.rows().filter(({ opened }) => opened.requestId === requestId);
    return rows.map(({ settled }) => settled);
  }

  /** The one row of a call of one attempt. */
  async row(): Promise<AttemptSettled> {
    const [row, ...more] = await this.rows();
    expect(more).toEqual([]);
    if (row === undefined || row === null) throw new Error(`${this.id} has no settled row`);
    return row;
  }

  async untilAtArk(): Promise<void> {
    await this.#running.simulator.waitFor(() => this.record?.bodyIsComplete === true);
  }

  /** When Ark saw its connection closed by the gateway, on the monotonic clock. */
  async closedAtArkMs(): Promise<number> {
    await this.#running.simulator.waitFor(() => typeof this.record?.closedByClientAtMs === "number");
    return this.record?.closedByClientAtMs ?? Number.NaN;
  }

  /** A whole error answer of the gateway's own, with its row and its line. */
  async expectRefused(status: number, code: string, cause: string): Promise<void> {
    await this.caller.untilComplete();
    const { answer } = this.caller;
    expect([answer.status, codeOf(answer.text)]).toEqual([status, code]);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await this.line()).toMatchObject({ status, outcome: "failed", cause, error: code });
    expect(await this.row()).toMatchObject({ state: "failed", cause });
  }

  /**
   * A stream that ends in our error frame and closes: gives the text before the frame. `outcome` is
   * `partial` where an event had come, else `failed`.
   */
  async expectFrame(code: string, cause: string, outcome = "partial"): Promise<string> {
    expect(await this.caller.untilEnded()).toBe("fin");
    expect(this.caller.parser.flaw).toBeNull();
    const { answer } = this.caller;
    expect(answer).toMatchObject({ status: 200, isComplete: true });
    const start = answer.text.lastIndexOf("data: ");
    const frame = answer.text.slice(start);
    expect(frame.startsWith('data: {"error":{"message":"')).toBe(true);
    expect(frame.indexOf("\n\n")).toBe(frame.length - 2);
    expect(codeOf(frame.slice("data: ".length))).toBe(code);
    expect(answer.text.split('"error"').length, "exactly one error").toBe(2);
    expect(answer.text).not.toContain("[DONE]");
    expect(await this.line()).toMatchObject({ status: 200, outcome, cause, error: code });
    expect(await this.row()).toMatchObject({ state: outcome, cause });
    return answer.text.slice(0, start);
  }

  /** Broken before its end, so that nobody takes it for the whole. */
  async expectBroken(cause: string): Promise<void> {
    await this.caller.untilEnded();
    expect(this.caller.answer.isComplete).toBe(false);
    expect(this.caller.text).not.toContain('"error"');
    expect(await this.line()).toMatchObject({ status: 200, outcome: "partial", cause });
    expect(await this.row()).toMatchObject({ state: "partial", cause });
  }
}

/** Sends a chat call on a connection of its own. */
export function startCall(running: RunningGateway, options: ChatBytesOptions = {}): ObservedCall {
  const id = options.id ?? callId();
  const caller = new HttpCaller(running.port);
  const call = new ObservedCall(running, caller, id);
  caller.send(chatBytes({ ...options, id }));
  return call;
}

const stepsOf = new WeakMap<Simulator, Map<string, ScriptStep>>();

function stepsFor(simulator: Simulator): Map<string, ScriptStep> {
  const steps = stepsOf.get(simulator) ?? new Map<string, ScriptStep>();
  stepsOf.set(simulator, steps);
  simulator.scriptBy((request) => steps.get(request.header("x-client-request-id") ?? "") ?? null);
  return steps;
}

/** What the call of that id meets at Ark, however many others are under way. Not for faults of the upload. */
export function scriptCall({ simulator }: RunningGateway, id: string, step: ScriptStep): void {
  stepsFor(simulator).set(id, step);
}

/** Sends a chat call that meets the step, however many others are under way. Not for faults of the upload. */
export function callInto(
  running: RunningGateway,
  step: ScriptStep,
  options: ChatBytesOptions = {},
): ObservedCall {
  const id = callId();
  scriptCall(running, id, step);
  return startCall(running, { ...options, id });
}

/** Runs a check for every case at the same time, and names the first that fails. */
export async function together<Case>(
  cases: readonly Case[],
  check: (...each: Case extends readonly unknown[] ? Case : [Case]) => Promise<void>,
): Promise<void> {
  const run = async (each: Case): Promise<void> => {
    const fields = (Array.isArray(each) ? each : [each]) as Case extends readonly unknown[] ? Case : [Case];
    try {
      await check(...fields);
    } catch (error) {
      throw new Error(`${JSON.stringify(each)}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  };
  const results = await Promise.allSettled(cases.map(run));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
