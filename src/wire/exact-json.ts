/** Parses JSON so that it can be written again without losing a digit of its numbers. */

type ReviverContext = { readonly source?: string };
type RawJson = { readonly parse: typeof parseWithSource; readonly rawJSON: (text: string) => object };
declare function parseWithSource(
  text: string,
  revive: (key: string, value: unknown, context: ReviverContext) => unknown,
): unknown;

/** Of ECMAScript's "JSON.parse source text access"; TypeScript's library does not know it yet. */
const rawJson = JSON as unknown as RawJson;

/** What a double may not keep: sixteen digits in all, or an exponent. Most texts have neither. */
const MAY_LOSE = /[0-9][0-9.]{15}|[0-9][eE]|-0/;

function keepNumber(_key: string, value: unknown, { source }: ReviverContext): unknown {
  if (typeof value !== "number" || source === undefined) return value;
  return String(value) === source ? value : rawJson.rawJSON(source);
}

/**
 * The value of a JSON text. `JSON.stringify` writes it with every number as it stood: one that a double does
 * not keep is an object of JSON.rawJSON. Members given twice count once, the last of them.
 * @throws SyntaxError for what is not JSON, RangeError for what is nested too deep
 */
export function parseExact(text: string): unknown {
  return MAY_LOSE.test(text) ? rawJson.parse(text, keepNumber) : JSON.parse(text);
}
