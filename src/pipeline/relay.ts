/** Room 5: takes the route, and gives the answer's head from an attempt that has begun to answer. */
import { setTimeout as delay } from "node:timers/promises";
import type { Change } from "../core/changes.ts";
import { asGatewayError } from "../core/errors.ts";
import { type AttemptId, attemptIdOf } from "../core/ids.ts";
import type { Caller } from "../keys/gate.ts";
import type { IdempotencyEntry } from "../keys/idempotency.ts";
import type { OpenAttempt } from "../ledger/ledger.ts";
import type { Cargo, Rewrite } from "../protocols/door.ts";
import type { UpstreamHead, UpstreamRequest } from "../upstreams/upstream.ts";
import { splice, splicedLength } from "../wire/json-splice.ts";
import type { RequestHead } from "../wire/request-head.ts";
import { Answer, type AnswerFailure } from "./answer/answer.ts";
import { Drain } from "./delivery/drain.ts";
import type { House } from "./house.ts";
import type { CallPlan, Plan } from "./resolve.ts";
import { decide } from "./retry.ts";
import type { Target } from "./route.ts";
import { openedRow } from "./row.ts";
import { clientClosed } from "./visit/client-closed.ts";
import { printable } from "./visit/header-text.ts";
import type { ReplyListener } from "./visit/reply.ts";
import type { Visit } from "./visit/visit.ts";

/** One call to an upstream; the ledger has a row for each. */
export type Attempt = {
  readonly id: AttemptId;
  readonly target: Target;
  readonly answer: Answer;
  /** Its row in the ledger, open until `account` settles it. */
  readonly row: OpenAttempt;
  /** As its row has it: whose period it belongs to. */
  readonly openedAtWallMs: number;
};

/** What happened on the way; the relay adds to it, so that `account` knows of every attempt. */
export type Course = {
  readonly attempts: Attempt[];
  changes: readonly Change[];
  /** Where the client asked for the request to be done once. */
  once: IdempotencyEntry | null;
};

export type Relayed =
  | { readonly kind: "answered"; readonly attempt: Attempt; readonly head: UpstreamHead }
  | { readonly kind: "failed"; readonly failure: AnswerFailure };

/** Until somebody delivers the answer, a client that leaves ends the attempt. */
class Waiting implements ReplyListener {
  readonly #house: House;
  readonly #visit: Visit;
  readonly #answer: Answer;

  constructor(house: House, visit: Visit, answer: Answer) {
    this.#house = house;
    this.#visit = visit;
    this.#answer = answer;
  }

  onGone(): void {
    this.#visit.drain = Drain.begin(this.#house, this.#answer);
    if (this.#visit.drain === null) this.#answer.fail(clientClosed(), "C");
  }

  onDrain(): void {}

  onStall(): void {
    this.#answer.fail(clientClosed(), "C");
  }

  onDefect(thrown: unknown): void {
    this.#answer.fail(asGatewayError(thrown), "G");
  }
}

/** @throws GatewayError client_closed, shutting_down, or what the ledger refuses with */
export async function relay(
  house: House,
  visit: Visit,
  head: RequestHead,
  caller: Caller,
  plan: CallPlan,
  cargo: Cargo,
  course: Course,
): Promise<Relayed> {
  const { target, timeouts } = plan.route;
  const request = buildRequest(head, plan, cargo, course);
  for (let number = 1; ; number++) {
    visit.checkPresent();
    const id = attemptIdOf(visit.id, number);
    const opened = openedRow(house, visit, head, caller, plan, id, course.once);
    const row = house.ledger.open(opened);
    // Whatever happens from here on, the row is there.
    const written = house.ledger.written();
    if (written !== null) await written;
    const answer = new Answer(timeouts, house.clock, house.watch);
    const attempt = { id, target, answer, row, openedAtWallMs: opened.openedAtWallMs };
    course.attempts.push(attempt);
    visit.answer = answer;
    visit.checkPresent();
    visit.reply.countAttempt();
    visit.reply.listener = new Waiting(house, visit, answer);
    await answer.ask(target.upstream, request);
    if (answer.head !== null && answer.failure === null) {
      return { kind: "answered", attempt, head: answer.head };
    }
    const { failure } = answer;
    if (failure === null) throw new TypeError("an attempt settled with neither head nor failure");
    const next = decide(failure, number, house.settings.attemptsMax);
    if (next.kind === "give-up") return { kind: "failed", failure };
    house.log.warn(
      { requestId: visit.id, attempt: number, target: target.label, error: failure.error.cause },
      "no connection to the upstream; trying again",
    );
    await delay(next.delayMs);
  }
}

/** Says what will be asked of whom, before anything of the answer can be: a heartbeat may send the head. */
export function announce(visit: Visit, plan: CallPlan, { changes }: Rewrite): void {
  announceModel(visit, plan);
  visit.reply.addHeader("x-volcano-target", printable(plan.route.target.label));
  if (changes.length > 0) visit.reply.addHeader("x-volcano-changes", changes.join(", "));
}

/** Says which model answers, also where none is asked. */
export function announceModel({ reply }: Visit, plan: Plan): void {
  const { route } = plan;
  reply.addHeader("x-volcano-model", printable(route.alias));
  if (plan.fallbackFrom !== null) {
    reply.addHeader(
      "x-volcano-model-fallback",
      `${printable(plan.fallbackFrom)} -> ${printable(route.alias)}`,
    );
  }
}

function buildRequest(
  head: RequestHead,
  { destination, route, credential }: CallPlan,
  { body, rewrite: { splices, changes } }: Cargo,
  course: Course,
): UpstreamRequest {
  course.changes = changes;
  return {
    method: "POST",
    base: destination.base,
    path: destination.path,
    headers: ["content-type", "application/json", ...head.forwarded],
    credential,
    body: splices.length === 0 ? [body] : splice(body, splices),
    bodyBytes: splicedLength(body, splices),
    timeouts: route.timeouts,
  };
}
