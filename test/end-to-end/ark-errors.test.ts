/** Ark's errors through the gateway: status and bytes as they were, with what they mean beside them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arkErrors, renderError } from "../../src/simulator/error-envelope.ts";
import type { ArkErrorCode, Fault } from "../../src/simulator/index.ts";
import { type Answered, callChat, chatBodyFor } from "../support/gateway-call.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

let running: RunningGateway;

beforeAll(async () => {
  running = await startGateway();
});

afterAll(() => running.close());

type ErrorFault = Omit<Extract<Fault, { kind: "error" }>, "kind" | "code">;

async function meet(code: ArkErrorCode, more: ErrorFault = {}, stream = false): Promise<Answered> {
  running.simulator.script({ kind: "error", code, ...more });
  return callChat(running, chatBodyFor("doubao-seed-2-0-lite-260215", { stream }));
}

/** The bytes that Ark sent last. */
function sentByArk(code: ArkErrorCode, text: string): string {
  return renderError(code, text, "", running.simulator.requests.at(-1)?.requestId ?? "");
}

type Row = readonly [status: number, code: ArkErrorCode, word: string, mayRepeat: boolean];

/**
 * Codes and statuses of ark-api 14.2, OpenAI's words of 19; what is repeated must not fail again, nor cost
 * twice.
 */
const rows: readonly Row[] = [
  [400, "MissingParameter", "invalid_request_error", false],
  [400, "InvalidParameter", "invalid_request_error", false],
  [400, "InvalidParameter.UnsupportedParameter", "invalid_request_error", false],
  [400, "InvalidArgumentError", "invalid_request_error", false],
  [400, "InvalidArgumentError.UnknownRole", "invalid_request_error", false],
  [400, "InvalidArgumentError.InvalidImageDetail", "invalid_request_error", false],
  [400, "InvalidImageURL.EmptyURL", "invalid_request_error", false],
  [400, "InvalidImageURL.InvalidFormat", "invalid_request_error", false],
  [400, "InvalidParameter.PreviousResponseNotFound", "previous_response_not_found", false],
  [404, "NotFound.Response", "response_not_found", false],
  [400, "OutofContextError", "context_length_exceeded", false],
  [400, "InvalidEndpoint.ClosedEndpoint", "model_not_found", false],
  [400, "SensitiveContentDetected", "content_policy_violation", false],
  [400, "InputTextSensitiveContentDetected", "content_policy_violation", false],
  [400, "OutputTextSensitiveContentDetected", "content_filter", false],
  [400, "InputTextRiskDetection", "content_policy_violation", false],
  [400, "ContentSecurityDetectionError", "content_policy_violation", false],
  [400, "InvalidSubscription", "invalid_request_error", false],
  [401, "AuthenticationError", "invalid_api_key", false],
  [401, "InvalidAccountStatus", "invalid_api_key", false],
  [403, "AccessDenied", "permission_error", false],
  [403, "AccountOverdueError", "insufficient_quota", false],
  [403, "OperationDenied.ServiceNotOpen", "permission_error", false],
  [403, "OperationDenied.ServiceOverdue", "insufficient_quota", false],
  [403, "OperationDenied.PermissionDenied", "permission_error", false],
  [404, "InvalidEndpointOrModel.NotFound", "model_not_found", false],
  [404, "InvalidEndpoint.NotFound", "model_not_found", false],
  [404, "ModelNotOpen", "model_not_found", false],
  [404, "InvalidEndpointOrModel.ModelIDAccessDisabled", "model_not_found", false],
  [404, "UnsupportedModel", "model_not_found", false],
  [404, "InvalidAction", "invalid_request_error", false],
  [413, "RequestBodyTooLarge", "invalid_request_error", false],
  [429, "RateLimitExceeded.EndpointRPMExceeded", "rate_limit_exceeded", true],
  [429, "RateLimitExceeded.EndpointTPMExceeded", "rate_limit_exceeded", true],
  [429, "RateLimitExceeded.EndpointFlexTPMExceeded", "rate_limit_exceeded", true],
  [429, "RateLimitExceeded.FoundationModelRPMExceeded", "rate_limit_exceeded", true],
  [429, "ModelAccountRpmRateLimitExceeded", "rate_limit_exceeded", true],
  [429, "ModelAccountTpmRateLimitExceeded", "rate_limit_exceeded", true],
  [429, "ModelAccountIpmRateLimitExceeded", "rate_limit_exceeded", true],
  [429, "ModelAccountFlexTpmRateLimitExceeded", "rate_limit_exceeded", true],
  [429, "AccountRateLimitExceeded", "rate_limit_exceeded", true],
  [429, "APIAccountRpmRateLimitExceeded", "rate_limit_exceeded", true],
  [429, "ServerOverloaded", "rate_limit_exceeded", true],
  [429, "RequestBurstTooFast", "rate_limit_exceeded", true],
  [429, "InflightBatchsizeExceeded", "rate_limit_exceeded", true],
  [429, "SetLimitExceeded", "insufficient_quota", false],
  [429, "QuotaExceeded", "insufficient_quota", false],
  [429, "QuotaExceeded.AgentPlanQuotaExceeded", "insufficient_quota", false],
  [500, "InternalServiceError", "server_error", false],
];

