/** The bytes of Messages answers: the object's keys, the order of events, what each of them carries. */
import { describe, expect, test } from "vitest";
import { at, chat, RAW_MODEL, SUMMARY_MODEL, startSimulator } from "../../support/running-simulator.ts";
import {
  askMessages,
  COUNT_PATH,
  eventRuns,
  messageOf,
  messagesBody,
  PING,
  weatherTool,
} from "../../support/simulated-messages.ts";

const fixed = { seed: 3, deterministicIds: true, wallMs: () => 1_790_000_000_123 };
const noThoughts = { thinking: { type: "disabled" } };
const forced = { tools: [weatherTool], tool_choice: { type: "tool", name: "get_weather" } };

/** A text of about so many tokens. */
function longText(words: number): string {
  return Array.from({ length: words }, (_, index) => `word${index}`).join(" ");
}

describe("a stream", () => {
  test("is, byte for byte, Anthropic's with what Ark says of it", async () => {
    const simulator = await startSimulator(fixed);
    const { text, headers, status } = await askMessages(simulator, {
      ...noThoughts,
      max_tokens: 1,
      stream: true,
    });
    expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    const id = /"id":"(021790000000123[0-9a-f]{38})"/.exec(text)?.[1];
    const word = /"text":"([^"]+)"/.exec(text)?.[1];
    expect(text).toBe(
      'event: message_start\ndata: {"type":"message_start","message":' +
        `{"id":"${id}","type":"message","role":"assistant","model":"${RAW_MODEL}","content":[]` +
        ',"stop_reason":null,"stop_sequence":null' +
        ',"usage":{"input_tokens":5,"cache_read_input_tokens":0,"output_tokens":0}}}\n\n' +
        'event: ping\ndata: {"type":"ping"}\n\n' +
        'event: content_block_start\ndata: {"type":"content_block_start","index":0' +
        ',"content_block":{"type":"text","text":""}}\n\n' +
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0' +
        `,"delta":{"type":"text_delta","text":"${word}"}}\n\n` +
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n' +
        'event: message_delta\ndata: {"type":"message_delta"' +
        ',"delta":{"stop_reason":"max_tokens","stop_sequence":null}' +
        ',"usage":{"input_tokens":5,"cache_read_input_tokens":0,"output_tokens":1}}\n\n' +
        'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    );
  });

  test("thinks, signs, and answers, each block whole before the next begins", async () => {
    const simulator = await startSimulator(fixed);
    const { text } = await askMessages(simulator, { model: SUMMARY_MODEL, stream: true });
    expect(eventRuns(text)).toEqual([
      "message_start",
      "ping",
      "content_block_start",
      "content_block_delta thinking_delta",
      "content_block_delta signature_delta",
      "content_block_stop",
      "content_block_start",
      "content_block_delta text_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    expect(text.split("signature_delta")).toHaveLength(2);
    expect(at(messageOf(text), "content", 0, "signature")).toMatch(/^djF\+/);
  });

  test("gives each tool call a block of its own, its input in fragments", async () => {
    const simulator = await startSimulator(fixed);
    const second = { ...weatherTool, name: "get_time" };
    const { text } = await askMessages(simulator, {
      ...noThoughts,
      stream: true,
      tools: [weatherTool, second],
      tool_choice: { type: "any", disable_parallel_tool_use: false },
    });
    const block = ["content_block_start", "content_block_delta input_json_delta", "content_block_stop"];
    expect(eventRuns(text)).toEqual([
      "message_start",
      "ping",
      ...block,
      ...block,
      "message_delta",
      "message_stop",
    ]);
    const { content, stop_reason: stopReason } = messageOf(text);
    expect(stopReason).toBe("tool_use");
    expect(content).toEqual(
      ["get_weather", "get_time"].map((name) => ({
        type: "tool_use",
        id: expect.stringMatching(/^call_[0-9a-z]{24}$/),
        name,
        input: { location: expect.any(String), days: expect.any(Number) },
      })),
    );
  });

  test.each([
    ["a text", { ...noThoughts }],
    ["raw thoughts", {}],
    ["a digest of thoughts", { model: SUMMARY_MODEL }],
    ["a tool call", { ...forced }],
    ["a JSON text", { ...noThoughts, output_format: { type: "json_object" }, system: "Answer in json." }],
    ["what a bound has cut", { max_tokens: 40 }],
    ["thoughts that a bound has cut", { max_tokens: 3 }],
  ])("says in pieces what a whole answer says at once: %s", async (_name, more) => {
    const simulator = await startSimulator({ seed: 9 });
    const streamed = messageOf((await askMessages(simulator, { ...more, stream: true })).text);
    const whole = JSON.parse((await askMessages(simulator, more)).text) as Record<string, unknown>;
    const plain = (message: unknown): unknown =>
      JSON.parse(JSON.stringify(message).replace(/"(02[0-9a-f]{51}|call_[0-9a-z]{24})"/g, '"id"'));
    expect(plain(streamed)).toEqual(plain(whole));
    expect(Object.keys(whole)).toEqual([
      "id",
      "type",
      "role",
      "model",
      "content",
      "stop_reason",
      "stop_sequence",
      "usage",
    ]);
    const [first, second] = simulator.ark.bill;
    const counts = ["promptTokens", "cachedTokens", "completionTokens", "reasoningTokens"] as const;
    for (const count of counts) expect([count, first?.[count]]).toEqual([count, second?.[count]]);
  });
});

describe("the end of an answer", () => {
  test.each([
    ["end_turn", { ...noThoughts }],
    ["max_tokens", { ...noThoughts, max_tokens: 2 }],
    ["tool_use", forced],
  ])("is %s", async (reason, more) => {
    const simulator = await startSimulator();
    const { text } = await askMessages(simulator, more);
    expect(JSON.parse(text)).toMatchObject({ stop_reason: reason, stop_sequence: null });
  });

  test("max_tokens bounds thoughts and answer together, exactly", async () => {
    const simulator = await startSimulator({ replyTokens: 10 });
    await askMessages(simulator);
    const wanted = simulator.ark.bill[0]?.completionTokens ?? 0;
    const asked = async (max_tokens: number): Promise<unknown> =>
      at(JSON.parse((await askMessages(simulator, { max_tokens })).text), "usage", "output_tokens");
    expect(await asked(4)).toBe(4);
    const { text } = await askMessages(simulator, { max_tokens: 4 });
    expect(at(JSON.parse(text), "content", 0, "type")).toBe("thinking");
    expect(at(JSON.parse(text), "content", 1)).toBeUndefined();
    expect(wanted).toBeGreaterThan(10);
  });

  test("arguments that break off are no input in a whole answer, and half of it in a stream", async () => {
    const simulator = await startSimulator();
    simulator.ark.script({ kind: "broken_arguments" }, { kind: "broken_arguments" });
    const { text } = await askMessages(simulator, { ...noThoughts, ...forced });
    expect(at(JSON.parse(text), "content", 0, "input")).toEqual({});
    const streamed = await askMessages(simulator, { ...noThoughts, ...forced, stream: true });
    expect(() => messageOf(streamed.text)).toThrow(SyntaxError);
  });
});

describe("usage", () => {
  test("counts what the prompt cache held apart, and the bill counts it in", async () => {
    const simulator = await startSimulator();
    const messages = [{ role: "user", content: longText(2_000) }];
    const first = JSON.parse((await askMessages(simulator, { ...noThoughts, messages })).text);
    const second = JSON.parse((await askMessages(simulator, { ...noThoughts, messages })).text);
    const promptTokens = simulator.ark.bill[1]?.promptTokens ?? 0;
    const cachedTokens = simulator.ark.bill[1]?.cachedTokens ?? 0;
    expect(first).toMatchObject({
      usage: { input_tokens: promptTokens, cache_read_input_tokens: 0 },
    });
    expect(cachedTokens).toBeGreaterThan(1_024);
    expect(second).toMatchObject({
      usage: { input_tokens: promptTokens - cachedTokens, cache_read_input_tokens: cachedTokens },
    });
  });

  test("is what the same words cost on chat", async () => {
    const simulator = await startSimulator({ replyTokens: 7 });
    await askMessages(simulator, {
      ...noThoughts,
      system: [{ type: "text", text: "Be brief." }],
      messages: [
        { role: "user", content: [{ type: "text", text: "What is the weather?" }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "I shall look.", signature: "c2ln" },
            { type: "text", text: "I look." },
            { type: "tool_use", id: "call_1", name: "get_weather", input: { location: "北京" } },
          ],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "call_1", content: "Rain." }] },
      ],
    });
    const described = { name: "get_weather", arguments: '{"location":"北京"}' };
    await simulator.post(
      chat({
        ...noThoughts,
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "What is the weather?" },
          {
            role: "assistant",
            content: "I look.",
            tool_calls: [{ id: "call_1", type: "function", function: described }],
          },
          { role: "tool", tool_call_id: "call_1", content: "Rain." },
        ],
      }),
    );
    const [messagesLine, chatLine] = simulator.ark.bill;
    expect(messagesLine).toMatchObject({ api: "messages", completionTokens: 7 });
    expect(chatLine).toMatchObject({ api: "chat", completionTokens: 7 });
    expect(messagesLine?.promptTokens).toBe(chatLine?.promptTokens);
  });
});

