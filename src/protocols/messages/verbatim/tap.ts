/** Listens to a Messages stream of Ark's on its way to the client: whole events, their usage, how it ends. */
import type { JsonObject } from "../../../core/chat.ts";
import type { ErrorFacts } from "../../../core/errors.ts";
import type { TextMeasure } from "../../../core/text-measure.ts";
import { readMessagesUsage, type Usage } from "../../../core/usage.ts";
import type { EventFields } from "../../../wire/sse-events.ts";
import { isObject } from "../../chat-answer.ts";
import { codeOf, EventTap, parseObject } from "../../event-tap.ts";
import { StreamMeasure, writtenMembers } from "../../stream-measure.ts";
import { anthropicDialect } from "../anthropic-dialect.ts";
import { plainDeltaEnd } from "./plain-delta.ts";

/** What a model writes: text, the JSON of a tool's input, and thoughts. */
const members = writtenMembers(["text", "partial_json"], "thinking");

/** The code of an error event: where Ark gives none, its type holds it (ark-api 6). */
function failureCode(error: unknown): string | null {
  const type = isObject(error) ? error["type"] : null;
  return codeOf(error) ?? (typeof type === "string" ? type : null);
}

export class MessagesTap extends EventTap {
  readonly measure = new StreamMeasure(members);
  /** The members of all usages so far, each as it was told last: a later event need not repeat them. */
  #figures: JsonObject = {};

  failureEvent(error: ErrorFacts, requestId: string): Buffer {
    return anthropicDialect.renderErrorEvent(error, requestId);
  }

  protected ordinaryEnd(bytes: Buffer, from: number): number {
    return plainDeltaEnd(bytes, from);
  }

  protected measureOrdinary(bytes: Buffer, start: number, end: number): void {
    this.measure.addEvent(bytes, start, end);
  }

  protected measureUnread(event: TextMeasure): void {
    this.measure.addUnread(event);
  }

  /** An event is what its name says; one without a name is what its data says. */
  protected hear(event: EventFields, data: string, bytes: Buffer): boolean {
    const content = event.name === "content_block_delta" ? null : parseObject(data);
    switch (event.name ?? content?.["type"]) {
      case "message_start":
        this.#hearStart(content);
        break;
      case "message_delta":
        this.#hearDelta(content);
        break;
      case "message_stop":
        this.done = true;
        break;
      case "error":
        this.failure = { code: failureCode(content?.["error"]) };
        break;
      default:
        this.measure.addEvent(bytes, 0, bytes.length);
    }
    return true;
  }

  #hearStart(start: JsonObject | null): void {
    const message = start?.["message"];
    if (isObject(message)) this.openingUsage = this.#figuresWith(message["usage"]);
  }

  /** With the reason of its end, a message has its closing bill. */
  #hearDelta(delta: JsonObject | null): void {
    const change = delta?.["delta"];
    const usage = this.#figuresWith(delta?.["usage"]);
    if (usage === null) return;
    this.usage = usage;
    this.usageIsFinal = isObject(change) && typeof change["stop_reason"] === "string";
  }

  /** Figures are sums so far: what was put out cannot become less. Null where these are not valid. */
  #figuresWith(value: unknown): Usage | null {
    if (!isObject(value)) return null;
    const told = Object.entries(value).filter(([, figure]) => figure !== null);
    const figures = { ...this.#figures, ...Object.fromEntries(told) };
    const usage = readMessagesUsage(figures);
    if (usage === null || usage.outputTokens < (this.usage?.outputTokens ?? 0)) return null;
    this.#figures = figures;
    return usage;
  }
}
