/** What characters a header value may be made of: small checks in one pass, without regular expressions. */

const REQUEST_ID_CHARACTERS_MAX = 128;

/** True where a value may be sent on: tab, visible ASCII, spaces and latin1 (RFC 9110, 5.5). */
export function isFieldValue(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

const TOKEN_SYMBOLS = "!#$%&'*+-.^_`|~";

/** A character of a header's name (RFC 9110, 5.6.2). */
export function isTokenCode(code: number): boolean {
  if (code >= 0x30 && code <= 0x39) return true;
  const lower = code | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return true;
  return TOKEN_SYMBOLS.includes(String.fromCharCode(code));
}

export function isDigits(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code < 0x30 || code > 0x39) return false;
  }
  return value.length > 0;
}

/** At least one character, all of them lower-case letters, digits and dashes. */
export function isSlug(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    if (code !== 0x2d && !(code >= 0x61 && code <= 0x7a) && !(code >= 0x30 && code <= 0x39)) return false;
  }
  return name.length > 0;
}

/** Visible ASCII without what borders on another part of a URI: quote, `#`, comma, slash, `?`, `@`, `\`. */
export function isHost(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code <= 0x23 || code >= 0x7f) return false;
    if (code === 0x2c || code === 0x2f || code === 0x40 || code === 0x3f || code === 0x5c) return false;
  }
  return true;
}

/** An id that a client may give its request: 1 to 128 visible ASCII characters. */
export function isRequestId(value: string | null): value is string {
  if (value === null || value.length === 0 || value.length > REQUEST_ID_CHARACTERS_MAX) return false;
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}