describe("every code that Ark has", () => {
  test("has a row here", () => {
    expect(rows.map(([, code]) => code).sort()).toEqual(Object.keys(arkErrors).sort());
  });

  test.each(rows)("%d %s: %s, may be repeated: %s", async (status, code, word, mayRepeat) => {
    for (const stream of [false, true]) {
      const answer = await meet(code, {}, stream);
      expect(answer.status).toBe(status);
      expect(answer.text).toBe(sentByArk(code, arkErrors[code].text));
      expect(answer.header("content-type")).toBe("application/json; charset=utf-8");
      expect(answer.header("x-volcano-error")).toBe(word);
      expect(answer.header("x-should-retry")).toBe(mayRepeat ? null : "false");
      expect(answer.header("retry-after")).toBe(status === 429 ? "1" : null);
      expect(answer.header("x-volcano-attempts")).toBe("1");
      expect(running.accessLines.at(-1)).toMatchObject({
        status,
        outcome: "failed",
        error: code,
        error_source: "upstream",
      });
      expect(running.ledger.rows().at(-1)?.settled).toMatchObject({
        state: "failed",
        status,
        usage: null,
        provenance: "none",
      });
    }
  });

  test("a full queue is over when it is shorter, although its code means a quota", async () => {
    const answer = await meet("QuotaExceeded", { message: "Too many queued tasks." });
    expect(answer.header("x-volcano-error")).toBe("rate_limit_exceeded");
    expect(answer.header("x-should-retry")).toBeNull();
  });

  test("odd bytes in a message stay odd", async () => {
    const text = 'a "quoted" \\ 模型 😀 \u2028 <b>';
    expect((await meet("InvalidParameter", { message: text })).text).toBe(
      sentByArk("InvalidParameter", text),
    );
  });

  test("a useless rate limit of Ark's is not handed on", async () => {
    const answer = await meet("ServerOverloaded", { rateLimitHeaders: true });
    expect(answer.rawHeaders.filter((field) => /ratelimit/i.test(field))).toEqual([]);
  });

  test("none is asked for a second time", async () => {
    const before = running.simulator.requests.length;
    await meet("ServerOverloaded");
    await meet("InternalServiceError");
    await meet("InternalServiceError", { status: 503 });
    expect(running.simulator.requests).toHaveLength(before + 3);
  });
});

