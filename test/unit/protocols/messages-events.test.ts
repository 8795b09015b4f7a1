/** How a streamed chat answer becomes the events of a message, and what becomes of odd tool calls. */
import { describe, expect, test } from "vitest";
import type { ChatDelta, ChatToolCallDelta } from "../../../src/core/chat.ts";
import { GatewayError } from "../../../src/core/errors.ts";
import type { RequestId } from "../../../src/core/ids.ts";
import type { AnswerTraits } from "../../../src/protocols/messages/answer/answer-traits.ts";
import { ODD_INPUT_CHARACTERS_MAX } from "../../../src/protocols/messages/answer/content-blocks.ts";
import {
  MessageEvents,
  WAITING_CHARACTERS_MAX,
} from "../../../src/protocols/messages/answer/event-writer.ts";
import { InputProgress, inputOf } from "../../../src/protocols/messages/answer/tool-input.ts";
import { messagesDoor } from "../../../src/protocols/messages/index.ts";
import { ToolNames } from "../../../src/protocols/messages/tool-names.ts";
import { SEALED_CHARACTERS_MAX } from "../../../src/protocols/sealed-thoughts.ts";
import { assembleMessage, eventNames, type JsonObject } from "../../support/assembled-message.ts";
import { chatTraits } from "../../support/call-context.ts";
import { plainSeal, sealingContext } from "../../support/plain-seal.ts";

const { keyId } = sealingContext();

function traits(changes: Partial<AnswerTraits> = {}): AnswerTraits {
  return {
    messageId: "msg_1",
    model: "asked",
    names: new ToolNames(),
    omitsThoughts: false,
    seal: { seal: plainSeal, keyId, model: "asked" },
    ...changes,
  };
}

const HEAD = { id: "02", model: "served", createdSeconds: null, serviceTier: null };
const USAGE = { inputTokens: 9, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 3 };

type Said = Partial<ChatDelta>;

function delta(said: Said): ChatDelta {
  return { reasoning: null, encrypted: null, content: null, toolCalls: [], finish: null, ...said };
}

function call(
  index: number,
  given: string | null,
  id: string | null = null,
  name: string | null = null,
): Said {
  const fragment: ChatToolCallDelta = { index, id, name, arguments: given };
  return { toolCalls: [fragment] };
}

function begun(index: number, given: string | null = null): Said {
  return call(index, given, `call_${index}`, "look");
}

/** The message that these deltas make. */
function message(deltas: readonly Said[], changes: Partial<AnswerTraits> = {}): JsonObject {
  const writer = new MessageEvents(traits(changes));
  const text = [
    writer.begin(HEAD),
    ...deltas.map((said) => writer.delta(delta(said))),
    writer.end("stop", USAGE),
  ];
  return assembleMessage(text.join(""));
}

function contentOf(...deltas: Said[]): JsonObject[] {
  return message(deltas)["content"] as JsonObject[];
}

function inputs(...deltas: Said[]): unknown[] {
  return contentOf(...deltas)
    .filter(({ type }) => type === "tool_use")
    .map(({ input }) => input);
}

describe("a message", () => {
  test("says which model was served, and, where Ark does not, which was asked", () => {
    expect(message([])["model"]).toBe("served");
    const writer = new MessageEvents(traits());
    const text = writer.begin({ ...HEAD, model: "" }) + writer.end("stop", null);
    expect(assembleMessage(text)["model"]).toBe("asked");
  });

  test("tells its usage at its end; without one from Ark, zeros", () => {
    expect(message([])["usage"]).toMatchObject({
      input_tokens: 5,
      cache_read_input_tokens: 4,
      cache_creation_input_tokens: 0,
      output_tokens: 5,
      output_tokens_details: { thinking_tokens: 3 },
    });
    const writer = new MessageEvents(traits());
    const none = assembleMessage(writer.begin(HEAD) + writer.end("stop", null));
    expect(none["usage"]).toMatchObject({ input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0 });
  });

  test.each([
    ["stop", [], "end_turn"],
    ["stop", [begun(0)], "tool_use"],
    ["tool_calls", [begun(0)], "tool_use"],
    ["tool_calls", [], "end_turn"],
    ["length", [begun(0)], "max_tokens"],
    ["content_filter", [], "refusal"],
  ] as const)("that Ark ends with %s, having said %j, ends with %s", (finish, deltas, reason) => {
    const writer = new MessageEvents(traits());
    const text = [
      writer.begin(HEAD),
      ...deltas.map((said) => writer.delta(delta(said))),
      writer.end(finish, null),
    ];
    const made = assembleMessage(text.join(""));
    expect(made["stop_reason"]).toBe(reason);
    expect(made["stop_details"] !== null).toBe(reason === "refusal");
  });

  test("that fails ends in an event of that name, before its beginning too", () => {
    const writer = new MessageEvents(traits());
    const error = new GatewayError("upstream_truncated", "Cut.");
    expect(eventNames(writer.failure(error, "req_1"))).toEqual(["error"]);
  });

  test("gets each delta when it comes", () => {
    const writer = new MessageEvents(traits());
    expect(writer.delta(delta({ content: "a" }))).toContain('"text":"a"');
    expect(writer.delta(delta({ content: "b" }))).toMatch(
      /^event: content_block_delta\ndata: .*"text":"b"}}\n\n$/,
    );
    expect(writer.delta(delta({}))).toBe("");
  });
});

