/** The error catalogue, the one error class, and what becomes of errors that are not ours. */
import { describe, expect, test } from "vitest";
import {
  asGatewayError,
  catalogue,
  type ErrorCode,
  GatewayError,
  unreachable,
} from "../../../src/core/errors.ts";

const codes = Object.keys(catalogue) as ErrorCode[];

describe("the catalogue", () => {
  test("is in the order of its statuses, all of them errors", () => {
    const statuses = codes.map((code) => catalogue[code].status);
    expect([...statuses].sort((a, b) => a - b)).toEqual(statuses);
    expect(statuses.every((status) => status >= 400 && status < 600)).toBe(true);
  });

  test.each(codes)("%s is the fault of the side that its status names", (code) => {
    const row = catalogue[code];
    const isClients = row.status < 500 || row.status === 505;
    expect(row.source === "client").toBe(isClients);
    expect(row.type === "server_error").toBe(!isClients);
  });

  test("only what did not reach a model may be sent again", () => {
    const safe = codes.filter((code) => catalogue[code].repeat === "safe");
    expect(safe).toEqual([
      "request_timeout",
      "rate_limit_exceeded",
      "upstream_unreachable",
      "overloaded",
      "ledger_unavailable",
      "shutting_down",
    ]);
  });
});

describe("a GatewayError", () => {
  test.each(codes)("%s takes its row", (code) => {
    const error = new GatewayError(code, "What happened.");
    const { status, type, source, repeat } = error;
    expect({ status, type, source, repeat }).toEqual(catalogue[code]);
    expect(error.code).toBe(code);
    expect(error.message).toBe("What happened.");
    expect(error.name).toBe("GatewayError");
    expect("cause" in error).toBe(false);
  });

  test("says better than its row whether to repeat, where it is told so", () => {
    expect(new GatewayError("upstream_timeout", "x", { repeat: "safe" }).repeat).toBe("safe");
  });

  test("keeps its details and its cause apart from its message", () => {
    const cause = new Error("connect ECONNREFUSED 10.0.0.1:443");
    const details = { cause, param: "model", retryAfterSeconds: 5, headers: { allow: "POST" }, hint: "look" };
    const error = new GatewayError("upstream_unreachable", "Ark cannot be reached.", details);
    expect(error.cause).toBe(cause);
    expect(error.details).toEqual(details);
    expect(error.message).not.toContain("10.0.0.1");
  });
});

describe("whatever was thrown", () => {
  test("stays itself if it is ours", () => {
    const error = new GatewayError("overloaded", "Too much.");
    expect(asGatewayError(error)).toBe(error);
  });

  test.each([
    ["an error", new Error("secret sk-12345 at 10.0.0.1")],
    ["a text", "secret sk-12345"],
    ["nothing", undefined],
    ["null", null],
    ["an object that looks like ours", { name: "GatewayError", code: "overloaded", message: "secret" }],
  ])("becomes an internal_error that hides it: %s", (_name, thrown) => {
    const error = asGatewayError(thrown);
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ code: "internal_error", status: 500, repeat: "unsafe" });
    expect(error.message).not.toMatch(/secret|sk-|10\.0/);
    expect(error.message).toContain("x-request-id");
    expect(error.details.cause).toBe(thrown);
    expect(error.cause).toBe(thrown);
  });
});

test("a switch that was to be closed throws where it is not", () => {
  expect(() => unreachable({ kind: "new" } as never)).toThrow(new TypeError('unreachable: {"kind":"new"}'));
});
