/** Room 4: takes caller and plan, and gives a ticket for what limits and budgets have granted. */
import { GatewayError } from "../core/errors.ts";
import type { Caller } from "../keys/gate.ts";
import type {
  KeyStanding,
  LimitRefusal,
  Permit,
  RateStanding,
  Used,
  Verdict,
  WaitSignal,
} from "../limits/call-limits.ts";
import type { Grant, Limiter } from "../limits/limiter.ts";
import type { Cargo } from "../protocols/door.ts";
import { CallClaim } from "./claim.ts";
import type { House } from "./house.ts";
import type { CallPlan } from "./resolve.ts";
import type { Reply, ReplyListener } from "./visit/reply.ts";
import type { Visit } from "./visit/visit.ts";

/** Gives back what was taken, once, however often it is settled. */
export class Ticket {
  readonly #place: Grant;
  readonly #permit: Permit;

  constructor(place: Grant, permit: Permit) {
    this.#place = place;
    this.#permit = permit;
  }

  settle(used: Used | null): void {
    this.#permit.settle(used);
    this.#place.release();
  }
}

/** In line for a limit: whoever leaves gives the place free, and a stop takes everybody out of it. */
class InLine implements ReplyListener, WaitSignal {
  #leave: (() => void) | null = null;

  onLeave(leave: () => void): void {
    this.#leave = leave;
  }

  leave(): void {
    this.#leave?.();
    this.#leave = null;
  }

  onGone(): void {
    this.leave();
  }

  onDrain(): void {}

  onStall(): void {
    this.leave();
  }

  onDefect(): void {
    this.leave();
  }
}

/**
 * At once, or, where there is a line and a place in it, once the limits have room.
 * @param known the caller as it was let in: its key may have changed since, or be revoked
 * @throws GatewayError invalid_api_key, overloaded, rate_limit_exceeded, insufficient_quota,
 * ledger_unavailable, client_closed, shutting_down; what was granted by then has been given back
 */
export function admit(
  house: House,
  visit: Visit,
  known: Caller,
  plan: CallPlan,
  cargo: Cargo,
): Ticket | Promise<Ticket> {
  const caller = house.gate.renew(known) ?? shutOut();
  const place = takePlace(house.places);
  try {
    const claim = new CallClaim(house, caller, plan, cargo);
    const verdict = house.limits.claim(claim);
    if (verdict.kind === "granted") return granted(house, visit, caller, place, verdict.permit);
    const line = new InLine();
    const waiting = house.limits.wait(claim, verdict.refusal, line);
    if (waiting === null) return refused(house, visit, caller, verdict.refusal);
    return stand(house, visit, { caller, plan, cargo }, place, line, waiting);
  } catch (error) {
    place.release();
    throw error;
  }
}

/** What stands in line, and comes to `admit` again where its key has changed meanwhile. */
type Call = { readonly caller: Caller; readonly plan: CallPlan; readonly cargo: Cargo };

async function stand(
  house: House,
  visit: Visit,
  { caller, plan, cargo }: Call,
  place: Grant,
  line: InLine,
  waiting: Promise<Verdict>,
): Promise<Ticket> {
  visit.reply.listener = line;
  visit.line = line;
  const verdict = await waiting;
  visit.line = null;
  try {
    if (verdict.kind === "granted") {
      const { permit } = verdict;
      const isSame = house.gate.renew(caller) === caller;
      if (isSame && !visit.reply.gone) return granted(house, visit, caller, place, permit);
      permit.settle(null);
    }
    visit.checkPresent();
    if (verdict.kind === "granted") {
      place.release();
      return await admit(house, visit, caller, plan, cargo);
    }
    return refused(house, visit, caller, verdict.refusal);
  } catch (error) {
    place.release();
    throw error;
  }
}

function shutOut(): never {
  throw new GatewayError(
    "invalid_api_key",
    "The API key of this call was revoked or has expired since the call came in. Send one that is good.",
    { headers: { "www-authenticate": "Bearer" } },
  );
}

/** One of the places in the house. @throws GatewayError overloaded */
export function takePlace(places: Limiter): Grant {
  const admission = places.admit();
  if (admission.kind === "granted") return admission.grant;
  const { message, retryAfterSeconds } = admission.refusal;
  throw new GatewayError("overloaded", message, { retryAfterSeconds });
}

function granted(house: House, visit: Visit, caller: Caller, place: Grant, permit: Permit): Ticket {
  tellStanding(house, visit.reply, caller);
  return new Ticket(place, permit);
}

function refused(house: House, visit: Visit, caller: Caller, refusal: LimitRefusal): never {
  tellStanding(house, visit.reply, caller);
  throw errorOf(refusal);
}

/** Only what passes by itself is worth repeating; the rest says that it is not. */
function errorOf({ fault, message, retryAfterMs }: LimitRefusal): GatewayError {
  const details =
    retryAfterMs === null ? {} : { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1_000)) };
  switch (fault) {
    case "busy":
      return new GatewayError("rate_limit_exceeded", message, details);
    case "too_large":
      return new GatewayError("rate_limit_exceeded", message, { ...details, repeat: "useless" });
    case "exhausted":
    case "unpriced":
      return new GatewayError("insufficient_quota", message, details);
    case "unready":
      return new GatewayError("ledger_unavailable", message, details);
  }
}

function tellStanding({ limits }: House, reply: Reply, caller: Caller): void {
  const standing = limits.standingOf(caller.keyId, caller.kind === "key" ? caller.key.limits : null);
  if (standing !== null) addStanding(reply, standing);
}

/** Names put together for each call would cost as much as the rest of it. */
const RATE_HEADERS = {
  requests: {
    limit: "x-ratelimit-limit-requests",
    remaining: "x-ratelimit-remaining-requests",
    reset: "x-ratelimit-reset-requests",
  },
  tokens: {
    limit: "x-ratelimit-limit-tokens",
    remaining: "x-ratelimit-remaining-tokens",
    reset: "x-ratelimit-reset-tokens",
  },
} as const;

function addStanding(reply: Reply, { requests, tokens }: KeyStanding): void {
  if (requests !== null) addRate(reply, RATE_HEADERS.requests, requests);
  if (tokens !== null) addRate(reply, RATE_HEADERS.tokens, tokens);
}

function addRate(
  reply: Reply,
  names: (typeof RATE_HEADERS)["requests" | "tokens"],
  { limit, remaining, resetMs }: RateStanding,
): void {
  reply.addHeader(names.limit, String(limit));
  reply.addHeader(names.remaining, String(Math.floor(remaining)));
  reply.addHeader(names.reset, durationText(Math.ceil(resetMs / 1_000)));
}

/** As OpenAI writes it: `17s`, `1m0s`. */
function durationText(seconds: number): string {
  const rest = seconds % 60;
  return seconds < 60 ? `${seconds}s` : `${(seconds - rest) / 60}m${rest}s`;
}
