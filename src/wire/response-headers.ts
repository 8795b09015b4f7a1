/** Picks the few headers that matter out of an answer's raw head, in one pass. */

/** Values as they came (bytes as latin-1, spaces around them taken away); null where there is none. */
export class AnswerHeaders {
  contentType: string | null = null;
  /** Null also where it is no plain number up to 2^53 - 1, or several. */
  contentLength: number | null = null;
  /** Several are joined with a comma, as they mean the same as one (RFC 9110, 5.3). */
  contentEncoding: string | null = null;
  /** Several are joined with a comma. */
  transferEncoding: string | null = null;
  retryAfter: string | null = null;
  clientRequestId: string | null = null;
  requestId: string | null = null;
}

const CONTENT_TYPE = Buffer.from("content-type");
const CONTENT_LENGTH = Buffer.from("content-length");
const CONTENT_ENCODING = Buffer.from("content-encoding");
const TRANSFER_ENCODING = Buffer.from("transfer-encoding");
const RETRY_AFTER = Buffer.from("retry-after");
const CLIENT_REQUEST_ID = Buffer.from("x-client-request-id");
const REQUEST_ID = Buffer.from("x-request-id");

/** Of equal length; `wanted` is in lower case. */
function isNamed(name: Buffer, wanted: Buffer): boolean {
  for (let at = 0; at < wanted.length; at++) {
    const byte = name[at] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (lower !== wanted[at]) return false;
  }
  return true;
}

function textOf(value: Buffer | undefined): string {
  if (value === undefined) return "";
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value[start])) start++;
  while (end > start && isBlank(value[end - 1])) end--;
  return value.toString("latin1", start, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

function joined(before: string | null, value: Buffer | undefined): string {
  return before === null ? textOf(value) : `${before}, ${textOf(value)}`;
}

function lengthOf(text: string): number | null {
  const length = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(length) ? length : null;
}

/**
 * Reads names and values that alternate, as a parser leaves them. Where a header comes more than once the
 * first one counts, but for the codings, which are joined.
 */
export function readAnswerHeaders(rawHeaders: readonly Buffer[]): AnswerHeaders {
  const headers = new AnswerHeaders();
  let contentLength: string | null = null;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    const value = rawHeaders[at + 1];
    switch (name?.length) {
      case 11:
        if (isNamed(name, RETRY_AFTER)) headers.retryAfter ??= textOf(value);
        break;
      case 12:
        if (isNamed(name, CONTENT_TYPE)) headers.contentType ??= textOf(value);
        else if (isNamed(name, REQUEST_ID)) headers.requestId ??= textOf(value);
        break;
      case 14:
        if (isNamed(name, CONTENT_LENGTH)) contentLength = joined(contentLength, value);
        break;
      case 16:
        if (isNamed(name, CONTENT_ENCODING)) headers.contentEncoding = joined(headers.contentEncoding, value);
        break;
      case 17:
        if (isNamed(name, TRANSFER_ENCODING))
          headers.transferEncoding = joined(headers.transferEncoding, value);
        break;
      case 19:
        if (isNamed(name, CLIENT_REQUEST_ID)) headers.clientRequestId ??= textOf(value);
        break;
    }
  }
  headers.contentLength = lengthOf(contentLength ?? "");
  return headers;
}