describe("thinking", () => {
  const thoughts = async (more: Record<string, unknown>): Promise<number> => {
    const simulator = await startSimulator({ replyTokens: 5 });
    await askMessages(simulator, more);
    return simulator.ark.bill[0]?.reasoningTokens ?? 0;
  };

  test("is on unless switched off, and an effort makes it longer or none", async () => {
    expect(await thoughts({})).toBeGreaterThan(0);
    expect(await thoughts({ thinking: { type: "adaptive" } })).toBeGreaterThan(0);
    expect(await thoughts({ thinking: { type: "enabled", budget_tokens: 2_000 } })).toBeGreaterThan(0);
    expect(await thoughts(noThoughts)).toBe(0);
    expect(await thoughts({ output_config: { effort: "minimal" } })).toBe(0);
  });

  test("signs raw thoughts with something opaque too", async () => {
    const simulator = await startSimulator();
    const [thought] = JSON.parse((await askMessages(simulator)).text).content;
    expect(thought).toMatchObject({
      type: "thinking",
      signature: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
    });
  });

  test("comes back in the next turn as it was given", async () => {
    const simulator = await startSimulator();
    const { content } = JSON.parse((await askMessages(simulator, { model: SUMMARY_MODEL })).text);
    const messages = [
      { role: "user", content: "你好" },
      { role: "assistant", content },
      { role: "user", content: "And now?" },
    ];
    expect((await askMessages(simulator, { model: SUMMARY_MODEL, messages })).status).toBe(200);
  });
});

