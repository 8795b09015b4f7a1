/** The bytes of chat answers: key order, what each chunk repeats, what comes when. */
import { describe, expect, test } from "vitest";
import { at, chat, dataOf, SUMMARY_MODEL, startSimulator } from "../../support/running-simulator.ts";

const fixed = { seed: 3, deterministicIds: true, wallMs: () => 1_790_000_000_123 };

const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: {
      type: "object",
      properties: { location: { type: "string" }, unit: { enum: ["celsius"] }, days: { type: "integer" } },
    },
  },
};

/** The concatenated fragments of one member of the deltas. */
function joinedDeltas(text: string, member: string): string {
  return dataOf(text)
    .map((chunk) => at(chunk, "choices", 0, "delta", member) ?? "")
    .join("");
}

describe("a stream", () => {
  test("is, byte for byte, what the page of facts shows", async () => {
    const simulator = await startSimulator(fixed);
    const body = chat({
      max_completion_tokens: 1,
      stream: true,
      stream_options: { include_usage: true },
      thinking: { type: "disabled" },
    });
    const { text, headers, status } = await simulator.post(body);
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("text/event-stream");
    const id = /"id":"([^"]+)"/.exec(text)?.[1];
    const word = /"content":"([^"]+)"/.exec(text)?.[1];
    const rest =
      `"created":1790000000,"id":"${id}","model":"doubao-seed-2-0-lite-260215",` +
      `"service_tier":"default","object":"chat.completion.chunk","usage":`;
    const usage =
      `{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6,` +
      `"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}`;
    expect(text).toBe(
      `data: {"choices":[{"delta":{"content":"${word}","role":"assistant"},"index":0}],${rest}null}\n\n` +
        `data: {"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":"length","index":0}],` +
        `${rest}null}\n\ndata: {"choices":[],${rest}${usage}}\n\ndata: [DONE]\n\n`,
    );
    expect(id).toMatch(/^021790000000123[0-9a-f]{38}$/);
  });

  test("thinks first, then seals, then answers, then finishes", async () => {
    const simulator = await startSimulator();
    const { text } = await simulator.post(chat({ model: SUMMARY_MODEL, stream: true }));
    const order = dataOf(text).map((chunk) => {
      const delta = at(chunk, "choices", 0, "delta");
      if (at(delta, "reasoning_content") !== undefined) return "thought";
      if (at(delta, "encrypted_content") !== undefined) return "sealed";
      return at(chunk, "choices", 0, "finish_reason") === undefined ? "content" : "finish";
    });
    expect(order.filter((part, index) => part !== order[index - 1])).toEqual([
      "thought",
      "sealed",
      "content",
      "finish",
    ]);
    expect(order.filter((part) => part === "sealed")).toHaveLength(1);
    expect(joinedDeltas(text, "encrypted_content")).toMatch(/^djF\+/);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("repeats role and content in every delta and has no finish_reason before the last", async () => {
    const simulator = await startSimulator();
    const chunks = dataOf((await simulator.post(chat({ stream: true }))).text);
    for (const chunk of chunks) {
      expect(at(chunk, "choices", 0, "delta", "role")).toBe("assistant");
      expect(typeof at(chunk, "choices", 0, "delta", "content")).toBe("string");
      expect(chunk["usage"]).toBeNull();
    }
    const finishes = chunks.map((chunk) => Object.hasOwn(at(chunk, "choices", 0) as object, "finish_reason"));
    expect(finishes.indexOf(true)).toBe(chunks.length - 1);
  });

  test("sends usage unasked on the models that do, and on no other", async () => {
    const simulator = await startSimulator();
    for (const [model, sends] of [
      ["glm-5-2-260617", true],
      ["deepseek-v4-pro-ga-260813", true],
      ["deepseek-v4-flash-ga-260731", true],
      ["deepseek-v4-pro-260425", false],
      ["doubao-seed-2-0-lite-260215", false],
    ] as const) {
      const { text } = await simulator.post(chat({ model, stream: true }));
      expect([model, text.includes('"usage":{')]).toEqual([model, sends]);
    }
  });

  test("carries a growing usage on every chunk where chunk_include_usage asks for it", async () => {
    const simulator = await startSimulator();
    const options = { include_usage: true, chunk_include_usage: true };
    const { text } = await simulator.post(chat({ stream: true, stream_options: options }));
    const counts = dataOf(text).map((chunk) => at(chunk, "usage", "completion_tokens") as number);
    expect(counts[0]).toBe(1);
    expect(counts).toEqual([...counts].sort((one, other) => one - other));
    expect(counts.at(-1)).toBe(counts.at(-2));
    expect(counts.at(-1)).toBe(simulator.ark.bill[0]?.completionTokens);
  });

  test("opens a tool call with index, id, type and name, and goes on with fragments", async () => {
    const simulator = await startSimulator();
    const { text } = await simulator.post(chat({ stream: true, tools: [weather] }));
    const calls = dataOf(text).flatMap(
      (chunk) => (at(chunk, "choices", 0, "delta", "tool_calls") ?? []) as object[],
    );
    expect(calls[0]).toEqual({
      index: 0,
      id: expect.stringMatching(/^call_[a-z0-9]{24}$/),
      type: "function",
      function: { name: "get_weather", arguments: "" },
    });
    for (const call of calls.slice(1)) expect(Object.keys(call).sort()).toEqual(["function", "index"]);
    const whole = calls.map((call) => at(call, "function", "arguments")).join("");
    expect(whole.startsWith(" {")).toBe(true);
    expect(JSON.parse(whole)).toEqual({
      location: expect.any(String),
      unit: "celsius",
      days: expect.any(Number),
    });
    expect(text).toContain('"finish_reason":"tool_calls"');
  });

  test("numbers two calls where parallel_tool_calls is asked for", async () => {
    const simulator = await startSimulator();
    const other = { type: "function", function: { name: "get_time" } };
    const tools = [weather, other];
    const { text } = await simulator.post(chat({ stream: true, tools, parallel_tool_calls: true }));
    const openings = dataOf(text)
      .map((chunk) => at(chunk, "choices", 0, "delta", "tool_calls", 0))
      .filter((call) => at(call, "id") !== undefined);
    expect(openings.map((call) => [at(call, "index"), at(call, "function", "name")])).toEqual([
      [0, "get_weather"],
      [1, "get_time"],
    ]);
  });
});

