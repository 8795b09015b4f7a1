/** Listens to a chat stream on its way to the client: whole events, their usage, and how the stream ends. */
import { readChatUsage, type Usage } from "../../core/usage.ts";
import { type EventFields, EventScanner, readEvent, SSE_TAIL_BYTES_MAX } from "../../wire/sse-events.ts";
import { TextTally } from "../../wire/text-measure.ts";
import type { Intent, StreamFailure, Tap } from "../door.ts";
import { plainChunkEnd } from "./plain-chunk.ts";
import { StreamMeasure } from "./stream-measure.ts";

const BLANK_LINE = Buffer.from("\n\n");
const NOTHING = Buffer.alloc(0);
const HELD_BYTES_START = 1_024;

type JsonObject = { readonly [member: string]: unknown };

/** The object that `text` is in JSON, or null. */
function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : null;
  } catch {
    return null;
  }
}

function isDoneMark(data: string): boolean {
  return data.trim() === "[DONE]";
}

/** `{"choices":[],...,"usage":...}`: the chunk that `include_usage` adds (ark-api 4.4). */
function isUsageChunk(chunk: JsonObject): boolean {
  const choices = chunk["choices"];
  const usage = chunk["usage"];
  return Array.isArray(choices) && choices.length === 0 && usage !== undefined && usage !== null;
}

function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null) return null;
  const code = (error as JsonObject)["code"];
  return typeof code === "string" ? code : null;
}

/** Usage only ever grows within a stream: a figure below an earlier one is not a sum, and does not count. */
function isCumulative(next: Usage, last: Usage | null): boolean {
  return last === null || (next.inputTokens >= last.inputTokens && next.outputTokens >= last.outputTokens);
}

/** Puts together what goes out: the parts so far, then the piece's bytes from `start` to `end`. */
function assemble(parts: Buffer[] | null, piece: Buffer, start: number, end: number): Buffer | null {
  if (start < end) {
    const rest = start === 0 && end === piece.length ? piece : piece.subarray(start, end);
    if (parts === null) return rest;
    parts.push(rest);
  }
  if (parts === null) return null;
  return parts.length === 1 ? (parts[0] ?? null) : Buffer.concat(parts);
}

class ChatTap implements Tap {
  done = false;
  hasMore = false;
  failure: StreamFailure | null = null;
  usage: Usage | null = null;
  usageIsFinal = false;
  events = 0;
  insideEvent = false;
  readonly measure = new StreamMeasure();
  readonly #wantsUsage: boolean;
  readonly #tailBytesMax: number;
  readonly #scanner = new EventScanner();
  /** The unfinished block's bytes so far, copied: a few bytes must not keep a whole socket buffer alive. */
  #held: Buffer | null = null;
  #heldBytes = 0;
  /** Of the event that flows unread; no part of the measure before its end. */
  #unread: TextTally | null = null;

  constructor(wantsUsage: boolean, tailBytesMax: number) {
    this.#wantsUsage = wantsUsage;
    this.#tailBytesMax = tailBytesMax;
  }