describe("thoughts", () => {
  const opened = (block: JsonObject | undefined) =>
    JSON.parse(plainSeal.open(keyId, String(block?.["signature"])) ?? "null");

  test("end with a signature that holds them", () => {
    const [block] = contentOf({ reasoning: "a" }, { reasoning: "b" }, { encrypted: "e" }, { content: "c" });
    expect(block).toMatchObject({ type: "thinking", thinking: "ab" });
    expect(opened(block)).toEqual({ t: "ab", e: "e", m: "asked" });
  });

  test("that are only encrypted have a block of their own", () => {
    const [block] = contentOf({ encrypted: "e" }, { content: "c" });
    expect(block).toMatchObject({ type: "thinking", thinking: "" });
    expect(opened(block)).toEqual({ e: "e", m: "asked" });
  });

  test("that the client does not want to see are in the signature alone", () => {
    const made = message([{ reasoning: "secret" }, { content: "c" }], { omitsThoughts: true });
    const [block] = made["content"] as JsonObject[];
    expect(block).toMatchObject({ type: "thinking", thinking: "" });
    expect(opened(block)).toEqual({ t: "secret" });
  });

  test("are sealed up to SEALED_CHARACTERS_MAX, and shown whole beyond", () => {
    const long = "a".repeat(SEALED_CHARACTERS_MAX);
    expect(opened(contentOf({ reasoning: long })[0])).toEqual({ t: long });
    const [block] = contentOf({ reasoning: long }, { reasoning: "b" }, { reasoning: "c" });
    expect(opened(block)).toEqual({});
    expect(block?.["thinking"]).toHaveLength(SEALED_CHARACTERS_MAX + 2);
  });

  test("between texts have blocks between them", () => {
    const blocks = contentOf({ content: "a" }, { reasoning: "b" }, { content: "c" });
    expect(blocks.map(({ type }) => type)).toEqual(["text", "thinking", "text"]);
  });
});

describe("tool calls", () => {
  test("whose fragments come in turn are put in a row", () => {
    const blocks = contentOf(
      begun(0),
      begun(1),
      call(1, '{"b":'),
      call(0, '{"a":'),
      { content: "text" },
      call(0, "1}"),
      call(1, "2}"),
    );
    expect(blocks.map(({ input, text }) => input ?? text)).toEqual([{ a: 1 }, { b: 2 }, "text"]);
  });

  test("are told one by one: a whole one does not wait for the next to be whole", () => {
    const writer = new MessageEvents(traits());
    writer.delta(delta(begun(0, "{}")));
    const text = writer.delta(delta(begun(1)));
    expect(eventNames(text)).toEqual(["content_block_stop", "content_block_start"]);
  });

  test("of one index and two ids are two", () => {
    const blocks = contentOf(call(0, "{}", "one", "a"), call(0, "{}", "two", "b"), call(0, null, "two", "b"));
    expect(blocks.map(({ id, name }) => [id, name])).toEqual([
      ["one", "a"],
      ["two", "b"],
    ]);
  });

  test("have the client's own names", () => {
    const names = new ToolNames();
    const changed = names.add("look around");
    const made = message([call(0, "{}", "one", changed)], { names });
    expect(made["content"]).toMatchObject([{ name: "look around" }]);
  });

  test.each([
    [[], {}],
    [[" ", "\n"], {}],
    [[" {", "}"], {}],
    [["{}", " "], {}],
    [["null"], { INVALID_JSON: "null" }],
    [["[1", ",2]"], { INVALID_JSON: "[1,2]" }],
    [["read ", "{a}"], { INVALID_JSON: "read {a}" }],
    [['"{}"'], { INVALID_JSON: '"{}"' }],
  ])("with the arguments %j have the input %j", (pieces, input) => {
    expect(inputs(begun(0), ...pieces.map((piece) => call(0, piece)))).toEqual([input]);
  });

  test("that begin as an object and break pass as they are: a cut command must not look whole", () => {
    const writer = new MessageEvents(traits());
    writer.begin(HEAD);
    const text = writer.delta(delta(begun(0, '{"command":"rm -rf /tmp'))) + writer.end("length", null);
    expect(text).toContain(String.raw`"partial_json":"{\"command\":\"rm -rf /tmp"}`);
    expect(text).toContain('"stop_reason":"max_tokens"');
    expect(text).not.toContain("INVALID_JSON");
  });

  test("that are no object are kept up to ODD_INPUT_CHARACTERS_MAX, and pass as they are beyond", () => {
    const odd = "a".repeat(ODD_INPUT_CHARACTERS_MAX);
    expect(inputs(begun(0), call(0, odd))).toEqual([{ INVALID_JSON: odd }]);
    const writer = new MessageEvents(traits());
    writer.delta(delta(begun(0, odd)));
    expect(writer.delta(delta(call(0, "b")))).toContain(`"partial_json":"${odd}b"`);
  });

  test.each([
    ["without an id", [call(0, "{}", null, "look")]],
    ["without a name", [call(0, "{}", "call_0", null)]],
    ["that goes on after its end", [begun(0, "{}"), begun(1), call(0, "{}")]],
  ])("%s are a fault of Ark's", (_name, deltas) => {
    const writer = new MessageEvents(traits());
    expect(() => deltas.map((said) => writer.delta(delta(said)))).toThrow(
      expect.objectContaining({ code: "upstream_invalid" }),
    );
  });

  test("that go on with white space after their end do no harm", () => {
    expect(inputs(begun(0, "{}"), begun(1, "{}"), call(0, " \n"))).toEqual([{}, {}]);
  });

  test("behind an unfinished one wait, up to WAITING_CHARACTERS_MAX", () => {
    const writer = new MessageEvents(traits());
    writer.delta(delta(begun(0, "{")));
    const text = `{"a":"${"a".repeat(WAITING_CHARACTERS_MAX - 8)}"}`;
    expect(text).toHaveLength(WAITING_CHARACTERS_MAX);
    expect(writer.delta(delta(begun(1, text)))).toBe("");
    expect(() => writer.delta(delta(call(1, " ")))).toThrow(
      expect.objectContaining({ code: "upstream_invalid" }),
    );
  });
});

