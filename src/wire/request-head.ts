/** Reads a request's head in one pass over its raw headers: refuses what is ambiguous, picks what counts. */
import type { ErrorCode } from "../core/errors.ts";
import { isDigits, isFieldValue, isHost, isRequestId, isSlug } from "./header-value.ts";

/** The parts of an `http.IncomingMessage` that are read. */
export type RawRequest = {
  readonly method?: string | undefined;
  readonly httpVersion: string;
  /** Names and values as they came, alternating. */
  readonly rawHeaders: readonly string[];
};

export type HeadRefusal = { readonly kind: "refused"; readonly code: ErrorCode; readonly message: string };
export type HeadResult = { readonly kind: "ok"; readonly head: RequestHead } | HeadRefusal;

const ARK_BETA = "ark-beta-";
/** With these methods a body has no meaning, and hops disagree on whether to read one (RFC 9110, 9.3). */
const bodyless: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);

/**
 * What the gateway needs of a head. Null: the header is not there. Values are latin1 without control bytes.
 */
export class RequestHead {
  host: string | null = null;
  authorization: string | null = null;
  /** `x-api-key`: how Anthropic's clients show their key. */
  apiKey: string | null = null;
  /** `idempotency-key`: this request is to be done once, however often it is sent. */
  idempotencyKey: string | null = null;
  contentType: string | null = null;
  contentEncoding: string | null = null;
  /** Declared body bytes; may be beyond 2^53, then it is only known to be huge. */
  contentLength: number | null = null;
  chunked = false;
  /** The client waits for `100 Continue` before it sends its body. */
  expectsContinue = false;
  origin: string | null = null;
  corsMethod: string | null = null;
  corsHeaders: string | null = null;
  corsPrivateNetwork = false;
  /** `x-client-request-id` and `x-request-id`, as they came. */
  clientRequestId: string | null = null;
  requestId: string | null = null;
  /** Lower-case names and values, alternating: what goes on to Ark (ark-api 2.3), and nothing else. */
  forwarded: string[] = [];
  connection: string | null = null;
  transferEncoding: string | null = null;
  expect: string | null = null;

  get hasBody(): boolean {
    return this.chunked || (this.contentLength !== null && this.contentLength > 0);
  }

  /** The client's own id for this request, where it sent one of at most 128 visible ASCII characters. */
  get callerRequestId(): string | null {
    if (isRequestId(this.clientRequestId)) return this.clientRequestId;
    return isRequestId(this.requestId) ? this.requestId : null;
  }

  /** Takes one header; gives the reason where it makes the request ambiguous. */
  take(name: string, value: string): string | null {
    switch (name.length) {
      case 4:
        return isName(name, "host") ? this.#takeHost(value) : null;
      case 6:
        return this.#takeSix(name, value);
      case 9:
        if (!isName(name, "x-api-key")) return null;
        if (this.apiKey !== null) return repeated("X-Api-Key");
        this.apiKey = value;
        return controlFault(value);
      case 10:
        if (isName(name, "connection")) return this.#takeConnection(value);
        return this.#forward(name, "tracestate", value);
      case 11:
        return this.#forward(name, "traceparent", value);
      case 12:
        return this.#takeTwelve(name, value);
      case 13:
        if (!isName(name, "authorization")) return null;
        if (this.authorization !== null) return repeated("Authorization");
        this.authorization = value;
        return controlFault(value);
      case 14:
        return this.#takeFourteen(name, value);
      case 15:
        if (!isName(name, "idempotency-key")) return this.#forward(name, "x-session-token", value);
        if (this.idempotencyKey !== null) return repeated("Idempotency-Key");
        this.idempotencyKey = value;
        return controlFault(value);
      case 16:
        if (!isName(name, "content-encoding")) return null;
        if (this.contentEncoding !== null) return repeated("Content-Encoding");
        this.contentEncoding = value;
        return controlFault(value);
      case 17:
        if (!isName(name, "transfer-encoding")) return this.#forward(name, "x-prompt-cache-id", value);
        if (this.transferEncoding !== null) return repeated("Transfer-Encoding");
        this.transferEncoding = value;
        return null;
      default:
        return name.length < 19 ? null : this.#takeLong(name, value);
    }
  }

  /** Removes what the client's `Connection` names from what goes on (RFC 9110, 7.6.1). */
  dropConnectionNames(): void {
    const { connection } = this;
    if (connection === null || this.forwarded.length === 0) return;
    if (connection === "keep-alive" || connection === "close") return;
    const names = new Set<string>();
    for (const name of connection.toLowerCase().split(",")) names.add(name.trim());
    const kept: string[] = [];
    for (let index = 0; index < this.forwarded.length; index += 2) {
      const name = this.forwarded[index] ?? "";
      if (!names.has(name)) kept.push(name, this.forwarded[index + 1] ?? "");
    }
    this.forwarded = kept;
  }

