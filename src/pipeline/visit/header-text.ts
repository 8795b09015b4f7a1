/** Makes any text fit for a header value: printable ASCII, percent-encoded otherwise, and bounded. */

const LENGTH_MAX = 512;

function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x25) return false;
  }
  return true;
}

/** Percent-encodes the UTF-8 of whatever is not printable ASCII, and the percent sign itself. */
export function printable(text: string): string {
  if (text.length <= LENGTH_MAX && isPlain(text)) return text;
  let encoded = "";
  for (const byte of Buffer.from(text, "utf8")) {
    if (encoded.length >= LENGTH_MAX) break;
    const isSafe = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isSafe ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
