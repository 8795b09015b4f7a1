/** How Anthropic's clients are told of errors and of waiting. */
import type { ErrorFacts, ErrorType } from "../../core/errors.ts";
import type { Dialect } from "../door.ts";

/** Anthropic's types by status; a status that is not here goes by its hundreds. */
const typeByStatus = new Map<number, string>([
  [401, "authentication_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [503, "overloaded_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"],
]);

/** For what has no status of an error: it came in the middle of a stream. */
const typeByOurs: Readonly<Record<ErrorType, string>> = {
  invalid_request_error: "invalid_request_error",
  authentication_error: "authentication_error",
  permission_error: "permission_error",
  not_found_error: "not_found_error",
  rate_limit_error: "rate_limit_error",
  insufficient_quota: "rate_limit_error",
  server_error: "api_error",
};

function typeOf({ status, type }: ErrorFacts): string {
  if (status < 400) return typeByOurs[type];
  return typeByStatus.get(status) ?? (status < 500 ? "invalid_request_error" : "api_error");
}

/** Our own word stands in `code`, which Anthropic has not; the SDKs print the body as it is. */
function errorText(error: ErrorFacts, requestId: string): string {
  return JSON.stringify({
    type: "error",
    error: { type: typeOf(error), message: error.message, code: error.code },
    request_id: requestId,
  });
}

/** One whole event named `error`: the SDKs know it by that name alone. */
export function errorEvent(error: ErrorFacts, requestId: string): string {
  return `event: error\ndata: ${errorText(error, requestId)}\n\n`;
}

export const anthropicDialect: Dialect = {
  renderError(error, requestId) {
    return Buffer.from(errorText(error, requestId));
  },
  renderErrorEvent(error, requestId) {
    return Buffer.from(errorEvent(error, requestId));
  },
  relayErrorEvent(body) {
    if (body.includes(0x0a) || body.includes(0x0d)) return null;
    return Buffer.concat([Buffer.from("event: error\ndata: "), body, Buffer.from("\n\n")]);
  },
  heartbeat: Buffer.from('event: ping\ndata: {"type":"ping"}\n\n'),
};
