/** Encrypts bytes for one purpose, so that they can be left with others or on a disk (AES-256-GCM). */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
/** Drawn at random, which holds for 2^32 boxes of one key (NIST SP 800-38D, 8.3). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What a box is longer than what is in it. */
export const BOX_BYTES = NONCE_BYTES + TAG_BYTES;
export const SECRET_BYTES_MIN = 32;

export class SealedBox {
  readonly #key: KeyObject;

  /**
   * @param purpose another one gives another key (HKDF, RFC 5869)
   * @throws RangeError for a secret of fewer than {@link SECRET_BYTES_MIN} bytes
   */
  constructor(secret: Buffer, purpose: string) {
    if (secret.length < SECRET_BYTES_MIN) {
      throw new RangeError(`a secret of ${secret.length} bytes; at least ${SECRET_BYTES_MIN} are needed`);
    }
    const key = hkdfSync("sha256", secret, Buffer.alloc(0), purpose, KEY_BYTES);
    this.#key = createSecretKey(Buffer.from(key));
  }

  /** Nonce, ciphertext and tag. @param context must be the same for it to open; it is not inside */
  seal(bytes: Buffer, context: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    cipher.setAAD(Buffer.from(context));
    const sealed = cipher.update(bytes);
    return Buffer.concat([nonce, sealed, cipher.final(), cipher.getAuthTag()]);
  }

  /** Null for anything that was not sealed with this secret, purpose and context, to the last bit. */
  open(box: Buffer, context: string): Buffer | null {
    if (box.length < BOX_BYTES) return null;
    const tagStart = box.length - TAG_BYTES;
    const options = { authTagLength: TAG_BYTES };
    const decipher = createDecipheriv(CIPHER, this.#key, box.subarray(0, NONCE_BYTES), options);
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(box.subarray(tagStart));
    const bytes = decipher.update(box.subarray(NONCE_BYTES, tagStart));
    try {
      decipher.final();
    } catch {
      return null;
    }
    return bytes;
  }
}
