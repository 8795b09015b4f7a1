/** What a chat model thought before its calls is remembered, and put back where it is missing. */
import { describe, expect, test } from "vitest";
import { defaultRepairs } from "../../../src/core/changes.ts";
import type { KeyId } from "../../../src/core/ids.ts";
import type { Reasoning, ReasoningMemory } from "../../../src/core/memories.ts";
import { chatDoor } from "../../../src/protocols/chat/index.ts";
import { readBody } from "../../../src/protocols/chat/read-body.ts";
import type { Passage } from "../../../src/protocols/door.ts";
import { REASONING_CHARACTERS_MAX, ReasoningReplay } from "../../../src/protocols/remembered-reasoning.ts";
import { splice } from "../../../src/wire/json-splice.ts";
import { SSE_TAIL_BYTES_MAX } from "../../../src/wire/sse-events.ts";
import { callContext, targetTraits } from "../../support/door-parts.ts";

const KEY = "caller" as KeyId;

class Notebook implements ReasoningMemory {
  readonly kept = new Map<string, Reasoning>();
  asked = 0;

  holdsAnyOf(keyId: KeyId): boolean {
    return keyId === KEY && this.kept.size > 0;
  }

  recall(keyId: KeyId, toolCallId: string): Reasoning | null {
    this.asked++;
    return keyId === KEY ? (this.kept.get(toolCallId) ?? null) : null;
  }

  remember(keyId: KeyId, toolCallIds: readonly string[], reasoning: Reasoning): void {
    if (keyId === KEY) for (const id of toolCallIds) this.kept.set(id, reasoning);
  }
}

type UpstreamPassage = Extract<Passage, { kind: "upstream" }>;

function prepare(body: string, memory: ReasoningMemory | null, repairs = defaultRepairs): UpstreamPassage {
  const passage = chatDoor
    .read(Buffer.from(body))
    .prepare(targetTraits({ repairs }), callContext(KEY, memory));
  if (passage.kind !== "upstream") throw new Error("chat is never answered here");
  return passage;
}

/** The body that goes to Ark, and the changes told. */
function sentOn(body: string, memory: ReasoningMemory | null, repairs = defaultRepairs): [string, string] {
  const { cargo } = prepare(body, memory, repairs);
  return [
    Buffer.concat(splice(cargo.body, cargo.rewrite.splices)).toString(),
    cargo.rewrite.changes.join(","),
  ];
}

function notebook(...ids: string[]): Notebook {
  const memory = new Notebook();
  for (const id of ids) memory.kept.set(id, { text: `thought of ${id}`, encrypted: null });
  return memory;
}

const messages = (list: string) => `{"model":"m","messages":${list}}`;
const CALLS = '"tool_calls":[{"id":"a"}]';

