/** What a broken exchange means: the error that the client is told, and the letters that the ledger keeps. */

import type { Cause, Phase } from "../../core/ending.ts";
import { GatewayError, unreachable } from "../../core/errors.ts";
import type { ExchangeError, ExchangeFault } from "../../upstreams/upstream.ts";

/** The messages name no address and no socket error: the cause is for the log alone. */
export function faultError(error: ExchangeError, phase: Phase): GatewayError {
  const { fault } = error;
  switch (fault) {
    case "name":
      return unreachableUpstream(
        error,
        "its name could not be resolved. Check ARK_BASE_URL and the host's DNS",
      );
    case "connect":
      return unreachableUpstream(
        error,
        "the connection was refused or is not possible. Try again in a moment",
      );
    case "tls":
      return unreachableUpstream(error, "the TLS handshake failed. Try again in a moment");
    case "certificate": {
      const message =
        "Ark could not be reached: its certificate does not verify. The operator must look at this.";
      return new GatewayError("upstream_unreachable", message, { cause: error, repeat: "useless" });
    }
    case "name_timeout":
    case "connect_timeout":
    case "tls_timeout": {
      const message = "Ark could not be reached in time: no connection was made. Try again in a moment.";
      return new GatewayError("upstream_timeout", message, { cause: error, repeat: "safe" });
    }
    case "protocol":
      return new GatewayError(
        "upstream_invalid",
        "Ark's answer breaks the rules of HTTP, so it was dropped. The call may have been billed.",
        { cause: error },
      );
    case "reset":
    case "aborted":
      return new GatewayError(
        "upstream_truncated",
        phase === "F" || phase === "S"
          ? "Ark cut its answer before the end. What came so far may have been billed."
          : "Ark closed the connection without an answer. The call may have been billed.",
        { cause: error, repeat: error.dispatched ? "unsafe" : "safe" },
      );
    default:
      return unreachable(fault);
  }
}

function unreachableUpstream(error: ExchangeError, why: string): GatewayError {
  return new GatewayError("upstream_unreachable", `Ark could not be reached: ${why}.`, { cause: error });
}

export function faultCause(fault: ExchangeFault, phase: Phase): Cause {
  switch (fault) {
    case "name":
    case "name_timeout":
      return "UN";
    case "connect":
    case "connect_timeout":
      return "UC";
    case "tls":
    case "tls_timeout":
    case "certificate":
      return "UT";
    case "reset":
    case "protocol":
    case "aborted":
      return `U${phase}`;
    default:
      return unreachable(fault);
  }
}
