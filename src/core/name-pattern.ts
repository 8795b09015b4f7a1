/** Patterns for model names: `*` is any text, `#` one digit, anything else itself. */

const STAR = "*".charCodeAt(0);
const HASH = "#".charCodeAt(0);

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isPattern(name: string): boolean {
  return name.includes("*") || name.includes("#");
}

/**
 * Whether the whole of `name` fits. At worst the lengths multiplied, both bounded: on a mismatch only the
 * last star takes one character more, so no pattern can make it exponential as a regular expression could.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let starName = 0;
  for (let index = 0; index < name.length; ) {
    const wanted = at < pattern.length ? pattern.charCodeAt(at) : -1;
    const found = name.charCodeAt(index);
    if (wanted === STAR) {
      star = at++;
      starName = index;
    } else if (wanted === HASH ? isDigit(found) : wanted === found) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++starName;
    } else {
      return false;
    }
  }
  while (at < pattern.length && pattern.charCodeAt(at) === STAR) at++;
  return at === pattern.length;
}
