/**
 * Tells the client of an error in its own dialect: as an answer of its own, or as the last event of a
 * stream.
 */
import type { IncomingMessage } from "node:http";
import type { GatewayError } from "../core/errors.ts";
import type { Dialect } from "../protocols/door.ts";
import type { Visit } from "./visit/visit.ts";

const RETRY_AFTER_DEFAULT_SECONDS = 1;

/** Never throws. Says nothing to a client that has gone; where nothing can be said, the connection breaks. */
export function refuse(visit: Visit, dialect: Dialect, error: GatewayError): void {
  try {
    tell(visit, dialect, error);
  } catch {
    visit.reply.destroy();
  }
}

function tell(visit: Visit, dialect: Dialect, error: GatewayError): void {
  const { reply, request } = visit;
  if (reply.gone) return;
  if (reply.begun) {
    if (!reply.takesEvents) {
      reply.destroy();
      return;
    }
    reply.write(visit.tap?.failureEvent(error, visit.id) ?? dialect.renderErrorEvent(error, visit.id));
    reply.endAndClose();
    return;
  }
  const { details } = error;
  reply.addHeader("content-type", "application/json");
  if (error.repeat !== "safe") reply.addHeader("x-should-retry", "false");
  const retryAfterSeconds = retryAfterOf(error);
  if (retryAfterSeconds !== null) reply.addHeader("retry-after", String(retryAfterSeconds));
  for (const [name, value] of Object.entries(details.headers ?? {})) reply.addHeader(name, value);
  // The rest of the body is unread, and in it nobody can tell where the next request begins (reliability
  // C12).
  if (hasUnreadBody(request)) reply.closeAfter();
  reply.sendWhole(error.status, dialect.renderError(error, visit.id));
}

/** What passes by itself says when; a budget that never begins anew does not. */
function retryAfterOf({ status, repeat, details }: GatewayError): number | null {
  if (status !== 429 && status !== 503) return null;
  return details.retryAfterSeconds ?? (repeat === "useless" ? null : RETRY_AFTER_DEFAULT_SECONDS);
}

/** node:http calls a request complete only in a later turn, also where it has no body. */
function hasUnreadBody({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}
