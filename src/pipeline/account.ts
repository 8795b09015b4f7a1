/**
 * Room 7: takes everything known by then, and settles the ticket, the ledger and the figures; it never
 * throws.
 */
import type { Settlement } from "../core/ending.ts";
import { catalogue } from "../core/errors.ts";
import type { Caller } from "../keys/gate.ts";
import type { AttemptSettled } from "../ledger/ledger.ts";
import type { AttemptResult, RequestRecord } from "../telemetry/observer.ts";
import type { Arrival } from "./accept.ts";
import type { Ticket } from "./admit.ts";
import { type Bill, billOf } from "./bill.ts";
import type { Delivery } from "./delivery/delivery.ts";
import type { House } from "./house.ts";
import type { Attempt, Course } from "./relay.ts";
import type { CallPlan, Plan } from "./resolve.ts";
import { unrelayedRow, unsentSettlement } from "./row.ts";
import type { Visit } from "./visit/visit.ts";

/** What the rooms have given by the time the request is over; null where a room was not reached. */
export type Story = {
  arrival: Arrival | null;
  caller: Caller | null;
  plan: Plan | null;
  /** The same where it leads to Ark. */
  call: CallPlan | null;
  ticket: Ticket | null;
  readonly course: Course;
  delivery: Delivery;
  /** What the last attempt used, once it is settled. */
  bill: Bill;
};

/**
 * First half, before the client is told of the end: gives back the ticket, and settles the row of each
 * attempt. Never throws.
 */
export function settle(house: House, visit: Visit, story: Story): void {
  try {
    visit.drain?.end();
    if (story.course.attempts.length === 0) recordUnrelayed(house, visit, story);
    else settleAttempts(house, story);
  } catch (error) {
    house.log.error({ requestId: visit.id, error }, "the rows of a request could not be settled");
  }
  try {
    giveBack(story);
  } catch (error) {
    house.log.error({ requestId: visit.id, error }, "what limits had granted could not be given back");
  }
}

/** Whatever became of the rows: what a call held, it gives back, and what it used is counted. */
function giveBack({ ticket, course, bill }: Story): void {
  const sent = course.attempts.findLast(({ answer }) => answer.dispatchedMs !== null);
  if (sent !== undefined) course.once?.dispatched();
  course.once?.end();
  if (ticket === null) return;
  if (sent === undefined) {
    ticket.settle(null);
    return;
  }
  const { usage, cost } = bill;
  const tokens = usage === null ? 0 : usage.inputTokens + usage.outputTokens;
  ticket.settle({ tokens, cost, openedAtWallMs: sent.openedAtWallMs });
}

/** Second half, once the client has been told: the figures and the log's line. Never throws. */
export function observe(house: House, visit: Visit, story: Story): void {
  try {
    house.observer.requestEnded(recordOf(house, visit, story));
  } catch (error) {
    house.log.error({ requestId: visit.id, error }, "the figures of a request could not be taken");
  }
}

/** What was refused is counted and logged; what was let in and left, or failed here, has a row. */
function recordUnrelayed(house: House, visit: Visit, { arrival, caller, plan, delivery }: Story): void {
  if (caller === null || arrival?.endpoint.kind !== "door") return;
  if (delivery.outcome !== "abandoned" && delivery.outcome !== "failed") return;
  const { head, endpoint } = arrival;
  const opened = unrelayedRow(house, visit, head, caller, endpoint.door.name, plan);
  const { attemptId, queueMs } = opened;
  house.ledger.open(opened).settle(unsentSettlement(attemptId, delivery.cause, delivery.errorCode, queueMs));
}

function settleAttempts(house: House, story: Story): void {
  const { call, course, delivery } = story;
  const last = course.attempts.length - 1;
  for (const [index, attempt] of course.attempts.entries()) {
    const { answer } = attempt;
    const totalMs = (answer.endedMs ?? house.clock.monotonicMs()) - answer.startedMs;
    // An attempt that sent nothing failed by itself, whatever became of the request.
    const isLast = index === last && answer.dispatchedMs !== null;
    if (isLast && call !== null) {
      story.bill = billOf(house, call, attempt, delivery.consumption);
      attempt.row.settle(settledRow(attempt, delivery, story.bill, totalMs));
      learn(house, call, attempt, delivery);
    } else {
      const cause = answer.failure?.cause ?? delivery.cause;
      const errorCode = answer.failure?.error.code ?? delivery.errorCode;
      attempt.row.settle(unsentSettlement(attempt.id, cause, errorCode, totalMs));
    }
    house.observer.attemptEnded(attempt.target.metricLabel, resultOf(attempt, isLast, delivery));
  }
}