describe("thoughts are put back", () => {
  test.each([
    [`[{"role":"assistant",${CALLS}}]`, `[{"reasoning_content":"thought of a","role":"assistant",${CALLS}}]`],
    [
      `[{"reasoning_content": null ,"role":"assistant",${CALLS}}]`,
      `[{"reasoning_content": "thought of a" ,"role":"assistant",${CALLS}}]`,
    ],
    [
      `[{ "role":"assistant",${CALLS},"reasoning\\u005fcontent":""}]`,
      `[{ "role":"assistant",${CALLS},"reasoning\\u005fcontent":"thought of a"}]`,
    ],
    [
      '[{"role":"user"},{"role":"assistant","content":"","tool_calls":[{"id":"x"},{"id":"b"},{"id":"a"}]},7]',
      '[{"role":"user"},{"reasoning_content":"thought of b","role":"assistant","content":"",' +
        '"tool_calls":[{"id":"x"},{"id":"b"},{"id":"a"}]},7]',
    ],
  ])("into %s", (list, expected) => {
    expect(sentOn(messages(list), notebook("a", "b"))).toEqual([messages(expected), "reasoning_replay"]);
  });

  test("with Ark's own form of them, and in any text", () => {
    const memory = new Notebook();
    memory.kept.set("a", { text: '"\\\n嗯😀', encrypted: "eA==" });
    memory.kept.set("b", { text: null, encrypted: "eQ==" });
    const [text] = sentOn(
      messages(`[{"role":"assistant",${CALLS}},{"role":"assistant","tool_calls":[{"id":"b"}]}]`),
      memory,
    );
    expect(JSON.parse(text).messages).toEqual([
      {
        role: "assistant",
        tool_calls: [{ id: "a" }],
        reasoning_content: '"\\\n嗯😀',
        encrypted_content: "eA==",
      },
      { role: "assistant", tool_calls: [{ id: "b" }], encrypted_content: "eQ==" },
    ]);
  });

  test.each([
    messages(`[{"role":"assistant","reasoning_content":"mine",${CALLS}}]`),
    messages(`[{"role":"assistant","encrypted_content":"mine",${CALLS}}]`),
    messages(`[{"role":"user",${CALLS}},{"role":"Assistant",${CALLS}},{${CALLS}}]`),
    messages(`[{"role":"assistant","role":"assistant",${CALLS}},{"role":"assistant",${CALLS},${CALLS}}]`),
    messages(`[{"role":"assistant",${CALLS},"Reasoning_Content":"mine"}]`),
    messages('[{"role":"assistant","tool_calls":[]},{"role":"assistant","tool_calls":{"id":"a"}}]'),
    messages('[{"role":"assistant","tool_calls":[{"id":"x"},{"id":7},"a",{"ID":"a"}]}]'),
    messages(`[{"role":"assistant","content":[{"role":"assistant",${CALLS}}]}]`),
    messages(`{"role":"assistant",${CALLS}}`),
    `{"model":"m","x":[{"role":"assistant",${CALLS}}]}`,
  ])("but not into %s", (text) => {
    expect(sentOn(text, notebook("a"))).toEqual([text, ""]);
  });

  test("once into a body, and not beyond the bound", () => {
    const assistant = (id: string) => `{"role":"assistant","tool_calls":[{"id":"${id}"}]}`;
    const [text] = sentOn(messages(`[${assistant("a")},${assistant("a")}]`), notebook("a"));
    expect(text.match(/thought of a/g)).toHaveLength(1);
    const body = Buffer.from(messages(`[${assistant("a")},${assistant("b")}]`));
    const bytes = 2 * "thought of a".length;
    const splicesWithin = (bytesMax: number) =>
      readBody(body).rewrite("m", defaultRepairs, new ReasoningReplay(notebook("a", "b"), KEY, "m", bytesMax))
        .splices;
    expect(splicesWithin(bytes)).toHaveLength(2);
    expect(splicesWithin(bytes - 1)).toHaveLength(1);
  });

  test("only where the repair is in force, the memory on, and something in it", () => {
    const text = messages(`[{"role":"assistant",${CALLS}}]`);
    expect(sentOn(text, notebook("a"), new Set())).toEqual([text, ""]);
    expect(sentOn(text, null)).toEqual([text, ""]);
    const empty = new Notebook();
    expect([sentOn(text, empty), empty.asked]).toEqual([[text, ""], 0]);
    const unasked = notebook("a");
    sentOn(messages('[{"role":"assistant","content":"tool_calls"}]'), unasked);
    expect(unasked.asked).toBe(0);
  });
});

const TOOLS =
  '{"model":"m","stream":true,"tools":[{"type":"function","function":{"name":"f","parameters":{"a":1}}}]}';

function chunk(delta: object, finish?: string): string {
  const choices = [
    { delta: { ...delta, role: "assistant" }, ...(finish ? { finish_reason: finish } : {}), index: 0 },
  ];
  return `data: ${JSON.stringify({ choices, id: "021", object: "chat.completion.chunk", usage: null })}\n\n`;
}

const call = (id: string, index = 0) => ({
  index,
  id,
  type: "function",
  function: { name: "f", arguments: "" },
});
const DONE = "data: [DONE]\n\n";
const STREAM = [
  chunk({ content: "", reasoning_content: "嗯，" }),
  ": ping\n",
  chunk({ content: "", reasoning_content: 'let "me"\n' }),
  chunk({ content: "", reasoning_content: "\u0001see" }),
  chunk({ content: "", reasoning_content: "", encrypted_content: "Zm9v" }),
  chunk({ content: "reasoning_content" }),
  chunk({ content: '"reasoning_content":"not mine"' }),
  chunk({ content: "", tool_calls: [call("call_a")] }),
  chunk({ content: "", tool_calls: [{ index: 0, function: { arguments: '{"id":"not mine"}' } }] }),
  chunk({ content: "", tool_calls: [call("call_b", 1)] }),
  chunk({ content: "" }, "tool_calls"),
  DONE,
].join("");
const THOUGHT = { text: '嗯，let "me"\n\u0001see', encrypted: "Zm9v" };

