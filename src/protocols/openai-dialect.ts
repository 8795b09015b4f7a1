/** How OpenAI's clients are told of errors and of waiting: one shape for answers and for events. */
import type { GatewayError } from "../core/errors.ts";
import type { Dialect } from "./door.ts";

/**
 * The keys in this order; Ark's Go SDK knows an error event by `error` being the first key (ark-api 4.4).
 */
function errorText(error: GatewayError): string {
  return JSON.stringify({
    error: {
      message: error.message,
      type: error.type,
      param: error.details.param ?? null,
      code: error.code,
    },
  });
}

/** The request's id is not in the body: the clients read it from `x-request-id`. */
export const openaiDialect: Dialect = {
  renderError(error) {
    return Buffer.from(errorText(error));
  },
  renderErrorEvent(error) {
    return Buffer.from(`data: ${errorText(error)}\n\n`);
  },
  /** One newline only: older clients take a blank line after a comment for an event (clients A7). */
  heartbeat: Buffer.from(": ping\n"),
};
