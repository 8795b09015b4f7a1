/** What the gateway keeps for its callers between calls; each keeps one caller's things from every other. */
import type { KeyId } from "./ids.ts";

/** What a model thought before it called tools, as it must come back to it (ark-api 4.6). */
export type Reasoning = {
  /** As shown: all of it, or a digest. */
  readonly text: string | null;
  /** Ark's `encrypted_content`; it wins over the text. */
  readonly encrypted: string | null;
};

/** Thoughts by the ids of the tool calls that they led to. Bounded, and some may have expired. */
export interface ReasoningMemory {
  /** Whether there may be something for that key at all: without, no body need be searched. */
  holdsAnyOf(keyId: KeyId): boolean;
  /**
   * The same object for the same thought.
   * @param model that is to be shown it, as its upstream knows it: another than thought it gets the text
   * alone
   */
  recall(keyId: KeyId, toolCallId: string, model: string): Reasoning | null;
  /**
   * Once the answer is whole; more than the memory holds of one answer is not kept.
   * @param model that thought it
   */
  remember(keyId: KeyId, toolCallIds: readonly string[], reasoning: Reasoning, model: string): void;
}

/** A response that the gateway has made of a chat answer, as a client may ask for it again. */
export type StoredResponse = {
  readonly id: string;
  /** The response object in JSON, as its client was given it. */
  readonly response: string;
  /** The items of its own input in JSON, an array, each with an id. */
  readonly inputItems: string;
  /** The items that it put out, in JSON, an array: with those above, what the next turn goes on from. */
  readonly outputItems: string;
  /** The turn before it, null for the first. */
  readonly previousId: string | null;
};

/** Stored responses for an hour, bounded in number and bytes, and who owns those that Ark stores. */
export interface ResponseStore {
  find(keyId: KeyId, id: string): StoredResponse | null;
  keep(keyId: KeyId, response: StoredResponse): void;
  /** Whether there was one. */
  remove(keyId: KeyId, id: string): boolean;
  /** Ark has stored a response of this caller's. */
  own(keyId: KeyId, id: string): void;
  /** Known to be of another caller; what is not known is not. */
  isAnothers(keyId: KeyId, id: string): boolean;
}

/** Makes texts that only their caller can bring back, and that nobody else can read or change. */
export interface Seal {
  /** In letters, digits, `-`, `_` and `.`. */
  seal(keyId: KeyId, text: string): string;
  /** Null for what is not ours, not whole, or of another caller. */
  open(keyId: KeyId, sealed: string): string | null;
}

export type Memories = {
  /** Null: the operator has turned it off. */
  readonly reasoning: ReasoningMemory | null;
  readonly responses: ResponseStore;
  readonly seal: Seal;
};
