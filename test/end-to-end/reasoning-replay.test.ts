/** A tool loop by a client that drops thoughts: the gateway brings them back, for the same caller alone. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answered, callChat } from "../support/gateway-call.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";
import { eventDataOf } from "../support/whole-stream.ts";

/** With thoughts as they are, and with a digest of them and Ark's own form. */
const models = ["doubao-seed-2-0-lite-260215", "doubao-seed-2-1-pro-260628"];
const tools = [{ type: "function", function: { name: "weather", description: "Says the weather." } }];
const question = { role: "user", content: "What is the weather in Beijing?" };

let gateway: RunningGateway;
let forgetful: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway();
  forgetful = await startGateway({ settings: { reasoning: { memory: false } } });
});

afterAll(() => Promise.all([gateway.close(), forgetful.close()]));

type Thoughts = { readonly reasoning_content?: string; readonly encrypted_content?: string };
type Message = Thoughts & { readonly content?: string; readonly tool_calls?: { readonly id: string }[] };

/** The answer's message, put together as clients do. */
function messageOf(answer: Answered, stream: boolean): Message {
  if (!stream) return JSON.parse(answer.text).choices[0].message;
  let text = "";
  let message: Message = {};
  for (const data of eventDataOf(answer.bytes).slice(0, -1)) {
    const delta: Message = JSON.parse(data).choices[0]?.delta ?? {};
    text += delta.reasoning_content ?? "";
    const [call] = delta.tool_calls ?? [];
    if (call?.id !== undefined) message = { ...message, tool_calls: [...(message.tool_calls ?? []), call] };
    if (delta.encrypted_content) message = { ...message, encrypted_content: delta.encrypted_content };
  }
  return { ...message, reasoning_content: text };
}

function body(model: string, stream: boolean, ...later: object[]): object {
  return {
    model,
    stream,
    tools,
    tool_choice: later.length === 0 ? "required" : "auto",
    messages: [question, ...later],
  };
}

type SecondTurn = {
  readonly thoughts: Thoughts;
  readonly replayed: Thoughts;
  readonly changes: readonly string[];
};

/** Two turns; the second, of `next`, brings back the calls without their thoughts. */
async function loop(
  running: RunningGateway,
  model: string,
  stream: boolean,
  { key, next = model }: { readonly key?: string; readonly next?: string } = {},
): Promise<SecondTurn> {
  const first = await callChat(running, body(model, stream));
  const { tool_calls: calls, reasoning_content, encrypted_content } = messageOf(first, stream);
  const results = (calls ?? []).map(({ id }) => ({ role: "tool", tool_call_id: id, content: "Sunny." }));
  expect(results.length).toBeGreaterThan(0);
  const asked = { role: "assistant", content: "", tool_calls: calls };
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const second = await callChat(running, body(next, stream, asked, ...results), { headers });
  expect([second.status, second.text]).toEqual([200, expect.any(String)]);
  const sent = JSON.parse(running.simulator.requests.at(-1)?.body.toString() ?? "{}");
  const thoughts = { reasoning_content, ...(encrypted_content ? { encrypted_content } : {}) };
  const { role: _role, content: _content, tool_calls: _calls, ...replayed } = sent.messages[1];
  return { thoughts: thoughts as Thoughts, replayed, changes: second.changes };
}

test.each(models)("%s gets its thoughts back, whole and streamed", async (model) => {
  for (const stream of [false, true]) {
    const { thoughts, replayed, changes } = await loop(gateway, model, stream);
    expect(thoughts.reasoning_content?.length).toBeGreaterThan(0);
    expect(replayed).toEqual(thoughts);
    expect(changes).toContain("reasoning_replay");
    expect(changes).toContain("empty_tool_parameters");
  }
});

test("another model is shown their text alone: Ark signs what it encrypts", async () => {
  const [next, model] = models;
  const { thoughts, replayed, changes } = await loop(gateway, model ?? "", true, { next: next ?? "" });
  expect(thoughts.encrypted_content).toBeDefined();
  expect(replayed).toEqual({ reasoning_content: thoughts.reasoning_content });
  expect(changes).toContain("reasoning_replay");
});

test("another caller gets none of them", async () => {
  const key = "11111111-2222-3333-4444-555555555555";
  // He has thoughts of his own there, so the memory is asked for those of others too.
  await callChat(gateway, body(models[0] ?? "", true), { headers: { authorization: `Bearer ${key}` } });
  const { replayed, changes } = await loop(gateway, models[0] ?? "", true, { key });
  expect([replayed, changes.includes("reasoning_replay")]).toEqual([{}, false]);
});

test("nor does anybody where the operator has turned it off", async () => {
  const { replayed, changes } = await loop(forgetful, models[0] ?? "", true);
  expect([replayed, changes.includes("reasoning_replay")]).toEqual([{}, false]);
});