function hear(stream: string | Buffer, cuts: readonly number[] = [], body = TOOLS): [string, Notebook] {
  const memory = new Notebook();
  const tap = prepare(body, memory).answers.openTap();
  const bytes = Buffer.from(stream);
  let given = "";
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    given += tap.push(bytes.subarray(start, cut))?.toString("latin1") ?? "";
    start = cut;
  }
  given += tap.finish()?.toString("latin1") ?? "";
  return [Buffer.from(given, "latin1").toString(), memory];
}

describe("a stream's thoughts are remembered", () => {
  test("with each of its calls, wherever it is cut, and the client gets its very bytes", () => {
    const length = Buffer.byteLength(STREAM);
    for (let cut = 0; cut <= length; cut++) {
      const [given, { kept }] = hear(STREAM, [cut]);
      expect([cut, given === STREAM, [...kept]]).toEqual([
        cut,
        true,
        [
          ["call_a", THOUGHT],
          ["call_b", THOUGHT],
        ],
      ]);
    }
  });

  test("once it is whole, and not before", () => {
    const [, { kept }] = hear(STREAM.slice(0, -DONE.length));
    expect(kept.size).toBe(0);
    expect(hear(STREAM.slice(0, -1))[1].kept.size).toBe(2);
  });

  test.each([
    ["without calls", STREAM.replaceAll("tool_calls", "other_calls"), TOOLS],
    [
      "without thoughts",
      STREAM.replaceAll("reasoning_content", "x").replace("encrypted_content", "y"),
      TOOLS,
    ],
    ["of a request without tools", STREAM, '{"model":"m","stream":true}'],
    ["of a request for several answers", STREAM, TOOLS.replace("{", '{"n":2,')],
    [
      "that ends in an error",
      `${STREAM.slice(0, -DONE.length)}data: {"error":{"code":"E"}}\n\n${DONE}`,
      TOOLS,
    ],
    [
      "with a chunk that could not be read",
      chunk({ reasoning_content: "x".repeat(SSE_TAIL_BYTES_MAX) }) + STREAM,
      TOOLS,
    ],
  ])("not those %s", (_name, stream, body) => {
    const [given, { kept }] = hear(stream, [], body);
    expect(given.length).toBeGreaterThan(0);
    expect(kept.size).toBe(0);
  });

  test("up to a bound: n characters, not n + 1", () => {
    const part = "x".repeat(REASONING_CHARACTERS_MAX / 4);
    const thoughts = chunk({ reasoning_content: part }).repeat(4);
    const rest = chunk({ tool_calls: [call("call_a")] }) + DONE;
    expect(hear(thoughts + rest)[1].kept.get("call_a")?.text).toHaveLength(REASONING_CHARACTERS_MAX);
    expect(hear(thoughts + chunk({ reasoning_content: "x" }) + rest)[1].kept.size).toBe(0);
  });

  test("nothing where the repair is not in force", () => {
    const memory = new Notebook();
    const tap = prepare(TOOLS, memory, new Set()).answers.openTap();
    tap.push(Buffer.from(STREAM));
    expect(memory.kept.size).toBe(0);
  });
});

describe("a whole answer's thoughts are remembered", () => {
  const usage = { prompt_tokens: 9, completion_tokens: 5 };
  const answer = (message: object) =>
    Buffer.from(JSON.stringify({ choices: [{ index: 0, message }], usage }));
  const whole = TOOLS.replace('"stream":true,', "");

  function hearWhole(body: Buffer, request = whole): [number | null, Notebook] {
    const memory = new Notebook();
    const heard = prepare(request, memory).answers.hearWhole(body);
    return [heard?.inputTokens ?? null, memory];
  }

  test("with each of its calls", () => {
    const message = {
      reasoning_content: "hm",
      encrypted_content: "eA==",
      tool_calls: [call("a"), call("b")],
    };
    const [inputTokens, { kept }] = hearWhole(answer(message));
    const thought = { text: "hm", encrypted: "eA==" };
    expect([inputTokens, [...kept]]).toEqual([
      9,
      [
        ["a", thought],
        ["b", thought],
      ],
    ]);
  });

  test("but not without calls, without tools in the request, or from what is no answer", () => {
    const message = { reasoning_content: "hm", tool_calls: [call("a")] };
    expect(hearWhole(answer({ reasoning_content: '"tool_calls"' }))[1].kept.size).toBe(0);
    expect(hearWhole(answer(message), '{"model":"m"}')[1].kept.size).toBe(0);
    const [inputTokens, { kept }] = hearWhole(answer({ ...message, tool_calls: [{}] }));
    expect([inputTokens, kept.size]).toEqual([9, 0]);
    expect(hearWhole(answer(message).subarray(0, -1))[1].kept.size).toBe(0);
  });
});
