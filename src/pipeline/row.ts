/** The ledger's rows, as the rooms fill them: known when an attempt opens, and when it is over. */
import type { Cause } from "../core/ending.ts";
import { type AttemptId, attemptIdOf } from "../core/ids.ts";
import type { Caller } from "../keys/gate.ts";
import type { IdempotencyEntry } from "../keys/idempotency.ts";
import type { AttemptOpened, AttemptSettled } from "../ledger/ledger.ts";
import type { RequestHead } from "../wire/request-head.ts";
import type { House } from "./house.ts";
import type { Plan } from "./resolve.ts";
import type { Visit } from "./visit/visit.ts";

export function openedRow(
  house: House,
  visit: Visit,
  head: RequestHead,
  caller: Caller,
  plan: Plan,
  attemptId: AttemptId,
  once: IdempotencyEntry | null,
): AttemptOpened {
  const { door, intent, route, measure } = plan;
  return {
    attemptId,
    requestId: visit.id,
    clientRequestId: head.callerRequestId,
    keyId: caller.keyId,
    door: door.name,
    alias: route.alias,
    upstream: route.target.upstream.name,
    upstreamModel: route.target.model,
    stream: intent.stream,
    openedAtWallMs: house.clock.wallMs(),
    queueMs: house.clock.monotonicMs() - visit.startedMs,
    body: measure,
    outputTokensMax: intent.outputTokensMax,
    price: route.price,
    idempotency: once?.text ?? null,
  };
}

const NO_BODY = {
  events: 0,
  narrowBytes: 0,
  marks: 0,
  middleCharacters: 0,
  wideCharacters: 0,
  thoughtBytes: 0,
};

/** A request that was let in and ended before any attempt was made has one row all the same: number 0. */
export function unrelayedRow(
  house: House,
  visit: Visit,
  head: RequestHead,
  caller: Caller,
  door: string,
  plan: Plan | null,
): AttemptOpened {
  return {
    attemptId: attemptIdOf(visit.id, 0),
    requestId: visit.id,
    clientRequestId: head.callerRequestId,
    keyId: caller.keyId,
    door,
    alias: plan?.route.alias ?? "",
    upstream: "",
    upstreamModel: "",
    stream: plan?.intent.stream ?? false,
    openedAtWallMs: house.clock.wallMs(),
    queueMs: house.clock.monotonicMs() - visit.startedMs,
    body: plan?.measure ?? NO_BODY,
    outputTokensMax: plan?.intent.outputTokensMax ?? null,
    price: plan?.route.price ?? null,
    idempotency: null,
  };
}

/** What became of an attempt that sent nothing. */
export function unsentSettlement(
  attemptId: AttemptId,
  cause: Cause,
  errorCode: string | null,
  totalMs: number,
): AttemptSettled {
  return {
    attemptId,
    state: "failed",
    cause,
    status: null,
    errorCode,
    usage: null,
    provenance: "none",
    cost: 0,
    dispatchedMs: null,
    firstByteMs: null,
    totalMs,
  };
}
