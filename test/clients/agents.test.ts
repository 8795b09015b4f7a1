/** OpenAI's Agents SDK, on Responses by POST and by WebSocket and on chat, unchanged against the gateway. */
import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from "@openai/agents";
import { OpenAI } from "openai-7";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { KEY, QUESTION, useScene, WEATHER } from "./scene.ts";

const scene = useScene();

beforeAll(() => setTracingDisabled(true));

const ways = [
  ["verbatim", "chat", { useResponses: false }],
  ["verbatim", "Responses", { useResponses: true }],
  ["compat", "Responses", { useResponses: true }],
  ["translated", "Responses", { useResponses: true }],
  ["verbatim", "Responses over a WebSocket", { useResponses: true, useResponsesWebSocket: true }],
  ["translated", "Responses over a WebSocket", { useResponses: true, useResponsesWebSocket: true }],
] as const;

describe("OpenAI Agents, @openai/agents", () => {
  describe.each(ways)("%s", (model, door, way) => {
    function newAgent() {
      const cities: string[] = [];
      const weather = tool({
        name: WEATHER.name,
        description: WEATHER.description,
        parameters: z.object({ city: z.string() }),
        execute: async ({ city }) => {
          cities.push(city);
          return `Rain in ${city}.`;
        },
      });
      const provider = new OpenAIProvider({
        openAIClient: new OpenAI({ baseURL: scene.baseUrl, apiKey: KEY }),
        ...way,
      });
      const agent = new Agent({ name: "Sailor", instructions: "Be brief.", model, tools: [weather] });
      return { agent, runner: new Runner({ modelProvider: provider }), cities };
    }

    test(`${door}, a task with a tool and a second turn`, async () => {
      const { agent, runner, cities } = newAgent();
      const first = await runner.run(agent, QUESTION);
      expect(first.finalOutput).toBeTruthy();
      expect(cities).toHaveLength(1);
      const second = await runner.run(agent, [...first.history, { role: "user", content: "And tomorrow?" }]);
      expect(second.finalOutput).toBeTruthy();
      expect(cities).toHaveLength(2);
    });

    test(`${door}, the same, streamed`, async () => {
      const { agent, runner, cities } = newAgent();
      const stream = await runner.run(agent, QUESTION, { stream: true });
      let text = "";
      for await (const event of stream) {
        if (event.type === "raw_model_stream_event" && event.data.type === "output_text_delta")
          text += event.data.delta;
      }
      await stream.completed;
      expect(stream.finalOutput).toBe(text);
      expect([text === "", cities.length]).toEqual([false, 1]);
    });
  });
});
