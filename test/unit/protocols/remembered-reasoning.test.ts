/** What of a model's thoughts is kept, and what is put back into a translated request. */
import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../../../src/core/chat.ts";
import type { KeyId } from "../../../src/core/ids.ts";
import type { Reasoning, ReasoningMemory } from "../../../src/core/memories.ts";
import {
  REASONING_CHARACTERS_MAX,
  ReasoningReplay,
  RememberedReasoning,
  replayReasoning,
} from "../../../src/protocols/remembered-reasoning.ts";
import { callContext, chatTraits, noMemories } from "../../support/call-context.ts";

const KEY = "key-1" as KeyId;

class Memory implements ReasoningMemory {
  readonly kept = new Map<string, Reasoning>();

  holdsAnyOf(keyId: KeyId): boolean {
    return [...this.kept.keys()].some((key) => key.startsWith(`${keyId} `));
  }

  recall(keyId: KeyId, toolCallId: string): Reasoning | null {
    return this.kept.get(`${keyId} ${toolCallId}`) ?? null;
  }

  remember(keyId: KeyId, toolCallIds: readonly string[], reasoning: Reasoning): void {
    for (const id of toolCallIds) this.kept.set(`${keyId} ${id}`, reasoning);
  }
}

type Part = Partial<Reasoning> & { readonly calls?: readonly (string | null)[] };

function kept(...parts: Part[]): Memory {
  const memory = new Memory();
  const remembered = new RememberedReasoning(memory, KEY, "m");
  for (const { text = null, encrypted = null, calls = [] } of parts) {
    remembered.heard({ reasoning: text, encrypted, toolCalls: calls.map((id) => ({ id })) });
  }
  remembered.ended();
  return memory;
}

describe("thoughts", () => {
  test("of all parts are kept for each call", () => {
    const memory = kept(
      { text: "a" },
      { text: "b", encrypted: "1" },
      { encrypted: "2", calls: ["x", null] },
      { calls: ["y"] },
    );
    for (const id of ["x", "y"]) expect(memory.recall(KEY, id)).toEqual({ text: "ab", encrypted: "2" });
    expect(memory.kept.size).toBe(2);
  });

  test("without a call, and calls without a thought, are not kept", () => {
    expect(kept({ text: "a", encrypted: "1" }).kept.size).toBe(0);
    expect(kept({ calls: ["x"] }).kept.size).toBe(0);
  });

  test("of REASONING_CHARACTERS_MAX are kept, of one more not", () => {
    const half = "a".repeat(REASONING_CHARACTERS_MAX / 2);
    const call = { calls: ["x"] };
    expect(kept({ text: half }, { text: half }, call).recall(KEY, "x")?.text).toHaveLength(
      REASONING_CHARACTERS_MAX,
    );
    expect(kept({ text: half }, { text: half }, { text: "a" }, { text: "a" }, call).kept.size).toBe(0);
  });

  test("are kept for the first 128 calls", () => {
    const calls = Array.from({ length: 129 }, (_, index) => `c${index}`);
    const memory = kept({ text: "a", calls });
    expect([memory.recall(KEY, "c127") === null, memory.recall(KEY, "c128") === null]).toEqual([false, true]);
  });
});

function said(ids: readonly string[], thoughts: object = {}): ChatMessage {
  const calls = ids.map(
    (id) => ({ id, type: "function", function: { name: "look", arguments: "{}" } }) as const,
  );
  return { role: "assistant", content: "", tool_calls: calls, ...thoughts };
}

function replayed(
  memory: Memory | null,
  messages: readonly ChatMessage[],
  repairs = chatTraits("m").repairs,
) {
  const context = callContext({ keyId: KEY, memories: { ...noMemories, reasoning: memory } });
  return replayReasoning(messages, chatTraits("m", { repairs }), context);
}

describe("a message with calls", () => {
  const memory = kept({ text: "hm", encrypted: "e", calls: ["x", "y"] });

  test("gets its thoughts back, by any of its calls", () => {
    const { messages, isChanged } = replayed(memory, [{ role: "user", content: "Hi" }, said(["z", "y"])]);
    expect(isChanged).toBe(true);
    expect(messages[0]).toEqual({ role: "user", content: "Hi" });
    expect(messages[1]).toEqual({ ...said(["z", "y"]), reasoning_content: "hm", encrypted_content: "e" });
  });

  test("gets what there is of them", () => {
    const textOnly = replayed(kept({ text: "hm", calls: ["x"] }), [said(["x"])]).messages[0];
    expect(textOnly).toEqual({ ...said(["x"]), reasoning_content: "hm" });
    const encryptedOnly = replayed(kept({ encrypted: "e", calls: ["x"] }), [said(["x"])]).messages[0];
    expect(encryptedOnly).toEqual({ ...said(["x"]), encrypted_content: "e" });
  });

  test.each([
    ["has its own", said(["x"], { reasoning_content: "own" })],
    ["has its own, encrypted", said(["x"], { encrypted_content: "own" })],
    ["is not known", said(["z"])],
    ["has no calls", { role: "assistant", content: "Hi" } as ChatMessage],
    ["is a tool's", { role: "tool", tool_call_id: "x", content: "r" } as ChatMessage],
  ])("that %s stays as it is", (_name, message) => {
    const { messages, isChanged } = replayed(memory, [message]);
    expect([messages, isChanged]).toEqual([[message], false]);
  });

  test("stays as it is without memory, without the repair, and for another key", () => {
    const message = said(["x"]);
    expect(replayed(null, [message]).isChanged).toBe(false);
    expect(replayed(memory, [message], new Set()).isChanged).toBe(false);
    const context = callContext({ keyId: "other" as KeyId, memories: { ...noMemories, reasoning: memory } });
    expect(replayReasoning([message], chatTraits("m"), context).isChanged).toBe(false);
  });
});

test("a body gets each thought once, and no more bytes of them than its bound", () => {
  const memory = kept({ text: "一", encrypted: "ab", calls: ["x", "y"] });
  const exact = new ReasoningReplay(memory, KEY, "m", 5);
  expect([exact.recall("x"), exact.recall("y"), exact.recall("z")]).toEqual([
    { text: "一", encrypted: "ab" },
    null,
    null,
  ]);
  expect(new ReasoningReplay(memory, KEY, "m", 4).recall("x")).toBeNull();
});
