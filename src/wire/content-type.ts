/** Whether a Content-Type means JSON in UTF-8: spellings have been used to slip past laxer readers. */

/** Longer values mean nothing that is served here. */
const CHARACTERS_MAX = 128;
const JSON_TYPE = "application/json";

/**
 * True where the type is missing (null) or is `application/json`, in any case, with no parameter other than
 * one `charset=utf-8`. Everything else is for a 415: ` application/json`, `application/json\ta`,
 * `charset=utf-7`.
 */
export function isJsonContentType(value: string | null): boolean {
  if (value === null || value === JSON_TYPE) return true;
  if (value.length > CHARACTERS_MAX) return false;
  const lower = value.toLowerCase();
  if (!lower.startsWith(JSON_TYPE)) return false;
  const semicolon = skipBlanks(lower, JSON_TYPE.length);
  if (semicolon === lower.length) return semicolon === JSON_TYPE.length;
  if (lower.charCodeAt(semicolon) !== 0x3b) return false;
  const parameter = lower.slice(skipBlanks(lower, semicolon + 1));
  return parameter === "charset=utf-8" || parameter === 'charset="utf-8"';
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09) at++;
  return at;
}
