/** Finds the wanted members of a JSON object by reading its bytes once: validated, and no object built. */
import { isUtf8 } from "node:buffer";
import {
  matchKey,
  NO_MATCH,
  nameOfMatch,
  type Spelling,
  spellingOfMatch,
  type WantedNames,
} from "./json-key.ts";
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  JsonSyntaxError,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
} from "./json-value.ts";

export const valueKinds = ["object", "array", "string", "number", "true", "false", "null"] as const;
export type ValueKind = (typeof valueKinds)[number];

/** A wanted member where it stands. Offsets are bytes; an end is the byte after the last. */
export type JsonMember = {
  readonly name: string;
  readonly spelling: Spelling;
  /** From the opening quote of the key. */
  readonly keyStart: number;
  /** After its closing quote. */
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly kind: ValueKind;
};

function kindOf(firstByte: number | undefined): ValueKind {
  switch (firstByte) {
    case OPEN_BRACE:
      return "object";
    case OPEN_BRACKET:
      return "array";
    case QUOTE:
      return "string";
    case 0x74:
      return "true";
    case 0x66:
      return "false";
    case 0x6e:
      return "null";
    default:
      return "number";
  }
}

function opensContainer(byte: number | undefined): boolean {
  return byte === OPEN_BRACKET || byte === OPEN_BRACE;
}

/** Reads containers while they are first walked over, where one walk must find what stands inside them. */
export interface ContainerReader {
  /**
   * The byte after the array or object that is the value of that wanted member. It begins at `start`, in a
   * text that ends at `limit` and has not been validated. Null, if it is only to be skipped.
   * @throws JsonSyntaxError
   */
  readContainer(name: string, start: number, limit: number, spelling: Spelling): number | null;
}

/** How a walk is done; containers that are open around the values it meets count as its depth. */
export type WalkOptions = {
  readonly depth: number;
  readonly reader: ContainerReader | null;
};

const plainWalk: WalkOptions = { depth: 1, reader: null };

