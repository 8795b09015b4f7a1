/** The path of a request: seven rooms, in this order, under one parent that alone decides what comes next. */
import type { IncomingMessage } from "node:http";
import type { Cause } from "../core/ending.ts";
import { asGatewayError, GatewayError } from "../core/errors.ts";
import type { Caller } from "../keys/gate.ts";
import type { Dialect, Door } from "../protocols/door.ts";
import type { RequestHead } from "../wire/request-head.ts";
import { type Arrival, accept } from "./accept.ts";
import { observe, type Story, settle } from "./account.ts";
import { admit, Ticket } from "./admit.ts";
import type { AnswerFailure } from "./answer/answer.ts";
import { authenticate } from "./authenticate.ts";
import { FREE } from "./bill.ts";
import { deliver } from "./deliver.ts";
import {
  broken,
  type Consumption,
  complete,
  type Delivered,
  type Delivery,
  free,
  untold,
} from "./delivery/delivery.ts";
import { bid, type Farewell } from "./delivery/farewell.ts";
import type { StoredPage } from "./endpoint.ts";
import type { House } from "./house.ts";
import { beginOnce } from "./once.ts";
import { refuse } from "./refuse.ts";
import { announce, announceModel, type Relayed, relay } from "./relay.ts";
import { type CallPlan, resolve } from "./resolve.ts";
import { retrieve } from "./stored.ts";
import { clientClosed } from "./visit/client-closed.ts";
import { modelsPageOf, openPageOf } from "./visit/pages.ts";
import type { Reply } from "./visit/reply.ts";
import type { GatewayResponse } from "./visit/response.ts";
import { Visit } from "./visit/visit.ts";

/** How the request ends for its client: with what the rooms leave to be said, or with an error. */
type Last =
  | { readonly kind: "farewell"; readonly farewell: Farewell }
  | { readonly kind: "refusal"; readonly error: GatewayError; readonly dialect: Dialect };

/** A call that is let in at a door; its body is still to come. */
type Entry =
  | { readonly kind: "door"; readonly head: RequestHead; readonly door: Door; readonly caller: Caller }
  | { readonly kind: "stored"; readonly page: StoredPage; readonly caller: Caller };

type DoorEntry = Extract<Entry, { kind: "door" }>;

const NOT_KEPT =
  "The answer is not confirmed: the ledger's disk did not take its row. It may have been billed. " +
  "The operator must look at the data folder's disk.";

const NOTHING: Last = { kind: "farewell", farewell: { kind: "nothing" } };

/** Serves one request to its end. Never rejects. */
export async function serveRequest(
  house: House,
  request: IncomingMessage,
  response: GatewayResponse,
): Promise<void> {
  const visit = new Visit(house, request, response);
  house.observer.requestStarted();
  const story: Story = {
    arrival: null,
    caller: null,
    plan: null,
    call: null,
    ticket: null,
    course: { attempts: [], changes: [], once: null },
    delivery: complete(null, null),
    bill: FREE,
  };
  let last: Last;
  try {
    const entry = enter(house, visit, story);
    last = entry === null ? NOTHING : await serve(house, visit, story, entry);
  } catch (thrown) {
    last = stumble(house, visit, story, asGatewayError(thrown));
  }
  visit.letBodyGo();
  settle(house, visit, story);
  if (story.course.attempts.length > 0) last = await keep(house, visit, story, last);
  say(visit, last);
  if (!isProbe(story.arrival)) observe(house, visit, story);
  else house.observer.requestSkipped();
  visit.accounted();
}

/**
 * The rooms that need no body. At once, not a turn later: what follows a refused head in the same packet is
 * looked at as soon as this returns. Null where the request is answered.
 */
function enter(house: House, visit: Visit, story: Story): Entry | null {
  const arrival = accept(house, visit);
  story.arrival = arrival;
  const { head, endpoint } = arrival;
  const { reply } = visit;
  switch (endpoint.kind) {
    case "preflight":
      reply.sendEmpty(204);
      return null;
    case "root":
    case "alive":
    case "ready": {
      const { status, body } = openPageOf(endpoint, house.pages, house.inFlight.presence);
      sendPage(reply, status, body);
      return null;
    }
  }
  const caller = authenticate(house, visit, head);
  story.caller = caller;
  switch (endpoint.kind) {
    case "unserved":
      throw endpoint.error;
    case "models":
    case "model":
      sendPage(reply, 200, modelsPageOf(endpoint, house.pages, caller));
      return null;
    case "door":
      return { kind: "door", head, door: endpoint.door, caller };
    case "stored":
      return { kind: "stored", page: endpoint, caller };
  }
}

async function serve(house: House, visit: Visit, story: Story, entry: Entry): Promise<Last> {
  if (entry.kind === "door") return walk(house, visit, story, entry);
  const { delivery, farewell } = await retrieve(house, visit, entry.caller, entry.page);
  story.delivery = delivery;
  return { kind: "farewell", farewell };
}

/** The rooms behind, up to the last byte but one: that one waits for the ledger. */
async function walk(house: House, visit: Visit, story: Story, entry: DoorEntry): Promise<Last> {
  const asked = await ask(house, visit, story, entry);
  visit.letBodyGo();
  if (asked === null) return NOTHING;
  const { plan, relayed } = asked;
  const delivered =
    relayed.kind === "answered"
      ? await deliver(house, visit, plan, relayed.attempt, relayed.head)
      : unanswered(relayed.failure);
  return conclude(house, visit, plan, delivered, story);
}

