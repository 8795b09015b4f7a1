/** The bytes of Responses answers: the object's keys, the order of events, what each of them carries. */
import { describe, expect, test } from "vitest";
import { at, chat, RAW_MODEL, SUMMARY_MODEL, startSimulator } from "../../support/running-simulator.ts";
import {
  eventOrder,
  type ResponseEvent,
  respond,
  responseEvents,
  weatherFunction,
} from "../../support/simulated-responses.ts";

const fixed = { seed: 3, deterministicIds: true, wallMs: () => 1_790_000_000_123 };
const noThoughts = { thinking: { type: "disabled" } };

const thoughtEvents = [
  "output_item.added",
  "reasoning_summary_part.added",
  "reasoning_summary_text.delta",
  "reasoning_summary_text.done",
  "reasoning_summary_part.done",
  "output_item.done",
];
const textEvents = [
  "output_item.added",
  "content_part.added",
  "output_text.delta",
  "output_text.done",
  "content_part.done",
  "output_item.done",
];
const callEvents = [
  "output_item.added",
  "function_call_arguments.delta",
  "function_call_arguments.done",
  "output_item.done",
];

function deltasOf(events: readonly ResponseEvent[], type: string): string {
  return events
    .filter(({ event }) => event === `response.${type}.delta`)
    .map(({ data }) => String(data["delta"]))
    .join("");
}

function responseOf(events: readonly ResponseEvent[]): unknown {
  return events.at(-1)?.data["response"];
}

/** An object with its ids and its time taken out. */
function withoutIds(value: unknown): unknown {
  const hidden = new Set(["id", "call_id", "item_id", "created_at", "expire_at"]);
  const text = JSON.stringify(value, (name, member) => (hidden.has(name) ? undefined : member));
  return JSON.parse(text);
}

