/** The very bytes in which OpenAI's clients are told of errors and of waiting. */
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/core/errors.ts";
import { openaiDialect } from "../../../src/protocols/openai-dialect.ts";

const plain = new GatewayError("model_not_found", 'No "x"\nhere.', { cause: new Error("10.0.0.1 refused") });
const withParam = new GatewayError("invalid_request", "Wrong.", { param: "stream_options.include_usage" });

describe("the OpenAI dialect", () => {
  test("an error answer has the four keys in their order, param null where there is none", () => {
    expect(openaiDialect.renderError(plain, "req_1").toString()).toBe(
      '{"error":{"message":"No \\"x\\"\\nhere.","type":"not_found_error","param":null,"code":"model_not_found"}}',
    );
    expect(openaiDialect.renderError(withParam, "req_1").toString()).toBe(
      '{"error":{"message":"Wrong.","type":"invalid_request_error","param":"stream_options.include_usage",' +
        '"code":"invalid_request"}}',
    );
  });

  test("an error event is one line with `error` first and no spaces, and its blank line", () => {
    const event = openaiDialect.renderErrorEvent(plain, "req_1").toString();
    expect(event).toBe(`data: ${openaiDialect.renderError(plain, "req_1").toString()}\n\n`);
    expect(event.startsWith('data: {"error":{')).toBe(true);
    expect(event.indexOf("\n")).toBe(event.length - 2);
  });

  test("the heartbeat is a comment that ends no event", () => {
    expect(openaiDialect.heartbeat.toString()).toBe(": ping\n");
  });
});
