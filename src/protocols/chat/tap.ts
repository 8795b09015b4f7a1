/** Listens to a chat stream on its way to the client: whole events, their usage, and how the stream ends. */
import type { JsonObject } from "../../core/chat.ts";
import type { ErrorFacts } from "../../core/errors.ts";
import type { TextMeasure } from "../../core/text-measure.ts";
import { readChatUsage } from "../../core/usage.ts";
import type { EventFields } from "../../wire/sse-events.ts";
import type { Tap } from "../door.ts";
import { codeOf, EventTap, isCumulative, isDoneMark, parseObject, type TapSettings } from "../event-tap.ts";
import { openaiDialect } from "../openai-dialect.ts";
import { StreamMeasure } from "../stream-measure.ts";
import { fillChunk } from "./fill-required.ts";
import { plainChunkEnd } from "./plain-chunk.ts";
import type { ThoughtListener } from "./thought-listener.ts";

export type ChatTapSettings = TapSettings & {
  /** Hears the thoughts of the answer. */
  readonly listener?: ThoughtListener | null;
  /** Each chunk is given what OpenAI's schema requires of it. */
  readonly fillsRequired?: boolean;
};

/** `{"choices":[],...,"usage":...}`: the chunk that `include_usage` adds (ark-api 4.4). */
function isUsageChunk(chunk: JsonObject): boolean {
  const choices = chunk["choices"];
  const usage = chunk["usage"];
  return Array.isArray(choices) && choices.length === 0 && usage !== undefined && usage !== null;
}

class ChatTap extends EventTap {
  readonly measure = new StreamMeasure();
  readonly #wantsUsage: boolean;
  readonly #fillsRequired: boolean;
  #listener: ThoughtListener | null;

  constructor(wantsUsage: boolean, { listener = null, fillsRequired = false, ...settings }: ChatTapSettings) {
    super(settings);
    this.#wantsUsage = wantsUsage;
    this.#fillsRequired = fillsRequired;
    this.#listener = listener;
  }

  failureEvent(error: ErrorFacts, requestId: string): Buffer {
    return openaiDialect.renderErrorEvent(error, requestId);
  }

  protected ordinaryEnd(bytes: Buffer, from: number): number {
    return this.#fillsRequired ? 0 : plainChunkEnd(bytes, from);
  }

  protected measureOrdinary(bytes: Buffer, start: number, end: number): void {
    this.measure.addEvent(bytes, start, end);
    this.#listener?.hearOrdinary(bytes, start, end);
  }

  protected measureUnread(event: TextMeasure): void {
    this.measure.addUnread(event);
    // What was in it is not known: half of the thoughts are not to be remembered.
    this.#listener = null;
  }

  protected hear(event: EventFields, data: string, bytes: Buffer): Buffer | boolean {
    if (isDoneMark(data)) {
      this.done = true;
      this.#listener?.ended();
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
    this.#listener?.hear(chunk);
    return this.#fillsRequired ? fillChunk(bytes) : true;
  }
}

/**
 * Opens a tap for one chat stream. The usage chunk is taken out where it is not wanted. An event named
 * `error`, or whose data has a truthy member `error`, is the upstream's failure.
 */
export function openChatTap(wantsUsage: boolean, settings: ChatTapSettings = {}): Tap {
  return new ChatTap(wantsUsage, settings);
}