describe("a whole answer", () => {
  test("is, byte for byte, what the page of facts shows", async () => {
    const simulator = await startSimulator(fixed);
    const { text, status, headers } = await respond(simulator, { ...noThoughts, max_output_tokens: 1 });
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    const id = /"id":"(resp_[^"]+)"/.exec(text)?.[1];
    const itemId = /"id":"(msg_[^"]+)"/.exec(text)?.[1];
    const word = /"text":"([^"]+)"/.exec(text)?.[1];
    expect(text).toBe(
      `{"created_at":1790000000,"id":"${id}","incomplete_details":{"reason":"length"}` +
        `,"max_output_tokens":1,"model":"${RAW_MODEL}","object":"response","output":[{"type":"message"` +
        `,"role":"assistant","content":[{"type":"output_text","text":"${word}"}],"status":"incomplete"` +
        `,"id":"${itemId}"}],"thinking":{"type":"disabled"},"service_tier":"default","status":"incomplete"` +
        `,"usage":{"input_tokens":5,"output_tokens":1,"total_tokens":6` +
        `,"input_tokens_details":{"cached_tokens":0},"output_tokens_details":{"reasoning_tokens":0}}` +
        `,"caching":{"type":"disabled"},"store":true,"expire_at":1790259200}`,
    );
    expect(id).toMatch(/^resp_021790000000123[0-9a-f]{38}$/);
    expect(itemId).toMatch(/^msg_0217900000001230{20}ffff[0-9a-f]{14}$/);
  });

  test("echoes what was sent, and nothing else", async () => {
    const simulator = await startSimulator();
    const sent = {
      instructions: "Be brief.",
      temperature: 0.5,
      top_p: 0.9,
      tools: [weatherFunction],
      tool_choice: "none",
      parallel_tool_calls: false,
      max_tool_calls: 2,
      reasoning: { effort: "low" },
      thinking: { type: "enabled" },
      text: { format: { type: "text" } },
      caching: { type: "disabled" },
      session: { id: "s" },
      safety_identifier: "u",
    };
    const echoed = JSON.parse((await respond(simulator, sent)).text);
    expect(echoed).toMatchObject(sent);
    const plain = JSON.parse((await respond(simulator)).text);
    expect(Object.keys(plain)).toEqual([
      "created_at",
      "id",
      "max_output_tokens",
      "model",
      "object",
      "output",
      "service_tier",
      "status",
      "usage",
      "caching",
      "store",
      "expire_at",
    ]);
    expect(plain.max_output_tokens).toBe(32_768);
  });

  test("shows thoughts as a summary, sealed only for those who ask, and has no annotations", async () => {
    const simulator = await startSimulator();
    const plain = JSON.parse((await respond(simulator, { model: SUMMARY_MODEL })).text);
    expect(plain.output.map((item: { type: string }) => item.type)).toEqual(["reasoning", "message"]);
    expect(Object.keys(plain.output[0])).toEqual(["id", "type", "summary", "status"]);
    expect(plain.output[0].id).toMatch(/^rs_/);
    expect(plain.output[0].summary).toEqual([{ type: "summary_text", text: expect.stringMatching(/./) }]);
    expect(Object.keys(plain.output[1].content[0])).toEqual(["type", "text"]);
    const include = ["reasoning.encrypted_content"];
    const sealed = JSON.parse((await respond(simulator, { model: SUMMARY_MODEL, include })).text);
    expect(sealed.output[0].encrypted_content).toMatch(/^djF\+/);
    const raw = JSON.parse((await respond(simulator, { include })).text);
    expect(raw.output[0]).not.toHaveProperty("encrypted_content");
  });

  test("calls functions, with the arguments' leading space", async () => {
    const simulator = await startSimulator();
    const answer = JSON.parse((await respond(simulator, { ...noThoughts, tools: [weatherFunction] })).text);
    expect(answer.output).toHaveLength(1);
    expect(Object.keys(answer.output[0])).toEqual(["arguments", "call_id", "name", "type", "id", "status"]);
    expect(answer.output[0]).toMatchObject({
      name: "get_weather",
      type: "function_call",
      status: "completed",
    });
    expect(answer.output[0].call_id).toMatch(/^call_[0-9a-z]{24}$/);
    expect(answer.output[0].id).toMatch(/^fc_/);
    expect(answer.output[0].arguments).toMatch(/^ \{/);
    expect(answer.status).toBe("completed");
  });

  test("calls several functions where it may, the named one where it must, none where it must not", async () => {
    const simulator = await startSimulator();
    const tools = ["a", "b"].map((name) => ({ ...weatherFunction, name }));
    const named = async (more: Record<string, unknown>): Promise<unknown[]> => {
      const answer = JSON.parse((await respond(simulator, { ...noThoughts, tools, ...more })).text);
      return answer.output.map((item: { type: string; name?: string }) => item.name ?? item.type);
    };
    expect(await named({ parallel_tool_calls: true })).toEqual(["a", "b"]);
    expect(await named({ tool_choice: { type: "function", name: "b" } })).toEqual(["b"]);
    expect(await named({ tool_choice: "none" })).toEqual(["message"]);
    const output = { type: "function_call_output", call_id: "c", output: "5" };
    expect(await named({ input: [{ role: "user", content: "a" }, output] })).toEqual(["message"]);
  });

  test("is what a schema asks for", async () => {
    const simulator = await startSimulator();
    const schema = { type: "object", properties: { city: { type: "string" } } };
    const text = { format: { type: "json_schema", name: "place", schema } };
    const answer = JSON.parse((await respond(simulator, { ...noThoughts, text })).text);
    expect(JSON.parse(answer.output[0].content[0].text)).toEqual({ city: expect.any(String) });
  });

  test("has no output where thoughts alone use up the limit, and bills them", async () => {
    const simulator = await startSimulator();
    const answer = JSON.parse((await respond(simulator, { max_output_tokens: 3 })).text);
    expect(answer).toMatchObject({
      status: "incomplete",
      output: [],
      incomplete_details: { reason: "length" },
    });
    expect(answer.usage).toMatchObject({ output_tokens: 3, output_tokens_details: { reasoning_tokens: 3 } });
  });
});

