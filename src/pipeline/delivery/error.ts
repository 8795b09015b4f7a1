/**
 * Delivers the upstream's own errors: byte for byte, with their status, and with what they mean beside them.
 */
import { NORMAL_END } from "../../core/ending.ts";
import { GatewayError, type UpstreamErrorNote } from "../../core/errors.ts";
import { retryAfterSeconds } from "../../wire/retry-after.ts";
import { collect } from "./collected.ts";
import { type Delivered, type Delivery, free, invalidAnswer, type Shipment, untold } from "./delivery.ts";

const ERROR_BYTES_MAX = 1024 * 1024;
const RETRY_AFTER_DEFAULT_SECONDS = 1;

export async function deliverError(shipment: Shipment): Promise<Delivered> {
  const { visit, plan, attempt, status } = shipment;
  const { upstream } = attempt.target;
  const isOurKey = plan.credential === null;
  const collected = await collect(attempt.answer, visit, ERROR_BYTES_MAX);
  if (collected.kind === "failed") {
    const { error, cause } = collected.failure;
    return { kind: "unsent", error, cause, consumption: status >= 500 ? untold : free };
  }
  const note = collected.kind === "body" ? upstream.readError(status, collected.bytes) : null;
  if (collected.kind === "too_large" || note === null) {
    // A proxy in between that gave up waiting: Ark may have gone on (reliability U21).
    const consumption = status >= 500 ? untold : free;
    const why = `has status ${status} and a body that is none of Ark's errors`;
    return invalidAnswer(shipment, why, consumption);
  }
  if (isOurKey && (status === 401 || status === 403)) {
    return { kind: "unsent", error: refusedKey(note), cause: "UH", consumption: free };
  }
  const told = plan.answers.isVerbatim ? status : note.facts.status;
  addHeaders(shipment, note, told);
  const delivery: Delivery = {
    outcome: "failed",
    cause: NORMAL_END,
    errorCode: note.upstreamCode ?? note.code,
    errorSource: "upstream",
    consumption: free,
    delivered: null,
  };
  if (visit.reply.begun) {
    // A heartbeat has committed status 200: the error becomes the one event of the stream.
    const { dialect } = plan.door;
    const event =
      (plan.answers.isVerbatim ? dialect.relayErrorEvent(collected.bytes) : null) ??
      dialect.renderErrorEvent(note.facts, visit.id);
    return { kind: "sent", delivery, farewell: { kind: "close", bytes: event } };
  }
  // The ledger may take a while, and a heartbeat meanwhile would make a stream of it.
  visit.reply.stopHeartbeats();
  if (!plan.answers.isVerbatim) {
    visit.reply.addHeader("content-type", "application/json");
    const body = plan.door.dialect.renderError(note.facts, visit.id);
    return { kind: "sent", delivery, farewell: { kind: "whole", status: told, body } };
  }
  visit.reply.addHeader("content-type", shipment.headers.contentType ?? "application/json");
  return { kind: "sent", delivery, farewell: { kind: "whole", status, body: collected.bytes } };
}

/** The client's own key is not at fault: a 401 would make it change that one (reliability U19). */
export function refusedKey(note: UpstreamErrorNote): GatewayError {
  return new GatewayError(
    "upstream_auth",
    `Ark refuses the gateway's own key (${note.upstreamCode ?? note.code}). The operator must look at ARK_API_KEY.`,
  );
}

function addHeaders(shipment: Shipment, note: UpstreamErrorNote, told: number): void {
  const { house, visit, plan, status, headers } = shipment;
  const { reply } = visit;
  reply.addHeader("x-volcano-error", note.code);
  if (!note.mayRepeat) reply.addHeader("x-should-retry", "false");
  if (told === 429 || told === 503) {
    const asked = retryAfterSeconds(headers.retryAfter, house.clock.wallMs());
    reply.addHeader("retry-after", String(asked ?? RETRY_AFTER_DEFAULT_SECONDS));
  }
  if (status !== 404 || !plan.route.isExample) return;
  const { alias, target } = plan.route;
  reply.addHeader(
    "x-volcano-hint",
    `${target.model} is an example from somebody's account; set your own: VOLCANO_PROXY_MODELS=${alias}=ep-...`,
  );
  house.log.warn(
    { requestId: visit.id, alias, model: target.model },
    "Ark does not know this endpoint id: it is the default table's example. Set your own in VOLCANO_PROXY_MODELS",
  );
}
