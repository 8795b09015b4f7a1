/** Says in the words of the port what undici or the socket underneath reports. */
import type { ExchangeFault } from "./upstream.ts";

/**
 * The fault behind an error that ended an exchange on a connection that stood. A connection that ends too
 * early is `reset`, whoever noticed; an answer that is no HTTP/1.1 is `protocol`; an error without a code
 * was thrown by the listener, so the exchange was given up on this side.
 */
export function faultOf(error: Error, isHeadSeen: boolean): ExchangeFault {
  const code = "code" in error ? error.code : undefined;
  // undici's parser errors have no code; this message is llhttp's.
  if (error.name === "HTTPParserError") return error.message.includes("Invalid EOF") ? "reset" : "protocol";
  if (typeof code !== "string") return "aborted";
  switch (code) {
    case "UND_ERR_SOCKET":
      // "other side closed" and "closed" are cuts; "bad response" and "bad upgrade" are unasked-for answers.
      return error.message.startsWith("bad ") ? "protocol" : "reset";
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      // Also what undici calls a head that cannot be parsed, once that has named a length.
      return isHeadSeen ? "reset" : "protocol";
    default:
      return code.startsWith("UND_ERR_") || code === "ERR_ASSERTION" ? "protocol" : "reset";
  }
}