  #takeHost(value: string): string | null {
    if (this.host !== null) return repeated("Host");
    this.host = value;
    return isHost(value) ? null : "The Host header is not a host name with an optional port.";
  }

  #takeSix(name: string, value: string): string | null {
    if (isName(name, "accept")) return this.#push("accept", value);
    if (isName(name, "origin")) {
      if (this.origin !== null) return repeated("Origin");
      this.origin = value;
      return controlFault(value);
    }
    if (!isName(name, "expect")) return null;
    if (this.expect !== null) return repeated("Expect");
    this.expect = value;
    return null;
  }

  #takeConnection(value: string): string | null {
    this.connection = this.connection === null ? value : `${this.connection},${value}`;
    return null;
  }

  #takeTwelve(name: string, value: string): string | null {
    if (isName(name, "content-type")) {
      if (this.contentType !== null) return repeated("Content-Type");
      this.contentType = value;
      return controlFault(value);
    }
    if (isName(name, "x-request-id")) {
      this.requestId ??= value;
      return controlFault(value);
    }
    return this.#forwardArkBeta(name, value);
  }

  #takeFourteen(name: string, value: string): string | null {
    if (isName(name, "content-length")) {
      if (this.contentLength !== null) return repeated("Content-Length");
      if (!isDigits(value)) return "The Content-Length header is not one decimal number.";
      this.contentLength = Number(value);
      return null;
    }
    // Lower case once, and only for the names that begin like ours.
    if ((name.charCodeAt(0) | 0x20) !== 0x78) return this.#forwardArkBeta(name, value);
    const lower = name.toLowerCase();
    switch (lower) {
      case "x-project-name":
      case "x-is-encrypted":
      case "x-encrypt-info":
      case "x-fornax-trace":
        return this.#push(lower, value);
      default:
        return null;
    }
  }

  #takeLong(name: string, value: string): string | null {
    if (name.length === 19 && isName(name, "x-client-request-id")) {
      this.clientRequestId ??= value;
      return this.#push("x-client-request-id", value);
    }
    if (name.length === 29 && isName(name, "access-control-request-method")) {
      this.corsMethod = value;
      return controlFault(value);
    }
    if (name.length === 30 && isName(name, "access-control-request-headers")) {
      this.corsHeaders = this.corsHeaders === null ? value : `${this.corsHeaders},${value}`;
      return controlFault(value);
    }
    if (name.length === 38 && isName(name, "access-control-request-private-network")) {
      this.corsPrivateNetwork = value === "true";
      return null;
    }
    return this.#forwardArkBeta(name, value);
  }

  #forward(name: string, wanted: string, value: string): string | null {
    return isName(name, wanted) ? this.#push(wanted, value) : this.#forwardArkBeta(name, value);
  }

  #forwardArkBeta(name: string, value: string): string | null {
    if ((name.charCodeAt(0) | 0x20) !== 0x61 || name.charCodeAt(3) !== 0x2d) return null;
    const lower = name.toLowerCase();
    return lower.startsWith(ARK_BETA) && isSlug(lower.slice(ARK_BETA.length))
      ? this.#push(lower, value)
      : null;
  }

  #push(name: string, value: string): string | null {
    this.forwarded.push(name, value);
    return controlFault(value);
  }
}

/**
 * Refuses the framing that node:http lets through (reliability B6) and picks the headers that count. Control
 * bytes in the values of headers that are not picked are llhttp's to refuse. `Host` may be missing on
 * HTTP/1.0 only.
 */
export function readRequestHead(request: RawRequest): HeadResult {
  const { method = "", httpVersion, rawHeaders } = request;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    const message = `HTTP/${httpVersion} is not spoken here. Use HTTP/1.1.`;
    return { kind: "refused", code: "http_version_not_supported", message };
  }
  if (method === "TRACE" || method === "CONNECT") {
    return { kind: "refused", code: "method_not_allowed", message: `${method} is not served here.` };
  }
  const head = new RequestHead();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const fault = head.take(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
    if (fault !== null) return ambiguous(fault);
  }
  return checkFraming(head, method, httpVersion === "1.0");
}

function checkFraming(head: RequestHead, method: string, isOld: boolean): HeadResult {
  if (head.host === null && !isOld) return ambiguous("The Host header is missing.");
  const coding = head.transferEncoding;
  if (coding !== null) {
    if (isOld) return ambiguous("HTTP/1.0 has no Transfer-Encoding.");
    if (coding !== "chunked" && coding.toLowerCase() !== "chunked") {
      return ambiguous("The only Transfer-Encoding served here is chunked.");
    }
    if (head.contentLength !== null)
      return ambiguous("Transfer-Encoding and Content-Length exclude each other.");
    head.chunked = true;
  }
  if (head.hasBody && bodyless.has(method)) return ambiguous(`${method} takes no body here.`);
  // HTTP/1.0 knows no expectations, so one is passed over there (RFC 9110, 10.1.1).
  if (head.expect !== null && !isOld) {
    if (head.expect.toLowerCase() !== "100-continue") {
      const message = "The only expectation met here is 100-continue.";
      return { kind: "refused", code: "expectation_failed", message };
    }
    head.expectsContinue = true;
  }
  head.dropConnectionNames();
  return { kind: "ok", head };
}

function ambiguous(message: string): HeadRefusal {
  return { kind: "refused", code: "ambiguous_request", message };
}

function repeated(name: string): string {
  return `The ${name} header is there more than once. Send it once.`;
}

/** Looks at both ends first, so that lower case is made only of names that are very likely ours. */
function isName(name: string, lower: string): boolean {
  if ((name.charCodeAt(0) | 0x20) !== lower.charCodeAt(0)) return false;
  const last = lower.length - 1;
  if ((name.charCodeAt(last) | 0x20) !== lower.charCodeAt(last)) return false;
  return name === lower || name.toLowerCase() === lower;
}

function controlFault(value: string): string | null {
  return isFieldValue(value) ? null : "A header value holds a control character.";
}
