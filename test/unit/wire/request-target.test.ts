/** Which targets name a path, and which are refused before anybody could read them in two ways. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePathId, readRequestTarget } from "../../../src/wire/request-target.ts";

function read(target: string, host: string | null = "gateway:5000"): string {
  const result = readRequestTarget(target, host);
  return result.kind === "path" ? `${result.prefix}|${result.path}|${result.query}` : result.code;
}

describe("bases that users type", () => {
  const rows: [string, string][] = [
    ["/chat/completions", "|/chat/completions|"],
    ["/v1/chat/completions", "/v1|/chat/completions|"],
    ["/v1/v1/messages", "/v1/v1|/messages|"],
    ["/anthropic/v1/messages", "/anthropic/v1|/messages|"],
    ["/v1/v1/v1/messages", "/v1/v1|/v1/messages|"],
    ["/v1/messages?beta=true", "/v1|/messages|beta=true"],
    ["/v1/models?a=?&b=/../%5c", "/v1|/models|a=?&b=/../%5c"],
    ["/", "|/|"],
    ["/?x", "|/|x"],
    ["/v1", "/v1|/|"],
    ["/v1/", "/v1|/|"],
    ["/v11/chat", "|/v11/chat|"],
    ["/anthropic/messages", "|/anthropic/messages|"],
    ["/anthropic", "|/anthropic|"],
    ["/api/v3/chat/completions", "|/api/v3/chat/completions|"],
    ["*", "|*|"],
  ];
  test.each(rows)("%s", (target, expected) => {
    expect(read(target)).toBe(expected);
  });
});

describe("one doubled slash is an accident, two are a path of their own", () => {
  const rows: [string, string][] = [
    ["//chat/completions", "|/chat/completions|"],
    ["//v1/chat/completions", "/v1|/chat/completions|"],
    ["/v1//chat/completions", "/v1|/chat/completions|"],
    ["/v1//v1/messages", "/v1/v1|/messages|"],
    ["/v1/v1//messages", "/v1/v1|/messages|"],
    ["/anthropic//v1/messages", "/anthropic/v1|/messages|"],
    ["/anthropic/v1//messages", "/anthropic/v1|/messages|"],
    ["//v1//chat/completions", "/v1|//chat/completions|"],
    ["/v1///chat/completions", "/v1|//chat/completions|"],
    ["/v1//v1//messages", "/v1/v1|//messages|"],
    ["/v1/chat//completions", "/v1|/chat//completions|"],
    ["/v1/chat/completions/", "/v1|/chat/completions/|"],
  ];
  test.each(rows)("%s", (target, expected) => {
    expect(read(target)).toBe(expected);
  });
});

describe("refused", () => {
  const rows = [
    ...["", "chat", "gateway:5000", "ftp://gateway:5000/x", "http:/gateway:5000/x"],
    ...["/a#b", "/a?x#b", "/a b", "/a\tb", "/a\u0000b", "/a\u007fb", "/caf\u00e9"],
    ...["/a\\b", "/a%5cb", "/a%5Cb", "/a%00b", "/a%0ab", "/a%7fb"],
    ...[
      "/..",
      "/../x",
      "/v1/../x",
      "/v1/..",
      "/%2e%2e/x",
      "/.%2E/x",
      "/v1/%2e./x",
      "/v1/models/..%2f..%2fetc",
    ],
    ...["/a%2fb", "/v1/a%2Fb", "/v1%2fmodels/x", "/v1/models%2fx", "/%2e%2e%2fx"],
    ...["/a%", "/a%2", "/a%zz", "/a%2?x=1f", "/%u0041"],
  ];
  test.each(rows)("%j", (target) => {
    expect(read(target)).toBe("ambiguous_request");
  });

  test("not: single dots, three dots, dots inside a name", () => {
    expect(read("/v1/models/a..b")).toBe("/v1|/models/a..b|");
    expect(read("/v1/models/...")).toBe("/v1|/models/...|");
    expect(read("/./x")).toBe("|/./x|");
  });
});

describe("the absolute form", () => {
  const rows: [string, string | null, string][] = [
    ["http://gateway:5000/v1/models", "gateway:5000", "/v1|/models|"],
    ["HTTP://Gateway:5000/v1/models", "gateway:5000", "/v1|/models|"],
    ["https://gateway:5000?x", "gateway:5000", "|/|x"],
    ["http://gateway:5000", "gateway:5000", "|/|"],
    ["http://other/v1/models", "gateway:5000", "ambiguous_request"],
    ["http://gateway:50001/v1", "gateway:5000", "ambiguous_request"],
    ["http://gateway:5000@evil/v1", "gateway:5000", "ambiguous_request"],
    ["http://gateway:5000/v1", null, "ambiguous_request"],
    ["http:///v1", "", "ambiguous_request"],
  ];
  test.each(rows)("%s for %s", (target, host, expected) => {
    expect(read(target, host)).toBe(expected);
  });
});

test("8 KiB is the longest", () => {
  expect(read(`/${"a".repeat(8_191)}`)).not.toBe("uri_too_long");
  expect(read(`/${"a".repeat(8_192)}`)).toBe("uri_too_long");
});

describe("ids in paths", () => {
  test("an encoded slash is left in an id, and decoded once", () => {
    expect(read("/v1/models/doubao%2Fseed")).toBe("/v1|/models/doubao%2Fseed|");
    expect(decodePathId("doubao%2Fseed")).toBe("doubao/seed");
    expect(decodePathId("a%252fb")).toBe("a%2fb");
    expect(decodePathId("%E4%BD%A0")).toBe("\u4f60");
    expect(decodePathId("%ff")).toBeNull();
  });
});

test("a path never holds what a second reader could take for something else", () => {
  const pieces = fc.constantFrom(
    ...[
      "/",
      "//",
      "v1",
      "anthropic",
      "models",
      "..",
      ".",
      "%2e",
      "%2f",
      "%5c",
      "%00",
      "%25",
      "%",
      "a",
      "?",
      "#",
      "\\",
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const result = readRequestTarget(`/${parts.join("")}`, "gateway");
      if (result.kind === "refused") return;
      expect(result.path).toMatch(/^\/[^\\#?]*$/);
      // Byte by byte: an escape need not be part of UTF-8.
      const decoded = result.path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      expect(decoded.split("/")).not.toContain("..");
      expect(decoded).not.toContain("\\");
      if (!result.path.startsWith("/models/")) expect(result.path.toLowerCase()).not.toContain("%2f");
    }),
    { numRuns: 5_000 },
  );
});
