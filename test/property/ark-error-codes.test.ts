/** Ark's errors in OpenAI's words: each row of the map, and no body that makes the reader throw. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ERROR_BODY_BYTES_MAX, readArkError } from "../../src/upstreams/ark/error-codes.ts";

function read(status: number, code: string, message = "") {
  return readArkError(status, Buffer.from(JSON.stringify({ error: { code, message, param: "", type: "" } })));
}

const rows: readonly (readonly [number, string, string, boolean])[] = [
  [400, "MissingParameter.messages", "invalid_request_error", false],
  [400, "InvalidParameter", "invalid_request_error", false],
  [400, "InvalidArgumentError.UnknownRole", "invalid_request_error", false],
  [400, "OutofContextError", "context_length_exceeded", false],
  [400, "InvalidParameter.PreviousResponseNotFound", "previous_response_not_found", false],
  [400, "InvalidEndpoint.ClosedEndpoint", "model_not_found", false],
  [400, "SensitiveContentDetected.Violence", "content_policy_violation", false],
  [400, "InputTextSensitiveContentDetected", "content_policy_violation", false],
  [400, "OutputImageSensitiveContentDetected.DeepFake", "content_filter", false],
  [400, "InputTextRiskDetection", "content_policy_violation", false],
  [400, "OutputTextRiskDetection", "content_filter", false],
  [400, "ContentSecurityDetectionError", "content_policy_violation", false],
  [400, "InvalidSubscription", "invalid_request_error", false],
  [401, "AuthenticationError", "invalid_api_key", false],
  [403, "AccessDenied", "permission_error", false],
  [403, "AccountOverdueError", "insufficient_quota", false],
  [403, "OperationDenied.ServiceOverdue", "insufficient_quota", false],
  [403, "OperationDenied.ServiceNotOpen", "permission_error", false],
  [404, "InvalidEndpointOrModel.NotFound", "model_not_found", false],
  [404, "InvalidEndpointOrModel.ModelIDAccessDisabled", "model_not_found", false],
  [404, "InvalidEndpoint.NotFound", "model_not_found", false],
  [404, "ModelNotOpen", "model_not_found", false],
  [404, "UnsupportedModel", "model_not_found", false],
  [404, "NotFound.File", "invalid_request_error", false],
  [429, "RateLimitExceeded.EndpointRPMExceeded", "rate_limit_exceeded", true],
  [429, "ModelAccountTpmRateLimitExceeded", "rate_limit_exceeded", true],
  [429, "AccountRateLimitExceeded", "rate_limit_exceeded", true],
  [429, "ServerOverloaded", "rate_limit_exceeded", true],
  [429, "RequestBurstTooFast", "rate_limit_exceeded", true],
  [429, "InflightBatchsizeExceeded", "rate_limit_exceeded", true],
  [429, "SomethingNew", "rate_limit_exceeded", true],
  [429, "SetLimitExceeded", "insufficient_quota", false],
  [429, "QuotaExceeded", "insufficient_quota", false],
  [429, "QuotaExceeded.AgentPlanQuotaExceeded", "insufficient_quota", false],
  [500, "InternalServiceError", "server_error", false],
  [502, "BadGateway", "server_error", false],
  [503, "ServiceUnavailable", "server_error", true],
];

describe("readArkError", () => {
  test.each(rows)("%d %s is %s, repeat %s", (status, upstreamCode, code, mayRepeat) => {
    expect(read(status, upstreamCode)).toMatchObject({ upstreamCode, code, mayRepeat, facts: { code } });
  });

  test.each(["too many queued tasks, please retry", "当前排队任务过多"])(
    "a full queue can be tried again: %s",
    (text) => {
      expect(read(429, "QuotaExceeded", text)).toMatchObject({
        code: "rate_limit_exceeded",
        mayRepeat: true,
      });
    },
  );

  test.each([
    [403, "AccountOverdueError", 429, "insufficient_quota", "insufficient_quota"],
    [403, "AccessDenied", 403, "permission_error", "permission_error"],
    [401, "AuthenticationError", 401, "authentication_error", "invalid_api_key"],
    [404, "ModelNotOpen", 404, "not_found_error", "model_not_found"],
    [404, "InvalidEndpointOrModel.NotFound", 404, "not_found_error", "model_not_found"],
    [429, "RequestBurstTooFast", 429, "rate_limit_error", "rate_limit_exceeded"],
    [400, "OutofContextError", 400, "invalid_request_error", "context_length_exceeded"],
    [400, "OutputTextSensitiveContentDetected", 400, "invalid_request_error", "content_filter"],
    [500, "InternalServiceError", 500, "server_error", "server_error"],
    // In the middle of a stream, whose status was good.
    [200, "InternalServiceError", 500, "server_error", "server_error"],
    [200, "ModelAccountTpmRateLimitExceeded", 429, "rate_limit_error", "rate_limit_exceeded"],
    [200, "ServerOverloaded", 429, "rate_limit_error", "rate_limit_exceeded"],
    [200, "OutputTextSensitiveContentDetected", 400, "invalid_request_error", "content_filter"],
  ])("for a translation, %d %s is told as %d %s %s", (status, upstreamCode, told, type, code) => {
    const facts = { status: told, type, code, message: "Why. Request id: 02", param: null };
    expect(read(status, upstreamCode, "Why. Request id: 02")?.facts).toEqual(facts);
  });

  test("reads the control plane's envelope and Anthropic's", () => {
    const control = { ResponseMetadata: { RequestId: "1", Error: { Code: "AccessDenied", Message: "no" } } };
    expect(readArkError(403, Buffer.from(JSON.stringify(control)))).toMatchObject({
      upstreamCode: "AccessDenied",
      code: "permission_error",
      mayRepeat: false,
    });
    const anthropic = { type: "error", error: { type: "rate_limit_error", message: "slow down" } };
    expect(readArkError(429, Buffer.from(JSON.stringify(anthropic)))).toMatchObject({
      upstreamCode: null,
      code: "rate_limit_exceeded",
      mayRepeat: true,
    });
  });

  test.each([
    "",
    "<html>",
    "null",
    "[]",
    "7",
    "{}",
    '{"error":null}',
    '{"error":"text"}',
    '{"error":[]}',
    '{"a":1}',
  ])("%j is none of Ark's errors", (text) => {
    expect(readArkError(500, Buffer.from(text))).toBe(null);
  });

  test("takes a body of the greatest size and none larger", () => {
    const start = '{"error":{"code":"AccessDenied","message":"';
    const body = (bytes: number) => Buffer.from(`${start}${"x".repeat(bytes - start.length - 3)}"}}`);
    expect(readArkError(403, body(ERROR_BODY_BYTES_MAX))?.upstreamCode).toBe("AccessDenied");
    expect(readArkError(403, body(ERROR_BODY_BYTES_MAX + 1))).toBe(null);
  });

  test("a code that cannot be one of Ark's is not handed on", () => {
    for (const code of ["a\nb", "a b", "x".repeat(129), "", "1a", "<b>"]) {
      expect(read(400, code)).toMatchObject({
        upstreamCode: null,
        code: "invalid_request_error",
        mayRepeat: false,
      });
    }
    expect(read(400, "x".repeat(128))?.upstreamCode).toBe("x".repeat(128));
  });

  test("never throws, and never lets a server error be repeated but a 503", () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    const error = fc.record(
      { code: fc.anything(), message: fc.anything(), Code: fc.anything(), Message: fc.anything() },
      { requiredKeys: [] },
    );
    const json = fc
      .oneof(
        fc.jsonValue(),
        fc.record({ error: fc.oneof(error, fc.jsonValue()) }),
        fc.record({ ResponseMetadata: fc.oneof(fc.record({ Error: error }), fc.jsonValue()) }),
        fc.record({ error: fc.record({ code: fc.constantFrom("__proto__", "constructor", "toString") }) }),
      )
      .map((value) => {
        try {
          return Buffer.from(JSON.stringify(value) ?? "");
        } catch {
          return Buffer.from("{");
        }
      });
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), fc.oneof(bytes, json), (status, body) => {
        const note = readArkError(status, body);
        if (note === null) return;
        expect(note.code).toMatch(/^[a-z_]+$/);
        if (status >= 500 && status !== 503 && note.upstreamCode !== "QuotaExceeded") {
          expect(note.mayRepeat).toBe(false);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
