/** The path of a request: seven rooms, in this order, under one parent that alone decides what comes next. */
import type { IncomingMessage } from "node:http";
import type { Cause } from "../core/ending.ts";
import { asGatewayError, type GatewayError } from "../core/errors.ts";
import { type Arrival, accept } from "./accept.ts";
import { account } from "./account.ts";
import { admit, type Ticket } from "./admit.ts";
import { authenticate } from "./authenticate.ts";
import { deliver } from "./deliver.ts";
import { broken, complete, type Delivered, type Delivery } from "./delivery/delivery.ts";
import type { Endpoint, Page } from "./endpoint.ts";
import type { House } from "./house.ts";
import { refuse } from "./refuse.ts";
import { type Course, relay } from "./relay.ts";
import { type Cargo, type Plan, resolve } from "./resolve.ts";
import { pageOf } from "./visit/pages.ts";
import type { GatewayResponse } from "./visit/response.ts";
import { Visit } from "./visit/visit.ts";

const OPEN_KINDS = ["preflight", "root", "alive", "ready"] as const;
type OpenKind = (typeof OPEN_KINDS)[number];

/** Serves one request to its end. Never rejects. */
export async function serveRequest(
  house: House,
  request: IncomingMessage,
  response: GatewayResponse,
): Promise<void> {
  const visit = new Visit(house, request, response);
  house.observer.requestStarted();
  const course: Course = { attempts: [], changes: [] };
  let arrival: Arrival | null = null;
  let plan: Plan | null = null;
  let cargo: Cargo | null = null;
  let ticket: Ticket | null = null;
  let delivery: Delivery = complete(null);
  try {
    arrival = accept(house, visit);
    const { head, endpoint } = arrival;
    if (isOpen(endpoint)) {
      answerPage(house, visit, endpoint);
      return;
    }
    const caller = authenticate(house, head);
    if (endpoint.kind === "unserved") throw endpoint.error;
    if (endpoint.kind !== "door") {
      answerPage(house, visit, endpoint);
      return;
    }
    ({ plan, cargo } = await resolve(house, visit, endpoint.door, head));
    ticket = admit(house.limiters);
    visit.reply.writeStallMs = plan.route.timeouts.writeStallMs;
    bridgeSilence(house, visit, plan);
    const relayed = await relay(house, visit, head, caller, plan, cargo, course);
    cargo = null;
    visit.letBodyGo();
    const delivered =
      relayed.kind === "answered"
        ? await deliver(house, visit, plan, relayed.attempt, relayed.head)
        : { kind: "unsent" as const, ...relayed.failure };
    delivery = conclude(house, visit, plan, delivered);
  } catch (thrown) {
    const error = asGatewayError(thrown);
    const dialect = arrival?.endpoint.kind === "door" ? arrival.endpoint.door.dialect : house.dialect;
    if (error.code === "internal_error") {
      house.log.error(
        { requestId: visit.id, error: error.cause ?? error },
        "a request failed in the gateway",
      );
    }
    visit.answer?.abandon();
    // Not even its head was good: what follows it on this connection is not trusted.
    if (arrival === null) visit.reply.closeAfter();
    refuse(visit, dialect, error);
    delivery = refused(error, causeBefore(error, arrival, plan, ticket));
  } finally {
    visit.letBodyGo();
    if (!isProbe(arrival)) account(house, visit, { arrival, plan, ticket, course, delivery });
    else house.observer.requestSkipped();
    visit.accounted();
  }
}

/** Probes come every few seconds and are nobody's work: neither counted nor logged. */
function isProbe(arrival: Arrival | null): boolean {
  const kind = arrival?.endpoint.kind;
  return kind === "alive" || kind === "ready" || kind === "preflight";
}

/** Who the gateway is and how it is, everybody may ask. */
function isOpen(endpoint: Endpoint): endpoint is Extract<Endpoint, { kind: OpenKind }> {
  return OPEN_KINDS.some((kind) => kind === endpoint.kind);
}

function answerPage(house: House, { reply }: Visit, page: Page): void {
  if (page.kind === "preflight") {
    reply.sendEmpty(204);
    return;
  }
  const { status, body } = pageOf(page, house.pages, house.inFlight.presence);
  reply.addHeader("content-type", "application/json");
  reply.sendWhole(status, body);
}

function bridgeSilence({ settings }: House, visit: Visit, { door, intent }: Plan): void {
  if (!intent.stream) return;
  const { everyMs, beforeFirstByte } = settings.heartbeat;
  visit.reply.prepareStream({ bytes: door.dialect.heartbeat, everyMs, beforeFirstByte });
}

/** The delivery as it went, or the client told why there is none. */
function conclude(house: House, visit: Visit, plan: Plan, delivered: Delivered): Delivery {
  if (delivered.kind === "sent") return delivered.delivery;
  const { error, cause } = delivered;
  if (error.source === "upstream") {
    house.log.warn({ requestId: visit.id, code: error.code, cause, error: error.cause }, error.message);
  }
  refuse(visit, plan.door.dialect, error);
  return broken(error, cause, error.code === "client_closed" ? "abandoned" : "failed", null, "none");
}

/** A request that ended before it was relayed. */
function refused(error: GatewayError, cause: Cause): Delivery {
  switch (error.code) {
    case "client_closed":
      return broken(error, cause, "abandoned", null, "none");
    case "internal_error":
      return broken(error, cause, "failed", null, "none");
    default:
      return broken(error, cause, "refused", null, "none");
  }
}

/** The two letters for what ended before a relay: who by the error's source, when by the last room left. */
function causeBefore(
  error: GatewayError,
  arrival: Arrival | null,
  plan: Plan | null,
  ticket: Ticket | null,
): Cause {
  const party = error.source === "client" ? "C" : "G";
  if (arrival === null || error.code === "invalid_api_key") return `${party}A`;
  if (plan === null) return `${party}B`;
  return ticket === null ? `${party}Q` : `${party}C`;
}
