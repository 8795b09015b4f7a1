/** The AI SDK with its providers for OpenAI, Anthropic and DeepSeek, unchanged against the gateway. */
import { createAnthropic } from "@ai-sdk/anthropic";
import { createDeepSeek } from "@ai-sdk/deepseek";
import { createOpenAI } from "@ai-sdk/openai";
import { generateObject, generateText, type LanguageModel, stepCountIs, streamText, tool } from "ai";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { KEY, modes, QUESTION, useScene, WEATHER, wholeResponsesModes } from "./scene.ts";

const scene = useScene();

beforeAll(() => {
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
});

const settings = () => ({ baseURL: scene.baseUrl, apiKey: KEY });

const weather = tool({
  description: WEATHER.description,
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `Rain in ${city}.`,
});

type Way = (typeof modes)[number] | (typeof wholeResponsesModes)[number];

type Provider = {
  readonly door: string;
  readonly ways: readonly Way[];
  readonly model: (name: string) => LanguageModel;
  /** The last step of Ark's path, where the model speaks the client's protocol. */
  readonly path: string;
};

const providers: readonly (readonly [string, Provider])[] = [
  [
    "AI SDK 7, @ai-sdk/openai",
    {
      door: "Responses",
      ways: wholeResponsesModes,
      model: (name) => createOpenAI(settings())(name),
      path: "/responses",
    },
  ],
  [
    "AI SDK 7, @ai-sdk/anthropic",
    { door: "Messages", ways: modes, model: (name) => createAnthropic(settings())(name), path: "/messages" },
  ],
  [
    "AI SDK 7, @ai-sdk/openai",
    {
      door: "chat",
      ways: ["verbatim"],
      model: (name) => createOpenAI(settings()).chat(name),
      path: "/chat/completions",
    },
  ],
  [
    "AI SDK 7, @ai-sdk/deepseek",
    {
      door: "chat",
      ways: ["verbatim"],
      model: (name) => createDeepSeek(settings())(name),
      path: "/chat/completions",
    },
  ],
];

function calls({ door, model, path }: Provider, name: Way): void {
  test(`${door}, whole, with usage`, async () => {
    const { text, usage, finishReason } = await generateText({ model: model(name), prompt: QUESTION });
    expect(text).toBeTruthy();
    expect(finishReason).toBe("stop");
    expect(usage.outputTokens).toBe(scene.billedOutputTokens);
    expect(scene.arkPath?.endsWith(name === "translated" ? "/chat/completions" : path)).toBe(true);
  });

  test(`${door}, streamed, with usage at the end`, async () => {
    const result = streamText({ model: model(name), prompt: QUESTION });
    let text = "";
    const errors: unknown[] = [];
    for await (const part of result.fullStream) {
      if (part.type === "text-delta") text += part.text;
      if (part.type === "error") errors.push(part.error);
    }
    expect(errors).toEqual([]);
    expect(text).toBeTruthy();
    expect((await result.usage).outputTokens).toBe(scene.billedOutputTokens);
  });

  test(`${door}, a loop over a tool, whole and streamed`, async () => {
    const asked = {
      model: model(name),
      prompt: QUESTION,
      tools: { get_weather: weather },
      stopWhen: stepCountIs(3),
    };
    const whole = await generateText(asked);
    const streamed = streamText(asked);
    await streamed.consumeStream();
    for (const [steps, text] of [
      [whole.steps, whole.text],
      [await streamed.steps, await streamed.text],
    ] as const) {
      expect(steps.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "stop"]);
      expect(steps[0]?.toolResults[0]?.output).toMatch(/^Rain in /);
      expect(text).toBeTruthy();
    }
  });

  test(`${door}, an error that Ark sends once, and a 429 that is repeated`, async () => {
    const before = scene.simulator.requests.length;
    scene.simulator.script({ kind: "error", code: "InputTextSensitiveContentDetected" });
    await expect(generateText({ model: model(name), prompt: QUESTION })).rejects.toMatchObject({
      statusCode: 400,
    });
    expect(scene.simulator.requests.length).toBe(before + 1);
    scene.simulator.script({ kind: "error", code: "ServerOverloaded", retryAfter: "1" });
    expect((await generateText({ model: model(name), prompt: QUESTION })).text).toBeTruthy();
  });

  test(`${door}, a cut stream ends in an error part`, async () => {
    for (const afterBytes of [0, 200, 700]) {
      const before = scene.simulator.requests.length;
      scene.simulator.script({ kind: "reset", afterBytes });
      const result = streamText({ model: model(name), prompt: QUESTION, maxRetries: 0, onError: () => {} });
      const kinds: string[] = [];
      for await (const { type } of result.fullStream) kinds.push(type);
      expect([afterBytes, kinds.includes("error")]).toEqual([afterBytes, true]);
      expect(scene.simulator.requests.length).toBe(before + 1);
    }
  });
}

describe.each(providers)("%s", (_client, provider) => {
  describe.each([...provider.ways])("%s", (name) => {
    calls(provider, name);

    // DeepSeek's own API has no schemas: its provider asks for any JSON.
    if (provider.door === "chat") return;
    test(`${provider.door}, an object that fits a schema`, async () => {
      const schema = z.object({ city: z.string(), metres: z.number() });
      const { object } = await generateObject({ model: provider.model(name), prompt: QUESTION, schema });
      expect(schema.safeParse(object).success).toBe(true);
    });
  });
});

describe("AI SDK 7, @ai-sdk/anthropic", () => {
  describe.each(modes)("%s", (name) => {
    test("Messages, thoughts before the text, given back in a loop over a tool", async () => {
      const { steps, text } = await generateText({
        model: createAnthropic(settings())(name),
        prompt: QUESTION,
        tools: { get_weather: weather },
        stopWhen: stepCountIs(3),
        providerOptions: { anthropic: { thinking: { type: "enabled", budgetTokens: 2_048 } } },
      });
      expect(steps[0]?.reasoningText).toBeTruthy();
      expect(text).toBeTruthy();
    });
  });
});
