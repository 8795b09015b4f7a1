/** The error of a client that has left, for the log only: nobody is there to be told. */
import { GatewayError } from "../../core/errors.ts";

export function clientClosed(): GatewayError {
  return new GatewayError(
    "client_closed",
    "The client closed the connection before the answer was complete.",
  );
}
