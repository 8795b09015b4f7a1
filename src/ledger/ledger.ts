/**
 * The port of the ledger: one row for each attempt, opened before a byte goes upstream and settled exactly
 * once.
 */
import type { Cause, Settlement } from "../core/ending.ts";
import type { AttemptId, RequestId } from "../core/ids.ts";
import type { Provenance, Usage } from "../core/usage.ts";

export type AttemptOpened = {
  readonly attemptId: AttemptId;
  readonly requestId: RequestId;
  readonly door: string;
  /** The alias served, as the configuration names it. */
  readonly alias: string;
  /** The upstream's name and the model asked of it. */
  readonly upstream: string;
  readonly upstreamModel: string;
  readonly stream: boolean;
  readonly openedAtWallMs: number;
};

export type AttemptSettled = {
  readonly attemptId: AttemptId;
  readonly state: Settlement;
  readonly cause: Cause;
  /** The upstream's status; null where no head came. */
  readonly status: number | null;
  readonly usage: Usage | null;
  readonly provenance: Provenance;
  /** Null where that point was not reached. Durations by the monotonic clock. */
  readonly dispatchedMs: number | null;
  readonly firstByteMs: number | null;
  readonly totalMs: number;
};

/** A row that is open: what was opened is settled by the thing itself, without looking for it. */
export interface OpenAttempt {
  /** Never throws. A second settling is a defect, and changes nothing. */
  settle(row: AttemptSettled): void;
}

export interface Ledger {
  /** @throws GatewayError where the row cannot be kept: then nothing may be sent. */
  open(row: AttemptOpened): OpenAttempt;
  close(): Promise<void>;
}
