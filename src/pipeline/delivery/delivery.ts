/** What a delivery works on, and the ways it can end. */
import { type Cause, NORMAL_END, type Outcome } from "../../core/ending.ts";
import { type ErrorSource, GatewayError } from "../../core/errors.ts";
import type { TextMeasure } from "../../core/text-measure.ts";
import type { Usage } from "../../core/usage.ts";
import type { Tap } from "../../protocols/door.ts";
import type { AnswerHeaders } from "../../wire/response-headers.ts";
import type { House } from "../house.ts";
import type { Attempt } from "../relay.ts";
import type { CallPlan } from "../resolve.ts";
import type { Visit } from "../visit/visit.ts";
import type { Farewell } from "./farewell.ts";

/** What is known of an answer's bill when it is over. */
export type Consumption =
  /** The upstream's own figure; final, or its last before a cut. */
  | { readonly kind: "told"; readonly usage: Usage; readonly isFinal: boolean }
  /** It may be billed, and nobody said how much; null where no text of it was seen, no input was told. */
  | { readonly kind: "untold"; readonly delivered: TextMeasure | null; readonly opening: Usage | null }
  /** Nothing reached a model, or the upstream refused: it costs nothing (ark-api 15). */
  | { readonly kind: "free" };

export const free: Consumption = { kind: "free" };
export const untold: Consumption = { kind: "untold", delivered: null, opening: null };

/** How a request ended, as far as the answer goes. */
export type Delivery = {
  readonly outcome: Outcome;
  readonly cause: Cause;
  /** The catalogue's code or the upstream's own; null on success. */
  readonly errorCode: string | null;
  readonly errorSource: ErrorSource | null;
  readonly consumption: Consumption;
  /** What was delivered of a stream; null where it was none. */
  readonly delivered: TextMeasure | null;
};

/** `unsent`: not a byte has gone to the client, which can still be told of the error with its own status. */
export type Delivered =
  | { readonly kind: "sent"; readonly delivery: Delivery; readonly farewell: Farewell }
  | {
      readonly kind: "unsent";
      readonly error: GatewayError;
      readonly cause: Cause;
      readonly consumption: Consumption;
    };

export type Shipment = {
  readonly house: House;
  readonly visit: Visit;
  readonly plan: CallPlan;
  readonly attempt: Attempt;
  readonly status: number;
  readonly headers: AnswerHeaders;
};

/** The answer as Ark gave it, to its end. */
export function complete(usage: Usage | null, tap: Pick<Tap, "measure" | "openingUsage"> | null): Delivery {
  const delivered = tap?.measure ?? null;
  const opening = tap?.openingUsage ?? null;
  return {
    outcome: "ok",
    cause: NORMAL_END,
    errorCode: null,
    errorSource: null,
    consumption:
      usage === null ? { kind: "untold", delivered, opening } : { kind: "told", usage, isFinal: true },
    delivered,
  };
}

/** An answer that ended before its end, or never began. */
export function broken(
  error: GatewayError,
  cause: Cause,
  outcome: Outcome,
  consumption: Consumption,
): Delivery {
  return {
    outcome,
    cause,
    errorCode: error.code,
    errorSource: error.source,
    consumption,
    delivered: null,
  };
}

/** What a stream's tap has heard by the time the stream is cut. */
export function consumptionOf({ usage, usageIsFinal, events, measure, openingUsage }: Tap): Consumption {
  if (usage !== null) return { kind: "told", usage, isFinal: usageIsFinal };
  return events === 0 ? untold : { kind: "untold", delivered: measure, opening: openingUsage };
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
export function invalidAnswer(
  { attempt }: Shipment,
  why: string,
  consumption: Consumption = untold,
): Delivered {
  const cause: Cause = `U${attempt.answer.phase}`;
  attempt.answer.abandon();
  const message =
    `Ark's answer ${why}, so it was not passed on. ` +
    "Check that ARK_BASE_URL leads to Ark; the call may have been billed.";
  return { kind: "unsent", error: new GatewayError("upstream_invalid", message), cause, consumption };
}
