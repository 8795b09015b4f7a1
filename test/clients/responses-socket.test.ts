/** OpenAI's own SDK, versions 6 and 7, with Responses over a WebSocket: turns, lanes, warm-ups, errors. */
import { OpenAI as OpenAI6 } from "openai-6";
import { ResponsesWS as ResponsesWS6 } from "openai-6/resources/responses/ws";
import { OpenAI as OpenAI7 } from "openai-7";
import type {
  Response,
  ResponseStreamEvent,
  ResponsesClientEvent,
} from "openai-7/resources/responses/responses";
import { ResponsesWS as ResponsesWS7 } from "openai-7/resources/responses/ws";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkEvents, readResponse } from "./response-shapes.ts";
import { KEY, modes, QUESTION, useScene, WEATHER } from "./scene.ts";

const scene = useScene();

const TOOL = {
  type: "function" as const,
  name: WEATHER.name,
  description: WEATHER.description,
  parameters: WEATHER.schema,
  strict: true,
};

type Create = Omit<ResponsesClientEvent.ResponseCreate, "type">;

/** The SDK's socket, read to the end of one response at a time. */
class Conversation {
  readonly socket: ResponsesWS7;
  readonly #events: ReturnType<ResponsesWS7["stream"]>;

  constructor(Sdk: typeof OpenAI7, Socket: typeof ResponsesWS7) {
    this.socket = new Socket(new Sdk({ baseURL: scene.baseUrl, apiKey: KEY, maxRetries: 0 }));
    this.#events = this.socket.stream();
    onTestFinished(() => this.socket.close());
  }

  send(create: Create): void {
    this.socket.send({ type: "response.create", store: false, ...create });
  }

  /** All events up to the last of this many responses. */
  async read(responses = 1): Promise<ResponseStreamEvent[]> {
    const events: ResponseStreamEvent[] = [];
    for (let left = responses; left > 0; ) {
      const { value } = await this.#events.next();
      if (value?.type === "error") throw value.error;
      if (value?.type === "close") throw new Error(`closed with ${value.code}`);
      if (value?.type !== "message") continue;
      events.push(value.message as ResponseStreamEvent);
      if (value.message.type === "response.completed") left--;
    }
    return events;
  }

  async run(create: Create): Promise<Response> {
    this.send(create);
    const last = (await this.read()).at(-1);
    if (last?.type !== "response.completed") throw new Error("no end");
    return last.response;
  }
}

describe.each([
  ["openai 6", OpenAI6 as unknown as typeof OpenAI7, ResponsesWS6 as unknown as typeof ResponsesWS7],
  ["openai 7", OpenAI7, ResponsesWS7],
] as const)("%s", (_client, Sdk, Socket) => {
  describe.each(modes)("%s", (model) => {
    test("Responses over a WebSocket, each event in its order", async () => {
      const conversation = new Conversation(Sdk, Socket);
      conversation.send({ model, input: QUESTION });
      const completed = checkEvents(await conversation.read());
      readResponse(completed);
      expect(completed.usage?.output_tokens).toBe(scene.billedOutputTokens);
    });

    test("Responses over a WebSocket, a loop over a function tool, whose second turn brings only the tool's result", async () => {
      const conversation = new Conversation(Sdk, Socket);
      const choice = { type: "function" as const, name: TOOL.name };
      const first = await conversation.run({ model, input: QUESTION, tools: [TOOL], tool_choice: choice });
      const call = first.output.find((item) => item.type === "function_call");
      const result = { type: "function_call_output" as const, call_id: call?.call_id ?? "", output: "Rain." };
      const second = await conversation.run({
        model,
        previous_response_id: first.id,
        input: [result],
        tools: [TOOL],
        tool_choice: "none",
      });
      readResponse(second);
      const sent = scene.simulator.requests.at(-1)?.body.toString("utf8") ?? "";
      for (const text of [QUESTION, "Rain."]) expect(sent.split(text).length - 1).toBe(1);
    });

    test("Responses over a WebSocket, a warm-up, and the turn that goes on from it", async () => {
      const conversation = new Conversation(Sdk, Socket);
      const billed = scene.simulator.bill.length;
      const warm = await conversation.run({ model, input: QUESTION, generate: false } as Create);
      expect(scene.simulator.bill.length).toBe(billed);
      readResponse(warm);
      await conversation.run({ model, previous_response_id: warm.id, input: "Be brief." });
      expect(scene.simulator.requests.at(-1)?.body.toString("utf8")).toContain(QUESTION);
    });

    test("Responses over a WebSocket, two lanes at once, each with its own events", async () => {
      const conversation = new Conversation(Sdk, Socket);
      for (const lane of ["planner", "research"])
        conversation.send({ model, input: QUESTION, stream_id: lane });
      const events = (await conversation.read(2)) as (ResponseStreamEvent & { stream_id?: string })[];
      for (const lane of ["planner", "research"])
        checkEvents(events.filter(({ stream_id }) => stream_id === lane));
    });

    test("Responses over a WebSocket, an id that nobody keeps is an error with its code, and the connection goes on", async () => {
      const conversation = new Conversation(Sdk, Socket);
      const stray = { model, input: QUESTION, previous_response_id: `resp_vp${"0".repeat(32)}` };
      await expect(conversation.run(stray)).rejects.toMatchObject({
        error: { status: 400, error: { code: "previous_response_not_found" } },
      });
      readResponse(await conversation.run({ model, input: QUESTION }));
    });
  });
});
