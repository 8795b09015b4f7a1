/** Room 2: takes the headers only, and gives the caller, before a byte of the body is read. */
import { GatewayError } from "../core/errors.ts";
import type { Caller } from "../keys/gate.ts";
import type { RequestHead } from "../wire/request-head.ts";
import type { AuthMode, House } from "./house.ts";
import type { Cors } from "./visit/cors.ts";
import type { Visit } from "./visit/visit.ts";

const advice: { readonly [mode in AuthMode]: string } = {
  passthrough: "Send your Ark key as 'Authorization: Bearer <key>'.",
  keys: "Send a key of this gateway (sk-...) as 'Authorization: Bearer <key>'; its operator makes them.",
  both: "Send a key of this gateway (sk-...) or your own Ark key as 'Authorization: Bearer <key>'.",
};

/**
 * @throws GatewayError invalid_api_key, with the same words whatever was wrong; rate_limit_exceeded where too
 * many wrong ones came from one address; invalid_request
 */
export function authenticate(house: House, visit: Visit, head: RequestHead): Caller {
  if (house.lendsKey) refuseForeignPage(house.cors, head.origin);
  const credential = credentialOf(head);
  const caller = credential === null ? null : house.gate.letIn(credential);
  if (caller !== null) return caller;
  if (credential !== null) refuseGuesser(house, visit);
  throw new GatewayError(
    "invalid_api_key",
    `No usable API key came with this request. ${advice[house.authMode]}`,
    { headers: { "www-authenticate": "Bearer" } },
  );
}

function refuseGuesser(house: House, visit: Visit): void {
  const waitSeconds = house.gate.countFailure(visit.request.socket.remoteAddress ?? "");
  if (waitSeconds === null) return;
  const message = "Too many wrong API keys came from this address. Wait, then send a key that is good.";
  throw new GatewayError("rate_limit_exceeded", message, { retryAfterSeconds: waitSeconds });
}

/**
 * A page may reach a loopback port through a name of its own that it lets point here (DNS rebinding), and
 * would then spend the gateway's key. Browsers name the page's origin with every POST.
 */
function refuseForeignPage(cors: Cors, origin: string | null): void {
  if (origin === null || cors.allows(origin)) return;
  throw new GatewayError(
    "invalid_request",
    "Pages of this origin may not use the gateway's Ark key. The operator can name the origin in server.cors.",
  );
}

/**
 * Every way to carry a key goes through here: the bearer scheme in any case (RFC 9110, 11.1), or x-api-key.
 */
export function credentialOf(head: RequestHead): string | null {
  const { authorization } = head;
  if (authorization === null) return head.apiKey;
  const space = authorization.indexOf(" ");
  if (space < 0 || authorization.slice(0, space).toLowerCase() !== "bearer") return null;
  return authorization.slice(space + 1).trim();
}
