/** Tokens: how they are counted, limited, cached and billed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PromptCache } from "../../../src/simulator/chat/prompt-cache.ts";
import { cutIntoTokens, writeExactly, writeThought } from "../../../src/simulator/chat/prose.ts";
import { countTokens } from "../../../src/simulator/chat/tokenizer.ts";
import { datedModels } from "../../../src/simulator/models/model-table.ts";
import { depthOf, efforts, reasoningTokensOf } from "../../../src/simulator/models/reasoning-effort.ts";
import { SeededRandom } from "../../../src/simulator/random.ts";
import {
  at,
  chat,
  dataOf,
  RAW_MODEL,
  SUMMARY_MODEL,
  startSimulator,
} from "../../support/running-simulator.ts";

describe("the tokeniser", () => {
  test.each([
    ["", 0],
    ["  \n", 0],
    ["hello", 1],
    ["hello!", 2],
    ["helloo", 2],
    ["你好", 1],
    ["你好吗", 2],
    ["你好, world", 3],
    ["🌋", 1],
  ])("%j is %i", (text, tokens) => {
    expect(countTokens(text)).toBe(tokens);
  });

  test("a text and its continuation never cost more together than apart", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (one, other) => {
        const together = countTokens(one + other);
        expect(together).toBeLessThanOrEqual(countTokens(one) + countTokens(other));
        expect(together).toBeGreaterThanOrEqual(countTokens(one));
      }),
    );
  });
});

describe("prose", () => {
  test("is exactly as long as told, and each token is its own JSON", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.integer(), (tokens, seed) => {
        for (const written of [
          writeExactly(new SeededRandom(seed), tokens),
          writeThought(new SeededRandom(seed), tokens),
        ]) {
          expect(written).toHaveLength(tokens);
          for (const token of written) expect(JSON.parse(`"${token.json}"`)).toBe(token.text);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("a text cut into tokens is that text again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const tokens = cutIntoTokens(text);
        expect(tokens.map((token) => token.text).join("")).toBe(text);
        for (const token of tokens) expect(JSON.parse(`"${token.json}"`)).toBe(token.text);
      }),
    );
  });
});

type Counts = {
  readonly content: number;
  readonly completion: number;
  readonly reasoning: number;
  finish: unknown;
};

async function countsOf(
  more: Readonly<Record<string, unknown>>,
  replyTokens: number | null = 20,
): Promise<Counts> {
  const endpoints = { "ep-kimi": "kimi-k3", "ep-glm": "glm-5.3" };
  const simulator = await startSimulator({ endpoints, ...(replyTokens === null ? {} : { replyTokens }) });
  const options = { stream: true, stream_options: { include_usage: true } };
  const chunks = dataOf((await simulator.post(chat({ ...options, ...more }))).text);
  const usage = at(chunks.at(-1), "usage");
  return {
    content: chunks.filter((chunk) => at(chunk, "choices", 0, "delta", "content")).length,
    completion: Number(at(usage, "completion_tokens")),
    reasoning: Number(at(usage, "completion_tokens_details", "reasoning_tokens")),
    finish: at(chunks.at(-2), "choices", 0, "finish_reason"),
  };
}

describe("limits", () => {
  test("max_tokens bounds the answer alone on Doubao: n passes, n - 1 cuts", async () => {
    const free = await countsOf({});
    expect(free).toMatchObject({ content: 20, finish: "stop" });
    expect(free.reasoning).toBeGreaterThan(0);
    expect(await countsOf({ max_tokens: 20 })).toMatchObject({ content: 20, finish: "stop" });
    const cut = await countsOf({ max_tokens: 19 });
    expect(cut).toMatchObject({ content: 19, finish: "length" });
    expect(cut.completion).toBe(19 + cut.reasoning);
    expect(cut.reasoning).toBeGreaterThan(0);
  });

  test("max_tokens bounds thoughts too on kimi-k3, down to an empty answer", async () => {
    const cut = await countsOf({ model: "ep-kimi", max_tokens: 5 });
    expect(cut).toMatchObject({ content: 0, completion: 5, reasoning: 5, finish: "length" });
  });

  test("max_completion_tokens bounds both, everywhere", async () => {
    const cut = await countsOf({ model: SUMMARY_MODEL, max_completion_tokens: 5 });
    expect(cut).toMatchObject({ content: 0, completion: 5, reasoning: 5, finish: "length" });
    // Doubao thinks no more than this at its ordinary effort, so the answer is cut and the thought is not.
    const answerCut = await countsOf({ max_completion_tokens: 31 });
    expect(answerCut).toMatchObject({ completion: 31, finish: "length" });
    expect(answerCut.content).toBe(31 - answerCut.reasoning);
  });

  test("the answer ends at 4,096 tokens where no limit is given", async () => {
    const thinking = { type: "disabled" };
    expect(await countsOf({ thinking }, 4_096)).toMatchObject({ completion: 4_096, finish: "stop" });
    expect(await countsOf({ thinking }, 4_097)).toMatchObject({ completion: 4_096, finish: "length" });
    expect(await countsOf({ thinking, max_tokens: 5_000 }, 4_097)).toMatchObject({ completion: 4_097 });
  });
});

describe("thinking", () => {
  test.each([
    [{ thinking: { type: "disabled" } }, false],
    [{ thinking: { type: "enabled" } }, true],
    [{ reasoning_effort: "minimal" }, false],
    [{ reasoning_effort: "none" }, false],
    [{ reasoning_effort: "low" }, true],
    [{ thinking: { type: "disabled" }, reasoning_effort: "high" }, false],
    [{ model: "doubao-1-5-pro-32k-250115" }, false],
    [{ model: "ep-glm", reasoning_effort: "low" }, false],
    [{ model: "ep-glm" }, true],
  ])("%j thinks: %s", async (more, thinks) => {
    expect((await countsOf(more)).reasoning > 0).toBe(thinks);
  });

  test.each([
    [SUMMARY_MODEL, ["off", "off", "low", "medium", "high", "high", "high"], "high"],
    [RAW_MODEL, ["off", "off", "low", "medium", "high", "high", "high"], "medium"],
    ["glm-5-2-260617", ["off", "off", "high", "high", "high", "max", "max"], "high"],
    ["deepseek-v4-pro-ga-260813", ["off", "off", "low", "low", "high", "high", "max"], "high"],
    ["deepseek-v4-flash-260425", ["off", "off", "high", "high", "high", "max", "max"], "high"],
    ["doubao-1-5-lite-32k-250115", Array(7).fill("off"), "off"],
  ])("%s understands the seven efforts by its own scale", (id, depths, byDefault) => {
    const model = datedModels.find((candidate) => candidate.id === id);
    if (model === undefined) throw new Error(`no model ${id}`);
    expect(efforts.map((effort) => depthOf(model, null, effort))).toEqual(depths);
    expect(depthOf(model, null, null)).toBe(byDefault);
    expect(depthOf(model, "disabled", "max")).toBe("off");
  });

  test("a deeper depth is a longer thought", () => {
    const tokens = (["off", "low", "medium", "high", "max"] as const).map((depth) =>
      reasoningTokensOf(depth, 10),
    );
    expect(tokens).toEqual([0, 5, 10, 15, 20]);
  });
});

describe("the prompt cache", () => {
  const long = "volcano lava stone ".repeat(800);

  test("knows a prompt of 1,024 tokens the second time, and its beginning in a longer one", async () => {
    const simulator = await startSimulator();
    const ask = async (content: string): Promise<number> => {
      const { text } = await simulator.post(chat({}, content));
      return Number(at(JSON.parse(text), "usage", "prompt_tokens_details", "cached_tokens"));
    };
    expect(await ask(long)).toBe(0);
    const cached = await ask(long);
    expect(cached).toBeGreaterThanOrEqual(1_024);
    expect(await ask(`${long} and one more`)).toBe(cached);
    expect(await ask(`x${long}`)).toBe(0);
    expect(await ask("short")).toBe(0);
    expect(await ask("short")).toBe(0);
    expect(simulator.ark.bill.map((line) => line.cachedTokens)).toEqual([0, cached, cached, 0, 0, 0]);
  });

  test("looks at n tokens and not at n - 1", () => {
    const cache = new PromptCache();
    const prompt = "word ".repeat(2_000);
    expect(cache.lookUp("k", prompt, 1_023, 1_024)).toBe(0);
    expect(cache.lookUp("k", prompt, 1_024, 1_024)).toBe(0);
    expect(cache.lookUp("k", prompt, 1_024, 1_024)).toBe(1_024);
    expect(cache.lookUp("other", prompt, 1_024, 1_024)).toBe(0);
  });
});

describe("the bill", () => {
  const bodies = fc.record({
    stream: fc.boolean(),
    model: fc.constantFrom(
      RAW_MODEL,
      SUMMARY_MODEL,
      "glm-5-2-260617",
      "doubao-1-5-pro-32k-250115",
      "ep-kimi",
    ),
    content: fc.string({ unit: "grapheme", maxLength: 40 }),
    limit: fc.constantFrom({}, { max_tokens: 3 }, { max_tokens: 40 }, { max_completion_tokens: 12 }),
    effort: fc.constantFrom({}, { reasoning_effort: "low" }, { reasoning_effort: "max" }),
    tools: fc.boolean(),
  });

  test("equals the usage on the wire, whatever is asked", async () => {
    const simulator = await startSimulator({ endpoints: { "ep-kimi": "kimi-k3" } });
    const parameters = { type: "object", properties: { a: { type: "string" }, b: { type: "number" } } };
    await fc.assert(
      fc.asyncProperty(bodies, async ({ stream, model, content, limit, effort, tools }) => {
        const streaming = stream ? { stream, stream_options: { include_usage: true } } : {};
        const tool = { type: "function", function: { name: "look_up", parameters } };
        const more = { model, ...streaming, ...limit, ...effort, ...(tools ? { tools: [tool] } : {}) };
        const { text, status } = await simulator.post(chat(more, content));
        expect(status).toBe(200);
        const usage = at(stream ? dataOf(text).at(-1) : JSON.parse(text), "usage");
        const line = simulator.ark.bill.at(-1);
        expect(line).toMatchObject({ ended: "complete", stream, modelAsked: model });
        expect(usage).toEqual({
          prompt_tokens: line?.promptTokens,
          completion_tokens: line?.completionTokens,
          total_tokens: (line?.promptTokens ?? 0) + (line?.completionTokens ?? 0),
          prompt_tokens_details: { cached_tokens: line?.cachedTokens },
          completion_tokens_details: { reasoning_tokens: line?.reasoningTokens },
        });
      }),
      { numRuns: 150 },
    );
  });
});
