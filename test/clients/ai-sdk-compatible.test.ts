/** The AI SDK with its provider for OpenAI-compatible hosts, unchanged against the gateway. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText, tool } from "ai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

let running: RunningGateway;

beforeAll(async () => {
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
  running = await startGateway({ simulator: { requestsKeptMax: 100_000 } });
});

afterAll(async () => {
  await running.close();
});

beforeEach(() => {
  running.simulator.clearScript();
});

function model(name: string) {
  const provider = createOpenAICompatible({
    name: "volcano",
    baseURL: `${running.url}/v1`,
    apiKey: "sk-callers-own",
    includeUsage: true,
  });
  return provider(name);
}

const prompt = "Tell me about tides.";

describe("AI SDK 7, @ai-sdk/openai-compatible", () => {
  test("chat, a whole answer with reasoning and usage", async () => {
    const { text, usage, finishReason } = await generateText({ model: model("deepseek-v3"), prompt });
    expect(text).toBeTruthy();
    expect(finishReason).toBe("stop");
    expect(usage.outputTokens).toBe(running.simulator.bill.at(-1)?.completionTokens);
  });

  test("chat, a stream with reasoning before the text, and usage at its end", async () => {
    const result = streamText({ model: model("deepseek-r1"), prompt });
    const kinds: string[] = [];
    for await (const part of result.fullStream) {
      if (part.type !== kinds.at(-1)) kinds.push(part.type);
    }
    expect(kinds.indexOf("reasoning-delta")).toBeGreaterThan(-1);
    expect(kinds.indexOf("reasoning-delta")).toBeLessThan(kinds.indexOf("text-delta"));
    expect((await result.usage).outputTokens).toBe(running.simulator.bill.at(-1)?.completionTokens);
  });

  test("chat, a streamed tool call with arguments that fit the schema", async () => {
    const result = streamText({
      model: model("doubao-seed-2-0-lite-260428"),
      prompt,
      toolChoice: { type: "tool", toolName: "get_weather" },
      tools: { get_weather: tool({ inputSchema: z.object({ city: z.string() }) }) },
    });
    const calls = await result.toolCalls;
    expect(calls[0]?.toolName).toBe("get_weather");
    expect(calls[0]?.input).toHaveProperty("city");
  });

  test("chat, Ark's own error, once", async () => {
    const before = running.simulator.requests.length;
    running.simulator.script({ kind: "error", code: "AccountOverdueError" });
    await expect(generateText({ model: model("deepseek-v3"), prompt })).rejects.toMatchObject({
      statusCode: 403,
    });
    expect(running.simulator.requests.length).toBe(before + 1);
  });

  test("chat, a 429 is repeated, and then succeeds", async () => {
    running.simulator.script({ kind: "error", code: "ServerOverloaded", retryAfter: "1" });
    const { text } = await generateText({ model: model("deepseek-v3"), prompt });
    expect(text).toBeTruthy();
  });

  test("chat, an abort reaches Ark within 250 ms", async () => {
    running.simulator.script({ kind: "drip", bytes: 200, everyMs: 20 });
    const abort = new AbortController();
    const result = streamText({ model: model("deepseek-r1"), prompt, abortSignal: abort.signal });
    for await (const part of result.fullStream) {
      if (part.type === "reasoning-delta") abort.abort();
    }
    await running.simulator.waitFor((ark) => ark.openRequests === 0, 250);
    expect(running.simulator.bill.at(-1)?.ended).toBe("aborted");
  });

  test("chat, a stream that is cut at any byte ends in an error part", async () => {
    const stream = await fetch(`${running.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer k" },
      body: JSON.stringify({
        model: "deepseek-v3",
        stream: true,
        stream_options: { include_usage: true },
        max_tokens: 4,
        messages: [{ role: "user", content: prompt }],
      }),
    });
    const length = (await stream.arrayBuffer()).byteLength;
    for (let afterBytes = 0; afterBytes < length; afterBytes++) {
      running.simulator.script({ kind: afterBytes % 2 === 0 ? "close" : "reset", afterBytes });
      let errors = 0;
      const result = streamText({
        model: model("deepseek-v3"),
        prompt,
        maxOutputTokens: 4,
        maxRetries: 0,
        onError: () => {},
      });
      for await (const part of result.fullStream) if (part.type === "error") errors++;
      expect(errors, `cut after ${afterBytes} bytes`).toBeGreaterThan(0);
    }
  });
});
