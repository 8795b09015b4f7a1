/** LangChain's client for OpenAI, on chat and on Responses, unchanged against the gateway. */
import { AIMessage, HumanMessage, ToolMessage, type UsageMetadata } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { KEY, QUESTION, useScene, WEATHER } from "./scene.ts";

const scene = useScene();

const weather = tool(async ({ city }: { city: string }) => `Rain in ${city}.`, {
  name: WEATHER.name,
  description: WEATHER.description,
  schema: z.object({ city: z.string() }),
});

/** The class's own types lose it. */
function outputTokensOf({
  usage_metadata: usage,
}: {
  readonly usage_metadata?: UsageMetadata | undefined;
}): number {
  return usage?.output_tokens ?? 0;
}

const doors = [
  ["verbatim", "chat", false],
  ["compat", "Responses", true],
  ["translated", "Responses", true],
] as const;

describe("LangChain, @langchain/openai", () => {
  describe.each(doors)("%s", (model, door, useResponsesApi) => {
    const connect = () =>
      new ChatOpenAI({
        model,
        apiKey: KEY,
        useResponsesApi,
        maxRetries: 0,
        configuration: { baseURL: scene.baseUrl },
      });

    test(`${door}, whole, with usage`, async () => {
      const answer = await connect().invoke(QUESTION);
      expect(answer.text).toBeTruthy();
      expect(outputTokensOf(answer)).toBe(scene.billedOutputTokens);
    });

    test(`${door}, streamed, with usage`, async () => {
      let text = "";
      let outputTokens = 0;
      for await (const chunk of await connect().stream(QUESTION)) {
        text += chunk.text;
        outputTokens += outputTokensOf(chunk);
      }
      expect(text).toBeTruthy();
      expect(outputTokens).toBe(scene.billedOutputTokens);
    });

    test(`${door}, a loop over a tool`, async () => {
      const llm = connect().bindTools([weather]);
      const question = new HumanMessage(QUESTION);
      const first = await llm.invoke([question]);
      const [call] = first.tool_calls ?? [];
      if (call?.id === undefined) throw new Error("no tool was called");
      const result = new ToolMessage({
        content: await weather.invoke({ city: String(call.args["city"]) }),
        tool_call_id: call.id,
      });
      const second = await llm.invoke([question, first, result]);
      expect(AIMessage.isInstance(second)).toBe(true);
      expect(second.text).toBeTruthy();
    });

    test(`${door}, an answer that fits a schema`, async () => {
      const schema = z.object({ city: z.string(), metres: z.number() });
      const answer = await connect().withStructuredOutput(schema, { method: "jsonSchema" }).invoke(QUESTION);
      expect(schema.safeParse(answer).success).toBe(true);
    });
  });
});
