/** Which GET becomes a WebSocket: Responses over one, for those who may come in; and what others are told. */
import type { IncomingMessage } from "node:http";
import { GatewayError } from "../core/errors.ts";
import { type RequestHead, readRequestHead } from "../wire/request-head.ts";
import { readRequestTarget } from "../wire/request-target.ts";
import { credentialOf } from "./authenticate.ts";
import type { House } from "./house.ts";

/** The path of the only door that is served over a WebSocket, without any prefix such as `/v1`. */
export const SOCKET_PATH = "/responses";

const VERSION = "13";
/** Sixteen bytes in Base64 (RFC 6455, 4.1). */
const NONCE = /^[A-Za-z0-9+/]{22}==$/;

/** What a client has said of a WebSocket; null: it asks for none. */
type Wish = { readonly version: string | null; readonly nonce: string | null };

/**
 * The `Sec-WebSocket-Key` of a request that is to become a WebSocket: it asks for one at the right path,
 * its handshake is whole, its credential is good, its origin is welcome, and the gateway is not stopping.
 * Null for any other: that is answered as the request it is without its Upgrade (RFC 9110, 7.8), so that a
 * wrong key is refused, and counted, where every wrong key is.
 */
export function socketKeyOf(house: House, request: IncomingMessage): string | null {
  if (request.method !== "GET" || request.httpVersion !== "1.1") return null;
  const { version, nonce } = wishOf(request.rawHeaders) ?? {};
  if (version !== VERSION || nonce == null || !NONCE.test(nonce)) return null;
  const read = readRequestHead(request);
  if (read.kind === "refused") return null;
  const { head } = read;
  const target = readRequestTarget(request.url ?? "", head.host);
  if (target.kind === "refused" || target.path !== SOCKET_PATH || !house.doors.has(SOCKET_PATH)) return null;
  if (house.inFlight.presence !== "serving" || !isWelcome(house, head)) return null;
  const credential = credentialOf(head);
  return credential !== null && house.gate.letIn(credential) !== null ? nonce : null;
}

/** What a GET at that path is told that has not become a WebSocket; only those with a good key hear it. */
export function socketRefusal(house: House, request: IncomingMessage, head: RequestHead): GatewayError {
  const wish = wishOf(request.rawHeaders);
  if (wish === null) {
    return noSocket(
      "GET serves Responses only over a WebSocket. Open one (Connection: Upgrade, Upgrade: websocket), or use POST.",
    );
  }
  if (!isWelcome(house, head)) {
    return new GatewayError(
      "invalid_request",
      "Pages of this origin may not open a WebSocket here. The operator can name the origin in server.cors.",
    );
  }
  if (house.inFlight.presence !== "serving") {
    const message = "The gateway is stopping and opens no WebSocket any more. Connect to one that is up.";
    return new GatewayError("shutting_down", message, { retryAfterSeconds: 1 });
  }
  if (wish.version !== VERSION || wish.nonce === null || !NONCE.test(wish.nonce)) {
    return noSocket(
      `The WebSocket handshake needs Sec-WebSocket-Version: ${VERSION} and one Sec-WebSocket-Key of 16 bytes ` +
        "in Base64 (RFC 6455).",
    );
  }
  return noSocket("This connection cannot become a WebSocket. Open one of its own for it, or use POST.");
}

function noSocket(message: string): GatewayError {
  const headers = { allow: "POST", "sec-websocket-version": VERSION };
  return new GatewayError("method_not_allowed", message, { headers });
}

/**
 * Browsers do not hold WebSockets to CORS, so the origin is looked at here: as for any answer that a page
 * may read, or the very host that was asked, which some clients name. Not that where the gateway lends its
 * Ark key: a page can let a name of its own point here (DNS rebinding).
 */
function isWelcome(house: House, { origin, host }: RequestHead): boolean {
  if (origin === null || house.cors.allows(origin)) return true;
  if (house.lendsKey || host === null) return false;
  const asked = host.toLowerCase();
  return origin === `http://${asked}` || origin === `https://${asked}`;
}

function wishOf(rawHeaders: readonly string[]): Wish | null {
  let asks = false;
  let version: string | null = null;
  let nonce: string | null = null;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const value = (rawHeaders[index + 1] ?? "").trim();
    switch (rawHeaders[index]?.toLowerCase()) {
      case "upgrade":
        asks ||= value.split(",").some((token) => token.trim().toLowerCase() === "websocket");
        break;
      // Said twice, neither counts.
      case "sec-websocket-version":
        version = version === null ? value : "";
        break;
      case "sec-websocket-key":
        nonce = nonce === null ? value : "";
        break;
    }
  }
  return asks ? { version, nonce } : null;
}
