/**
 * Room 7: takes everything known by then, and settles the ticket, the ledger and the figures; it never
 * throws.
 */
import type { Settlement } from "../core/ending.ts";
import { catalogue } from "../core/errors.ts";
import type { AttemptResult, RequestRecord } from "../telemetry/observer.ts";
import type { Arrival } from "./accept.ts";
import type { Ticket } from "./admit.ts";
import type { Delivery } from "./delivery/delivery.ts";
import type { House } from "./house.ts";
import type { Attempt, Course } from "./relay.ts";
import type { Plan } from "./resolve.ts";
import type { Visit } from "./visit/visit.ts";

/** What the rooms have given by the time the request is over; null where a room was not reached. */
export type Story = {
  readonly arrival: Arrival | null;
  readonly plan: Plan | null;
  readonly ticket: Ticket | null;
  readonly course: Course;
  readonly delivery: Delivery;
};

export function account(house: House, visit: Visit, story: Story): void {
  try {
    story.ticket?.settle();
    settleAttempts(house, story);
    house.observer.requestEnded(recordOf(house, visit, story));
  } catch (error) {
    house.log.error({ requestId: visit.id, error }, "the accounts of a request could not be settled");
  }
}

function settleAttempts(house: House, { course, delivery }: Story): void {
  const last = course.attempts.length - 1;
  for (const [index, attempt] of course.attempts.entries()) {
    const { answer } = attempt;
    const endedMs = answer.endedMs ?? house.clock.monotonicMs();
    // An attempt that sent nothing failed by itself, whatever became of the request.
    const isLast = index === last && answer.dispatchedMs !== null;
    attempt.row.settle({
      attemptId: attempt.id,
      state: isLast ? settlementOf(delivery) : "failed",
      cause: isLast ? delivery.cause : (answer.failure?.cause ?? delivery.cause),
      status: answer.head?.status ?? null,
      usage: isLast ? delivery.usage : null,
      provenance: isLast ? delivery.provenance : "none",
      dispatchedMs: since(answer.startedMs, answer.dispatchedMs),
      firstByteMs: since(answer.startedMs, answer.firstPieceMs),
      totalMs: endedMs - answer.startedMs,
    });
    house.observer.attemptEnded(attempt.target.metricLabel, resultOf(attempt, isLast, delivery));
  }
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
    usage: delivery.usage,
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
