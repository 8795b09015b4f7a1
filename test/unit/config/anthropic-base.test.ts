/** Where Anthropic's protocol is spoken, as it follows from the data plane or as it is set. */
import { expect, test } from "vitest";
import { anthropicBaseOf } from "../../../src/config/anthropic-base.ts";

test.each([
  ["https://ark.cn-beijing.volces.com/api/v3", "https://ark.cn-beijing.volces.com/api/compatible"],
  ["https://ark.cn-beijing.volces.com/api/coding/v3", "https://ark.cn-beijing.volces.com/api/coding"],
  ["https://ark.cn-beijing.volces.com/api/plan/v3", "https://ark.cn-beijing.volces.com/api/plan"],
  [
    "https://ark.ap-southeast.bytepluses.com/api/v3",
    "https://ark.ap-southeast.bytepluses.com/api/compatible",
  ],
  ["http://127.0.0.1:5100/behind/api/v3", "http://127.0.0.1:5100/behind/api/compatible"],
  ["https://example.com/v3", null],
  ["https://example.com", null],
])("%s", (baseUrl, expected) => {
  expect(anthropicBaseOf(undefined, baseUrl)).toBe(expected);
  expect(anthropicBaseOf(null, baseUrl)).toBeNull();
  expect(anthropicBaseOf("https://other.example/messages//", baseUrl)).toBe("https://other.example/messages");
});