  push(piece: Buffer): Buffer | null {
    if (this.done || this.failure !== null) return null;
    let parts: Buffer[] | null = null;
    let start = 0; // of the bytes that go out next
    let at = 0; // of the block in hand
    while (at < piece.length) {
      const plainEnd = this.#scanner.isBetweenBlocks ? plainChunkEnd(piece, at) : 0;
      if (plainEnd > 0) {
        this.#measureWhole(piece, at, plainEnd);
        at = plainEnd;
        continue;
      }
      const end = this.#scanner.nextEnd(piece, at);
      if (end < 0) break;
      if (this.#held !== null) {
        const block = Buffer.concat([this.#release(this.#held), piece.subarray(0, end)]);
        if (this.#passesJoined(block)) parts = [block];
        start = end;
      } else if (this.insideEvent) {
        this.#leaveEvent(piece, end);
      } else if (!this.#passes(piece, at, end)) {
        if (start < at) parts = [...(parts ?? []), piece.subarray(start, at)];
        start = end;
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
   * and the error frame that must follow a stream without `[DONE]` would be glued to it. Whole is what is a
   * JSON object; anything else is a cut event, and is dropped.
   */
  finish(): Buffer | null {
    const isWhole = this.#scanner.endsHere();
    if (this.#held === null) {
      if (isWhole) this.#leaveEvent(NOTHING, 0);
      return null;
    }
    const tail = this.#release(this.#held);
    if (isWhole) return this.#passes(tail, 0, tail.length) ? tail : null;
    const event = readEvent(tail, 0, tail.length);
    if (event.data === null) return null;
    if (isDoneMark(event.data)) {
      this.events++;
      this.done = true;
      return tail;
    }
    if (parseObject(event.data) === null) return null;
    return this.#listen(event, event.data, tail) ? Buffer.concat([tail, BLANK_LINE]) : null;
  }

  /** What has flowed unread has come to its end, at `end` of `piece`. */
  #leaveEvent(piece: Buffer, end: number): void {
    this.insideEvent = false;
    const unread = this.#unread;
    this.#unread = null;
    if (!this.#scanner.endedEvent) return;
    this.events++;
    unread?.addBytes(piece, 0, end);
    if (unread !== null) this.measure.addUnread(unread);
  }

  /** Takes in an event that need not be read; one that would have flowed, had it been cut, all the same. */
  #measureWhole(bytes: Buffer, start: number, end: number): void {
    this.events++;
    if (end - start <= this.#tailBytesMax) {
      this.measure.addEvent(bytes, start, end);
      return;
    }
    const unread = new TextTally();
    unread.addBytes(bytes, start, end);
    this.measure.addUnread(unread);
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

  /** As `#passes`, for a block put together from pieces: it has not been tried as an ordinary chunk yet. */
  #passesJoined(block: Buffer): boolean {
    if (plainChunkEnd(block, 0) !== block.length) return this.#passes(block, 0, block.length);
    this.#measureWhole(block, 0, block.length);
    return true;
  }

  /**
   * Whether the block that has just ended, the bytes from `start` to `end`, goes to the client. The bound is
   * on the event, not on what happens to be held, so that it acts alike however the bytes were cut.
   */
  #passes(bytes: Buffer, start: number, end: number): boolean {
    if (!this.#scanner.endedEvent) return true;
    if (end - start > this.#tailBytesMax) {
      this.#measureWhole(bytes, start, end);
      return true;
    }
    const event = readEvent(bytes, start, end);
    return event.data === null || this.#listen(event, event.data, bytes.subarray(start, end));
  }

  /** Takes in one whole event, of these bytes; whether the client is to see it. */
  #listen(event: EventFields, data: string, bytes: Buffer): boolean {
    this.events++;
    if (isDoneMark(data)) {
      this.done = true;
      return true;
    }
    const chunk = parseObject(data);
    const isBill = chunk !== null && isUsageChunk(chunk);
    if (chunk !== null) {
      const usage = readChatUsage(chunk["usage"], chunk["service_tier"]);
      if (usage !== null && isCumulative(usage, this.usage)) {
        this.usage = usage;
        this.usageIsFinal = isBill;
      }
    }
    if (event.name === "error" || chunk?.["error"]) {
      this.failure = { code: codeOf(chunk?.["error"]) };
      return true;
    }
    if (isBill) return this.#wantsUsage;
    this.measure.addEvent(bytes, 0, bytes.length);
    return true;
  }
}

/**
 * Opens a tap for one chat stream.
 *
 * Comment lines between events pass as they end. An event of more than `tailBytesMax` bytes flows unread.
 * The usage chunk is taken out where the intent does not want it. An event named `error`, or whose data has a
 * truthy member `error`, is the upstream's failure; one without data is no event (WHATWG HTML 9.2.6).
 */
export function openChatTap(intent: Intent, tailBytesMax: number = SSE_TAIL_BYTES_MAX): Tap {
  return new ChatTap(intent.wantsUsage, tailBytesMax);
}