/**
 * Up to the answer's head; null where the door has answered by itself. The body is known here alone: whoever
 * delivers would hold it for half an hour.
 */
async function ask(
  house: House,
  visit: Visit,
  story: Story,
  { head, door, caller }: DoorEntry,
): Promise<{ plan: CallPlan; relayed: Relayed } | null> {
  const resolved = await resolve(house, visit, door, head, caller);
  story.plan = resolved.plan;
  if (resolved.kind === "local") {
    announceModel(visit, resolved.plan);
    sendPage(visit.reply, 200, resolved.answer);
    return null;
  }
  const { plan, cargo, body } = resolved;
  story.call = plan;
  story.course.once = beginOnce(house, visit, head, caller, door, body);
  visit.reply.writeStallMs = plan.route.timeouts.writeStallMs;
  announce(visit, plan, cargo.rewrite);
  bridgeSilence(house, visit, plan);
  const ticket = admit(house, visit, caller, plan, cargo);
  story.ticket = ticket instanceof Ticket ? ticket : await ticket;
  return { plan, relayed: await relay(house, visit, head, caller, plan, cargo, story.course) };
}

function unanswered({ error, cause, dispatched }: AnswerFailure): Delivered {
  return { kind: "unsent", error, cause, consumption: dispatched ? untold : free };
}

/** A room has thrown: what it threw is what the client is told. */
function stumble(house: House, visit: Visit, story: Story, error: GatewayError): Last {
  const { arrival, course } = story;
  if (error.code === "internal_error") {
    house.log.error({ requestId: visit.id, error: error.cause ?? error }, "a request failed in the gateway");
  }
  visit.answer?.abandon();
  // Not even its head was good: what follows it on this connection is not trusted.
  if (arrival === null) visit.reply.closeAfter();
  const isSent = course.attempts.at(-1)?.answer.dispatchedMs != null;
  story.delivery = refused(error, causeBefore(error, story), isSent ? untold : free);
  const dialect = arrival?.endpoint.kind === "door" ? arrival.endpoint.door.dialect : house.dialect;
  return { kind: "refusal", error, dialect };
}

/** The client hears of the end only once the ledger has it: what it was told, no crash can take back. */
async function keep(house: House, visit: Visit, story: Story, last: Last): Promise<Last> {
  const kept = house.ledger.kept();
  if (kept === null || visit.reply.gone) return last;
  try {
    await kept;
    return last;
  } catch (thrown) {
    const error = new GatewayError("ledger_unavailable", NOT_KEPT, { repeat: "unsafe", cause: thrown });
    house.log.error({ requestId: visit.id, error: thrown }, "an answer's row could not be kept");
    story.delivery = broken(error, "DE", "failed", story.delivery.consumption);
    return { kind: "refusal", error, dialect: story.plan?.door.dialect ?? house.dialect };
  }
}

function say(visit: Visit, last: Last): void {
  if (last.kind === "refusal") refuse(visit, last.dialect, last.error);
  else bid(visit, last.farewell);
}

/** Probes come every few seconds and are nobody's work: neither counted nor logged. */
function isProbe(arrival: Arrival | null): boolean {
  const kind = arrival?.endpoint.kind;
  return kind === "alive" || kind === "ready" || kind === "preflight";
}

function sendPage(reply: Reply, status: number, body: Buffer): void {
  reply.addHeader("content-type", "application/json");
  reply.sendWhole(status, body);
}

function bridgeSilence({ settings }: House, visit: Visit, { door, intent }: CallPlan): void {
  if (!intent.stream) return;
  const { everyMs, beforeFirstByte } = settings.heartbeat;
  visit.reply.prepareStream({ bytes: door.dialect.heartbeat, everyMs, beforeFirstByte });
}

/** The delivery as it went, or why there is none. */
function conclude(house: House, visit: Visit, plan: CallPlan, delivered: Delivered, story: Story): Last {
  if (delivered.kind === "sent") {
    story.delivery = delivered.delivery;
    return { kind: "farewell", farewell: delivered.farewell };
  }
  const { error, cause, consumption } = delivered;
  if (visit.drain !== null) {
    // Its client had left by then: that is how the request ended, whatever became of the reading on.
    story.delivery = broken(clientClosed(), visit.drain.cause, "abandoned", consumption);
    return NOTHING;
  }
  if (error.source === "upstream") {
    house.log.warn({ requestId: visit.id, code: error.code, cause, error: error.cause }, error.message);
  }
  const outcome = error.code === "client_closed" ? "abandoned" : "failed";
  story.delivery = broken(error, cause, outcome, consumption);
  return { kind: "refusal", error, dialect: plan.door.dialect };
}

/** A request that ended in a room before its delivery. */
function refused(error: GatewayError, cause: Cause, consumption: Consumption): Delivery {
  switch (error.code) {
    case "client_closed":
      return broken(error, cause, "abandoned", consumption);
    case "internal_error":
      return broken(error, cause, "failed", consumption);
    default:
      return broken(error, cause, "refused", consumption);
  }
}

/** The two letters for what ended before a relay: who by the error's source, when by the last room left. */
function causeBefore({ code, source }: GatewayError, { arrival, plan, ticket }: Story): Cause {
  if (source === "dependency") return "DQ";
  const party = source === "client" ? "C" : "G";
  if (arrival === null || code === "invalid_api_key") return `${party}A`;
  if (plan === null) return `${party}B`;
  return ticket === null ? `${party}Q` : `${party}C`;
}
