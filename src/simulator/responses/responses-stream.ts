/** Renders a planned reply as the events of a Responses stream, one at a time (ark-api 5.7). */
import type { TokenCounts } from "../chat/chat-usage.ts";
import { type ArkErrorCode, arkErrors } from "../error-envelope.ts";
import { inOtherWords } from "../faults/usage-faults.ts";
import type { ReplyStream, StreamEvent, StreamPart } from "../wire/reply-stream.ts";
import {
  itemStatus,
  joined,
  type OutputItem,
  type PlannedResponse,
  renderBegunItem,
  renderItem,
  renderResponse,
} from "./response-object.ts";
import { renderResponseUsage } from "./response-usage.ts";

const DONE = "data: [DONE]\n\n";

function where(item: OutputItem, index: number): string {
  return `"item_id":"${item.id}","output_index":${index}`;
}

function eventText(type: string, members: string, sequence: number): string {
  return `event: ${type}\ndata: {"type":"${type}",${members},"sequence_number":${sequence}}\n\n`;
}

export class ResponsesStream implements ReplyStream {
  readonly #reply: PlannedResponse;
  readonly #onEnd: (responseJson: string) => void;
  readonly #events: Generator<StreamEvent, null>;
  #sequence = 0;
  #shownThoughts = 0;
  #reasoningTokens = 0;

  /** `onEnd` is told the whole response once it is ended. */
  constructor(reply: PlannedResponse, onEnd: (responseJson: string) => void) {
    this.#reply = reply;
    this.#onEnd = onEnd;
    this.#events = this.#all();
  }

  get counts(): TokenCounts {
    return this.#reply.counts;
  }

  /** The next event, or null after the last. */
  next(): StreamEvent | null {
    return this.#events.next().value;
  }

  contentEvent(json: string): string {
    const { items } = this.#reply;
    const index = items.findIndex(({ kind }) => kind === "message");
    const item = items[index];
    const at = item === undefined ? '"item_id":"","output_index":0' : where(item, index);
    return eventText(
      "response.output_text.delta",
      `"content_index":0,"delta":"${json}",${at}`,
      this.#sequence,
    );
  }

  usageEvent(usageJson: string | null): string {
    const response = this.#ended(usageJson === null ? null : inOtherWords(usageJson));
    return eventText(this.#lastType(), `"response":${response}`, this.#sequence - 1);
  }

  /** Ark's own words for both: an event `error`, or a response that failed and lost its output. */
  errorEvent(
    code: ArkErrorCode,
    requestId: string,
    _named: boolean,
    failed: boolean,
    eventsBefore: number,
  ): string {
    const message = `${arkErrors[code].text} Request id: ${requestId}`;
    if (!failed) {
      const said = `"code":"${code}","message":${JSON.stringify(message)},"param":""`;
      return eventText("error", said, eventsBefore);
    }
    const response = this.#reply.renderer.ended({ status: "failed", code, message }, [], null);
    return eventText("response.failed", `"response":${response}`, eventsBefore) + DONE;
  }

  *#all(): Generator<StreamEvent, null> {
    const { renderer, items } = this.#reply;
    const begun = `"response":${renderer.begun()}`;
    yield this.#event("head", "response.created", begun);
    yield this.#event("head", "response.in_progress", begun);
    for (const [index, item] of items.entries()) yield* this.#item(item, index);
    const response = this.#ended(renderResponseUsage(this.#reply.counts));
    this.#onEnd(response);
    yield this.#event("completed", this.#lastType(), `"response":${response}`);
    yield { part: "done", text: DONE, completionTokens: 0, reasoningTokens: 0 };
    return null;
  }

  #ended(usageJson: string | null): string {
    const { renderer, items, plan } = this.#reply;
    return renderResponse(renderer, items, plan, usageJson);
  }

  #lastType(): string {
    return this.#reply.plan.finishReason === "length" ? "response.incomplete" : "response.completed";
  }

  *#item(item: OutputItem, index: number): Generator<StreamEvent, void> {
    const { items, plan } = this.#reply;
    const begun = `"output_index":${index},"item":${renderBegunItem(item)}`;
    yield this.#event("head", "response.output_item.added", begun);
    switch (item.kind) {
      case "reasoning":
        yield* this.#thoughts(item, index);
        break;
      case "message":
        yield* this.#text(item, index);
        break;
      case "function_call":
        yield* this.#call(item, index);
        break;
      default:
        item satisfies never;
    }
    const done = renderItem(item, itemStatus(items, index, plan));
    yield this.#event("head", "response.output_item.done", `"output_index":${index},"item":${done}`);
  }

  *#thoughts(item: OutputItem, index: number): Generator<StreamEvent, void> {
    const at = where(item, index);
    const part = (inside: string): string =>
      `${at},"summary_index":0,"part":{"type":"summary_text"${inside}}`;
    yield this.#event("head", "response.reasoning_summary_part.added", part(""));
    for (const token of item.tokens) yield this.#thought(`"summary_index":0,"delta":"${token.json}",${at}`);
    const text = `"text":"${joined(item.tokens)}"`;
    yield this.#event("head", "response.reasoning_summary_text.done", `"summary_index":0,${at},${text}`);
    yield this.#event("head", "response.reasoning_summary_part.done", part(`,${text}`));
  }

  /** A digest's tokens stand for more of the chain than they show. */
  #thought(members: string): StreamEvent {
    const { plan } = this.#reply;
    this.#shownThoughts++;
    const due = Math.floor((plan.reasoningTokens * this.#shownThoughts) / plan.thoughts.length);
    const tokens = due - this.#reasoningTokens;
    this.#reasoningTokens = due;
    return this.#event("thought", "response.reasoning_summary_text.delta", members, tokens, tokens);
  }

  *#text(item: OutputItem, index: number): Generator<StreamEvent, void> {
    const at = where(item, index);
    const part = (inside: string): string => `"content_index":0,${at},"part":{"type":"output_text"${inside}}`;
    yield this.#event("head", "response.content_part.added", part(""));
    for (const token of item.tokens) {
      const members = `"content_index":0,"delta":"${token.json}",${at}`;
      yield this.#event("content", "response.output_text.delta", members, 1);
    }
    const text = `"text":"${joined(item.tokens)}"`;
    yield this.#event("head", "response.output_text.done", `"content_index":0,${at},${text}`);
    yield this.#event("head", "response.content_part.done", part(`,${text}`));
  }

  *#call(item: OutputItem, index: number): Generator<StreamEvent, void> {
    const at = where(item, index);
    for (const token of item.tokens) {
      yield this.#event("tool", "response.function_call_arguments.delta", `"delta":"${token.json}",${at}`, 1);
    }
    const whole = `"arguments":"${joined(item.tokens)}",${at}`;
    yield this.#event("head", "response.function_call_arguments.done", whole);
  }

  #event(
    part: StreamPart,
    type: string,
    members: string,
    completionTokens = 0,
    reasoningTokens = 0,
  ): StreamEvent {
    const text = eventText(type, members, this.#sequence++);
    return { part, text, completionTokens, reasoningTokens };
  }
}
