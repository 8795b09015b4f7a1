/** What a delivery works on, and the ways it can end. */
import { type Cause, NORMAL_END, type Outcome } from "../../core/ending.ts";
import { type ErrorSource, GatewayError } from "../../core/errors.ts";
import type { Provenance, Usage } from "../../core/usage.ts";
import type { AnswerHeaders } from "../../wire/response-headers.ts";
import type { House } from "../house.ts";
import type { Attempt } from "../relay.ts";
import type { Plan } from "../resolve.ts";
import type { Visit } from "../visit/visit.ts";

/** How a request ended, as far as the answer goes. */
export type Delivery = {
  readonly outcome: Outcome;
  readonly cause: Cause;
  /** The catalogue's code or the upstream's own; null on success. */
  readonly errorCode: string | null;
  readonly errorSource: ErrorSource | null;
  readonly usage: Usage | null;
  readonly provenance: Provenance;
};

/** `unsent`: not a byte has gone to the client, which can still be told of the error with its own status. */
export type Delivered =
  | { readonly kind: "sent"; readonly delivery: Delivery }
  | { readonly kind: "unsent"; readonly error: GatewayError; readonly cause: Cause };

export type Shipment = {
  readonly house: House;
  readonly visit: Visit;
  readonly plan: Plan;
  readonly attempt: Attempt;
  readonly status: number;
  readonly headers: AnswerHeaders;
};

/** The answer as Ark gave it, to its end. */
export function complete(usage: Usage | null): Delivery {
  const provenance = usage === null ? "none" : "upstream_final";
  return { outcome: "ok", cause: NORMAL_END, errorCode: null, errorSource: null, usage, provenance };
}

/** An answer that ended before its end. */
export function broken(
  error: GatewayError,
  cause: Cause,
  outcome: Outcome,
  usage: Usage | null,
  provenance: Provenance,
): Delivery {
  return { outcome, cause, errorCode: error.code, errorSource: error.source, usage, provenance };
}

/**
 * Says in the log what broke an answer that had begun: the client is told no more than the error's message.
 */
export function logBreak({ house, visit, attempt }: Shipment, error: GatewayError, cause: Cause): void {
  const fields = {
    requestId: visit.id,
    code: error.code,
    cause,
    target: attempt.target.label,
    error: error.cause,
  };
  if (error.code === "internal_error") house.log.error(fields, "an answer failed in the gateway");
  else house.log.warn(fields, error.message);
}

/** Drops the answer, and says why; the call may have been billed all the same. */
export function invalidAnswer({ attempt }: Shipment, why: string): Delivered {
  const cause: Cause = `U${attempt.answer.phase}`;
  attempt.answer.abandon();
  const message =
    `Ark's answer ${why}, so it was not passed on. ` +
    "Check that ARK_BASE_URL leads to Ark; the call may have been billed.";
  return { kind: "unsent", error: new GatewayError("upstream_invalid", message), cause };
}
