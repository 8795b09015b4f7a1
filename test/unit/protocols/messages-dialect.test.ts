/** How Anthropic's clients are told of errors and of waiting. */
import { describe, expect, test } from "vitest";
import { catalogue, type ErrorCode, type ErrorFacts, GatewayError } from "../../../src/core/errors.ts";
import { anthropicDialect } from "../../../src/protocols/messages/anthropic-dialect.ts";

function typeOf(error: ErrorFacts): unknown {
  return JSON.parse(anthropicDialect.renderError(error, "req_1").toString()).error.type;
}

describe("an error", () => {
  test("has Anthropic's shape, our code and the request's id", () => {
    const error = new GatewayError("model_not_found", 'No model "x".', { param: "model" });
    expect(anthropicDialect.renderError(error, "req_1").toString()).toBe(
      '{"type":"error","error":{"type":"not_found_error","message":"No model \\"x\\".","code":"model_not_found"},' +
        '"request_id":"req_1"}',
    );
  });

  test.each([
    [400, "invalid_request_error"],
    [401, "authentication_error"],
    [403, "permission_error"],
    [404, "not_found_error"],
    [409, "invalid_request_error"],
    [413, "request_too_large"],
    [422, "invalid_request_error"],
    [429, "rate_limit_error"],
    [500, "api_error"],
    [502, "api_error"],
    [503, "overloaded_error"],
    [504, "timeout_error"],
    [529, "overloaded_error"],
  ])("of status %i has the type %s", (status, type) => {
    expect(typeOf({ status, type: "server_error", message: "m", code: "c", param: null })).toBe(type);
  });

  test.each([
    ["insufficient_quota", "rate_limit_error"],
    ["server_error", "api_error"],
    ["not_found_error", "not_found_error"],
  ] as const)("without a status of one goes by our type: %s is %s", (type, wanted) => {
    expect(typeOf({ status: 200, type, message: "m", code: "c", param: null })).toBe(wanted);
  });

  test("of every code of ours has a type of Anthropic's", () => {
    for (const code of Object.keys(catalogue) as ErrorCode[]) {
      expect(typeOf(new GatewayError(code, "m")), code).toMatch(/^(?:\w+_error|request_too_large)$/);
    }
  });
});

test("a stream is told of one by an event named `error`, of one line", () => {
  const error = new GatewayError("overloaded", "Full.\nTry again.");
  const event = anthropicDialect.renderErrorEvent(error, "req_1").toString();
  expect(event).toBe(`event: error\ndata: ${anthropicDialect.renderError(error, "req_1")}\n\n`);
  expect(event.split("\n")).toHaveLength(4);
});

test("an error of Ark's passes as such an event, where it stands on one line", () => {
  const body = '{"type":"error","error":{"type":"api_error"}}';
  expect(anthropicDialect.relayErrorEvent(Buffer.from(body))?.toString()).toBe(
    `event: error\ndata: ${body}\n\n`,
  );
  expect(anthropicDialect.relayErrorEvent(Buffer.from(`${body}\n`))).toBeNull();
  expect(anthropicDialect.relayErrorEvent(Buffer.from(`${body}\r`))).toBeNull();
});

test("silence is bridged by real pings", () => {
  expect(anthropicDialect.heartbeat.toString()).toBe('event: ping\ndata: {"type":"ping"}\n\n');
});
