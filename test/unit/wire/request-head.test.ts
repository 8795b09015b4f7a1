/** What a head refuses, what it picks, and what it lets go on to Ark. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type HeadResult, type RequestHead, readRequestHead } from "../../../src/wire/request-head.ts";

const anyText = fc.uint16Array({ maxLength: 12, max: 0x1ff }).map((units) => String.fromCharCode(...units));

function read(rawHeaders: string[], method = "POST", httpVersion = "1.1"): HeadResult {
  return readRequestHead({ method, httpVersion, rawHeaders });
}

function headOf(rawHeaders: string[], method = "POST", httpVersion = "1.1"): RequestHead {
  const result = read(["Host", "gateway", ...rawHeaders], method, httpVersion);
  if (result.kind === "refused") throw new Error(result.message);
  return result.head;
}

function codeOf(result: HeadResult): string {
  return result.kind === "refused" ? result.code : "ok";
}

describe("framing that hops read differently is refused", () => {
  const rows: [string, string[]][] = [
    ["no Host", []],
    ["two Hosts", ["Host", "a", "host", "a"]],
    ["a Host with a path", ["Host", "a/b"]],
    ["a Host with a user", ["Host", "a@b"]],
    ["a list of Hosts", ["Host", "a,b"]],
    ["a coding before chunked", ["Host", "a", "Transfer-Encoding", "gzip, chunked"]],
    ["an empty coding before chunked", ["Host", "a", "Transfer-Encoding", ",chunked"]],
    ["chunked twice", ["Host", "a", "Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"]],
    ["identity", ["Host", "a", "Transfer-Encoding", "identity"]],
    ["both lengths", ["Host", "a", "Transfer-Encoding", "chunked", "Content-Length", "3"]],
    ["two equal lengths", ["Host", "a", "Content-Length", "3", "Content-Length", "3"]],
    ["a signed length", ["Host", "a", "Content-Length", "+3"]],
    ["an empty length", ["Host", "a", "Content-Length", ""]],
    ["a list of lengths", ["Host", "a", "Content-Length", "3, 3"]],
    ["a hexadecimal length", ["Host", "a", "Content-Length", "0x3"]],
    ["two keys", ["Host", "a", "Authorization", "Bearer x", "authorization", "Bearer x"]],
    ["two x-api-keys", ["Host", "a", "X-Api-Key", "x", "x-api-key", "x"]],
    ["two types", ["Host", "a", "Content-Type", "application/json", "content-type", "application/json"]],
    ["two encodings", ["Host", "a", "Content-Encoding", "gzip", "content-encoding", "gzip"]],
    ["two expectations", ["Host", "a", "Expect", "100-continue", "expect", "100-continue"]],
    ["two origins", ["Host", "a", "Origin", "http://a", "origin", "http://b"]],
    ["a control character", ["Host", "a", "Accept", "a\u0001b"]],
    ["a line break", ["Host", "a", "X-Session-Token", "a\r\nb"]],
    ["a character beyond latin1", ["Host", "a", "Authorization", "Bearer \u4f60"]],
  ];
  test.each(rows)("%s", (_name, rawHeaders) => {
    expect(codeOf(read(rawHeaders))).toBe("ambiguous_request");
  });

  test.each(["GET", "HEAD", "DELETE", "OPTIONS"])("%s with a body", (method) => {
    expect(codeOf(read(["Host", "a", "Content-Length", "1"], method))).toBe("ambiguous_request");
    expect(codeOf(read(["Host", "a", "Transfer-Encoding", "chunked"], method))).toBe("ambiguous_request");
    expect(codeOf(read(["Host", "a", "Content-Length", "0"], method))).toBe("ok");
  });

  test("chunks on HTTP/1.0", () => {
    expect(codeOf(read(["Host", "a", "Transfer-Encoding", "chunked"], "POST", "1.0"))).toBe(
      "ambiguous_request",
    );
  });

  test.each(["0.9", "2.0", "1.2"])("HTTP/%s is another protocol", (version) => {
    expect(codeOf(read(["Host", "a"], "GET", version))).toBe("http_version_not_supported");
  });

  test.each(["TRACE", "CONNECT"])("%s is no method here", (method) => {
    expect(codeOf(read(["Host", "a"], method))).toBe("method_not_allowed");
  });
});

describe("what is picked", () => {
  test("spelling of names does not matter, nor does that of chunked", () => {
    expect(headOf(["AUTHORIZATION", "Bearer x"]).authorization).toBe("Bearer x");
    expect(headOf(["X-API-KEY", "k"]).apiKey).toBe("k");
    expect(headOf(["cOnTeNt-TyPe", "application/json"]).contentType).toBe("application/json");
    expect(headOf(["transfer-ENCODING", "Chunked"]).chunked).toBe(true);
    expect(headOf(["Content-Encoding", "gzip"]).contentEncoding).toBe("gzip");
  });

  test("a body is announced by a length or by chunks", () => {
    expect(headOf([]).hasBody).toBe(false);
    expect(headOf(["Content-Length", "0"])).toMatchObject({ hasBody: false, contentLength: 0 });
    expect(headOf(["Content-Length", "12"])).toMatchObject({ hasBody: true, contentLength: 12 });
    expect(headOf(["Transfer-Encoding", "chunked"])).toMatchObject({ hasBody: true, contentLength: null });
  });

  test("HTTP/1.0 needs no Host and knows no expectation", () => {
    expect(codeOf(read([], "GET", "1.0"))).toBe("ok");
    expect(headOf(["Expect", "100-continue"], "POST", "1.0").expectsContinue).toBe(false);
  });

  test("the one expectation is met, others are not", () => {
    expect(headOf(["Expect", "100-Continue"]).expectsContinue).toBe(true);
    expect(codeOf(read(["Host", "a", "Expect", "100-continue, more"]))).toBe("expectation_failed");
    expect(codeOf(read(["Host", "a", "Expect", "200-maybe"]))).toBe("expectation_failed");
  });

  test("what a browser asks before it calls", () => {
    const head = headOf(
      [
        ...["Origin", "http://localhost:3000", "Access-Control-Request-Method", "POST"],
        ...["Access-Control-Request-Headers", "authorization,x-stainless-os"],
        ...["Access-Control-Request-Private-Network", "true"],
      ],
      "OPTIONS",
    );
    expect(head).toMatchObject({
      origin: "http://localhost:3000",
      corsMethod: "POST",
      corsHeaders: "authorization,x-stainless-os",
      corsPrivateNetwork: true,
    });
  });

  test("the caller's own id: the first that is valid, 128 characters and no more", () => {
    const longest = "x".repeat(128);
    expect(headOf(["X-Client-Request-Id", longest]).callerRequestId).toBe(longest);
    expect(headOf(["X-Client-Request-Id", `${longest}x`]).callerRequestId).toBeNull();
    expect(headOf(["X-Client-Request-Id", "a b", "X-Request-Id", "r"]).callerRequestId).toBe("r");
    expect(headOf(["X-Request-Id", "r"]).callerRequestId).toBe("r");
    expect(headOf([]).callerRequestId).toBeNull();
  });
});

describe("what goes on to Ark", () => {
  const forwarded = [
    ...[
      "accept",
      "text/event-stream",
      "traceparent",
      "00-1-2-01",
      "tracestate",
      "a=b",
      "x-client-request-id",
      "c1",
    ],
    ...["x-prompt-cache-id", "p", "x-project-name", "n", "x-is-encrypted", "true", "x-session-token", "t"],
    ...["x-encrypt-info", "e", "x-fornax-trace", "f", "ark-beta-mcp", "true", "ark-beta-web-search", "true"],
    ...["ark-beta-knowledge-search", "true", "ark-beta-doubao-app", "true", "ark-beta-image-process", "true"],
  ];

  test("is the allow-list, with names in lower case, in order", () => {
    const spelled = forwarded.map((part, index) => (index % 2 === 0 ? part.toUpperCase() : part));
    expect(headOf(spelled).forwarded).toEqual(forwarded);
  });

  test("is nothing else", () => {
    const others = ["Cookie", "a=b", "X-Forwarded-For", "1.2.3.4", "Forwarded", "for=x", "User-Agent", "x"];
    const framing = [
      "Content-Length",
      "3",
      "Expect",
      "100-continue",
      "Connection",
      "keep-alive",
      "TE",
      "trailers",
    ];
    const near = [
      "X-Forwarded-Host",
      "evil",
      "ark-beta-",
      "x",
      "ark-beta-A_b",
      "x",
      "__proto__",
      "x",
      "ark-alpha",
      "x",
    ];
    expect(headOf([...others, ...framing, ...near, "Authorization", "Bearer x"]).forwarded).toEqual([]);
  });

  test("is not what Connection names, wherever it stands", () => {
    const named = ["Connection", "Keep-Alive, TraceParent", "connection", "ark-beta-mcp"];
    expect(headOf([...named, "traceparent", "1", "ark-beta-mcp", "true", "accept", "*/*"]).forwarded).toEqual(
      ["accept", "*/*"],
    );
    expect(headOf(["traceparent", "1", "Connection", "x,\ttraceparent "]).forwarded).toEqual([]);
  });

  test("never holds a name or value that could end a line, whatever the headers are", () => {
    const names = fc.oneof(anyText, fc.constantFrom("Accept", "ark-beta-x\r\n", "traceparent"));
    const fields = fc.array(fc.tuple(names, anyText), { maxLength: 12 });
    fc.assert(
      fc.property(fields, (pairs) => {
        const result = read(["Host", "a", ...pairs.flat()]);
        if (result.kind === "refused") return true;
        return result.head.forwarded.every((text, index) =>
          (index % 2 === 0 ? /^[a-z0-9-]+$/ : /^[\t\x20-\x7e\x80-\xff]*$/).test(text),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});
