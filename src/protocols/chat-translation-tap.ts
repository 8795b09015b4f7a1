/** Listens to a chat stream of Ark's, and gives its client the events of another protocol in its place. */
import type { ChatDelta, ChatFinish, ChatToolCallDelta, JsonObject } from "../core/chat.ts";
import { type ErrorFacts, GatewayError, type UpstreamErrorNote } from "../core/errors.ts";
import type { TextMeasure } from "../core/text-measure.ts";
import { readChatUsage, type Usage } from "../core/usage.ts";
import type { EventFields } from "../wire/sse-events.ts";
import { type ChatHead, finishOf, headOf, isObject, textOf } from "./chat-answer.ts";
import { EventTap, isCumulative, isDoneMark, parseObject } from "./event-tap.ts";
import { StreamMeasure } from "./stream-measure.ts";

/** A longer event of Ark's cannot be translated, as none can be before it is whole. */
const TRANSLATED_BYTES_MAX = 4 * 1_048_576;

/** Writes a protocol's events, each call the text of none, one or several, blank lines included. */
export interface EventWriter {
  /** Once, before anything else of a stream that has begun. */
  begin(head: ChatHead): string;
  /** @throws GatewayError upstream_invalid; of this delta, nothing is sent then */
  delta(delta: ChatDelta): string;
  /** Once, after Ark's closing mark; `usage` is its last figure, null where none came. */
  end(finish: ChatFinish, usage: Usage | null): string;
  /** The stream ends in an error, at whatever point: before `begin`, too. */
  failure(error: ErrorFacts, requestId: string): string;
}

/** Who is told of what an answer holds, beside its client. */
export interface AnswerListener {
  /** Called with everything that is not empty, in order. */
  heard(delta: ChatDelta): void;
  /** The answer is whole. */
  ended(): void;
}

export type TranslationParts = {
  readonly writer: EventWriter;
  readonly listener: AnswerListener | null;
  readonly requestId: string;
  readonly readError: (status: number, body: Buffer) => UpstreamErrorNote | null;
};

const NO_CALLS: readonly ChatToolCallDelta[] = [];

function toolCallDeltas(value: unknown): readonly ChatToolCallDelta[] {
  if (!Array.isArray(value) || value.length === 0) return NO_CALLS;
  return value.filter(isObject).map((call, position) => {
    const described = isObject(call["function"]) ? call["function"] : {};
    const index = call["index"];
    return {
      index: typeof index === "number" && Number.isInteger(index) && index >= 0 ? index : position,
      id: textOf(call["id"]),
      name: textOf(described["name"]),
      arguments: textOf(described["arguments"]),
    };
  });
}

/** What one choice of a chunk says. */
export function deltaOf(choice: JsonObject): ChatDelta {
  const delta = isObject(choice["delta"]) ? choice["delta"] : {};
  return {
    reasoning: textOf(delta["reasoning_content"]),
    encrypted: textOf(delta["encrypted_content"]),
    content: textOf(delta["content"]),
    toolCalls: toolCallDeltas(delta["tool_calls"]),
    finish: finishOf(choice["finish_reason"]),
  };
}

const UNKNOWN_FAILURE: ErrorFacts = {
  status: 500,
  message: "Ark ended its stream with an error. What came so far may have been billed.",
  type: "server_error",
  code: "server_error",
  param: null,
};

export class ChatTranslationTap extends EventTap {
  readonly measure = new StreamMeasure();
  readonly #parts: TranslationParts;
  #hasBegun = false;
  #finish: ChatFinish | null = null;

  constructor(parts: TranslationParts) {
    super({ tailBytesMax: TRANSLATED_BYTES_MAX, translates: true });
    this.#parts = parts;
  }

  failureEvent(error: ErrorFacts, requestId: string): Buffer {
    return Buffer.from(this.#parts.writer.failure(error, requestId));
  }

  protected ordinaryEnd(): number {
    return 0;
  }

  protected measureOrdinary(): void {}

  protected measureUnread(event: TextMeasure): void {
    this.measure.addUnread(event);
  }

  protected hear(event: EventFields, data: string, bytes: Buffer): Buffer | boolean {
    if (isDoneMark(data)) return this.#end();
    const chunk = parseObject(data);
    if (event.name === "error" || chunk?.["error"]) return this.#fail(chunk, data);
    if (chunk === null) return this.#passBlank(data);
    const usage = readChatUsage(chunk["usage"], chunk["service_tier"]);
    const [choice] = Array.isArray(chunk["choices"]) ? (chunk["choices"] as readonly unknown[]) : [];
    if (usage !== null && isCumulative(usage, this.usage)) {
      this.usage = usage;
      this.usageIsFinal = choice === undefined;
    }
    if (!isObject(choice)) return false;
    this.measure.addEvent(bytes, 0, bytes.length);
    return this.#translate(chunk, choice);
  }

  /** @throws GatewayError upstream_invalid for what cannot be read: without it the answer is not whole */
  #passBlank(data: string): boolean {
    if (data.trim() === "") return false;
    const message = "Ark sent an event that is no JSON object, so its answer could not be translated.";
    throw new GatewayError("upstream_invalid", `${message} It may have been billed.`);
  }

  #translate(chunk: JsonObject, choice: JsonObject): Buffer | boolean {
    const { writer, listener } = this.#parts;
    const delta = deltaOf(choice);
    let text = "";
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      text = writer.begin(headOf(chunk));
    }
    this.#finish = delta.finish ?? this.#finish;
    listener?.heard(delta);
    try {
      text += writer.delta(delta);
    } catch (thrown) {
      if (text !== "") this.keepUnsent(Buffer.from(text));
      throw thrown;
    }
    return text === "" ? false : Buffer.from(text);
  }

  /** A stream without a word for its end is not taken for a whole one: Ark always says it. */
  #end(): Buffer | boolean {
    if (this.#finish === null) return false;
    this.done = true;
    this.#parts.listener?.ended();
    return Buffer.from(this.#parts.writer.end(this.#finish, this.usage));
  }

  #fail(chunk: JsonObject | null, data: string): Buffer {
    const { readError, requestId, writer } = this.#parts;
    const note = isObject(chunk?.["error"]) ? readError(200, Buffer.from(data)) : null;
    this.failure = { code: note?.upstreamCode ?? null };
    return Buffer.from(writer.failure(note?.facts ?? UNKNOWN_FAILURE, requestId));
  }
}
