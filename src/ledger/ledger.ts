/**
 * The port of the ledger: one row for each attempt, opened before a byte goes upstream and settled exactly
 * once.
 */
import type { Cause, Settlement } from "../core/ending.ts";
import type { AttemptId, KeyId, RequestId } from "../core/ids.ts";
import type { MicroYuan, PriceList } from "../core/money.ts";
import type { TextMeasure } from "../core/text-measure.ts";
import type { Provenance, Usage } from "../core/usage.ts";

export type AttemptOpened = {
  readonly attemptId: AttemptId;
  readonly requestId: RequestId;
  /** The client's own id, where it sent a valid one. */
  readonly clientRequestId: string | null;
  /** Who called: a name for the key, never the key. */
  readonly keyId: KeyId;
  readonly door: string;
  /** The alias served, as the configuration names it, or the name that is passed through. */
  readonly alias: string;
  /** The upstream's name and the model asked of it. */
  readonly upstream: string;
  readonly upstreamModel: string;
  readonly stream: boolean;
  readonly openedAtWallMs: number;
  /** From the request's arrival until this attempt was opened: body, limits, earlier attempts. */
  readonly queueMs: number;
  /** The request's body: what an estimate of its input is made from. */
  readonly body: TextMeasure;
  /** The output bound that the client set, in tokens; null where it set none. */
  readonly outputTokensMax: number | null;
  /** Null: not known, so neither is the cost. */
  readonly price: PriceList | null;
  /** What tells that the request was to be done once: digests only; null where the client did not ask. */
  readonly idempotency: string | null;
};

export type AttemptSettled = {
  readonly attemptId: AttemptId;
  readonly state: Settlement;
  readonly cause: Cause;
  /** The upstream's status; null where no head came. */
  readonly status: number | null;
  /** The catalogue's code, or Ark's own; null on success. */
  readonly errorCode: string | null;
  /** Null where nothing reached a model (`none`). */
  readonly usage: Usage | null;
  readonly provenance: Provenance;
  /** 0 where nothing was billed; null where the price is not known. */
  readonly cost: MicroYuan | null;
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
  /** @throws GatewayError ledger_unavailable, overloaded: the row cannot be kept, so nothing may be sent. */
  open(row: AttemptOpened): OpenAttempt;
  /**
   * Resolves once all that was opened so far would outlive this process; null where it would already.
   * Rejects with GatewayError ledger_unavailable.
   */
  written(): Promise<void> | null;
  /**
   * Resolves once all that was settled so far is as durable as the setting says; null where it is already.
   * Rejects with GatewayError ledger_unavailable.
   */
  kept(): Promise<void> | null;
  readonly openRows: number;
  /** Everything that was settled is in the file when it resolves. */
  close(): Promise<void>;
}
