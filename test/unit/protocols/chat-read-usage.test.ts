/** The usage of a whole answer: found at the top level alone, and only where it is certain. */
import { describe, expect, test } from "vitest";
import { readUsage, USAGE_BYTES_MAX } from "../../../src/protocols/chat/read-usage.ts";

const usageJson =
  '{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":2},' +
  '"completion_tokens_details":{"reasoning_tokens":3}}';
const usage = { inputTokens: 9, cachedInputTokens: 2, outputTokens: 5, reasoningTokens: 3 };

describe("readUsage", () => {
  test.each([
    `{"usage":${usageJson}}`,
    `{"choices":[{"message":{"content":"\\"usage\\":{}","usage":{"prompt_tokens":1}}}],\n "usage" : ${usageJson} }\n`,
    `{"model_usage":{"usage":null},"usage":${usageJson},"usage_":1}`,
  ])("finds it in %j", (body) => {
    expect(readUsage(Buffer.from(body))).toEqual(usage);
  });

  test.each([
    ["no usage", '{"choices":[]}'],
    ["only a nested one", `{"choices":[{"usage":${usageJson}}]}`],
    ["null", '{"usage":null}'],
    ["a string", '{"usage":"9"}'],
    ["no counts", '{"usage":{}}'],
    ["two of them", `{"usage":${usageJson},"usage":${usageJson}}`],
    ["a twin of it", `{"Usage":${usageJson}}`],
    ["nothing", ""],
    ["a page", "<html></html>"],
    ["an array", `[{"usage":${usageJson}}]`],
    ["a cut answer", `{"usage":${usageJson}`],
    ["broken JSON behind it", `{"usage":${usageJson},"x":tru}`],
  ])("null for %s", (_name, body) => {
    expect(readUsage(Buffer.from(body))).toBeNull();
  });

  test("null for text that is not UTF-8", () => {
    expect(
      readUsage(Buffer.concat([Buffer.from(`{"usage":${usageJson},"x":"`), Buffer.from([0xff, 0x22, 0x7d])])),
    ).toBeNull();
  });

  test("a usage of up to 64 KiB is read, a longer one is not", () => {
    const padded = (bytes: number) => {
      const start = `${usageJson.slice(0, -1)},"x":"`;
      return Buffer.from(`{"usage":${start}${"a".repeat(bytes - start.length - 2)}"}}`);
    };
    expect(readUsage(padded(USAGE_BYTES_MAX))).toEqual(usage);
    expect(readUsage(padded(USAGE_BYTES_MAX + 1))).toBeNull();
  });
});
