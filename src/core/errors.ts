/** Every way to fail: one class, and one catalogue of status, fault, and what a repeat would do. */

export type ErrorSource = "client" | "gateway" | "upstream" | "dependency";

/**
 * What happens if the same request is sent again: `safe` (nothing reached a model), `unsafe` (it may be
 * billed twice), `useless` (it fails the same way). The last two answer `x-should-retry: false`.
 */
export type Repeat = "safe" | "unsafe" | "useless";

/** OpenAI's error types; clients match on them. */
export type ErrorType =
  | "invalid_request_error"
  | "authentication_error"
  | "permission_error"
  | "not_found_error"
  | "rate_limit_error"
  | "insufficient_quota"
  | "server_error";

type CatalogueRow = {
  readonly status: number;
  readonly type: ErrorType;
  readonly source: ErrorSource;
  readonly repeat: Repeat;
};

const badRequest = {
  status: 400,
  type: "invalid_request_error",
  source: "client",
  repeat: "useless",
} as const;

/** The rows, in the order of their status. `docs/errors.md` is tested against this table, both ways. */
export const catalogue = {
  invalid_json: badRequest,
  ambiguous_body: badRequest,
  invalid_request: badRequest,
  missing_model: badRequest,
  previous_response_not_found: badRequest,
  ambiguous_request: badRequest,
  invalid_api_key: { ...badRequest, status: 401, type: "authentication_error" },
  model_not_found: { ...badRequest, status: 404, type: "not_found_error" },
  response_not_found: { ...badRequest, status: 404, type: "not_found_error" },
  unsupported_endpoint: { ...badRequest, status: 404, type: "not_found_error" },
  method_not_allowed: { ...badRequest, status: 405 },
  request_timeout: { ...badRequest, status: 408, repeat: "safe" },
  request_in_progress: { ...badRequest, status: 409 },
  request_already_done: { ...badRequest, status: 409 },
  body_too_large: { ...badRequest, status: 413 },
  uri_too_long: { ...badRequest, status: 414 },
  unsupported_media_type: { ...badRequest, status: 415 },
  expectation_failed: { ...badRequest, status: 417 },
  idempotency_mismatch: { ...badRequest, status: 422 },
  rate_limit_exceeded: { ...badRequest, status: 429, type: "rate_limit_error", repeat: "safe" },
  insufficient_quota: { ...badRequest, status: 429, type: "insufficient_quota" },
  headers_too_large: { ...badRequest, status: 431 },
  client_closed: { ...badRequest, status: 499, repeat: "unsafe" },
  internal_error: { status: 500, type: "server_error", source: "gateway", repeat: "unsafe" },
  upstream_unreachable: { status: 502, type: "server_error", source: "upstream", repeat: "safe" },
  upstream_invalid: { status: 502, type: "server_error", source: "upstream", repeat: "unsafe" },
  upstream_truncated: { status: 502, type: "server_error", source: "upstream", repeat: "unsafe" },
  upstream_auth: { status: 502, type: "server_error", source: "upstream", repeat: "useless" },
  overloaded: { status: 503, type: "server_error", source: "gateway", repeat: "safe" },
  ledger_unavailable: { status: 503, type: "server_error", source: "dependency", repeat: "safe" },
  shutting_down: { status: 503, type: "server_error", source: "gateway", repeat: "safe" },
  upstream_timeout: { status: 504, type: "server_error", source: "upstream", repeat: "unsafe" },
  http_version_not_supported: { ...badRequest, status: 505 },
} as const satisfies Record<string, CatalogueRow>;

export type ErrorCode = keyof typeof catalogue;

export type FailureDetails = {
  /** The body member or header that is at fault. */
  readonly param?: string;
  /** The error underneath: logged, never sent. */
  readonly cause?: unknown;
  /** Where the row's word is too coarse: a connect that timed out is a `safe` upstream_timeout. */
  readonly repeat?: Repeat;
  /** Seconds for `retry-after`. */
  readonly retryAfterSeconds?: number;
  /** More headers of the answer, such as `allow` on 405. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** What a client is told of an error, whosever it is; each dialect puts it in its own shape. */
export type ErrorFacts = {
  readonly status: number;
  readonly message: string;
  readonly type: ErrorType;
  readonly code: string;
  readonly param: string | null;
};

/** What an upstream's own error means in the words that OpenAI's clients know. */
export type UpstreamErrorNote = {
  /** The upstream's code, such as `RateLimitExceeded.EndpointRPMExceeded`; null where the body has none. */
  readonly upstreamCode: string | null;
  /** OpenAI's code for it, sent as `x-volcano-error`. */
  readonly code: string;
  /** False where sending the same again may bill twice or cannot help. */
  readonly mayRepeat: boolean;
  /** For doors that do not pass it on as it came: its text, in OpenAI's words and status. */
  readonly facts: ErrorFacts;
};

/**
 * The one error that rooms throw; the door renders it in its own dialect. The message is sent to the client.
 */
export class GatewayError extends Error implements ErrorFacts {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly type: ErrorType;
  readonly source: ErrorSource;
  readonly repeat: Repeat;
  readonly details: FailureDetails;

  constructor(code: ErrorCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const row = catalogue[code];
    this.code = code;
    this.status = row.status;
    this.type = row.type;
    this.source = row.source;
    this.repeat = details.repeat ?? row.repeat;
    this.details = details;
  }

  get param(): string | null {
    return this.details.param ?? null;
  }
}

/**
 * Whatever was thrown, as a GatewayError: what is not ours becomes an `internal_error` that tells nothing.
 */
export function asGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError(
    "internal_error",
    "The gateway failed on this request. It has been logged under this answer's x-request-id: report it with that id.",
    { cause: thrown },
  );
}

/** For the end of a switch over a closed union: a new member no longer compiles. */
export function unreachable(value: never): never {
  throw new TypeError(`unreachable: ${JSON.stringify(value)}`);
}