describe("a stream", () => {
  const wholeStreams: readonly (readonly [what: string, more: Record<string, unknown>, order: string[]])[] = [
    ["text", noThoughts, [...textEvents, "completed"]],
    ["thoughts and text", {}, [...thoughtEvents, ...textEvents, "completed"]],
    [
      "sealed thoughts",
      { model: SUMMARY_MODEL, include: ["reasoning.encrypted_content"] },
      [...thoughtEvents, ...textEvents, "completed"],
    ],
    ["a call", { ...noThoughts, tools: [weatherFunction] }, [...callEvents, "completed"]],
    ["thoughts and a call", { tools: [weatherFunction] }, [...thoughtEvents, ...callEvents, "completed"]],
    [
      "two calls",
      {
        ...noThoughts,
        parallel_tool_calls: true,
        tools: [weatherFunction, { ...weatherFunction, name: "other" }],
      },
      [...callEvents, ...callEvents, "completed"],
    ],
    ["a cut text", { ...noThoughts, max_output_tokens: 4 }, [...textEvents, "incomplete"]],
    [
      "a cut call",
      { ...noThoughts, max_output_tokens: 2, tools: [weatherFunction] },
      [...callEvents, "incomplete"],
    ],
    ["cut thoughts", { max_output_tokens: 2 }, [...thoughtEvents, "incomplete"]],
  ];

  test.each(wholeStreams)("of %s has every event in order", async (_what, more, order) => {
    const simulator = await startSimulator();
    const { text, headers } = await respond(simulator, { stream: true, ...more });
    expect(headers.get("content-type")).toBe("text/event-stream");
    expect(text.endsWith("\n\ndata: [DONE]\n\n")).toBe(true);
    const events = responseEvents(text);
    expect(eventOrder(events)).toEqual(["created", "in_progress", ...order]);
    expect(events.map(({ data }) => data["sequence_number"])).toEqual(events.map((_, index) => index));
    expect(events.map(({ data }) => data["type"])).toEqual(events.map(({ event }) => event));
  });

  test.each(wholeStreams)("of %s ends in what the whole answer is", async (_what, more) => {
    const simulator = await startSimulator();
    const events = responseEvents((await respond(simulator, { ...more, stream: true })).text);
    const whole = JSON.parse((await respond(simulator, more)).text);
    expect(withoutIds(responseOf(events))).toEqual(withoutIds(whole));
  });

  test.each(wholeStreams)("of %s says in its deltas what its items hold", async (_what, more) => {
    const simulator = await startSimulator();
    const events = responseEvents((await respond(simulator, { ...more, stream: true })).text);
    const done = events.filter(({ event }) => event === "response.output_item.done");
    for (const { data } of done) {
      const item = data["item"];
      const own = events.filter(({ data: other }) => other["item_id"] === at(item, "id"));
      expect(new Set(own.map(({ data: other }) => other["output_index"]))).toEqual(
        new Set([data["output_index"]]),
      );
      const text = at(item, "summary", 0, "text") ?? at(item, "content", 0, "text") ?? at(item, "arguments");
      const names = ["reasoning_summary_text", "output_text", "function_call_arguments"];
      expect(names.map((name) => deltasOf(own, name)).join("")).toBe(text);
      const closing = own.map(({ data: other }) => other["text"] ?? other["arguments"]);
      expect(closing.filter((said) => said !== undefined)).toEqual([text]);
    }
    const last = at(responseOf(events), "output");
    if (Array.isArray(last) && last.length > 0) expect(done.map(({ data }) => data["item"])).toEqual(last);
  });

  test("begins with less than it ends with, as Ark's does", async () => {
    const simulator = await startSimulator();
    const more = { stream: true, model: SUMMARY_MODEL, include: ["reasoning.encrypted_content"] };
    const events = responseEvents((await respond(simulator, more)).text);
    const created = events[0]?.data["response"];
    for (const name of ["status", "output", "usage"]) expect(created).not.toHaveProperty(name);
    expect(at(created, "id")).toBe(at(responseOf(events), "id"));
    expect(events[1]?.data["response"]).toEqual(created);
    const added = events.filter(({ event }) => event === "response.output_item.added");
    const sealed = expect.stringMatching(/^djF\+/);
    expect(added.map(({ data }) => data["item"])).toEqual([
      { id: expect.any(String), type: "reasoning", status: "in_progress", encrypted_content: sealed },
      { type: "message", role: "assistant", status: "in_progress", id: expect.any(String) },
    ]);
    const parts = events.filter(({ event }) => event.endsWith("part.added"));
    expect(parts.map(({ data }) => data["part"])).toEqual([
      { type: "summary_text" },
      { type: "output_text" },
    ]);
  });
});

describe("the words of both doors", () => {
  test("are the same, and cost the same", async () => {
    const simulator = await startSimulator();
    const call = { name: "get_weather", arguments: "{}" };
    const { type, ...described } = weatherFunction;
    const chatBody = chat({
      tools: [{ type, function: described }],
      messages: [
        { role: "system", content: "简短。" },
        {
          role: "user",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
        { role: "assistant", content: "", tool_calls: [{ id: "c", type, function: call }] },
        { role: "tool", tool_call_id: "c", content: "5度" },
      ],
    });
    await simulator.post(chatBody);
    await respond(simulator, {
      tools: [weatherFunction],
      instructions: "简短。",
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "a" },
            { type: "input_text", text: "b" },
          ],
        },
        { type: "reasoning", summary: [{ type: "summary_text", text: "hm" }] },
        { type: "function_call", call_id: "c", ...call },
        { type: "function_call_output", call_id: "c", output: "5度" },
      ],
    });
    const [chatLine, responsesLine] = simulator.ark.bill;
    expect(responsesLine?.promptTokens).toBe(chatLine?.promptTokens);
  });
});
