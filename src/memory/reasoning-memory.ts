/** Remembers what models thought before they called tools, for clients that do not bring it back. */
import type { Clock } from "../core/clock.ts";
import type { KeyId } from "../core/ids.ts";
import type { Reasoning, ReasoningMemory } from "../core/memories.ts";
import { ExpiringShelf, type ShelfBounds, type Shelved } from "./expiring-shelf.ts";

const KEEP_MS = 60 * 60 * 1_000;
/** A quarter of it all for one key; a long session of an agent makes some hundred calls of tools. */
const BOUNDS: ShelfBounds = {
  idsMax: 20_000,
  bytesMax: 64 * 1_048_576,
  ownerIdsMax: 5_000,
  ownerBytesMax: 16 * 1_048_576,
};
/** Ark's ids have some thirty characters. */
export const TOOL_CALL_ID_CHARACTERS_MAX = 256;
/** Any one of an answer's ids brings its thoughts back. */
export const TOOL_CALL_IDS_MAX = 32;

const CHARACTER_BYTES = 2;
const THOUGHT_BYTES = 400;
const ID_BYTES = 120;

/** Null: the ids were given to different thoughts, so they tell neither. */
type Thought = Shelved & {
  readonly reasoning: Reasoning | null;
  /** What another model may be shown: Ark signs `encrypted_content`, and may refuse another's. */
  readonly plain: Reasoning | null;
  readonly model: string;
};

export type ReasoningMemorySettings = {
  readonly clock: Clock;
  readonly keepMs?: number;
  readonly bounds?: ShelfBounds;
};

function bytesOf(ids: readonly string[], reasoning: Reasoning | null): number {
  const characters = (reasoning?.text?.length ?? 0) + (reasoning?.encrypted?.length ?? 0);
  let bytes = THOUGHT_BYTES + CHARACTER_BYTES * characters;
  for (const id of ids) bytes += ID_BYTES + CHARACTER_BYTES * id.length;
  return bytes;
}

function plainOf(reasoning: Reasoning | null): Reasoning | null {
  if (reasoning === null || reasoning.encrypted === null) return reasoning;
  return reasoning.text === null ? null : { text: reasoning.text, encrypted: null };
}

/**
 * Thoughts by key and tool-call id, for an hour after they were last asked for. Some models count their calls
 * from 0 in each conversation: an id that two thoughts of one key share brings back neither, for a model's
 * thoughts in another conversation are worse than none.
 */
export class RememberedThoughts implements ReasoningMemory {
  readonly #shelf: ExpiringShelf<Thought>;

  constructor({ clock, keepMs = KEEP_MS, bounds = BOUNDS }: ReasoningMemorySettings) {
    this.#shelf = new ExpiringShelf({ clock, keepMs, bounds });
  }

  get ids(): number {
    return this.#shelf.ids;
  }

  /** About what all of it takes. */
  get bytes(): number {
    return this.#shelf.bytes;
  }

  holdsAnyOf(keyId: KeyId): boolean {
    return this.#shelf.holdsAnyOf(keyId);
  }

  recall(keyId: KeyId, toolCallId: string, model: string): Reasoning | null {
    const thought = this.#shelf.find(keyId, toolCallId);
    if (thought === null || thought.reasoning === null) return null;
    this.#shelf.renew(keyId, toolCallId);
    return thought.model === model ? thought.reasoning : thought.plain;
  }

  remember(keyId: KeyId, toolCallIds: readonly string[], reasoning: Reasoning, model: string): void {
    if (reasoning.text === null && reasoning.encrypted === null) return;
    const own: string[] = [];
    const disputed: string[] = [];
    for (const id of new Set(toolCallIds)) {
      if (id === "" || id.length > TOOL_CALL_ID_CHARACTERS_MAX) continue;
      if (own.length + disputed.length === TOOL_CALL_IDS_MAX) break;
      const known = this.#shelf.find(keyId, id);
      const isOwn =
        known === null ||
        (known.reasoning?.text === reasoning.text && known.reasoning.encrypted === reasoning.encrypted);
      (isOwn ? own : disputed).push(id);
    }
    this.#put(keyId, own, reasoning, model);
    this.#put(keyId, disputed, null, model);
  }

  #put(owner: KeyId, ids: readonly string[], reasoning: Reasoning | null, model: string): void {
    if (ids.length === 0) return;
    const plain = plainOf(reasoning);
    this.#shelf.put({ owner, ids, bytes: bytesOf(ids, reasoning), reasoning, plain, model });
  }
}
