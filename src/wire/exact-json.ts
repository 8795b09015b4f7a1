/** Parses JSON so that it can be written again without losing a digit of its numbers. */

type ReviverContext = { readonly source?: string };
type RawJson = { readonly parse: typeof parseWithSource; readonly rawJSON: (text: string) => object };
declare function parseWithSource(
  text: string,
  revive: (key: string, value: unknown, context: ReviverContext) => unknown,
): unknown;

/** Of ECMAScript's "JSON.parse source text access"; TypeScript's library does not know it yet. */
const rawJson = JSON as unknown as RawJson;

const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const UPPER_E = 0x45;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const LOWER_E = 0x65;
const OPEN_BRACE = 0x7b;

/** A double keeps every number of fewer digits, but for an exponent and for minus zero. */
const DIGITS_KEPT_MAX = 15;

/** The index behind the closing quote of the string that opens at `quote`. */
function stringEnd(text: string, quote: number): number {
  for (let at = text.indexOf('"', quote + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let first = at;
    while (text.charCodeAt(first - 1) === BACKSLASH) first--;
    if ((at - first) % 2 === 0) return at + 1;
  }
  return text.length;
}

/** What must be known of a text before it is parsed: that is slow, and takes many times its memory. */
class Survey {
  /** As many as there are, or a few more. */
  values = 1;
  /** A double may not keep one of its numbers. */
  mayLose = false;

  constructor(text: string) {
    for (let at = 0; at < text.length; ) {
      const quote = text.indexOf('"', at);
      this.#addBetween(text, at, quote < 0 ? text.length : quote);
      at = quote < 0 ? text.length : stringEnd(text, quote);
    }
  }

  /** What stands outside of strings. */
  #addBetween(text: string, start: number, end: number): void {
    let digits = 0;
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at);
      if ((code >= ZERO && code <= NINE) || code === POINT) {
        if (++digits > DIGITS_KEPT_MAX) this.mayLose = true;
        continue;
      }
      if (code === COMMA || code === OPEN_BRACE || code === OPEN_BRACKET) this.values++;
      else if (code === MINUS) this.mayLose ||= text.charCodeAt(at + 1) === ZERO;
      else if (code === LOWER_E || code === UPPER_E) this.mayLose ||= digits > 0;
      digits = 0;
    }
  }
}

/** A text with more values than may be: it would take more time and memory than it is worth. */
export class TooManyValuesError extends RangeError {
  override readonly name = "TooManyValuesError";
}

/** Values of a JSON text, or a few more: to be asked before it is parsed. */
export function countValues(text: string): number {
  return new Survey(text).values;
}

function keepNumber(_key: string, value: unknown, { source }: ReviverContext): unknown {
  if (typeof value !== "number" || source === undefined) return value;
  return String(value) === source ? value : rawJson.rawJSON(source);
}

/**
 * The value of a JSON text. `JSON.stringify` writes it with every number as it stood: one that a double does
 * not keep is an object of JSON.rawJSON. Members given twice count once, the last of them.
 * @param valuesMax strings, numbers, objects and so on, in all
 * @throws SyntaxError for what is not JSON, RangeError for what is nested too deep, TooManyValuesError
 */
export function parseExact(text: string, valuesMax = Number.POSITIVE_INFINITY): unknown {
  const { values, mayLose } = new Survey(text);
  if (values > valuesMax) throw new TooManyValuesError(`more than ${valuesMax} values`);
  return mayLose ? rawJson.parse(text, keepNumber) : JSON.parse(text);
}