describe("counting tokens", () => {
  test("tells what a call would cost, and costs nothing itself", async () => {
    const simulator = await startSimulator();
    const more = { system: "Be brief.", tools: [weatherTool] };
    const { max_tokens: _, ...body } = messagesBody(more);
    const { status, text } = await simulator.post(body, { path: COUNT_PATH });
    expect(status).toBe(200);
    await askMessages(simulator, more);
    const [counting, asking] = simulator.ark.bill;
    expect(JSON.parse(text)).toEqual({ input_tokens: asking?.promptTokens });
    expect(counting).toEqual({
      api: "count_tokens",
      requestId: expect.any(String),
      clientRequestId: null,
      modelAsked: RAW_MODEL,
      modelServed: RAW_MODEL,
      status: 200,
      stream: false,
      promptTokens: 0,
      cachedTokens: 0,
      completionTokens: 0,
      reasoningTokens: 0,
      ended: "complete",
    });
  });

  test("counts images and documents, wherever they stand", async () => {
    const simulator = await startSimulator();
    const count = async (content: unknown): Promise<number> => {
      const body = messagesBody({ messages: [{ role: "user", content }] });
      return JSON.parse((await simulator.post(body, { path: COUNT_PATH })).text).input_tokens;
    };
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } };
    const page = {
      type: "document",
      source: { type: "base64", media_type: "application/pdf", data: "AA==" },
    };
    const plain = { type: "document", source: { type: "text", media_type: "text/plain", data: "x" } };
    const text = await count([{ type: "text", text: "x" }]);
    expect(await count([image])).toBeGreaterThan(text + 200);
    expect(await count([page])).toBeGreaterThan(text + 200);
    expect(await count([plain])).toBe(text);
    const result = { type: "tool_result", tool_use_id: "call_1", content: [image] };
    expect(await count([result])).toBeGreaterThan(text + 200);
  });
});

test("a stream of this protocol has a ping early, and no [DONE]", async () => {
  const simulator = await startSimulator();
  const { text } = await askMessages(simulator, { stream: true });
  expect(text.indexOf(PING)).toBe(text.indexOf("\n\n") + 2);
  expect(text).not.toContain("[DONE]");
});
