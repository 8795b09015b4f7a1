/** How OpenAI's clients are told of errors and of waiting: one shape for answers and for events. */
import type { ErrorFacts } from "../core/errors.ts";
import type { Dialect } from "./door.ts";

/**
 * The keys in this order; Ark's Go SDK knows an error event by `error` being the first key (ark-api 4.4).
 */
function errorText(error: ErrorFacts): string {
  return JSON.stringify({
    error: {
      message: error.message,
      type: error.type,
      param: error.param,
      code: error.code,
    },
  });
}

/** JSON as one event, if it can stand on one line; else null. */
export function asDataEvent(body: Buffer): Buffer | null {
  if (body.includes(0x0a) || body.includes(0x0d)) return null;
  return Buffer.concat([Buffer.from("data: "), body, Buffer.from("\n\n")]);
}

/** The request's id is not in the body: the clients read it from `x-request-id`. */
export const openaiDialect: Dialect = {
  renderError(error) {
    return Buffer.from(errorText(error));
  },
  renderErrorEvent(error) {
    return Buffer.from(`data: ${errorText(error)}\n\n`);
  },
  relayErrorEvent(body) {
    return asDataEvent(body);
  },
  /** One newline only: older clients take a blank line after a comment for an event (clients A7). */
  heartbeat: Buffer.from(": ping\n"),
};
