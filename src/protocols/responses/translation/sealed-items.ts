/** Carries thoughts and summaries in the `encrypted_content` of items, and takes them out again. */
import type { KeyId } from "../../../core/ids.ts";
import type { Reasoning, Seal } from "../../../core/memories.ts";
import { parseObject } from "../../event-tap.ts";

/** A longer thought is not sealed: the client has it in plain, and would bring it back twice. */
export const SEALED_CHARACTERS_MAX = 262_144;

/** What seals for one caller. */
export class CallersSeal {
  readonly #seal: Seal;
  readonly #keyId: KeyId;

  constructor(seal: Seal, keyId: KeyId) {
    this.#seal = seal;
    this.#keyId = keyId;
  }

  /** A whole thought and Ark's `encrypted_content`, so that clients which drop the text bring it back. */
  sealThought({ text, encrypted }: Reasoning): string {
    const isKept = text !== null && text.length <= SEALED_CHARACTERS_MAX;
    return this.#seal.seal(
      this.#keyId,
      JSON.stringify({ ...(isKept ? { t: text } : {}), ...(encrypted === null ? {} : { e: encrypted }) }),
    );
  }

  /** What does not open says nothing: then the item's own text counts. */
  openThought(sealed: unknown, ownText: string | null): Reasoning {
    const opened = this.#open(sealed);
    const text = opened?.["t"];
    const encrypted = opened?.["e"];
    return {
      text: typeof text === "string" ? text : ownText,
      encrypted: typeof encrypted === "string" ? encrypted : null,
    };
  }

  /** What a conversation has come to. */
  sealSummary(summary: string): string {
    return this.#seal.seal(this.#keyId, JSON.stringify({ s: summary }));
  }

  /** Null for what is no summary of ours, or another caller's. */
  openSummary(sealed: unknown): string | null {
    const summary = this.#open(sealed)?.["s"];
    return typeof summary === "string" ? summary : null;
  }

  #open(sealed: unknown) {
    const opened = typeof sealed === "string" ? this.#seal.open(this.#keyId, sealed) : null;
    return opened === null ? null : parseObject(opened);
  }
}