function settledRow(
  { id, answer }: Attempt,
  delivery: Delivery,
  { usage, provenance, cost }: Bill,
  totalMs: number,
): AttemptSettled {
  return {
    attemptId: id,
    state: settlementOf(delivery),
    cause: delivery.cause,
    status: answer.head?.status ?? null,
    errorCode: delivery.errorCode,
    usage,
    provenance,
    cost,
    dispatchedMs: since(answer.startedMs, answer.dispatchedMs),
    firstByteMs: since(answer.startedMs, answer.firstPieceMs),
    totalMs,
  };
}

/** Whole answers whose usage came teach what those are worth whose usage does not. */
function learn({ estimator }: House, plan: Plan, { target }: Attempt, delivery: Delivery): void {
  const { outcome, consumption, delivered } = delivery;
  if (outcome !== "ok" || consumption.kind !== "told" || !consumption.isFinal) return;
  estimator.learn(target.label, plan.measure, delivered, consumption.usage);
}

function settlementOf({ outcome }: Delivery): Settlement {
  switch (outcome) {
    case "ok":
      return "settled";
    case "partial":
    case "abandoned":
      return "partial";
    case "failed":
    case "refused":
      return "failed";
  }
}

function resultOf({ answer }: Attempt, isLast: boolean, { outcome }: Delivery): AttemptResult {
  if (answer.dispatchedMs === null) return outcome === "abandoned" && isLast ? "abandoned" : "unreachable";
  switch (outcome) {
    case "ok":
      return "ok";
    case "abandoned":
      return "abandoned";
    case "partial":
      return "broken";
    case "failed":
    case "refused":
      return answer.head !== null && answer.head.status >= 400 ? "error" : "broken";
  }
}

function recordOf(house: House, visit: Visit, story: Story): RequestRecord {
  const { arrival, plan, course, delivery } = story;
  const { reply } = visit;
  const last = course.attempts.at(-1);
  const nowMs = house.clock.monotonicMs();
  const endpoint = arrival?.endpoint ?? null;
  // Also where something else had ended the request, but the client was gone before it could be told.
  const isUnsent = delivery.outcome === "abandoned" || reply.status === 0;
  return {
    requestId: visit.id,
    clientRequestId: arrival?.clientRequestId ?? null,
    startedAtWallMs: visit.startedAtWallMs,
    method: arrival?.method ?? visit.request.method ?? "",
    route: endpoint?.route ?? "other",
    door: endpoint?.kind === "door" ? endpoint.door.name : null,
    alias: plan?.route.alias ?? null,
    modelLabel: plan?.route.modelLabel ?? "other",
    upstream: last?.target.upstream.name ?? null,
    upstreamModel: last?.target.model ?? null,
    stream: plan?.intent.stream ?? false,
    fallbackFrom: plan?.fallbackFrom ?? null,
    changes: course.changes,
    status: isUnsent ? catalogue.client_closed.status : reply.status,
    outcome: delivery.outcome,
    cause: delivery.cause,
    errorCode: delivery.errorCode,
    errorSource: delivery.errorSource,
    attempts: course.attempts.length,
    usage: story.bill.usage,
    cost: story.bill.cost,
    provenance: story.bill.provenance,
    bodyBytesIn: plan?.bodyBytes ?? 0,
    bodyBytesOut: reply.bytesOut,
    firstByteMs: last === undefined ? null : since(visit.startedMs, last.answer.firstPieceMs),
    upstreamMs: upstreamMs(course.attempts, nowMs),
    totalMs: nowMs - visit.startedMs,
  };
}

function upstreamMs(attempts: readonly Attempt[], nowMs: number): number | null {
  if (attempts.length === 0) return null;
  let totalMs = 0;
  for (const { answer } of attempts) totalMs += (answer.endedMs ?? nowMs) - answer.startedMs;
  return totalMs;
}

function since(startMs: number, pointMs: number | null): number | null {
  return pointMs === null ? null : pointMs - startMs;
}