describe("a whole answer", () => {
  test("has the keys of the page of facts, in its order, and no others", async () => {
    const simulator = await startSimulator();
    const { text } = await simulator.post(chat({ model: SUMMARY_MODEL }));
    const answer: unknown = JSON.parse(text);
    expect(Object.keys(answer as object)).toEqual([
      "choices",
      "created",
      "id",
      "model",
      "service_tier",
      "object",
      "usage",
    ]);
    expect(at(answer, "object")).toBe("chat.completion");
    expect(at(answer, "choices", 0)).toEqual({
      finish_reason: "stop",
      index: 0,
      logprobs: null,
      message: {
        role: "assistant",
        content: expect.any(String),
        reasoning_content: expect.any(String),
        encrypted_content: expect.stringMatching(/^djF\+/),
      },
    });
  });

  test("has an empty content, not null, beside tool calls", async () => {
    const simulator = await startSimulator();
    const choice = { type: "function", function: { name: "get_weather" } };
    const { text } = await simulator.post(chat({ tools: [weather], tool_choice: choice }));
    const message = at(JSON.parse(text), "choices", 0, "message");
    expect(at(message, "content")).toBe("");
    expect(at(message, "tool_calls", 0, "function", "name")).toBe("get_weather");
    expect(at(message, "encrypted_content")).toBeUndefined();
  });

  test("calls no tool after a tool's result, nor where tool_choice says none", async () => {
    const simulator = await startSimulator();
    const call = { id: "call_1", type: "function", function: { name: "get_weather", arguments: "{}" } };
    const messages = [
      { role: "user", content: "weather?" },
      { role: "assistant", content: "", tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "sunny" },
    ];
    for (const body of [
      chat({ messages, tools: [weather] }),
      chat({ tools: [weather], tool_choice: "none" }),
    ]) {
      expect((await simulator.post(body)).text).toContain('"finish_reason":"stop"');
    }
  });

  test("is JSON of the schema where a schema is asked for", async () => {
    const simulator = await startSimulator();
    const schema = {
      type: "object",
      properties: { city: { $ref: "#/$defs/City" }, tags: { type: "array", items: { type: "string" } } },
      $defs: { City: { type: "object", properties: { name: { const: "杭州" } } } },
    };
    const format = { type: "json_schema", json_schema: { name: "place", schema } };
    const { text } = await simulator.post(chat({ response_format: format }));
    const content = at(JSON.parse(text), "choices", 0, "message", "content");
    expect(JSON.parse(String(content))).toEqual({ city: { name: "杭州" }, tags: [expect.any(String)] });
  });

  test("survives a schema that refers to itself", async () => {
    const simulator = await startSimulator();
    const node = { type: "object", properties: { a: { $ref: "#" }, b: { $ref: "#" }, c: { $ref: "#" } } };
    const format = { type: "json_schema", json_schema: { name: "tree", schema: node } };
    const { status, text } = await simulator.post(chat({ response_format: format, max_tokens: 100_000 }));
    expect(status).toBe(200);
    expect(text.length).toBeLessThan(20_000);
  });
});

describe("the same seed and body", () => {
  const body = chat({ stream: true, stream_options: { include_usage: true }, tools: [weather] });

  test("give the same bytes where ids and clock are fixed", async () => {
    const one = await (await startSimulator(fixed)).post(body);
    const other = await (await startSimulator(fixed)).post(body);
    expect(one.text).toBe(other.text);
    expect(one.headers.get("date")).toBe(other.headers.get("date"));
  });

  test("give the same but for id and created where they are not", async () => {
    const blank = (text: string): string => text.replaceAll(/"(?:id|created)":(?:"[^"]*"|\d+)/g, '"id":""');
    const one = await (await startSimulator({ seed: 3 })).post(body);
    const other = await (await startSimulator({ seed: 3 })).post(body);
    expect(one.text).not.toBe(other.text);
    expect(blank(one.text)).toBe(blank(other.text));
  });

  test("another seed, or another body, says something else", async () => {
    const say = async (seed: number, content: string): Promise<string> =>
      joinedDeltas(
        (await (await startSimulator({ seed })).post(chat({ stream: true }, content))).text,
        "content",
      );
    const said = await say(1, "a");
    expect(await say(2, "a")).not.toBe(said);
    expect(await say(1, "b")).not.toBe(said);
  });
});
