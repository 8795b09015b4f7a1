/** Listens to a stream of events on its way to the client, whatever protocol it speaks. */
import type { JsonObject } from "../core/chat.ts";
import { type ErrorFacts, GatewayError } from "../core/errors.ts";
import type { TextMeasure } from "../core/text-measure.ts";
import type { Usage } from "../core/usage.ts";
import { type EventFields, EventScanner, readEvent, SSE_TAIL_BYTES_MAX } from "../wire/sse-events.ts";
import { TextTally } from "../wire/text-measure.ts";
import type { StreamFailure, Tap } from "./door.ts";

const LINE_END = Buffer.from("\n");
const BLANK_LINE = Buffer.from("\n\n");
const NOTHING = Buffer.alloc(0);
const HELD_BYTES_START = 1_024;

export type TapSettings = {
  /** The longest event that is held back and read, in bytes with its blank line. */
  readonly tailBytesMax?: number;
  /** The client sees other events than the upstream sent: what cannot be read cannot pass. */
  readonly translates?: boolean;
};

/** The object that `text` is in JSON, or null. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : null;
  } catch {
    return null;
  }
}

/** An event with so much of the blank line behind it as it lacks. */
export function withBlankLine(event: Buffer): Buffer {
  const tail = event.toString("latin1", Math.max(0, event.length - 4));
  const lines = tail.replaceAll(/\r\n?/g, "\n");
  // A line feed behind a lone carriage return would end the same line.
  const ended = tail.endsWith("\r") ? lines.slice(0, -1) : lines;
  if (ended.endsWith("\n\n")) return event;
  return Buffer.concat([event, ended.endsWith("\n") ? LINE_END : BLANK_LINE]);
}

export function isDoneMark(data: string): boolean {
  return data.trim() === "[DONE]";
}

/** Usage only ever grows within a stream: a figure below an earlier one is not a sum, and does not count. */
export function isCumulative(next: Usage, last: Usage | null): boolean {
  return last === null || (next.inputTokens >= last.inputTokens && next.outputTokens >= last.outputTokens);
}

/** The code of an error object, where it has one. */
export function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null) return null;
  const code = (error as JsonObject)["code"];
  return typeof code === "string" ? code : null;
}

function given(heard: Buffer | boolean, bytes: Buffer): Buffer | null {
  return heard === true ? bytes : heard === false ? null : heard;
}

function tooLong(bytesMax: number): GatewayError {
  const message = `Ark sent an event of more than ${bytesMax} bytes, which cannot be translated.`;
  return new GatewayError("upstream_invalid", `${message} It may have been billed.`);
}

/** Puts together what goes out: the parts so far, then the piece's bytes from `start` to `end`. */
function assemble(parts: Buffer[] | null, piece: Buffer, start: number, end: number): Buffer | null {
  if (start < end) {
    const rest = start === 0 && end === piece.length ? piece : piece.subarray(start, end);
    if (parts === null) return rest;
    parts.push(rest);
  }
  if (parts === null || parts.length === 0) return null;
  return parts.length === 1 ? (parts[0] ?? null) : Buffer.concat(parts);
}

/**
 * The bytes' side of a tap: cuts the stream into events, holds back an unfinished one, and puts together what
 * goes out. What an event says, a protocol's own tap knows: it gives `hear`, and sets what is heard.
 *
 * Comment lines between events pass as they end. An event of more than `tailBytesMax` bytes flows unread,
 * unless the tap translates: then it is refused. An event without data is no event (WHATWG HTML 9.2.6).
 */
export abstract class EventTap implements Tap {
  done = false;
  hasMore = false;
  failure: StreamFailure | null = null;
  usage: Usage | null = null;
  openingUsage: Usage | null = null;
  usageIsFinal = false;
  events = 0;
  insideEvent = false;
  abstract readonly measure: TextMeasure;
  readonly #tailBytesMax: number;
  readonly #translates: boolean;
  readonly #scanner = new EventScanner();
  /** The unfinished block's bytes so far, copied: a few bytes must not keep a whole socket buffer alive. */
  #held: Buffer | null = null;
  #heldBytes = 0;
  /** Of the event that flows unread; no part of the measure before its end. */
  #unread: TextTally | null = null;
  /** What stands before an event that was refused, and has not been given back yet. */
  #unsent: Buffer[] = [];

  constructor({ tailBytesMax = SSE_TAIL_BYTES_MAX, translates = false }: TapSettings = {}) {
    this.#tailBytesMax = tailBytesMax;
    this.#translates = translates;
  }

  abstract failureEvent(error: ErrorFacts, requestId: string): Buffer;

  /** The end of an event from `from` that may pass unread, or 0; its text is measured all the same. */
  protected abstract ordinaryEnd(bytes: Buffer, from: number): number;

  /** The text of an event that passes unread, the bytes from `start` to `end`. */
  protected abstract measureOrdinary(bytes: Buffer, start: number, end: number): void;

  /** The text of an event that is too long to be read: all its bytes. */
  protected abstract measureUnread(event: TextMeasure): void;

  /**
   * Takes in one whole event, of these bytes: sets `done`, `failure` and `usage`, measures its text, and says
   * what the client is to see of it: all of it as it came, nothing, or other bytes in its place.
   */
  protected abstract hear(event: EventFields, data: string, bytes: Buffer): Buffer | boolean;

