/** Room 3: takes the bounded body, and gives what it asks for and the route that leads there. */
import { GatewayError, unreachable } from "../core/errors.ts";
import type { TextMeasure } from "../core/text-measure.ts";
import type { Caller } from "../keys/gate.ts";
import type { AnswerReader, CallContext, Cargo, Destination, Door, Intent } from "../protocols/door.ts";
import { type BodyResult, readBoundedBody } from "../wire/bounded-body.ts";
import { isJsonContentType } from "../wire/content-type.ts";
import { splicedLength } from "../wire/json-splice.ts";
import type { RequestHead } from "../wire/request-head.ts";
import { measureBody } from "../wire/text-measure.ts";
import type { House } from "./house.ts";
import { findRoute } from "./permission.ts";
import { picturesIn } from "./pictures.ts";
import type { Route } from "./route.ts";
import { clientClosed } from "./visit/client-closed.ts";
import type { Visit } from "./visit/visit.ts";

export type Plan = {
  readonly door: Door;
  readonly intent: Intent;
  readonly route: Route;
  /** The name that was asked for, where the default model serves instead. */
  readonly fallbackFrom: string | null;
  readonly bodyBytes: number;
  /** What an estimate of the input is made from, should its usage never come. */
  readonly measure: TextMeasure;
};

/** The plan of a call to Ark. */
export type CallPlan = Plan & {
  readonly destination: Destination;
  readonly answers: AnswerReader;
  /** What Ark is shown; null: the gateway's own key. Never logged. */
  readonly credential: string | null;
};

export type Resolved =
  /** The bodies, the client's and Ark's, leave memory once Ark has begun to answer: streams live long. */
  | { readonly kind: "call"; readonly plan: CallPlan; readonly cargo: Cargo; readonly body: Buffer }
  /** The door answers by itself. */
  | { readonly kind: "local"; readonly plan: Plan; readonly answer: Buffer };

/** The most that Ark makes of a picture for reading (ark-api 18.2): a count is to be rather too high. */
const PICTURE_TOKENS = 1_312;

/**
 * @throws GatewayError shutting_down, unsupported_media_type, body_too_large, invalid_json, missing_model,
 * model_not_found, ...
 */
export async function resolve(
  house: House,
  visit: Visit,
  door: Door,
  head: RequestHead,
  caller: Caller,
): Promise<Resolved> {
  visit.checkPresent();
  checkMediaType(head);
  const body = bodyOf(await receive(house, visit, head));
  visit.holdBody(body.length);
  const reading = door.read(body);
  const { intent } = reading;
  const { route, fallbackFrom } = findRoute(house.routes, caller, intent.model);
  const passage = reading.prepare(route.target.traits, contextOf(house, visit, caller));
  const bodyBytes = body.length;
  if (passage.kind === "local") {
    const measure = measureBody(passage.body);
    const plan = { door, intent, route, fallbackFrom, bodyBytes, measure };
    const textTokens = house.estimator.cautiousInputTokens(route.target.label, measure);
    const pictureTokens = PICTURE_TOKENS * picturesIn(passage.body);
    return { kind: "local", plan, answer: passage.answer(Math.ceil(textTokens) + pictureTokens) };
  }
  const { destination, cargo, answers, bounds } = passage;
  visit.holdMore(addedBytes(cargo, body));
  const measure = measureBody(cargo.body);
  const credential = credentialFor(house, caller, route);
  const bounded = bounds === undefined ? intent : { ...intent, ...bounds };
  const common = { door, intent: bounded, route, fallbackFrom, bodyBytes, measure };
  const plan = { ...common, destination, answers, credential };
  return { kind: "call", plan, cargo, body };
}

/** What goes to Ark beside the client's own body, which is held anyway: a translation, replayed thoughts. */
function addedBytes({ body, rewrite }: Cargo, held: Buffer): number {
  const sentBytes = splicedLength(body, rewrite.splices);
  return Math.max(0, body === held ? sentBytes - held.length : sentBytes);
}

function contextOf({ memories }: House, { id, startedAtWallMs }: Visit, { keyId }: Caller): CallContext {
  return { requestId: id, keyId, startedAtWallMs, memories };
}

/** What keys of ours begin with, however they are quoted. */
const OUR_KEYS = "sk-vp-";

/**
 * One of ours stays here; the caller's own is what Ark is shown, unless the gateway lends its key to all.
 * @throws GatewayError upstream_auth, where there is nothing to show
 */
export function credentialFor(house: House, caller: Caller, { target }: Route): string | null {
  if (caller.kind === "key") {
    if (target.upstream.holdsKey) return null;
    throw new GatewayError(
      "upstream_auth",
      "The gateway has no Ark key of its own for this model, so it serves only callers who send theirs. " +
        "Its operator can set one (api_keys of the upstream).",
    );
  }
  if (house.lendsKey && target.upstream.holdsKey) return null;
  // Such as one that was made before the mode was changed: whoever has Ark's logs must not get it.
  if (caller.credential.toLowerCase().includes(OUR_KEYS)) {
    throw new GatewayError(
      "invalid_api_key",
      "This is a key of the gateway, and it takes only keys of Ark now (auth.mode: passthrough). Send yours.",
    );
  }
  return caller.credential;
}

function checkMediaType(head: RequestHead): void {
  if (head.contentEncoding !== null && head.contentEncoding.toLowerCase() !== "identity") {
    throw new GatewayError(
      "unsupported_media_type",
      `A body in content-encoding '${head.contentEncoding}' is not read here. Send it uncompressed.`,
    );
  }
  if (!isJsonContentType(head.contentType)) {
    throw new GatewayError(
      "unsupported_media_type",
      "The body must be JSON in UTF-8. Send it with 'content-type: application/json'.",
    );
  }
}

function receive(house: House, visit: Visit, head: RequestHead): Promise<BodyResult> {
  const { bodyBytesMax, requestBodyTimeoutMs } = house.settings;
  const { contentLength, chunked } = head;
  // By now the caller is known: what is too large is refused without asking for it (RFC 9110, 10.1.1).
  const isWelcome = contentLength === null || contentLength <= bodyBytesMax;
  if (head.expectsContinue && isWelcome) visit.reply.sendContinue();
  const deadlineMs = visit.startedMs + requestBodyTimeoutMs;
  const bounds = { bodyBytesMax, deadlineMs, contentLength, chunked, budget: house.bodies };
  return readBoundedBody(visit.request, bounds, house.watch);
}

function bodyOf(result: BodyResult): Buffer {
  switch (result.kind) {
    case "whole":
      return result.body;
    case "refused":
      throw result.error;
    case "left":
      throw clientClosed();
    default:
      return unreachable(result);
  }
}
