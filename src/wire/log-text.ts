/** Text that is safe in a line of a log: JSON strings that can neither end the line nor steer a terminal. */

/** A string as a JSON string: printable text as it is, whatever could forge or hide text as an escape. */
export function quoteForLog(text: string): string {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c)
      return escapeHazards(JSON.stringify(text));
  }
  return `"${text}"`;
}

/**
 * A JSON text with the hazards in its strings escaped: DEL and C1 controls (a lone 0x9b begins an ANSI
 * sequence), U+2028 and U+2029, and the marks that turn the direction of what follows.
 */
export function escapeHazards(json: string): string {
  let from = 0;
  let escaped = "";
  for (let index = 0; index < json.length; index++) {
    const code = json.charCodeAt(index);
    if (code < 0x7f || !isHazard(code)) continue;
    escaped += `${json.slice(from, index)}\\u${code.toString(16).padStart(4, "0")}`;
    from = index + 1;
  }
  return from === 0 ? json : escaped + json.slice(from);
}

function isHazard(code: number): boolean {
  if (code <= 0x9f) return true;
  if (code < 0x200b) return code === 0x061c;
  if (code <= 0x200f || (code >= 0x2028 && code <= 0x202e)) return true;
  return (code >= 0x2066 && code <= 0x2069) || code === 0xfeff;
}