describe("the arguments of a tool", () => {
  test.each([
    ["", {}],
    [" \n", {}],
    [' {"a":[{}]}\n', { a: [{}] }],
    ['{"a":1', { INVALID_JSON: '{"a":1' }],
    ["{} {}", { INVALID_JSON: "{} {}" }],
    ["12345678901234567890", { INVALID_JSON: "12345678901234567890" }],
  ])("%j are the input %j", (given, input) => {
    expect(inputOf(given)).toEqual(input);
  });

  test("keep every digit", () => {
    expect(JSON.stringify(inputOf('{"n":1.10,"m":12345678901234567890,"e":1e400}'))).toBe(
      '{"n":1.10,"m":12345678901234567890,"e":1e400}',
    );
  });

  test.each([
    ["", "empty"],
    [" \n\t", "empty"],
    ["{", "open"],
    ['{"a":"}', "open"],
    ['{"a":"\\"}', "open"],
    ['{"a":[{}', "open"],
    [' {"a":["}",{}]} ', "complete"],
    ["{}x", "open"],
    ["{}{}", "open"],
    ["x{}", "odd"],
    ["[]", "odd"],
    ['"', "odd"],
  ])("%j are %s", (given, state) => {
    const whole = new InputProgress();
    whole.add(given);
    const pieces = new InputProgress();
    for (const letter of given) pieces.add(letter);
    expect([whole.state, pieces.state]).toEqual([state, state]);
  });
});

test("a whole answer is sealed, named and omitted alike", () => {
  const body = {
    model: "m",
    thinking: { type: "adaptive", display: "omitted" },
    tools: [{ name: "look around" }],
    messages: [{ role: "user", content: "Hi" }],
  };
  const context = sealingContext({ requestId: "req_7" as RequestId });
  const passage = messagesDoor.read(Buffer.from(JSON.stringify(body))).prepare(chatTraits("doubao"), context);
  if (passage.kind !== "upstream") throw new Error("not sent to Ark");
  const name = JSON.parse(passage.cargo.body.toString()).tools[0].function.name;
  const calls = [{ id: "one", type: "function", function: { name, arguments: "{" } }];
  const answer = { choices: [{ message: { content: "", reasoning_content: "hm", tool_calls: calls } }] };
  const made = JSON.parse(passage.answers.rewriteWhole(Buffer.from(JSON.stringify(answer))).toString());
  expect(made).toMatchObject({
    id: "msg_7",
    model: "doubao",
    stop_reason: "tool_use",
    usage: { output_tokens: 0 },
  });
  expect(made.content).toEqual([
    { type: "thinking", thinking: "", signature: plainSeal.seal(keyId, '{"t":"hm"}') },
    {
      type: "tool_use",
      id: "one",
      caller: { type: "direct" },
      name: "look around",
      input: { INVALID_JSON: "{" },
    },
  ]);
});
