/** Room 6: takes the answer, and gives the outcome once its last byte has been handed on. */
import type { UpstreamHead } from "../upstreams/upstream.ts";
import { readAnswerHeaders } from "../wire/response-headers.ts";
import { type Delivered, free, invalidAnswer, type Shipment } from "./delivery/delivery.ts";
import { deliverError } from "./delivery/error.ts";
import { deliverStream } from "./delivery/stream.ts";
import { deliverWhole } from "./delivery/whole.ts";
import type { House } from "./house.ts";
import type { Attempt } from "./relay.ts";
import type { CallPlan } from "./resolve.ts";
import type { Visit } from "./visit/visit.ts";

export function deliver(
  house: House,
  visit: Visit,
  plan: CallPlan,
  attempt: Attempt,
  head: UpstreamHead,
): Promise<Delivered> {
  const headers = readAnswerHeaders(head.rawHeaders);
  const shipment: Shipment = { house, visit, plan, attempt, status: head.status, headers };
  addServerTiming(shipment);
  const encoding = headers.contentEncoding;
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    return Promise.resolve(invalidAnswer(shipment, "is compressed although that was not asked for"));
  }
  if (head.status >= 400) return deliverError(shipment);
  if (head.status !== 200) {
    return Promise.resolve(invalidAnswer(shipment, `has status ${head.status}`, free));
  }
  const mediaType = mediaTypeOf(headers.contentType);
  if (mediaType === "text/event-stream" && plan.intent.stream) return deliverStream(shipment);
  if (mediaType === "application/json") {
    // Once a heartbeat has begun a stream, JSON has no place in it; nor is a translation made of it.
    const isOutOfPlace = visit.reply.begun || (plan.intent.stream && plan.answers.rewritesWhole);
    if (!isOutOfPlace) return deliverWhole(shipment);
    return Promise.resolve(invalidAnswer(shipment, "is no stream although one was asked for"));
  }
  return Promise.resolve(invalidAnswer(shipment, "is neither JSON nor an event stream"));
}

function addServerTiming({ house, visit, attempt }: Shipment): void {
  const { startedMs, headMs } = attempt.answer;
  const upstreamMs = (headMs ?? startedMs) - startedMs;
  const gatewayMs = house.clock.monotonicMs() - visit.startedMs - upstreamMs;
  visit.reply.addHeader(
    "server-timing",
    `gateway;dur=${tenths(gatewayMs)}, upstream;dur=${tenths(upstreamMs)}`,
  );
}

/** To a tenth: two whole numbers are put into words quicker than one fraction. */
function tenths(durationMs: number): string {
  const rounded = Math.max(0, Math.round(durationMs * 10));
  const whole = Math.floor(rounded / 10);
  return `${whole}.${rounded - whole * 10}`;
}

function mediaTypeOf(contentType: string | null): string {
  if (contentType === null) return "";
  // As Ark sends them, nearly always.
  if (contentType === "application/json" || contentType === "text/event-stream") return contentType;
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}
