/** Only a usage that could be billed is taken for one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readChatUsage, readMessagesUsage, readResponsesUsage, TOKENS_MAX } from "../../../src/core/usage.ts";

const RUNS = Number(process.env["VOLCANO_PROPERTY_RUNS"] ?? 5_000);
const TIMEOUT_MS = 20_000 + RUNS;

describe("a valid usage", () => {
  test("in Ark's full form", () => {
    const value = {
      prompt_tokens: 9,
      completion_tokens: 5,
      total_tokens: 14,
      prompt_tokens_details: { cached_tokens: 4, image_tokens: 1 },
      completion_tokens_details: { reasoning_tokens: 3 },
    };
    const wanted = { inputTokens: 9, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 3 };
    expect(readChatUsage(value)).toEqual(wanted);
  });

  test.each([
    ["without details", {}],
    ["with details of null", { prompt_tokens_details: null, completion_tokens_details: null }],
    ["with empty details", { prompt_tokens_details: {}, completion_tokens_details: {} }],
    ["with details that hold null", { prompt_tokens_details: { cached_tokens: null } }],
    ["with details that are no object", { prompt_tokens_details: 5, completion_tokens_details: [7] }],
  ])("%s has no cached and no reasoning tokens", (_name, details) => {
    const wanted = { inputTokens: 9, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0 };
    expect(readChatUsage({ prompt_tokens: 9, completion_tokens: 5, ...details })).toEqual(wanted);
  });

  test(
    "whatever its figures, is read as it was written",
    () => {
      const count = fc.nat(TOKENS_MAX);
      const property = fc.property(count, count, count, count, (one, two, three, four) => {
        const [cached, input] = [Math.min(one, two), Math.max(one, two)];
        const [reasoning, output] = [Math.min(three, four), Math.max(three, four)];
        const value = {
          prompt_tokens: input,
          completion_tokens: output,
          prompt_tokens_details: { cached_tokens: cached },
          completion_tokens_details: { reasoning_tokens: reasoning },
        };
        expect(readChatUsage(value)).toEqual({
          inputTokens: input,
          cachedInputTokens: cached,
          outputTokens: output,
          reasoningTokens: reasoning,
        });
      });
      fc.assert(property, { numRuns: RUNS, seed: RUNS });
    },
    TIMEOUT_MS,
  );
});

describe("no usage", () => {
  const absurd = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, TOKENS_MAX + 1, "5", true, {}, [5]];

  test.each([
    null,
    undefined,
    5,
    "usage",
    true,
    [],
    [9, 5],
    {},
    { prompt_tokens: 9 },
    { completion_tokens: 5 },
  ])("%j", (value) => {
    expect(readChatUsage(value)).toBeNull();
  });

  test.each([...absurd, null])("with %j for a count", (count) => {
    expect(readChatUsage({ prompt_tokens: count, completion_tokens: 5 })).toBeNull();
    expect(readChatUsage({ prompt_tokens: 9, completion_tokens: count })).toBeNull();
  });

  test.each(absurd)("with %j for a part", (count) => {
    const whole = { prompt_tokens: 9, completion_tokens: 5 };
    expect(readChatUsage({ ...whole, prompt_tokens_details: { cached_tokens: count } })).toBeNull();
    expect(readChatUsage({ ...whole, completion_tokens_details: { reasoning_tokens: count } })).toBeNull();
  });

  test("with a part greater than its whole: as much passes, one more does not", () => {
    const usage = (cached: number, reasoning: number) => ({
      prompt_tokens: 9,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: cached },
      completion_tokens_details: { reasoning_tokens: reasoning },
    });
    expect(readChatUsage(usage(9, 5))).not.toBeNull();
    expect(readChatUsage(usage(10, 5))).toBeNull();
    expect(readChatUsage(usage(9, 6))).toBeNull();
  });

  test("beyond the greatest count: TOKENS_MAX passes, one more does not", () => {
    expect(readChatUsage({ prompt_tokens: TOKENS_MAX, completion_tokens: TOKENS_MAX })).not.toBeNull();
    expect(readChatUsage({ prompt_tokens: TOKENS_MAX + 1, completion_tokens: 0 })).toBeNull();
  });
});

test(
  "whatever it is given, it gives null or figures that can be billed, and never throws",
  () => {
    const odd = fc.oneof(fc.nat(20), fc.integer(), fc.double(), fc.constant(null), fc.string(), fc.object());
    const maybe = { requiredKeys: [] as [] };
    const shaped = fc.record(
      {
        prompt_tokens: odd,
        completion_tokens: odd,
        prompt_tokens_details: fc.oneof(odd, fc.record({ cached_tokens: odd }, maybe)),
        completion_tokens_details: fc.oneof(odd, fc.record({ reasoning_tokens: odd }, maybe)),
      },
      maybe,
    );
    const property = fc.property(fc.oneof(shaped, fc.anything()), (value) => {
      const usage = readChatUsage(value);
      if (usage === null) return;
      const { isSpecial: _, ...counts } = usage;
      for (const count of Object.values(counts)) {
        expect(Number.isSafeInteger(count) && count >= 0 && count <= TOKENS_MAX).toBe(true);
      }
      expect(usage.cachedInputTokens).toBeLessThanOrEqual(usage.inputTokens);
      expect(usage.reasoningTokens).toBeLessThanOrEqual(usage.outputTokens);
    });
    fc.assert(property, { numRuns: RUNS, seed: RUNS });
  },
  TIMEOUT_MS,
);

describe("a usage of which a part has another rate", () => {
  const plain = { prompt_tokens: 9, completion_tokens: 5 };

  test.each(["default", "scale", "auto", null, undefined, 7])("is none in the tier %j", (tier) => {
    expect(readChatUsage(plain, tier)).not.toHaveProperty("isSpecial");
  });

  test.each(["fast", "flex", "of-tomorrow"])("is one in the tier %j", (tier) => {
    expect(readChatUsage(plain, tier)).toMatchObject({ inputTokens: 9, isSpecial: true });
  });

  test.each(["prompt_tokens_details", "completion_tokens_details"])("is one with audio in %s", (details) => {
    expect(readChatUsage({ ...plain, [details]: { audio_tokens: 1 } })?.isSpecial).toBe(true);
    expect(readChatUsage({ ...plain, [details]: { audio_tokens: 0 } })).not.toHaveProperty("isSpecial");
  });
});

describe("a usage of Anthropic's Messages", () => {
  const plain = { inputTokens: 9, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0 };

  test("counts what was read from and written to the cache as input", () => {
    const value = {
      input_tokens: 9,
      cache_read_input_tokens: 4,
      cache_creation_input_tokens: 2,
      output_tokens: 5,
      output_tokens_details: { thinking_tokens: 3 },
    };
    const wanted = { inputTokens: 15, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 3 };
    expect(readMessagesUsage(value)).toEqual(wanted);
  });

  test.each([
    ["without more", {}],
    ["with null in all the rest", { cache_read_input_tokens: null, service_tier: null, speed: null }],
    ["of the standard tier", { service_tier: "standard", server_tool_use: { web_search_requests: 0 } }],
    ["of Ark's default tier", { service_tier: "default", server_tool_use: null }],
  ])("%s is plain", (_name, more) => {
    expect(readMessagesUsage({ input_tokens: 9, output_tokens: 5, ...more })).toEqual(plain);
  });

  test.each([
    [{ service_tier: "priority" }],
    [{ service_tier: "batch" }],
    [{ speed: "fast" }],
    [{ server_tool_use: { web_search_requests: 1 } }],
  ])("with %j is special", (more) => {
    expect(readMessagesUsage({ input_tokens: 9, output_tokens: 5, ...more })).toEqual({
      ...plain,
      isSpecial: true,
    });
  });

  test.each([
    [null],
    [[]],
    [{}],
    [{ input_tokens: 9 }],
    [{ output_tokens: 5 }],
    [{ input_tokens: -1, output_tokens: 5 }],
    [{ input_tokens: 9, output_tokens: 0.5 }],
    [{ input_tokens: "9", output_tokens: 5 }],
    [{ input_tokens: 9, output_tokens: 5, cache_read_input_tokens: -1 }],
    [{ input_tokens: 9, output_tokens: 5, cache_creation_input_tokens: "x" }],
    [{ input_tokens: 9, output_tokens: 5, output_tokens_details: { thinking_tokens: 6 } }],
  ])("%j is none", (value) => {
    expect(readMessagesUsage(value)).toBeNull();
  });

  test("adds up to TOKENS_MAX; one more is none", () => {
    const sum = (read: number) => ({
      input_tokens: TOKENS_MAX - 1,
      cache_read_input_tokens: read,
      output_tokens: TOKENS_MAX,
    });
    expect(readMessagesUsage(sum(1))?.inputTokens).toBe(TOKENS_MAX);
    expect(readMessagesUsage(sum(2))).toBeNull();
  });
});

describe("Ark's usage of Responses", () => {
  const value = { input_tokens: 9, output_tokens: 5, output_tokens_details: { reasoning_tokens: 3 } };
  const usage = { inputTokens: 9, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 3 };

  test("is read with what was cached of it", () => {
    const more = { input_tokens_details: { cached_tokens: 4 }, total_tokens: 14 };
    expect(readResponsesUsage({ ...value, ...more })).toEqual({ ...usage, cachedInputTokens: 4 });
  });

  test.each([
    [{}, null],
    [{ tool_usage: null }, "default"],
    [{ tool_usage: {} }, "scale"],
  ])("with %j on the tier %j is plain", (more, tier) => {
    expect(readResponsesUsage({ ...value, ...more }, tier)).toEqual(usage);
  });

  test.each([
    [{ tool_usage: { web_search: 1 } }, null],
    [{}, "fast"],
  ])("with %j on the tier %j is special", (more, tier) => {
    expect(readResponsesUsage({ ...value, ...more }, tier)).toEqual({ ...usage, isSpecial: true });
  });

  test.each([
    [null],
    [[]],
    [{}],
    [{ ...value, input_tokens: -1 }],
    [{ ...value, output_tokens: 0.5 }],
    [{ ...value, input_tokens: TOKENS_MAX + 1 }],
    [{ ...value, output_tokens: 2 }],
    [{ ...value, input_tokens_details: { cached_tokens: 10 } }],
    [{ ...value, input_tokens_details: { cached_tokens: "x" } }],
  ])("%j is none", (odd) => {
    expect(readResponsesUsage(odd)).toBeNull();
  });
});
