/** Answers that are written straight to a socket, where node:http has made no request out of what came. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { GatewayError } from "../core/errors.ts";
import { newRequestId, type RequestId } from "../core/ids.ts";
import { TARGET_BYTES_MAX } from "../wire/request-target.ts";

/** A dialect's JSON body for an error. */
export type RenderRefusal = (error: GatewayError, requestId: string) => Buffer;

/** How long a refused client has to read its answer before the connection is torn down. */
const LINGER_MS = 1_000;
const TLS_HANDSHAKE = 0x16;

type ParserError = NodeJS.ErrnoException & { readonly reason?: string; readonly rawPacket?: Buffer };

/** What node:http's `clientError` means for the client; null where there is nobody to tell. */
export function refusalOf(error: ParserError, socket: Socket): GatewayError | null {
  const { code = "", reason, rawPacket } = error;
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return isLongTarget(rawPacket, socket) ? longTarget() : longHeaders();
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new GatewayError("body_too_large", "The request's chunk extensions are too long. Send none.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return slow(socket);
    case "HPE_INVALID_VERSION":
      // The same code stands for a version line that ends in the wrong way.
      return reason === "Invalid HTTP version" ? otherVersion() : malformed(rawPacket);
    case "HPE_PAUSED_H2_UPGRADE":
      return otherVersion();
    default:
      return code.startsWith("HPE_") ? malformed(rawPacket) : null;
  }
}

/** Writes the answer and ends the connection. Never throws; says nothing to a socket that is dead. */
export function refuseSocket(socket: Socket, error: GatewayError, render: RenderRefusal): RequestId {
  const requestId = newRequestId(Date.now());
  if (!socket.destroyed && socket.writable) socket.write(answerBytes(error, requestId, render));
  lingerThenClose(socket);
  return requestId;
}

/**
 * Ends our side and stops reading, but leaves the connection a moment: to close it with bytes unread would
 * reset it, and the reset can overtake the answer on its way to the client.
 */
export function lingerThenClose(socket: Socket): void {
  if (socket.destroyed) return;
  socket.end();
  socket.pause();
  // node:http wants to throw a body's rest away: it resumes request and socket over the next two ticks.
  process.nextTick(process.nextTick, pauseLiving, socket);
  setTimeout(destroySocket, LINGER_MS, socket).unref();
}

function pauseLiving(socket: Socket): void {
  if (!socket.destroyed) socket.pause();
}

function destroySocket(socket: Socket): void {
  socket.destroy();
}

function answerBytes(error: GatewayError, requestId: RequestId, render: RenderRefusal): Buffer {
  const body = render(error, requestId);
  const lines = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? "Error"}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
    `date: ${new Date().toUTCString()}`,
    "connection: close",
    `x-request-id: ${requestId}`,
    `request-id: ${requestId}`,
  ];
  if (error.repeat !== "safe") lines.push("x-should-retry: false");
  const { retryAfterSeconds } = error.details;
  if (retryAfterSeconds !== undefined) lines.push(`retry-after: ${retryAfterSeconds}`);
  for (const [name, value] of Object.entries(error.details.headers ?? {})) lines.push(`${name}: ${value}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

/**
 * The parser counts the target with the headers, so a very long one looks like them: is there no line yet?
 */
function isLongTarget(packet: Buffer | undefined, socket: Socket): boolean {
  if (packet === undefined || socket.bytesRead > packet.length) return false;
  const lineEnd = packet.indexOf(0x0a);
  return lineEnd < 0
    ? packet.length > TARGET_BYTES_MAX
    : lineEnd > TARGET_BYTES_MAX + "OPTIONS  HTTP/1.1\r".length;
}

function otherVersion(): GatewayError {
  return new GatewayError("http_version_not_supported", "Only HTTP/1.1 is spoken here.");
}

function longTarget(): GatewayError {
  return new GatewayError("uri_too_long", `The request's URL is longer than ${TARGET_BYTES_MAX} bytes.`);
}

function longHeaders(): GatewayError {
  const message = "The request's headers are too many or too long. Send fewer, or smaller cookies.";
  return new GatewayError("headers_too_large", message);
}

/** A connection on which no byte has come was opened in advance: it is closed without a word. */
function slow(socket: Socket): GatewayError | null {
  if (socket.bytesRead === 0) return null;
  return new GatewayError("request_timeout", "The request did not arrive in time. Send it again.");
}

function malformed(packet: Buffer | undefined): GatewayError {
  const message =
    packet?.[0] === TLS_HANDSHAKE
      ? "This port speaks plain HTTP. Use http:// here, or put a TLS proxy in front."
      : "The request is not well-formed HTTP/1.1.";
  return new GatewayError("ambiguous_request", message);
}
