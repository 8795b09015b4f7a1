/** Gives back what was stored: responses that the gateway keeps itself, and those that Ark keeps. */
import { NORMAL_END } from "../core/ending.ts";
import { asGatewayError, GatewayError } from "../core/errors.ts";
import type { Caller } from "../keys/gate.ts";
import type { UpstreamRequest } from "../upstreams/upstream.ts";
import { readAnswerHeaders } from "../wire/response-headers.ts";
import { takePlace } from "./admit.ts";
import { Answer } from "./answer/answer.ts";
import { type Collected, collect } from "./delivery/collected.ts";
import { broken, type Delivery, free } from "./delivery/delivery.ts";
import { refusedKey } from "./delivery/error.ts";
import type { Farewell } from "./delivery/farewell.ts";
import type { StoredPage } from "./endpoint.ts";
import type { House } from "./house.ts";
import { credentialFor } from "./resolve.ts";
import type { Route } from "./route.ts";
import { clientClosed } from "./visit/client-closed.ts";
import { printable } from "./visit/header-text.ts";
import type { ReplyListener } from "./visit/reply.ts";
import type { Visit } from "./visit/visit.ts";

/** More than any response that a client could have been given whole. */
const STORED_BYTES_MAX = 32 * 1024 * 1024;
/** What Ark's `input_items` and retrieval take (ark-api 5.2). */
const PARAMETERS = ["include", "include[]", "after", "before", "limit", "order"] as const;

export type Retrieved = { readonly delivery: Delivery; readonly farewell: Farewell };

/** Until its head is here, a client that leaves ends the exchange. */
class Leaving implements ReplyListener {
  readonly #answer: Answer;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  onGone(): void {
    this.#answer.fail(clientClosed(), "C");
  }

  onDrain(): void {}

  onStall(): void {
    this.#answer.fail(clientClosed(), "C");
  }

  onDefect(thrown: unknown): void {
    this.#answer.fail(asGatewayError(thrown), "G");
  }
}

/**
 * A response by its id, its input, or its end. Costs nothing, so no limit but the places in the house has a
 * say, and no row is written.
 * @throws GatewayError response_not_found, overloaded, invalid_request, and what an upstream fails with
 */
export async function retrieve(
  house: House,
  visit: Visit,
  caller: Caller,
  page: StoredPage,
): Promise<Retrieved> {
  const { responses } = house.memories;
  const { keyId } = caller;
  const kept = responses.find(keyId, page.id);
  if (kept !== null) {
    const body = house.storedPages.render(page.act, kept, new URLSearchParams(page.query));
    if (page.act === "delete") responses.remove(keyId, page.id);
    return told(200, "application/json", body, visit);
  }
  if (house.storedPages.isOurs(page.id) || responses.isAnothers(keyId, page.id)) throw notFound();
  const place = takePlace(house.places);
  try {
    return await askArk(house, visit, caller, page);
  } finally {
    place.release();
  }
}

function notFound(): GatewayError {
  return new GatewayError(
    "response_not_found",
    "There is no stored response of this id. It may have expired, was made with `store: false`, or was too " +
      "large to be kept, or to be kept beside later ones.",
  );
}

async function askArk(house: House, visit: Visit, caller: Caller, page: StoredPage): Promise<Retrieved> {
  const route = house.routes.unnamed;
  const { upstream } = route.target;
  const answer = new Answer(route.timeouts, house.clock, house.watch);
  visit.answer = answer;
  visit.reply.listener = new Leaving(answer);
  const credential = credentialFor(house, caller, route);
  await answer.ask(upstream, requestFor(route, credential, page));
  const { head, failure } = answer;
  if (failure !== null) throw failure.error;
  if (head === null) throw new TypeError("an exchange settled with neither head nor failure");
  const body = bodyOf(await collect(answer, visit, STORED_BYTES_MAX));
  const headers = readAnswerHeaders(head.rawHeaders);
  const note = head.status === 200 ? null : upstream.readError(head.status, body);
  if (head.status !== 200 && note === null) {
    throw new GatewayError(
      "upstream_invalid",
      `Ark's answer has status ${head.status} and is none of its errors.`,
    );
  }
  if (note !== null && credential === null && (head.status === 401 || head.status === 403)) {
    throw refusedKey(note);
  }
  if (note !== null) visit.reply.addHeader("x-volcano-error", printable(note.code));
  return told(head.status, headers.contentType ?? "application/json", body, visit);
}

function requestFor(route: Route, credential: string | null, page: StoredPage): UpstreamRequest {
  const rest = page.act === "input_items" ? "/input_items" : "";
  return {
    method: page.act === "delete" ? "DELETE" : "GET",
    base: "data",
    path: `/responses/${page.id}${rest}${queryFor(page.query)}`,
    headers: ["accept", "application/json"],
    credential,
    body: [],
    bodyBytes: 0,
    timeouts: route.timeouts,
  };
}

/** Only what Ark knows, written anew. */
function queryFor(query: string): string {
  const asked = new URLSearchParams(query);
  const kept = new URLSearchParams();
  for (const name of PARAMETERS) for (const value of asked.getAll(name)) kept.append(name, value);
  return kept.size === 0 ? "" : `?${kept}`;
}

function bodyOf(collected: Collected): Buffer {
  switch (collected.kind) {
    case "body":
      return collected.bytes;
    case "too_large":
      throw new GatewayError("upstream_invalid", `Ark's answer is longer than ${STORED_BYTES_MAX} bytes.`);
    case "failed":
      throw collected.failure.error;
  }
}

function told(status: number, contentType: string, body: Buffer, { reply }: Visit): Retrieved {
  reply.addHeader("content-type", contentType);
  const farewell: Farewell = { kind: "whole", status, body };
  if (status < 400) {
    const ok: Delivery = {
      outcome: "ok",
      cause: NORMAL_END,
      errorCode: null,
      errorSource: null,
      consumption: free,
      delivered: null,
    };
    return { delivery: ok, farewell };
  }
  const error = new GatewayError("upstream_invalid", `Ark answered with status ${status}.`);
  return { delivery: broken(error, NORMAL_END, "failed", free), farewell };
}