  /** @throws GatewayError upstream_invalid; `finish` gives what came before that in the piece */
  push(piece: Buffer): Buffer | null {
    if (this.done || this.failure !== null) return null;
    if (!this.#translates) return this.#read(piece, null);
    const parts: Buffer[] = [];
    try {
      return this.#read(piece, parts);
    } catch (thrown) {
      this.#unsent = [...parts, ...this.#unsent];
      throw thrown;
    }
  }

  /** For `hear`, before it throws: what goes out all the same. */
  protected keepUnsent(bytes: Buffer): void {
    this.#unsent = [bytes];
  }

  #read(piece: Buffer, given: Buffer[] | null): Buffer | null {
    let parts = given;
    let start = 0; // of the bytes that go out next
    let at = 0; // of the block in hand
    while (at < piece.length) {
      const ordinaryEnd = this.#scanner.isBetweenBlocks ? this.ordinaryEnd(piece, at) : 0;
      if (ordinaryEnd > 0) {
        this.#passUnread(piece, at, ordinaryEnd);
        at = ordinaryEnd;
        continue;
      }
      const end = this.#scanner.nextEnd(piece, at);
      if (end < 0) break;
      if (this.#held !== null) {
        const block = Buffer.concat([this.#release(this.#held), piece.subarray(0, end)]);
        const heard = this.#takeJoined(block);
        if (heard !== false) {
          parts ??= [];
          parts.push(heard === true ? block : heard);
        }
        start = end;
      } else if (this.insideEvent) {
        this.#leaveEvent(piece, end);
      } else {
        const heard = this.#take(piece, at, end);
        if (heard !== true) {
          if (start < at || heard !== false) parts ??= [];
          if (start < at) parts?.push(piece.subarray(start, at));
          if (heard !== false) parts?.push(heard);
          start = end;
        }
      }
      at = end;
      if (this.done || this.failure !== null) {
        this.hasMore = end < piece.length;
        return assemble(parts, piece, start, end);
      }
    }
    if (this.insideEvent) {
      this.#unread?.addBytes(piece, at, piece.length);
    } else if (at < piece.length) {
      if (this.#heldBytes + piece.length - at <= this.#tailBytesMax) {
        this.#hold(piece, at);
        return assemble(parts, piece, start, at);
      }
      if (this.#translates) throw tooLong(this.#tailBytesMax);
      this.#unread = new TextTally();
      if (this.#held !== null) {
        this.#unread.addBytes(this.#held, 0, this.#heldBytes);
        parts = [this.#release(this.#held)];
      }
      this.#unread.addBytes(piece, at, piece.length);
      this.insideEvent = true;
    }
    return assemble(parts, piece, start, piece.length);
  }

  /**
   * An event that lacks only its blank line is given back: `[DONE]` as it came, which ends the stream anyway;
   * any other with a blank line added, for without it clients drop the event, be it the upstream's own error,
   * and the error frame that must follow a stream without its end would be glued to it. Whole is what is a
   * JSON object; anything else is a cut event, and is dropped.
   */
  finish(): Buffer | null {
    if (this.#unsent.length > 0) return Buffer.concat(this.#unsent.splice(0));
    const isWhole = this.#scanner.endsHere();
    if (this.#held === null) {
      if (isWhole) this.#leaveEvent(NOTHING, 0);
      return null;
    }
    const tail = this.#release(this.#held);
    if (isWhole) return given(this.#take(tail, 0, tail.length), tail);
    const event = readEvent(tail, 0, tail.length);
    if (event.data === null) return null;
    const isMark = isDoneMark(event.data);
    if (!isMark && parseObject(event.data) === null) return null;
    this.events++;
    const last = given(this.hear(event, event.data, tail), tail);
    // What a translation gives has its blank lines.
    return last === null || isMark || this.#translates ? last : withBlankLine(last);
  }

  /** What has flowed unread has come to its end, at `end` of `piece`. */
  #leaveEvent(piece: Buffer, end: number): void {
    this.insideEvent = false;
    const unread = this.#unread;
    this.#unread = null;
    if (!this.#scanner.endedEvent) return;
    this.events++;
    unread?.addBytes(piece, 0, end);
    if (unread !== null) this.measureUnread(unread);
  }

  /** Takes in an event that need not be read; one that would have flowed, had it been cut, all the same. */
  #passUnread(bytes: Buffer, start: number, end: number): void {
    this.events++;
    if (end - start <= this.#tailBytesMax) {
      this.measureOrdinary(bytes, start, end);
      return;
    }
    const unread = new TextTally();
    unread.addBytes(bytes, start, end);
    this.measureUnread(unread);
  }

  #hold(piece: Buffer, from: number): void {
    const bytes = this.#heldBytes + piece.length - from;
    if (this.#held === null) {
      this.#held = Buffer.allocUnsafe(Math.max(bytes, HELD_BYTES_START));
    } else if (bytes > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    piece.copy(this.#held, this.#heldBytes, from);
    this.#heldBytes = bytes;
  }

  #release(held: Buffer): Buffer {
    const bytes = held.subarray(0, this.#heldBytes);
    this.#held = null;
    this.#heldBytes = 0;
    return bytes;
  }

  /** As `#take`, for a block put together from pieces: it has not been tried as an ordinary one yet. */
  #takeJoined(block: Buffer): Buffer | boolean {
    if (this.ordinaryEnd(block, 0) !== block.length) return this.#take(block, 0, block.length);
    this.#passUnread(block, 0, block.length);
    return true;
  }

  /**
   * What becomes of the block that has just ended, the bytes from `start` to `end`. The bound is on the
   * event, not on what happens to be held, so that it acts alike however the bytes were cut.
   */
  #take(bytes: Buffer, start: number, end: number): Buffer | boolean {
    if (!this.#scanner.endedEvent) return !this.#translates;
    if (end - start > this.#tailBytesMax) {
      if (this.#translates) throw tooLong(this.#tailBytesMax);
      this.#passUnread(bytes, start, end);
      return true;
    }
    const event = readEvent(bytes, start, end);
    if (event.data === null) return !this.#translates;
    this.events++;
    return this.hear(event, event.data, bytes.subarray(start, end));
  }
}
