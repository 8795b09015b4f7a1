/** Listens to a chat stream on its way to the client: whole events, their usage, and how the stream ends. */
import { readChatUsage, type Usage } from "../../core/usage.ts";
import { type EventFields, EventScanner, readEvent, SSE_TAIL_BYTES_MAX } from "../../wire/sse-events.ts";
import type { Intent, StreamFailure, Tap } from "../door.ts";

const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_R = 0x72;
const LOWER_U = 0x75;

const PLAIN_BEGIN = Buffer.from("data: {");
const PLAIN_END = Buffer.from(',"usage":null}');
const ERROR_WORD = Buffer.from('"error"');
const BLANK_LINE = Buffer.from("\n\n");
const HELD_BYTES_START = 1_024;

type JsonObject = { readonly [member: string]: unknown };

/** Whether the bytes of `needle` stand in `bytes` just before `end`. */
function endsWith(bytes: Buffer, end: number, needle: Buffer): boolean {
  const start = end - needle.length;
  if (start < 0) return false;
  for (let index = needle.length - 1; index >= 0; index--) {
    if (bytes[start + index] !== needle[index]) return false;
  }
  return true;
}

/**
 * The end of the ordinary chunk that begins at `from`, or 0 where what begins there must be read.
 *
 * An ordinary chunk is one line `data: {...,"usage":null}`, LF, LF, without `\u` and without the token
 * `"error"`. It can then neither hold a usage nor be a usage chunk, an error or `[DONE]`, so it need not be
 * parsed. If the line is JSON, its last brace closes the outermost object; the quote before `usage`, after
 * a comma and no backslash, opens that object's last member, which wins over any twin: its usage is
 * null. Inside a string a quote is escaped, so a member `error` can only be written as that token, or with
 * `\u`. If the line is not JSON, there is nothing to read in it.
 */
function plainChunkEnd(bytes: Buffer, from: number): number {
  const begin = from + PLAIN_BEGIN.length;
  if (begin > bytes.length || !endsWith(bytes, begin, PLAIN_BEGIN)) return 0;
  const length = bytes.length;
  for (let at = begin; at < length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === LOWER_R) {
      if (bytes[at + 1] === QUOTE && endsWith(bytes, at + 2, ERROR_WORD)) return 0;
    } else if (byte === BACKSLASH) {
      if (bytes[at + 1] === LOWER_U) return 0;
    } else if (byte < SPACE) {
      return byte === LF && bytes[at + 1] === LF && endsWith(bytes, at, PLAIN_END) ? at + 2 : 0;
    }
  }
  return 0;
}

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
  readonly #wantsUsage: boolean;
  readonly #tailBytesMax: number;
  readonly #scanner = new EventScanner();
  /** The unfinished block's bytes so far, copied: a few bytes must not keep a whole socket buffer alive. */
  #held: Buffer | null = null;
  #heldBytes = 0;

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
        this.events++;
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
        this.#leaveEvent();
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
    if (at < piece.length && !this.insideEvent) {
      if (this.#heldBytes + piece.length - at <= this.#tailBytesMax) {
        this.#hold(piece, at);
        return assemble(parts, piece, start, at);
      }
      if (this.#held !== null) parts = [this.#release(this.#held)];
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
      if (isWhole) this.#leaveEvent();
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
    return this.#listen(event, event.data) ? Buffer.concat([tail, BLANK_LINE]) : null;
  }

  /** What has flowed unread has come to its end. */
  #leaveEvent(): void {
    this.insideEvent = false;
    if (this.#scanner.endedEvent) this.events++;
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
    this.events++;
    return true;
  }

  /**
   * Whether the block that has just ended, the bytes from `start` to `end`, goes to the client. The bound is
   * on the event, not on what happens to be held, so that it acts alike however the bytes were cut.
   */
  #passes(bytes: Buffer, start: number, end: number): boolean {
    if (!this.#scanner.endedEvent) return true;
    if (end - start > this.#tailBytesMax) {
      this.events++;
      return true;
    }
    const event = readEvent(bytes, start, end);
    return event.data === null || this.#listen(event, event.data);
  }

  /** Takes in one whole event; whether the client is to see it. */
  #listen(event: EventFields, data: string): boolean {
    this.events++;
    if (isDoneMark(data)) {
      this.done = true;
      return true;
    }
    const chunk = parseObject(data);
    const isBill = chunk !== null && isUsageChunk(chunk);
    if (chunk !== null) {
      const usage = readChatUsage(chunk["usage"]);
      if (usage !== null && isCumulative(usage, this.usage)) {
        this.usage = usage;
        this.usageIsFinal = isBill;
      }
    }
    if (event.name === "error" || chunk?.["error"]) {
      this.failure = { code: codeOf(chunk?.["error"]) };
      return true;
    }
    return !isBill || this.#wantsUsage;
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
