/** Ark's error codes in the words of OpenAI (ark-api 14.2 and 19). */
import type { ErrorFacts, ErrorType, UpstreamErrorNote } from "../../core/errors.ts";

/** Ark's errors are a few hundred bytes; a larger body is not one of them. */
export const ERROR_BODY_BYTES_MAX = 1_048_576;

/** OpenAI's word, and whether the same request may be sent again. */
type Meaning = { readonly code: string; readonly mayRepeat: boolean };

const useless = (code: string): Meaning => ({ code, mayRepeat: false });

const insufficientQuota = useless("insufficient_quota");
const modelNotFound = useless("model_not_found");
const rateLimited: Meaning = { code: "rate_limit_exceeded", mayRepeat: true };

/** Codes whose status alone would say too little. */
const byCode = new Map<string, Meaning>([
  ["AccountOverdueError", insufficientQuota],
  ["OperationDenied.ServiceOverdue", insufficientQuota],
  ["SetLimitExceeded", insufficientQuota],
  ["ModelNotOpen", modelNotFound],
  ["UnsupportedModel", modelNotFound],
  ["InvalidParameter.PreviousResponseNotFound", useless("previous_response_not_found")],
  ["NotFound.Response", useless("response_not_found")],
  ["OutofContextError", useless("context_length_exceeded")],
  ["ContentSecurityDetectionError", useless("content_policy_violation")],
]);

/** An upper bound on Ark's own longest code, and all the characters that its codes are made of. */
const arkCode = /^[A-Za-z][A-Za-z0-9_.]{0,127}$/;

/** Ark's codes for limits that pass by themselves (ark-api 14.2). */
const limitCode = /RateLimitExceeded|^(?:ServerOverloaded|RequestBurstTooFast|InflightBatchsizeExceeded)$/;

/** `QuotaExceeded` alone has three meanings; the one about queued tasks is over when the queue is shorter. */
const queueText = /queue|排队/i;

function meaningOf(status: number, code: string | null, message: string): Meaning {
  if (code !== null) {
    const known = byCode.get(code) ?? byShape(code, message);
    if (known !== null) return known;
  }
  return status < 400 ? inStream(code) : byStatus(status);
}

/** The status was good when the stream began: only the code tells what broke it. */
function inStream(code: string | null): Meaning {
  return useless(code !== null && limitCode.test(code) ? "rate_limit_exceeded" : "server_error");
}

function byShape(code: string, message: string): Meaning | null {
  if (code === "QuotaExceeded") return queueText.test(message) ? rateLimited : insufficientQuota;
  if (code.startsWith("QuotaExceeded.")) return insufficientQuota;
  if (code.startsWith("InvalidEndpoint")) return modelNotFound;
  if (code.includes("SensitiveContent") || code.endsWith("RiskDetection")) {
    return useless(code.startsWith("Output") ? "content_filter" : "content_policy_violation");
  }
  return null;
}

/** A 503 was refused before any model saw it, as a 429 was; any other 5xx may have been billed. */
function byStatus(status: number): Meaning {
  if (status === 401) return useless("invalid_api_key");
  if (status === 403) return useless("permission_error");
  if (status === 429) return rateLimited;
  if (status === 503) return { code: "server_error", mayRepeat: true };
  return useless(status >= 400 && status < 500 ? "invalid_request_error" : "server_error");
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as { readonly [member: string]: unknown })[name];
}

function parse(body: Buffer): unknown {
  if (body.length === 0 || body.length > ERROR_BODY_BYTES_MAX) return undefined;
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Reads an error body of Ark's data plane (`{"error":{"code","message"}}`, also inside Anthropic's
 * envelope) or of its control plane (`{"ResponseMetadata":{"Error":{"Code","Message"}}}`). Null for
 * anything else.
 */
export function readArkError(status: number, body: Buffer): UpstreamErrorNote | null {
  const answer = parse(body);
  const dataPlane = memberOf(answer, "error");
  const controlPlane = memberOf(memberOf(answer, "ResponseMetadata"), "Error");
  const error = dataPlane ?? controlPlane;
  if (typeof error !== "object" || error === null || Array.isArray(error)) return null;
  const isData = dataPlane === error;
  const code = memberOf(error, isData ? "code" : "Code");
  const message = textOf(memberOf(error, isData ? "message" : "Message"));
  const upstreamCode = typeof code === "string" && arkCode.test(code) ? code : null;
  const meaning = meaningOf(status, upstreamCode, message);
  return {
    upstreamCode,
    ...meaning,
    facts: factsOf(status, meaning.code, message, memberOf(error, "param")),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Where OpenAI's status for a code is not Ark's (ark-api 19); an error in a stream comes with 200. */
const statusByCode = new Map<string, number>([
  ["invalid_api_key", 401],
  ["permission_error", 403],
  ["model_not_found", 404],
  ["insufficient_quota", 429],
  ["rate_limit_exceeded", 429],
  ["context_length_exceeded", 400],
  ["previous_response_not_found", 400],
  ["response_not_found", 404],
  ["content_policy_violation", 400],
  ["content_filter", 400],
]);

function factsOf(status: number, code: string, message: string, param: unknown): ErrorFacts {
  const isError = status >= 400 && status < 600;
  const told = statusByCode.get(code) ?? (isError ? status : 500);
  return {
    status: told,
    message: message === "" ? `Ark answered with an error: ${code}.` : message,
    type: typeOf(told, code),
    code,
    param: typeof param === "string" && param !== "" ? param : null,
  };
}

function typeOf(status: number, code: string): ErrorType {
  if (code === "insufficient_quota") return "insufficient_quota";
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}
