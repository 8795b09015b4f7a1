/** Server-sent events as bytes: where whole events end, however a stream is cut, and what one event says. */

/** The longest event that is held back and read, in bytes with its blank line; a longer one flows unread. */
export const SSE_TAIL_BYTES_MAX = 1_048_576;

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const BOM = [0xef, 0xbb, 0xbf] as const;

const DATA = Buffer.from("data");
const EVENT = Buffer.from("event");

// Where the scanner stands.
const START = 0;
const BOM_SECOND = 1;
const BOM_THIRD = 2;
const BETWEEN = 3;
const COMMENT = 4;
const LINE = 5;
const AFTER_CR = 6;
const AFTER_LF = 7;
const BLANK_CR = 8;
// What a byte may do to it besides.
const FILLER_ENDS = 9;
const EVENT_ENDS = 10;
const EVENT_ENDED_BEFORE = 11;

function stepBetween(byte: number): number {
  if (byte === LF || byte === CR) return FILLER_ENDS;
  return byte === COLON ? COMMENT : LINE;
}

function stepLine(byte: number): number {
  if (byte === LF) return AFTER_LF;
  return byte === CR ? AFTER_CR : LINE;
}

function step(state: number, byte: number): number {
  switch (state) {
    case START:
      return byte === BOM[0] ? BOM_SECOND : stepBetween(byte);
    case BOM_SECOND:
      return byte === BOM[1] ? BOM_THIRD : stepLine(byte);
    case BOM_THIRD:
      return byte === BOM[2] ? FILLER_ENDS : stepLine(byte);
    case BETWEEN:
      return stepBetween(byte);
    case COMMENT:
      return byte === LF || byte === CR ? FILLER_ENDS : COMMENT;
    case AFTER_CR:
      if (byte === CR) return EVENT_ENDS;
      return byte === LF ? AFTER_LF : LINE;
    case AFTER_LF:
      if (byte === LF) return EVENT_ENDS;
      return byte === CR ? BLANK_CR : LINE;
    case BLANK_CR:
      return byte === LF ? EVENT_ENDS : EVENT_ENDED_BEFORE;
    default:
      return stepLine(byte);
  }
}

/** The index of the first line end in `bytes` from `from`, or `end` where there is none. */
function lineEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== LF && bytes[at] !== CR) at++;
  return at;
}

/**
 * Cuts a stream into blocks. A block is an event (its lines and the blank line that ends it) or, between
 * events, filler: a comment line, a blank line, or the byte order mark at the very start. Lines end in LF,
 * CRLF or CR, mixed as they like (WHATWG HTML 9.2.5).
 *
 * Where a CR ends the blank line, its event waits for one byte more, which may be the LF of a CRLF. It does
 * not wait if a bare CR ended the line before too: a stream of bare CRs is not kept one event behind, and an
 * LF after `\r\r` is filler. Both depend on the bytes alone, never on how they were cut.
 */
export class EventScanner {
  #state = START;
  #endedEvent = false;

  /** The last block has ended, the next has not begun, and a byte order mark can no longer come. */
  get isBetweenBlocks(): boolean {
    return this.#state === BETWEEN;
  }

  /** Whether the block that ended last is an event. */
  get endedEvent(): boolean {
    return this.#endedEvent;
  }

  /**
   * Goes on from the byte at `from`: the index just after the next end of a block, or -1 where `bytes` run
   * out before it; the next call then goes on in the next piece. The index can be `from` itself, where the
   * block had ended with the byte before.
   */
  nextEnd(bytes: Buffer, from: number): number {
    let state = this.#state;
    for (let at = from; at < bytes.length; at++) {
      if (state === LINE) {
        at = lineEnd(bytes, at, bytes.length);
        if (at === bytes.length) break;
      }
      state = step(state, bytes[at] ?? LF);
      if (state >= FILLER_ENDS) {
        this.#state = BETWEEN;
        this.#endedEvent = state !== FILLER_ENDS;
        return state === EVENT_ENDED_BEFORE ? at : at + 1;
      }
    }
    this.#state = state;
    return -1;
  }

  /** The stream is over: whether the event in hand was whole and waited for nothing but the LF of a CRLF. */
  endsHere(): boolean {
    if (this.#state !== BLANK_CR) return false;
    this.#state = BETWEEN;
    this.#endedEvent = true;
    return true;
  }
}

/** `name`: the last `event` field, or null. `data`: the `data` fields joined by LF, null without any. */
export type EventFields = { readonly name: string | null; readonly data: string | null };

function isField(bytes: Buffer, at: number, stop: number, name: Buffer): boolean {
  const after = at + name.length;
  if (after > stop) return false;
  for (let index = 0; index < name.length; index++) {
    if (bytes[at + index] !== name[index]) return false;
  }
  return after === stop || bytes[after] === COLON;
}

function valueAfter(bytes: Buffer, nameEnd: number, stop: number): string {
  const from = nameEnd + (bytes[nameEnd + 1] === SPACE ? 2 : 1);
  return from < stop ? bytes.toString("utf8", from, stop) : "";
}

/** Reads the event whose lines are the bytes from `start` to `end`, with or without its blank line. */
export function readEvent(bytes: Buffer, start: number, end: number): EventFields {
  let name: string | null = null;
  let data: string | null = null;
  // A CRLF is taken for two line ends: the empty line between them says nothing.
  for (let at = start; at < end; at++) {
    const stop = lineEnd(bytes, at, end);
    if (isField(bytes, at, stop, DATA)) {
      const value = valueAfter(bytes, at + DATA.length, stop);
      data = data === null ? value : `${data}\n${value}`;
    } else if (isField(bytes, at, stop, EVENT)) {
      name = valueAfter(bytes, at + EVENT.length, stop);
    }
    at = stop;
  }
  return { name, data };
}
