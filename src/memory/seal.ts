/** Seals texts that go to a client and come back: thoughts that he is to keep, and not to read or change. */
import type { KeyId } from "../core/ids.ts";
import type { Seal } from "../core/memories.ts";
import { BOX_BYTES, SealedBox } from "./sealed-box.ts";

const PREFIX = "vp1.";
const PURPOSE = "volcano-proxy sealed text 1";
/** Of a text in UTF-8: far more than a model thinks, and as much as a body may hold of it. */
export const SEALED_TEXT_BYTES_MAX = 16 * 1_048_576;

/** Of base64url without padding. */
function lettersFor(bytes: number): number {
  return Math.ceil((bytes * 4) / 3);
}

const SEALED_CHARACTERS_MAX = PREFIX.length + lettersFor(SEALED_TEXT_BYTES_MAX + BOX_BYTES);

/**
 * `vp1.` and base64url: a text encrypted and signed, with whose it is. It keeps a client from reading,
 * changing or inventing thoughts, and one key's thoughts from being told to a model by another. It does not
 * keep him from bringing an old one back, or one from another of his conversations; its length shows. It is
 * not compressed: most of it is Ark's own ciphertext, or short. Whoever has the secret can read it all.
 */
export class SealedTexts implements Seal {
  readonly #box: SealedBox;

  /** @param secret at least 32 random bytes; what was sealed with another one does not open */
  constructor(secret: Buffer) {
    this.#box = new SealedBox(secret, PURPOSE);
  }

  /** A text of more than {@link SEALED_TEXT_BYTES_MAX} bytes is left out: what is given never opens. */
  seal(keyId: KeyId, text: string): string {
    if (Buffer.byteLength(text) > SEALED_TEXT_BYTES_MAX) return PREFIX;
    return PREFIX + this.#box.seal(Buffer.from(text), keyId).toString("base64url");
  }

  open(keyId: KeyId, sealed: string): string | null {
    if (!sealed.startsWith(PREFIX) || sealed.length > SEALED_CHARACTERS_MAX) return null;
    const letters = sealed.slice(PREFIX.length);
    const box = Buffer.from(letters, "base64url");
    // Decoding is lenient; only the one spelling that was given is taken.
    if (box.toString("base64url") !== letters) return null;
    return this.#box.open(box, keyId)?.toString("utf8") ?? null;
  }
}