describe("retry-after", () => {
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString();
  const asked: readonly (readonly [string, string | null, RegExp])[] = [
    ["none", null, /^1$/],
    ["seconds", "7", /^7$/],
    ["half a second", "0.5", /^1$/],
    ["no time", "0", /^1$/],
    ["the bound", "60", /^60$/],
    ["beyond it", "61", /^60$/],
    ["a day", "86400", /^60$/],
    ["absurd", "999999999999999", /^60$/],
    ["negative", "-5", /^1$/],
    ["words", "soon", /^1$/],
    ["empty", "", /^1$/],
    ["a date to come", inSeconds(30), /^(?:2\d|30)$/],
    ["a date long to come", inSeconds(86_400), /^60$/],
    ["a date that has passed", "Wed, 21 Oct 2015 07:28:00 GMT", /^1$/],
    ["a date that is none", "Wed, 99 Oct 2015 07:28:00 GMT", /^1$/],
  ];
  test.each(asked)("%s: whole seconds from 1 to 60", async (_name, retryAfter, expected) => {
    const answer = await meet("ServerOverloaded", { retryAfter });
    expect(answer.status).toBe(429);
    expect(answer.header("retry-after")).toMatch(expected);
  });

  test("is on a 503 of Ark's as well, which may be repeated", async () => {
    const answer = await meet("InternalServiceError", { status: 503, retryAfter: "9" });
    expect([answer.status, answer.header("retry-after")]).toEqual([503, "9"]);
    expect(answer.header("x-should-retry")).toBeNull();
  });

  test("and on nothing else", async () => {
    expect((await meet("InternalServiceError", { retryAfter: "9" })).header("retry-after")).toBeNull();
    expect((await meet("InvalidParameter", { retryAfter: "9" })).header("retry-after")).toBeNull();
  });
});

describe("what is none of Ark's errors", () => {
  const faults: readonly (readonly [string, Fault])[] = [
    ["a page of HTML with 502", { kind: "html" }],
    ["a page of HTML with 200", { kind: "html", status: 200 }],
    ["an empty 500", { kind: "empty", status: 500 }],
    ["an empty 404, as the plan's entry sends", { kind: "empty", status: 404 }],
    ["an empty 200", { kind: "empty", status: 200 }],
    ["204", { kind: "empty", status: 204 }],
    ["a redirect", { kind: "redirect" }],
    ["a redirect that keeps the method", { kind: "redirect", status: 307 }],
    ["a whole answer in gzip", { kind: "compressed" }],
    ["an answer that says it is HTML", { kind: "content_type" }],
    ["an answer that does not say what it is", { kind: "content_type", value: null }],
  ];
  test.each(faults)("%s is 502 upstream_invalid, not to be asked for again", async (_name, fault) => {
    for (const stream of [false, true]) {
      running.simulator.script(fault);
      const before = running.simulator.requests.length;
      const answer = await callChat(running, chatBodyFor("doubao-seed-2-0-lite-260215", { stream }));
      expect(answer.status).toBe(502);
      expect(answer.error).toMatchObject({ code: "upstream_invalid", type: "server_error" });
      expect(answer.header("x-should-retry")).toBe("false");
      expect(answer.header("location")).toBeNull();
      expect(answer.text).not.toMatch(/html|127\.0\.0\.1/i);
      expect(running.simulator.requests).toHaveLength(before + 1);
    }
  });

  test("a storm of heads in between is 502, a few of them are nothing", async () => {
    running.simulator.script({ kind: "interim", count: 3 });
    expect((await callChat(running, chatBodyFor("deepseek-v3"))).status).toBe(200);
    running.simulator.script({ kind: "interim", count: 10_000 });
    const answer = await callChat(running, chatBodyFor("deepseek-v3"));
    expect([answer.status, answer.error["code"]]).toEqual([502, "upstream_invalid"]);
  });

  test("an error in the body of a 200 is not taken for a stream", async () => {
    const answer = await meet("InternalServiceError", { status: 200 }, true);
    expect([answer.status, answer.error["code"]]).toEqual([502, "upstream_invalid"]);
  });
});
