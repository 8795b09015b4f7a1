/** Runs the calls of the matrix over a gateway and its upstreams, and gathers the evidence. */

import { until } from "../raw-origin.ts";
import { type RunningGateway, type RunningOptions, startGateway } from "../running-gateway.ts";
import { type MatrixCall, makeCall, modelSettings } from "./calls.ts";
import { conduct, type Seen } from "./conducts.ts";
import { doorOf } from "./doors.ts";
import { stopped } from "./scenes.ts";
import { Upstreams } from "./upstreams.ts";
import { type Evidence, type FullRow, nameOf } from "./verdict.ts";

export type Policy = "cancel" | "drain";

export type LedgerPlace = Pick<RunningOptions, "dataFolder" | "durable">;

/** Secrets like the callers' keys. */
export const ADMIN_KEY = "aDm1n-Zw5yQ8cVhE7uTgKx";
export const GATEWAY_KEY = "gAtEwAy-pL3oR6sYb9XdJmWf";
/** The upstream that is asked with a key of the gateway's own. */
const KEYED_UPSTREAM = "cutting";

const AT_ONCE = 64;
const UNASKED_WITHIN_MS = 40;
const QUIET_MS = 8_000;

const policies = {
  cancel: { ledger: { client_loss: "cancel" } },
  drain: {
    ledger: { client_loss: "drain", drain_for: "250ms", drain_tokens_max: 60, drains_max: 12 },
    heartbeat: { every: "40ms" },
  },
} as const;

function upstreamSettings(name: string, upstreams: Upstreams): object {
  const keys = name === KEYED_UPSTREAM ? { api_keys: [GATEWAY_KEY] } : {};
  return { base_url: upstreams.url(name), ...keys };
}

export type PlayedCall = { readonly call: MatrixCall; readonly seen: Seen };

export class Matrix {
  readonly running: RunningGateway;
  readonly upstreams: Upstreams;
  readonly played: PlayedCall[] = [];

  #lastTurn: Promise<unknown> = Promise.resolve();

  private constructor(running: RunningGateway, upstreams: Upstreams) {
    this.running = running;
    this.upstreams = upstreams;
  }

  /** @param ledger where the gateway's ledger is; in memory where it is left out */
  static async open(seed: number, policy: Policy, ledger: LedgerPlace = {}): Promise<Matrix> {
    const upstreams = await Upstreams.open(seed);
    const settings = {
      upstreams: Object.fromEntries(upstreams.names.map((name) => [name, upstreamSettings(name, upstreams)])),
      models: modelSettings(upstreams.names),
      timeouts: { request_body: "600ms" },
      retries: { attempts_max: 3 },
      auth: { mode: "passthrough" },
      ...policies[policy],
    };
    const environment = { VOLCANO_PROXY_ADMIN_KEY: ADMIN_KEY };
    const running = await startGateway({
      baseUrl: upstreams.url("ark"),
      settings,
      environment,
      ...ledger,
    });
    return new Matrix(running, upstreams);
  }

  /** Asks so many calls of the seed, from `first` on. */
  async play(seed: number, first: number, count: number): Promise<void> {
    let next = first;
    const work = async (): Promise<void> => {
      while (next < first + count) await this.#ask(makeCall(seed, next++));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** Asks calls that will not end by themselves, and stops the gateway in the middle of them. */
  async stopAmidst(seed: number, first: number, count: number): Promise<void> {
    const { gateway } = this.running;
    const heard = (): number => this.upstreams.openRequests + this.upstreams.bill.length;
    const before = heard();
    const calls = Array.from({ length: count }, (_, index) => makeCall(seed, first + index, stopped));
    const asked = Promise.all(calls.map((call) => this.#ask(call)));
    await until(() => heard() === before + count, "all calls at Ark");
    const stopping = gateway.stop({ lagMs: 0, deadlineMs: 100 });
    await asked;
    await stopping;
    await this.upstreams.close();
  }

  /** Resolves once nobody is in the house, and no answer of Ark's is under way. */
  async untilQuiet(): Promise<void> {
    const { gateway } = this.running;
    const left = (): number[] => [
      gateway.requestsInFlight,
      gateway.deadlinesWatched,
      gateway.bodyBytesHeld,
      this.upstreams.openRequests,
    ];
    await until(() => left().every((count) => count === 0), "an empty house", QUIET_MS).catch(() => {
      throw new Error(`in flight, watched, bytes held, open at Ark: ${left().join(", ")}`);
    });
  }

  evidence(rows: readonly FullRow[]): Evidence[] {
    const idOf = (line: Record<string, unknown>): string => String(line["client_request_id"] ?? "");
    const lines = Map.groupBy(this.running.accessLines, idOf);
    const bill = Map.groupBy(this.upstreams.bill, ({ clientRequestId }) => clientRequestId ?? "");
    const own = Map.groupBy(rows, (row) => row.client_request_id ?? "");
    return this.played.map(({ call, seen }) => ({
      call,
      seen,
      lines: lines.get(call.id) ?? [],
      bill: bill.get(call.id) ?? [],
      rows: own.get(call.id) ?? [],
    }));
  }

  /**
   * An answer that nobody has asked for is known by coming while nothing is asked. Where it meets the next
   * call on its way, no client of HTTP/1.1 can tell them apart.
   */
  #oneByOne(ask: () => Promise<Seen>): Promise<Seen> {
    const turn = this.#lastTurn.then(ask);
    this.#lastTurn = turn.then(() => new Promise((resolve) => setTimeout(resolve, UNASKED_WITHIN_MS)));
    return turn;
  }

  async #ask(call: MatrixCall): Promise<void> {
    const { id, step, bytes, headBytes } = call;
    this.upstreams.play(id, step);
    const ask = (): Promise<Seen> =>
      conduct(this.running.port, { bytes, headBytes, door: doorOf[call.door] }, call.conduct).catch(
        (thrown) => this.#blame(call, thrown),
      );
    const seen = call.upstream === "talkative" ? await this.#oneByOne(ask) : await ask();
    this.played.push({ call, seen });
  }

  /** Says which call it was. */
  #blame(call: MatrixCall, thrown: unknown): never {
    throw new Error(`${nameOf(call)}: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
}
