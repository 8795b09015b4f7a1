/** Carries a model's thoughts in what its client brings back: a signature, or encrypted content. */
import type { KeyId } from "../core/ids.ts";
import type { Reasoning, Seal } from "../core/memories.ts";
import type { CallContext } from "./door.ts";
import { parseObject } from "./event-tap.ts";

/** A longer thought is not sealed: the client has it in plain, and would bring it back twice. */
export const SEALED_CHARACTERS_MAX = 262_144;

/** What seals for one caller. */
export type ThoughtSeal = {
  readonly seal: Seal;
  readonly keyId: KeyId;
  /** That thinks, or is to be shown its thoughts, as its upstream knows it. */
  readonly model: string;
};

export function thoughtSealFor(model: string, { keyId, memories }: CallContext): ThoughtSeal {
  return { seal: memories.seal, keyId, model };
}

/**
 * The seal of a thought: its whole text and Ark's `encrypted_content`, so that a client which never saw
 * the text (`display: omitted`), or drops it, brings it back all the same.
 */
export function sealThought({ text, encrypted }: Reasoning, { seal, keyId, model }: ThoughtSeal): string {
  const isKept = text !== null && text !== "" && text.length <= SEALED_CHARACTERS_MAX;
  return seal.seal(
    keyId,
    JSON.stringify({
      ...(isKept ? { t: text } : {}),
      ...(encrypted === null ? {} : { e: encrypted, m: model }),
    }),
  );
}

/**
 * The thought of a block or item that came back. A seal that is not ours, or not this caller's, says nothing:
 * then the client's own text counts. What another model has encrypted is left out: Ark signs it, and may
 * refuse it (ark-api 4.6).
 */
export function openThought(
  given: unknown,
  ownText: string | null,
  { seal, keyId, model }: ThoughtSeal,
): Reasoning {
  const opened = typeof given === "string" ? seal.open(keyId, given) : null;
  const sealed = opened === null ? null : parseObject(opened);
  const text = sealed?.["t"];
  const encrypted = sealed?.["e"];
  return {
    text: typeof text === "string" ? text : ownText,
    encrypted: typeof encrypted === "string" && sealed?.["m"] === model ? encrypted : null,
  };
}
