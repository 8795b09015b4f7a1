/** The port of telemetry: what is told of each request, once, when it is over. */
import type { Change } from "../core/changes.ts";
import type { Cause, Outcome } from "../core/ending.ts";
import type { ErrorSource } from "../core/errors.ts";
import type { RequestId } from "../core/ids.ts";
import type { MicroYuan } from "../core/money.ts";
import type { Provenance, Usage } from "../core/usage.ts";

/** One request from accept to account. Durations are monotonic milliseconds; null: never got there. */
export type RequestRecord = {
  readonly requestId: RequestId;
  /** The client's own id, where it sent a valid one. */
  readonly clientRequestId: string | null;
  readonly startedAtWallMs: number;
  readonly method: string;
  /** The route as the gateway knows it, such as `/chat/completions`; `other` where it knows none. */
  readonly route: string;
  readonly door: string | null;
  /** The alias served, as the configuration names it, or a passed-through name; null before resolve. */
  readonly alias: string | null;
  /** What the metrics may call it: an alias of the configuration, or `other`. */
  readonly modelLabel: string;
  readonly upstream: string | null;
  readonly upstreamModel: string | null;
  readonly stream: boolean;
  /** The name that was asked for, where it fell back to the default model. */
  readonly fallbackFrom: string | null;
  readonly changes: readonly Change[];
  /** The status sent, or 499. */
  readonly status: number;
  readonly outcome: Outcome;
  readonly cause: Cause;
  /** The catalogue's code, or Ark's own; null on success. */
  readonly errorCode: string | null;
  readonly errorSource: ErrorSource | null;
  readonly attempts: number;
  /** Null where nothing reached a model. */
  readonly usage: Usage | null;
  readonly provenance: Provenance;
  /** 0 where nothing was billed; null where the price is not known. */
  readonly cost: MicroYuan | null;
  readonly bodyBytesIn: number;
  readonly bodyBytesOut: number;
  readonly firstByteMs: number | null;
  readonly upstreamMs: number | null;
  readonly totalMs: number;
};

export type AttemptResult = "ok" | "error" | "unreachable" | "broken" | "abandoned";

export interface Observer {
  requestStarted(): void;
  requestEnded(record: RequestRecord): void;
  /** A probe is over: it has started, but it is nobody's work. */
  requestSkipped(): void;
  attemptEnded(target: string, result: AttemptResult): void;
}
