/** Walks over one JSON value and says where it ends: RFC 8259 to the letter, with no object built. */

/** Containers inside one another, the outermost counted as 1. */
export const DEPTH_MAX = 64;

/** Why a text is not the JSON that was expected. The reason never quotes the text. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  /** Bytes before the one at fault. */
  readonly offset: number;
  readonly reason: string;

  constructor(offset: number, reason: string) {
    super(`${reason} at byte ${offset}`);
    this.offset = offset;
    this.reason = reason;
  }
}

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const SPACE = 0x20;
const LETTER_U = 0x75;

/** 1 for the bytes at which a run of plain string bytes stops: the quote, the backslash and C0 controls. */
const STOPS_STRING = new Uint8Array(256);
STOPS_STRING.fill(1, 0, SPACE);
STOPS_STRING[QUOTE] = 1;
STOPS_STRING[BACKSLASH] = 1;

/** 1 for what may stand after a backslash, apart from `u`. */
const SHORT_ESCAPES = new Uint8Array(256);
for (const letter of '"\\/bfnrt') SHORT_ESCAPES[letter.charCodeAt(0)] = 1;

const LITERALS = [Buffer.from("true"), Buffer.from("false"), Buffer.from("null")];

/**
 * Which of the open containers are objects, by depth. Walks are synchronous, so one table serves them all.
 */
const objectAtDepth = new Uint8Array(DEPTH_MAX + 1);

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** The value of a hexadecimal digit, or -1. */
export function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

function fail(at: number, end: number, expected: string): never {
  throw new JsonSyntaxError(at, at >= end ? `the text ends before ${expected}` : `expected ${expected}`);
}

/** The offset of the first byte from `start` that is not JSON white space, or `end`. */
export function skipSpace(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte > SPACE || (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    at++;
  }
  return at;
}

function skipEscape(bytes: Buffer, backslash: number, end: number): number {
  const letter = backslash + 1 < end ? (bytes[backslash + 1] as number) : 0;
  if (SHORT_ESCAPES[letter] === 1) return backslash + 2;
  if (letter !== LETTER_U) fail(backslash + 1, end, 'one of "\\/bfnrtu after a backslash');
  for (let at = backslash + 2; at < backslash + 6; at++) {
    if (at >= end || hexDigit(bytes[at]) < 0) fail(at, end, "four hexadecimal digits after \\u");
  }
  return backslash + 6;
}

/**
 * From the opening quote at `start` to the byte after the closing one. Most bytes of most bodies pass
 * through here: eight are looked up at a time, which is a third faster than one by one.
 * @throws JsonSyntaxError
 */
export function skipString(bytes: Buffer, start: number, end: number): number {
  const lastEight = end - 8;
  const stops = STOPS_STRING;
  let at = start + 1;
  for (;;) {
    while (at <= lastEight) {
      const stop =
        (stops[bytes[at] as number] as number) |
        (stops[bytes[at + 1] as number] as number) |
        (stops[bytes[at + 2] as number] as number) |
        (stops[bytes[at + 3] as number] as number) |
        (stops[bytes[at + 4] as number] as number) |
        (stops[bytes[at + 5] as number] as number) |
        (stops[bytes[at + 6] as number] as number) |
        (stops[bytes[at + 7] as number] as number);
      if (stop !== 0) break;
      at += 8;
    }
    while (at < end && stops[bytes[at] as number] === 0) at++;
    if (at >= end) throw new JsonSyntaxError(start, "the text ends inside the string that begins");
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) throw new JsonSyntaxError(at, "unescaped control character in a string");
    at = skipEscape(bytes, at, end);
  }
}

function skipDigits(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at])) at++;
  if (at === start) fail(at, end, "a digit");
  return at;
}

function skipNumber(bytes: Buffer, start: number, end: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  at = at < end && bytes[at] === ZERO ? at + 1 : skipDigits(bytes, at, end);
  if (at < end && bytes[at] === POINT) at = skipDigits(bytes, at + 1, end);
  if (at < end && ((bytes[at] as number) | 0x20) === 0x65) {
    const sign = at + 1 < end ? bytes[at + 1] : undefined;
    at = skipDigits(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1, end);
  }
  return at;
}

function skipLiteral(bytes: Buffer, start: number, end: number): number {
  for (const literal of LITERALS) {
    let matched = 0;
    while (matched < literal.length && start + matched < end && bytes[start + matched] === literal[matched]) {
      matched++;
    }
    if (matched === literal.length) return start + matched;
  }
  return fail(start, end, "a value");
}

/** From the opening quote of a member's key to the first byte of its value. @throws JsonSyntaxError */
export function skipKey(bytes: Buffer, start: number, end: number): number {
  if (start >= end || bytes[start] !== QUOTE) fail(start, end, "the quoted name of a member");
  return skipColon(bytes, skipString(bytes, start, end), end);
}

/** From the byte after a key's closing quote to the first byte of the value. @throws JsonSyntaxError */
export function skipColon(bytes: Buffer, start: number, end: number): number {
  const at = skipSpace(bytes, start, end);
  if (at >= end || bytes[at] !== COLON) fail(at, end, "a colon after the name of a member");
  return skipSpace(bytes, at + 1, end);
}

/**
 * From a value's first byte to the byte after its last. `depth` containers are open around it. No
 * recursion: a body cannot overflow the stack, and one level more than DEPTH_MAX is refused.
 * @throws JsonSyntaxError
 */
export function skipValue(bytes: Buffer, start: number, end: number, depth: number): number {
  let at = start;
  let open = depth;
  for (;;) {
    const byte = at < end ? (bytes[at] as number) : -1;
    if (byte === QUOTE) {
      at = skipString(bytes, at, end);
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (open === DEPTH_MAX) throw new JsonSyntaxError(at, `nested more than ${DEPTH_MAX} deep`);
      open++;
      objectAtDepth[open] = byte === OPEN_BRACE ? 1 : 0;
      at = skipSpace(bytes, at + 1, end);
      // Either closing sign stands two code points after its opening one.
      if (at >= end || bytes[at] !== byte + 2) {
        if (byte === OPEN_BRACE) at = skipKey(bytes, at, end);
        continue;
      }
      at++;
      open--;
    } else if (byte === MINUS || isDigit(byte)) {
      at = skipNumber(bytes, at, end);
    } else {
      at = skipLiteral(bytes, at, end);
    }
    while (open > depth) {
      at = skipSpace(bytes, at, end);
      const next = at < end ? bytes[at] : -1;
      const isObject = objectAtDepth[open] === 1;
      if (next === COMMA) {
        at = skipSpace(bytes, at + 1, end);
        if (isObject) at = skipKey(bytes, at, end);
        break;
      }
      if (next !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        fail(at, end, isObject ? "a comma or the end of an object" : "a comma or the end of an array");
      }
      at++;
      open--;
    }
    if (open === depth) return at;
  }
}
