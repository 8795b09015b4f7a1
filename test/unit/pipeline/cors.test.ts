/** Which pages may call the gateway, and what a preflight is told. */
import { describe, expect, test } from "vitest";
import { Cors, isPreflight } from "../../../src/pipeline/visit/cors.ts";
import { RequestHead } from "../../../src/wire/request-head.ts";

function preflight(fields: Partial<RequestHead>): RequestHead {
  return Object.assign(new RequestHead(), { corsMethod: "POST", ...fields });
}

function asMap(headers: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let index = 0; index < headers.length; index += 2)
    map.set(headers[index] ?? "", headers[index + 1] ?? "");
  return map;
}

describe("origins", () => {
  const cors = new Cors(["https://chat.example.com"]);
  test.each([
    ...[
      "http://localhost",
      "https://localhost",
      "http://localhost:3000",
      "http://127.0.0.1:1",
      "https://[::1]:65535",
    ],
    "https://chat.example.com",
  ])("%s may", (origin) => {
    expect(cors.allows(origin)).toBe(true);
  });

  test.each([
    ...[
      "",
      "null",
      "http://localhost.evil.com",
      "http://localhost:3000.evil.com",
      "http://localhost:",
      "ftp://localhost",
    ],
    ...[
      "http://localhost:123456",
      "http://localhost:3000/",
      "http://evil.com?http://localhost",
      "http://127.0.0.10",
    ],
    ...["https://chat.example.com.evil.com", "https://chat.example.com:444", "http://chat.example.com", "*"],
    `http://localhost:${" ".repeat(3)}`,
  ])("%j may not", (origin) => {
    expect(cors.allows(origin)).toBe(false);
  });

  test("all may where the configuration says so, but no origin that is no header value", () => {
    const open = new Cors(["*"]);
    expect(open.allows("https://anything.example")).toBe(true);
    expect(open.allows("null")).toBe(true);
    expect(open.allows("a\r\nb")).toBe(false);
    expect(open.allows("x".repeat(256))).toBe(true);
    expect(open.allows("x".repeat(257))).toBe(false);
  });
});

describe("answers", () => {
  const cors = new Cors([]);
  test("an allowed origin is echoed, never with credentials", () => {
    const headers = asMap(cors.answerHeaders("http://localhost:3000"));
    expect(headers.get("access-control-allow-origin")).toBe("http://localhost:3000");
    expect(headers.get("vary")).toBe("Origin");
    expect(headers.has("access-control-allow-credentials")).toBe(false);
    const exposed = headers.get("access-control-expose-headers") ?? "";
    for (const name of [
      "x-request-id",
      "request-id",
      "retry-after",
      "retry-after-ms",
      "x-volcano-model-fallback",
    ]) {
      expect(exposed.split(", ")).toContain(name);
    }
  });

  test("another origin gets nothing but the word that origins matter", () => {
    expect(cors.answerHeaders("https://evil.example")).toEqual(["vary", "Origin"]);
    expect(cors.answerHeaders(null)).toEqual([]);
  });
});

describe("preflights", () => {
  const cors = new Cors([]);
  test("are OPTIONS with an origin and a method", () => {
    expect(isPreflight("OPTIONS", preflight({ origin: "http://localhost" }))).toBe(true);
    expect(isPreflight("OPTIONS", preflight({ origin: "http://localhost", corsMethod: null }))).toBe(false);
    expect(isPreflight("OPTIONS", preflight({}))).toBe(false);
    expect(isPreflight("POST", preflight({ origin: "http://localhost" }))).toBe(false);
  });

  test("echo the headers that the page wants to send", () => {
    const wanted = "authorization,content-type, x-stainless-os,user-agent";
    const headers = asMap(
      cors.preflightHeaders(
        preflight({ origin: "http://localhost", corsHeaders: wanted, corsPrivateNetwork: true }),
      ),
    );
    expect(headers.get("access-control-allow-headers")).toBe(wanted);
    expect(headers.get("access-control-max-age")).toBe("86400");
    expect(headers.get("access-control-allow-private-network")).toBe("true");
    expect(headers.get("access-control-allow-methods")).toContain("DELETE");
    expect(headers.get("vary")).toContain("Origin");
  });

  test("echo nothing that is no list of names, or too long a one", () => {
    for (const corsHeaders of ["a;b", "a\tb", "a:b", "<script>", "é", "a".repeat(4_097)]) {
      const headers = asMap(cors.preflightHeaders(preflight({ origin: "http://localhost", corsHeaders })));
      expect(headers.has("access-control-allow-headers")).toBe(false);
    }
    const longest = asMap(
      cors.preflightHeaders(preflight({ origin: "http://localhost", corsHeaders: "a".repeat(4_096) })),
    );
    expect(longest.has("access-control-allow-headers")).toBe(true);
  });

  test("of other origins allow nothing", () => {
    const headers = asMap(
      cors.preflightHeaders(preflight({ origin: "https://evil.example", corsHeaders: "x" })),
    );
    expect([...headers.keys()]).toEqual(["vary"]);
  });
});
