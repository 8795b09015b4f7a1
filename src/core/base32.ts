/** Base 32 in lower case (RFC 4648, 6, without padding), for names that people read and copy. */

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const DIGIT_BITS = 5;

/** Five bits a digit; bits left over are filled up with zeros. */
export function base32(bytes: Uint8Array): string {
  let digits = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= DIGIT_BITS; bits -= DIGIT_BITS) digits += ALPHABET[(held >> (bits - DIGIT_BITS)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? digits : digits + ALPHABET[(held << (DIGIT_BITS - bits)) & 31];
}
