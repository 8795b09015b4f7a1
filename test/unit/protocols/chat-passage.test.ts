/** The way of a translated call: what goes to Ark, what is said of it, and how its answer is heard. */
import { describe, expect, test } from "vitest";
import type { Change } from "../../../src/core/changes.ts";
import type { KeyId } from "../../../src/core/ids.ts";
import type { Reasoning, ReasoningMemory } from "../../../src/core/memories.ts";
import { chatPassage } from "../../../src/protocols/chat-passage.ts";
import type { CallContext, Passage, TargetTraits } from "../../../src/protocols/door.ts";
import { callContext, chatTraits, noMemories } from "../../support/call-context.ts";

type Sent = Extract<Passage, { kind: "upstream" }>;

const TOOLS = [{ type: "function", function: { name: "look", parameters: {} } }] as const;

function passage(changes: readonly Change[] = [], target = chatTraits("m"), context = callContext()): Sent {
  const translation = {
    request: { model: "m", messages: [{ role: "user", content: "Hi 你" }], tools: TOOLS } as const,
    changes,
    openWriter: () => ({ begin: () => "<", delta: () => ".", end: () => ">", failure: () => "!" }),
    writeWhole: ({ content }: { content: string | null }) => `written ${content}`,
  };
  const made = chatPassage(translation, target, context);
  if (made.kind !== "upstream") throw new Error("not sent to Ark");
  return made;
}

const CALLS = [{ index: 0, id: "call_1", type: "function", function: { name: "look", arguments: "{}" } }];

function whole(message: object, usage: object | null = null): Buffer {
  return Buffer.from(
    JSON.stringify({ choices: [{ message, finish_reason: "stop" }], usage, service_tier: "fast" }),
  );
}

test("the request goes to chat as it was written", () => {
  const { cargo, destination, answers } = passage();
  expect(cargo.body.toString()).toBe(
    `{"model":"m","messages":[{"role":"user","content":"Hi 你"}],"tools":${JSON.stringify(TOOLS)}}`,
  );
  expect(cargo.rewrite.splices).toEqual([]);
  expect(destination).toEqual({ base: "data", path: "/chat/completions" });
  expect([answers.isVerbatim, answers.isFree, answers.rewritesWhole]).toEqual([false, false, true]);
});

test.each([
  [[], ["translation"]],
  [["model"], ["model", "translation"]],
  [
    ["reasoning_replay", "model"],
    ["model", "translation", "reasoning_replay"],
  ],
] as [Change[], Change[]][])(
  "with the changes %j it says %j, in the order of the closed list",
  (given, said) => {
    expect(passage(given).cargo.rewrite.changes).toEqual(said);
  },
);

describe("a whole answer", () => {
  const usage = { prompt_tokens: 9, completion_tokens: 5 };

  test("is written in other words, and tells its usage", () => {
    const { answers } = passage();
    const body = whole({ content: "Hi" }, usage);
    expect(answers.rewriteWhole(body).toString()).toBe("written Hi");
    expect(answers.hearWhole(body)).toMatchObject({ inputTokens: 9, outputTokens: 5, isSpecial: true });
  });

  test("that nobody waits for any more tells its usage too", () => {
    expect(passage().answers.hearWhole(whole({}, usage))).toMatchObject({ outputTokens: 5, isSpecial: true });
    expect(passage().answers.hearWhole(Buffer.from("{"))).toBeNull();
  });

  test("that is none is refused", () => {
    expect(() => passage().answers.rewriteWhole(Buffer.from("{}"))).toThrow(
      expect.objectContaining({ code: "upstream_invalid" }),
    );
  });
});

describe("thoughts that led to tool calls", () => {
  const kept: [KeyId, readonly string[], Reasoning, string][] = [];
  const reasoning: ReasoningMemory = {
    holdsAnyOf: () => true,
    recall: () => null,
    remember: (...call) => {
      kept.push(call);
    },
  };
  const context: CallContext = callContext({ memories: { ...noMemories, reasoning } });
  const message = { content: "", reasoning_content: "hm", encrypted_content: "e", tool_calls: CALLS };

  function remembered(answer: (made: Sent) => void, target: TargetTraits = chatTraits("m")): typeof kept {
    kept.length = 0;
    answer(passage([], target, context));
    return [...kept];
  }

  const stream = [
    { choices: [{ delta: { reasoning_content: "h" } }] },
    { choices: [{ delta: { reasoning_content: "m", encrypted_content: "e" } }] },
    { choices: [{ delta: { tool_calls: CALLS }, finish_reason: "tool_calls" }] },
  ]
    .map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
    .join("");

  test("are remembered by their key and their ids, whole or streamed", () => {
    const wanted = [[context.keyId, ["call_1"], { text: "hm", encrypted: "e" }, "m"]];
    expect(remembered(({ answers }) => answers.rewriteWhole(whole(message)))).toEqual(wanted);
    expect(
      remembered(({ answers }) => answers.openTap().push(Buffer.from(`${stream}data: [DONE]\n\n`))),
    ).toEqual(wanted);
  });

  test("are not, before the stream has its end", () => {
    expect(remembered(({ answers }) => answers.openTap().push(Buffer.from(stream)))).toEqual([]);
  });

  test("are not, where the repair is not in force", () => {
    const plain = chatTraits("m", { repairs: new Set() });
    expect(remembered(({ answers }) => answers.rewriteWhole(whole(message)), plain)).toEqual([]);
  });
});
