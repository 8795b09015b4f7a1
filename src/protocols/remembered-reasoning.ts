/** Keeps what a model thought before it called tools, and puts it back where a client has dropped it. */
import type { ChatDelta, ChatMessage } from "../core/chat.ts";
import type { KeyId } from "../core/ids.ts";
import type { Reasoning, ReasoningMemory } from "../core/memories.ts";
import type { AnswerListener } from "./chat-translation-tap.ts";
import type { CallContext, TargetTraits } from "./door.ts";

/** Thoughts beyond it are not kept: they would push out those of many other calls. */
export const REASONING_CHARACTERS_MAX = 1_048_576;

/** Of one answer; any one of them brings its thoughts back. */
const TOOL_CALLS_MAX = 128;

export type HeardPart = Pick<ChatDelta, "reasoning" | "encrypted"> & {
  readonly toolCalls: readonly { readonly id: string | null }[];
};

/** Hears one answer to its end; without a tool call in it, nothing is kept. */
export class RememberedReasoning implements AnswerListener {
  readonly #memory: ReasoningMemory;
  readonly #keyId: KeyId;
  readonly #model: string;
  readonly #toolCallIds: string[] = [];
  readonly #thoughts: string[] = [];
  #characters = 0;
  #encrypted: string | null = null;

  /** @param model as its upstream knows it */
  constructor(memory: ReasoningMemory, keyId: KeyId, model: string) {
    this.#memory = memory;
    this.#keyId = keyId;
    this.#model = model;
  }

  /** Null where nothing is to be kept: the repair is not in force, or the memory is off. */
  static open(
    { model, repairs }: TargetTraits,
    { keyId, memories }: CallContext,
  ): RememberedReasoning | null {
    const { reasoning } = memories;
    if (reasoning === null || !repairs.has("reasoning_replay")) return null;
    return new RememberedReasoning(reasoning, keyId, model);
  }

  /** A part of the answer, or all of it. */
  heard({ reasoning, encrypted, toolCalls }: HeardPart): void {
    if (reasoning !== null && this.#characters <= REASONING_CHARACTERS_MAX) {
      this.#characters += reasoning.length;
      this.#thoughts.push(reasoning);
    }
    this.#encrypted = encrypted ?? this.#encrypted;
    for (const { id } of toolCalls) {
      if (id !== null && this.#toolCallIds.length < TOOL_CALLS_MAX) this.#toolCallIds.push(id);
    }
  }

  ended(): void {
    if (this.#toolCallIds.length === 0 || this.#characters > REASONING_CHARACTERS_MAX) return;
    const text = this.#thoughts.length === 0 ? null : this.#thoughts.join("");
    if (text === null && this.#encrypted === null) return;
    const reasoning = { text, encrypted: this.#encrypted };
    this.#memory.remember(this.#keyId, this.#toolCallIds, reasoning, this.#model);
  }
}

/** What is put back into one body, in UTF-8. */
export const REPLAYED_BYTES_MAX = 16 * 1_048_576;

/** Recalls the thoughts for one body: each once, and not beyond the bound. */
export class ReasoningReplay {
  readonly #memory: ReasoningMemory;
  readonly #keyId: KeyId;
  readonly #model: string;
  readonly #bytesMax: number;
  readonly #given = new Set<Reasoning>();
  #bytes = 0;

  /** @param model that is to be shown them */
  constructor(memory: ReasoningMemory, keyId: KeyId, model: string, bytesMax: number = REPLAYED_BYTES_MAX) {
    this.#memory = memory;
    this.#keyId = keyId;
    this.#model = model;
    this.#bytesMax = bytesMax;
  }

  /**
   * Null where nothing is to be looked for: the repair is not in force, the memory is off, or holds nothing
   * of this key's.
   */
  static open({ model, repairs }: TargetTraits, { keyId, memories }: CallContext): ReasoningReplay | null {
    const { reasoning } = memories;
    if (reasoning === null || !repairs.has("reasoning_replay") || !reasoning.holdsAnyOf(keyId)) return null;
    return new ReasoningReplay(reasoning, keyId, model);
  }

  /** The thoughts that led to this call, unless they have been given already. */
  recall(toolCallId: string): Reasoning | null {
    const reasoning = this.#memory.recall(this.#keyId, toolCallId, this.#model);
    if (reasoning === null || this.#given.has(reasoning)) return null;
    const bytes = Buffer.byteLength(reasoning.text ?? "") + Buffer.byteLength(reasoning.encrypted ?? "");
    if (this.#bytes + bytes > this.#bytesMax) return null;
    this.#bytes += bytes;
    this.#given.add(reasoning);
    return reasoning;
  }
}

export type Replayed = { readonly messages: readonly ChatMessage[]; readonly isChanged: boolean };

/**
 * For a translated request: assistant messages with tool calls and without their thoughts get them back where
 * they are remembered (`reasoning_replay`).
 */
export function replayReasoning(
  messages: readonly ChatMessage[],
  target: TargetTraits,
  context: CallContext,
): Replayed {
  const replay = ReasoningReplay.open(target, context);
  if (replay === null) return { messages, isChanged: false };
  let isChanged = false;
  const replayed = messages.map((message) => {
    if (message.role !== "assistant") return message;
    const { tool_calls: calls, reasoning_content: text, encrypted_content: encrypted } = message;
    if (calls === undefined || text !== undefined || encrypted !== undefined) return message;
    for (const { id } of calls) {
      const reasoning = replay.recall(id);
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
