/** Finds what would make a request invalid or ambiguous on the wire, before any of it is sent. */

/**
 * Headers that are made here or by the client library: a second one would be ambiguous, or leak a
 * credential.
 */
const ownHeaders = new Set([
  "accept-encoding",
  "authorization",
  "connection",
  "content-length",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
]);

/** RFC 9110, 5.6.2: a token; ours are in lower case. */
const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** RFC 9110, 5.5: anything but visible characters, spaces, tabs and obs-text. */
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;
const notInPath = /[^\x21-\x7e]/;

export type CheckedRequest = {
  readonly path: string;
  readonly headers: readonly string[];
  /** Null: one of the upstream's own, which have been checked. */
  readonly credential: string | null;
  readonly body: readonly Buffer[];
  readonly bodyBytes: number;
};

/** Says what is wrong with the request, without its values; null where it can be sent. */
export function flawOf(request: CheckedRequest): string | null {
  if (!request.path.startsWith("/") || notInPath.test(request.path)) return "the path is not a valid target";
  const { credential } = request;
  if (credential !== null && notInValue.test(credential)) return "the credential is not a valid header value";
  if (request.headers.length % 2 !== 0) return "the headers are not pairs";
  for (let at = 0; at < request.headers.length; at += 2) {
    const name = request.headers[at] ?? "";
    if (!headerName.test(name)) return "a header name is not a token in lower case";
    if (ownHeaders.has(name)) return `the header ${name} is not the caller's to set`;
    if (notInValue.test(request.headers[at + 1] ?? "")) return `the header ${name} has an invalid value`;
  }
  let bodyBytes = 0;
  for (const piece of request.body) bodyBytes += piece.length;
  return bodyBytes === request.bodyBytes ? null : "the body is not as long as it says";
}