/** Walks over one object, and stops at each wanted member. The members in between cost no memory. */
export class MemberCursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #wanted: WantedNames;
  readonly #depth: number;
  readonly #reader: ContainerReader | null;
  #at: number;
  #done = false;

  /** `start` is the opening brace; what follows the object, up to `end`, is not read. */
  constructor(
    bytes: Buffer,
    start: number,
    end: number,
    wanted: WantedNames,
    { depth, reader }: WalkOptions = plainWalk,
  ) {
    if (start >= end) throw new JsonSyntaxError(start, "the text ends before an object");
    if (bytes[start] !== OPEN_BRACE) throw new JsonSyntaxError(start, "expected an object");
    this.#bytes = bytes;
    this.#end = end;
    this.#wanted = wanted;
    this.#depth = depth;
    this.#reader = reader;
    this.#at = skipSpace(bytes, start + 1, end);
    if (this.#at < end && bytes[this.#at] === CLOSE_BRACE) {
      this.#at++;
      this.#done = true;
    }
  }

  /** Where the walk is: once `next` has given null, the byte after the closing brace. */
  get position(): number {
    return this.#at;
  }

  /** The next wanted member, or null once the object is over. @throws JsonSyntaxError */
  next(): JsonMember | null {
    const bytes = this.#bytes;
    const end = this.#end;
    while (!this.#done) {
      const keyStart = this.#at;
      if (keyStart >= end || bytes[keyStart] !== QUOTE) {
        throw new JsonSyntaxError(keyStart, "expected the quoted name of a member");
      }
      const keyEnd = skipString(bytes, keyStart, end);
      const match = matchKey(this.#wanted, bytes, keyStart + 1, keyEnd - 1);
      const valueStart = skipColon(bytes, keyEnd, end);
      const valueEnd =
        (match === NO_MATCH ? null : this.#readContainer(match, valueStart)) ??
        skipValue(bytes, valueStart, end, this.#depth);
      let at = skipSpace(bytes, valueEnd, end);
      const next = at < end ? bytes[at] : -1;
      if (next === COMMA) at = skipSpace(bytes, at + 1, end);
      else if (next === CLOSE_BRACE) {
        at++;
        this.#done = true;
      } else throw new JsonSyntaxError(at, "expected a comma or the end of the object");
      this.#at = at;
      if (match !== NO_MATCH) {
        return {
          name: nameOfMatch(this.#wanted, match),
          spelling: spellingOfMatch(match),
          keyStart,
          keyEnd,
          valueStart,
          valueEnd,
          kind: kindOf(bytes[valueStart]),
        };
      }
    }
    return null;
  }

  #readContainer(match: number, start: number): number | null {
    if (this.#reader === null || !opensContainer(this.#bytes[start])) return null;
    const name = nameOfMatch(this.#wanted, match);
    return this.#reader.readContainer(name, start, this.#end, spellingOfMatch(match));
  }
}

/** Walks over one array, element by element. */
export class ElementCursor {
  /** The first byte of the element reached; once `next` has given false, the closing bracket. */
  start: number;
  readonly #bytes: Buffer;
  readonly #limit: number;
  readonly #depth: number;
  readonly #first: number;
  /** After the element reached; null until somebody has found it. */
  #end: number | null;

  /**
   * `start` is the opening bracket; what follows the array, up to `end`, is not read.
   * @param depth containers open around the elements, this array among them
   */
  constructor(bytes: Buffer, start: number, end: number, depth = 1) {
    if (start >= end || bytes[start] !== OPEN_BRACKET) throw new JsonSyntaxError(start, "expected an array");
    this.#bytes = bytes;
    this.#limit = end;
    this.#depth = depth;
    this.start = start;
    this.#first = start + 1;
    this.#end = start + 1;
  }

  /** Goes to the next element; false once there is none. @throws JsonSyntaxError */
  next(): boolean {
    const bytes = this.#bytes;
    const end = this.#end ?? skipValue(bytes, this.start, this.#limit, this.#depth);
    let at = skipSpace(bytes, end, this.#limit);
    if (at >= this.#limit) throw new JsonSyntaxError(at, "the text ends inside an array");
    this.start = at;
    if (bytes[at] === CLOSE_BRACKET) return false;
    if (end !== this.#first) {
      if (bytes[at] !== COMMA) throw new JsonSyntaxError(at, "expected a comma or the end of an array");
      at = skipSpace(bytes, at + 1, this.#limit);
    }
    this.start = at;
    this.#end = null;
    return true;
  }

  /** Whether the element reached is an object. */
  get isObject(): boolean {
    return this.start < this.#limit && this.#bytes[this.start] === OPEN_BRACE;
  }

  /** Says where the element reached ends, if its reader has found that out: then it is not walked again. */
  endsAt(end: number): void {
    this.#end = end;
  }

  /** After the closing bracket, once `next` has given false. */
  get position(): number {
    return this.start + 1;
  }
}

/**
 * The wanted members of the object that the text from `start` to `end` is, white space around it allowed,
 * in the order of their keys. At most one more than there are wanted names is given, however often a body
 * repeats them: enough for a repeat to show. Depth is counted from this object as 1.
 * @throws JsonSyntaxError
 */
export function scanObject(
  bytes: Buffer,
  start: number,
  end: number,
  wanted: WantedNames,
  options: WalkOptions = plainWalk,
): JsonMember[] {
  const members: JsonMember[] = [];
  const membersMax = wanted.names.length + 1;
  const cursor = new MemberCursor(bytes, skipSpace(bytes, start, end), end, wanted, options);
  for (let member = cursor.next(); member !== null; member = cursor.next()) {
    if (members.length < membersMax) members.push(member);
  }
  const after = skipSpace(bytes, cursor.position, end);
  if (after < end) throw new JsonSyntaxError(after, "expected nothing after the object");
  return members;
}

/**
 * Like {@link scanObject}, for a whole document as it came: it must be UTF-8 without a byte order mark,
 * and an object at the top (RFC 8259, sections 2 and 8.1).
 * @throws JsonSyntaxError
 */
export function scanDocument(
  bytes: Buffer,
  wanted: WantedNames,
  reader: ContainerReader | null = null,
): JsonMember[] {
  if (!isUtf8(bytes)) throw new JsonSyntaxError(firstBrokenSequence(bytes), "the text is not UTF-8");
  if (bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new JsonSyntaxError(0, "the text begins with a byte order mark");
  }
  return scanObject(bytes, 0, bytes.length, wanted, { depth: 1, reader });
}

/**
 * The offset of the first sequence that is not UTF-8, in a text that has one: halving, then step by step.
 */
function firstBrokenSequence(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 8) {
    let middle = good + ((bad - good) >>> 1);
    for (let back = 0; back < 3 && ((bytes[middle] as number) & 0xc0) === 0x80; back++) middle--;
    if (isUtf8(bytes.subarray(good, middle))) good = middle;
    else bad = middle;
  }
  for (let length = 1; length <= 4 && good + length <= bytes.length; ) {
    if (isUtf8(bytes.subarray(good, good + length))) {
      good += length;
      length = 1;
    } else length++;
  }
  return good;
}
