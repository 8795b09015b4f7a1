/** Every spelling of a content type is either JSON in UTF-8 or refused. */
import { expect, test } from "vitest";
import { isJsonContentType } from "../../../src/wire/content-type.ts";

test.each([
  null,
  "application/json",
  "Application/JSON",
  "application/json;charset=utf-8",
  "application/json; charset=UTF-8",
  "application/json \t; \tcharset=utf-8",
  'application/json; charset="utf-8"',
])("%j is JSON", (value) => {
  expect(isJsonContentType(value)).toBe(true);
});

test.each([
  "",
  " application/json",
  "application/json ",
  "application/json\ta",
  "application/json a",
  "application/jsonx",
  "application/json;",
  "application/json; charset=utf-7",
  "application/json; charset=utf-8; charset=utf-7",
  "application/json; charset=utf-8 ",
  "application/json; boundary=x",
  "application/json, text/plain",
  "application/json\u00a0; charset=utf-8",
  "application/ld+json",
  "text/plain",
  "application/x-www-form-urlencoded",
])("%j is not", (value) => {
  expect(isJsonContentType(value)).toBe(false);
});

test("length is no way to keep it busy", () => {
  const started = performance.now();
  expect(isJsonContentType(`multipart/form-data; boundary=${"-".repeat(10_000_000)}`)).toBe(false);
  expect(isJsonContentType(`application/json;${" ".repeat(10_000_000)}charset=utf-8`)).toBe(false);
  expect(performance.now() - started).toBeLessThan(50);
});
