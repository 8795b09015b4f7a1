/** Requests that are to be done once: a repeat never makes a second call to Ark. */
import { createHash } from "node:crypto";
import { GatewayError } from "../core/errors.ts";
import type { RequestId } from "../core/ids.ts";
import type { Caller } from "../keys/gate.ts";
import type { IdempotencyEntry } from "../keys/idempotency.ts";
import type { Door } from "../protocols/door.ts";
import type { RequestHead } from "../wire/request-head.ts";
import type { House } from "./house.ts";
import type { Visit } from "./visit/visit.ts";

const KEY_CHARACTERS_MAX = 255;
const FIRST_REQUEST = "x-volcano-first-request-id";

/**
 * Null where the client did not ask for it.
 * @throws GatewayError request_in_progress, request_already_done, idempotency_mismatch, overloaded,
 * ledger_unavailable, invalid_request
 */
export function beginOnce(
  { idempotency }: House,
  visit: Visit,
  { idempotencyKey }: RequestHead,
  { keyId }: Caller,
  door: Door,
  body: Buffer,
): IdempotencyEntry | null {
  if (idempotencyKey === null) return null;
  if (idempotencyKey === "" || idempotencyKey.length > KEY_CHARACTERS_MAX) {
    const message = `The Idempotency-Key header has 1 to ${KEY_CHARACTERS_MAX} characters.`;
    throw new GatewayError("invalid_request", message, { param: "idempotency-key" });
  }
  // The same words at another door are another request.
  const bodyDigest = createHash("sha256").update(`${door.name}\n`).update(body).digest("hex");
  const begun = idempotency.begin({ keyId, idempotencyKey, bodyDigest, requestId: visit.id });
  switch (begun.kind) {
    case "fresh":
      return begun.entry;
    case "running":
      throw repeat("request_in_progress", begun.requestId, "is still being answered");
    case "done":
      throw repeat("request_already_done", begun.requestId, "has been answered");
    case "mismatch":
      throw new GatewayError(
        "idempotency_mismatch",
        "A request with this Idempotency-Key came before, with another body. Send a new key with a new request.",
        { param: "idempotency-key" },
      );
    case "unready":
      throw new GatewayError(
        "ledger_unavailable",
        "What earlier runs of the gateway have done is still being read. Try again in a moment.",
      );
    case "full":
      throw new GatewayError(
        "overloaded",
        "The gateway remembers as many Idempotency-Keys as it can. Try later, or send the request without one.",
      );
  }
}

function repeat(
  code: "request_in_progress" | "request_already_done",
  first: RequestId,
  state: string,
): GatewayError {
  const message = `The first request with this Idempotency-Key ${state} (its id is in ${FIRST_REQUEST}).`;
  return new GatewayError(code, `${message} Nothing was sent to Ark for this one.`, {
    param: "idempotency-key",
    headers: { [FIRST_REQUEST]: first },
  });
}
