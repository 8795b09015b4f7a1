/** What of a WebSocket's handshake goes along with each call that is made over it. */

/** Of that request alone, or of its body; an `idempotency-key` is one call's, and a handshake is many. */
const left: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "expect",
  "idempotency-key",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const FRAMING = "sec-websocket-";

/** Names and values, alternating, in their order: without what `Connection` names (RFC 9110, 7.6.1). */
export function carriedHeaders(rawHeaders: readonly string[]): string[] {
  const named = new Set<string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== "connection") continue;
    for (const name of (rawHeaders[index + 1] ?? "").split(",")) named.add(name.trim().toLowerCase());
  }
  // Credentials are not a hop's to take away: then the call would be another's, or nobody's.
  for (const kept of ["authorization", "x-api-key", "host", "origin"]) named.delete(kept);
  const carried: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const lower = name.toLowerCase();
    if (left.has(lower) || named.has(lower) || lower.startsWith(FRAMING)) continue;
    carried.push(name, rawHeaders[index + 1] ?? "");
  }
  return carried;
}
