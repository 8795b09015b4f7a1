/** Room 2: takes the headers only, and gives the caller, before a byte of the body is read. */
import { GatewayError } from "../core/errors.ts";
import type { Caller, Gate } from "../keys/gate.ts";
import type { RequestHead } from "../wire/request-head.ts";

/** @throws GatewayError invalid_api_key, with the same words whatever was wrong */
export function authenticate(gate: Gate, head: RequestHead): Caller {
  const credential = credentialOf(head);
  const caller = credential === null ? null : gate.letIn(credential);
  if (caller === null) {
    throw new GatewayError(
      "invalid_api_key",
      "No usable API key came with this request. Send your Ark key as 'Authorization: Bearer <key>'.",
      { headers: { "www-authenticate": "Bearer" } },
    );
  }
  return caller;
}

/** Every way to carry a key goes through here: the bearer scheme in any case (RFC 9110, 11.1), or x-api-key. */
function credentialOf(head: RequestHead): string | null {
  const { authorization } = head;
  if (authorization === null) return head.apiKey;
  const space = authorization.indexOf(" ");
  if (space < 0 || authorization.slice(0, space).toLowerCase() !== "bearer") return null;
  return authorization.slice(space + 1).trim();
}
