/** OpenAI's own SDK, versions 6 and 7, against Responses: as Ark speaks it, and translated into chat. */
import { OpenAI as OpenAI6 } from "openai-6";
import { zodTextFormat as zodTextFormat6 } from "openai-6/helpers/zod";
import { OpenAI as OpenAI7 } from "openai-7";
import { zodTextFormat as zodTextFormat7 } from "openai-7/helpers/zod";
import type {
  FunctionTool,
  Response,
  ResponseInputItem,
  ResponseStreamEvent,
} from "openai-7/resources/responses/responses";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkEvents, readResponse } from "./response-shapes.ts";
import { cutPlaces, KEY, QUESTION, responsesModes, useScene, WEATHER, wholeResponsesModes } from "./scene.ts";

const scene = useScene();

const TOOL = {
  type: "function",
  name: WEATHER.name,
  description: WEATHER.description,
  parameters: WEATHER.schema,
  strict: true,
} satisfies FunctionTool;

function onlyCall(output: Response["output"]) {
  const call = output.find((item) => item.type === "function_call");
  if (call === undefined) throw new Error("no function call came");
  return call;
}

describe.each([
  ["openai 6", OpenAI6, zodTextFormat6],
  ["openai 7", OpenAI7, zodTextFormat7],
] as const)("%s", (_client, Sdk, zodTextFormat) => {
  // The types of 7, which is stricter; version 6 is held to the same answers.
  const connect = (options: { maxRetries?: number } = {}) =>
    new Sdk({ baseURL: scene.baseUrl, apiKey: KEY, maxRetries: options.maxRetries ?? 2 }) as OpenAI7;

  describe.each(responsesModes)("%s", (model) => {
    test("Responses, whole", async () => {
      const answer = await connect().responses.create({ model, input: QUESTION, instructions: "Be brief." });
      readResponse(answer);
      expect(answer.status).toBe("completed");
      expect(answer.output_text).toBeTruthy();
      expect(answer.usage?.output_tokens).toBe(scene.billedOutputTokens);
      expect(answer._request_id).toMatch(/^req_/);
      expect(scene.arkPath).toMatch(model === "translated" ? /\/chat\/completions$/ : /\/responses$/);
    });

    test("Responses, streamed, each event in its order", async () => {
      const stream = await connect().responses.create({ model, input: QUESTION, stream: true });
      const events: ResponseStreamEvent[] = [];
      for await (const event of stream) events.push(event);
      const completed = checkEvents(events);
      expect(completed.usage?.output_tokens).toBe(scene.billedOutputTokens);
    });

    test("Responses, a loop over a function tool", async () => {
      const input: ResponseInputItem[] = [{ role: "user", content: QUESTION }];
      const first = await connect().responses.create({ model, input, tools: [TOOL], store: false });
      const call = onlyCall(first.output);
      expect(call.name).toBe(WEATHER.name);
      expect(JSON.parse(call.arguments)).toHaveProperty("city");
      const output = { type: "function_call_output" as const, call_id: call.call_id, output: "Rain." };
      const second = await connect().responses.create({
        model,
        input: [...input, ...(first.output as ResponseInputItem[]), output],
        tools: [TOOL],
        store: false,
      });
      expect(second.output_text).toBeTruthy();
    });

    test("Responses, a streamed function call whose arguments parse", async () => {
      const stream = await connect().responses.create({
        model,
        input: QUESTION,
        tools: [TOOL],
        tool_choice: { type: "function", name: WEATHER.name },
        stream: true,
      });
      const events: ResponseStreamEvent[] = [];
      for await (const event of stream) events.push(event);
      const deltas = events.flatMap((event) =>
        event.type === "response.function_call_arguments.delta" ? [event.delta] : [],
      );
      const call = onlyCall(checkEvents(events).output);
      expect(deltas.join("")).toBe(call.arguments);
      expect(JSON.parse(call.arguments)).toHaveProperty("city");
    });

    test("Responses, thoughts with encrypted content, given back in the next turn", async () => {
      const input: ResponseInputItem[] = [{ role: "user", content: QUESTION }];
      const asked = {
        model,
        store: false,
        include: ["reasoning.encrypted_content" as const],
        reasoning: { effort: "medium" as const, summary: "auto" as const },
      };
      const first = await connect().responses.create({ ...asked, input });
      const thought = first.output.find((item) => item.type === "reasoning");
      expect(thought?.encrypted_content).toBeTruthy();
      const again = [
        ...input,
        ...(first.output as ResponseInputItem[]),
        { role: "user" as const, content: "Go on." },
      ];
      const second = await connect().responses.create({ ...asked, input: again });
      expect(second.output_text).toBeTruthy();
    });

    test("Responses, kept: the next turn by previous_response_id, retrieved, listed, deleted", async () => {
      const sdk = connect();
      const first = await sdk.responses.create({ model, input: QUESTION, tools: [TOOL], store: true });
      const { call_id } = onlyCall(first.output);
      const second = await sdk.responses.create({
        model,
        previous_response_id: first.id,
        input: [{ type: "function_call_output", call_id, output: "Rain." }],
        tools: [TOOL],
        store: true,
      });
      expect(second.output_text).toBeTruthy();
      expect(second.previous_response_id).toBe(first.id);
      const kept = await sdk.responses.retrieve(second.id);
      expect([kept.id, kept.output_text]).toEqual([second.id, second.output_text]);
      const items: string[] = [];
      for await (const item of sdk.responses.inputItems.list(first.id)) items.push(item.type ?? "message");
      expect(items).toEqual(["message"]);
      await sdk.responses.delete(first.id);
      await expect(sdk.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 });
    });

    test("Responses, a schema that the answer fits", async () => {
      const schema = z.object({ city: z.string(), tides: z.array(z.object({ metres: z.number() })) });
      const answer = await connect().responses.parse({
        model,
        input: QUESTION,
        text: { format: zodTextFormat(schema, "tides") },
      });
      expect(schema.safeParse(answer.output_parsed).success).toBe(true);
    });

    test("Responses, input_tokens", async () => {
      const counted = await connect().responses.inputTokens.count({ model, input: QUESTION });
      expect(counted.object).toBe("response.input_tokens");
      expect(counted.input_tokens).toBeGreaterThan(0);
    });

    test("Responses, errors: Ark's own once, a 429 repeated, an unknown previous response refused", async () => {
      const before = scene.simulator.requests.length;
      scene.simulator.script({ kind: "error", code: "InputTextSensitiveContentDetected" });
      await expect(connect().responses.create({ model, input: QUESTION })).rejects.toMatchObject({
        status: 400,
      });
      expect(scene.simulator.requests.length).toBe(before + 1);
      scene.simulator.script({ kind: "error", code: "ServerOverloaded", retryAfter: "1" });
      expect((await connect().responses.create({ model, input: QUESTION })).output_text).toBeTruthy();
      await expect(
        connect().responses.create({ model, input: QUESTION, previous_response_id: "resp_unknown" }),
      ).rejects.toMatchObject({ status: expect.toSatisfy((status) => status === 400 || status === 404) });
    });

    test("Responses, a cut stream is never taken for a whole one", async () => {
      const sdk = connect({ maxRetries: 0 });
      const asked = {
        model,
        input: QUESTION,
        max_output_tokens: 16,
        reasoning: { effort: "minimal" as const },
      };
      for await (const _event of await sdk.responses.create({ ...asked, stream: true }));
      // The last event of Responses says all, and what lacks only its blank line has come.
      const mark = (model === "translated" ? "\n\n" : "\n\ndata: [DONE]\n\n").length;
      const length = (await scene.arkAnswerBytes()) - mark;
      for (const afterBytes of cutPlaces(length)) {
        scene.simulator.script({ kind: afterBytes % 2 === 0 ? "close" : "reset", afterBytes });
        const seen: string[] = [];
        try {
          for await (const event of await sdk.responses.create({ ...asked, stream: true }))
            seen.push(event.type);
        } catch {
          seen.push("thrown");
        }
        expect(["thrown", "response.failed", "error"], `cut after ${afterBytes} bytes`).toContain(
          seen.at(-1),
        );
      }
    });
  });

  describe.each(wholeResponsesModes)("%s", (model) => {
    test("Responses, the helper that collects a stream", async () => {
      const stream = connect().responses.stream({ model, input: QUESTION });
      let text = "";
      stream.on("response.output_text.delta", (event) => {
        text += event.delta;
      });
      const final = await stream.finalResponse();
      expect(final.output_text).toBe(text);
      expect(text).toBeTruthy();
    });
  });
});
