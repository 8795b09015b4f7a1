/** How clients of Responses are told of errors. */
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../../src/core/errors.ts";
import { responsesDialect } from "../../../../src/protocols/responses/responses-dialect.ts";

const ERROR = new GatewayError("rate_limit_exceeded", "Try again in 2 s.", { param: "model" });

function dataOf(event: Buffer | null): Record<string, unknown> {
  const [name, data, ...rest] = (event ?? "").toString().split("\n");
  expect([name, rest]).toEqual(["event: response.failed", ["", ""]]);
  return JSON.parse((data ?? "").slice("data: ".length));
}

describe("the dialect", () => {
  test("tells of an error in OpenAI's words", () => {
    expect(JSON.parse(responsesDialect.renderError(ERROR, "req_1").toString())).toEqual({
      error: {
        message: "Try again in 2 s.",
        type: "rate_limit_error",
        param: "model",
        code: "rate_limit_exceeded",
      },
    });
  });

  test("ends a stream that has not begun in a response that failed", () => {
    const before = Math.floor(Date.now() / 1_000);
    const data = dataOf(responsesDialect.renderErrorEvent(ERROR, "req_1"));
    expect(data).toEqual({
      type: "response.failed",
      sequence_number: 0,
      response: {
        id: expect.stringMatching(/^resp_vp[0-9a-f]{32}$/),
        object: "response",
        created_at: expect.any(Number),
        status: "failed",
        error: { code: "rate_limit_exceeded", message: "Try again in 2 s." },
        incomplete_details: null,
        instructions: null,
        metadata: {},
        model: "",
        output: [],
        parallel_tool_calls: true,
        temperature: null,
        tool_choice: "auto",
        tools: [],
        top_p: null,
      },
    });
    const { created_at: created } = data["response"] as { created_at: number };
    expect(created).toBeGreaterThanOrEqual(before);
  });

  test("relays an error of Ark's with its own code and words", () => {
    const body = (error: unknown) => Buffer.from(JSON.stringify({ error }));
    const relayed = (error: unknown) => responsesDialect.relayErrorEvent(body(error));
    const told = { code: "ServerOverloaded", message: "Busy.\nRequest id: 1" };
    expect(dataOf(relayed({ ...told, param: "", type: "TooManyRequests" }))).toMatchObject({
      response: { error: told },
    });
    expect(dataOf(relayed({ message: "x" }))).toMatchObject({
      response: { error: { code: "server_error" } },
    });
    for (const odd of [null, "x", {}, { message: "" }]) expect(relayed(odd)).toBeNull();
    expect(responsesDialect.relayErrorEvent(Buffer.from("oops"))).toBeNull();
  });

  test("waits as OpenAI's do", () => {
    expect(responsesDialect.heartbeat.toString()).toBe(": ping\n");
  });
});
