/** Makes any text fit for a header value: printable ASCII, percent-encoded otherwise, and bounded. */

const LENGTH_MAX = 512;
const BLANK = 0x20;

/** Blanks at either end would be lost on the way, and with them what was wrong with a name. */
function isPlain(text: string): boolean {
  if (text.charCodeAt(0) === BLANK || text.charCodeAt(text.length - 1) === BLANK) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x25) return false;
  }
  return true;
}

/**
 * Percent-encodes the UTF-8 of whatever is not printable ASCII, the percent sign itself, and a blank at an
 * end.
 */
export function printable(text: string): string {
  if (text.length <= LENGTH_MAX && isPlain(text)) return text;
  let encoded = "";
  const bytes = Buffer.from(text, "utf8");
  for (const [index, byte] of bytes.entries()) {
    if (encoded.length >= LENGTH_MAX) break;
    const isInner = index > 0 && index < bytes.length - 1;
    const isSafe = (byte > BLANK || (byte === BLANK && isInner)) && byte <= 0x7e && byte !== 0x25;
    encoded += isSafe ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
