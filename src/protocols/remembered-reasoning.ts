/** Keeps what a model thought before it called tools, and puts it back where a client has dropped it. */
import type { ChatDelta, ChatMessage } from "../core/chat.ts";
import type { KeyId } from "../core/ids.ts";
import type { ReasoningMemory } from "../core/memories.ts";
import type { AnswerListener } from "./chat-translation-tap.ts";
import type { CallContext, TargetTraits } from "./door.ts";

/** Thoughts beyond it are not kept: they would push out those of many other calls. */
export const REASONING_CHARACTERS_MAX = 1_048_576;

/** Hears one answer to its end; without a tool call in it, nothing is kept. */
export class RememberedReasoning implements AnswerListener {
  readonly #memory: ReasoningMemory;
  readonly #keyId: KeyId;
  readonly #toolCallIds: string[] = [];
  readonly #thoughts: string[] = [];
  #characters = 0;
  #encrypted: string | null = null;

  constructor(memory: ReasoningMemory, keyId: KeyId) {
    this.#memory = memory;
    this.#keyId = keyId;
  }

  heard({ reasoning, encrypted, toolCalls }: Omit<ChatDelta, "content" | "finish">): void {
    if (reasoning !== null && this.#characters <= REASONING_CHARACTERS_MAX) {
      this.#characters += reasoning.length;
      this.#thoughts.push(reasoning);
    }
    this.#encrypted = encrypted ?? this.#encrypted;
    for (const { id } of toolCalls) if (id !== null) this.#toolCallIds.push(id);
  }

  ended(): void {
    if (this.#toolCallIds.length === 0 || this.#characters > REASONING_CHARACTERS_MAX) return;
    const text = this.#thoughts.length === 0 ? null : this.#thoughts.join("");
    if (text === null && this.#encrypted === null) return;
    this.#memory.remember(this.#keyId, this.#toolCallIds, { text, encrypted: this.#encrypted });
  }
}

export type Replayed = { readonly messages: readonly ChatMessage[]; readonly isChanged: boolean };

/**
 * For a translated request: assistant messages with tool calls and without their thoughts get them back where
 * they are remembered (`reasoning_replay`).
 */
export function replayReasoning(
  messages: readonly ChatMessage[],
  { repairs }: TargetTraits,
  { keyId, memories }: CallContext,
): Replayed {
  const memory = memories.reasoning;
  if (memory === null || !repairs.has("reasoning_replay")) return { messages, isChanged: false };
  let isChanged = false;
  const replayed = messages.map((message) => {
    if (message.role !== "assistant") return message;
    const { tool_calls: calls, reasoning_content: text, encrypted_content: encrypted } = message;
    if (calls === undefined || text !== undefined || encrypted !== undefined) return message;
    for (const { id } of calls) {
      const reasoning = memory.recall(keyId, id);
      if (reasoning === null) continue;
      isChanged = true;
      return {
        ...message,
        ...(reasoning.text === null ? {} : { reasoning_content: reasoning.text }),
        ...(reasoning.encrypted === null ? {} : { encrypted_content: reasoning.encrypted }),
      };
    }
    return message;
  });
  return { messages: replayed, isChanged };
}
