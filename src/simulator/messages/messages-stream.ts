/** Renders a planned reply as the events of an Anthropic stream, one at a time (ark-api 6). */
import type { ChatPlan } from "../chat/chat-plan.ts";
import type { TokenCounts } from "../chat/chat-usage.ts";
import type { ArkErrorCode } from "../error-envelope.ts";
import { ArkRefusal } from "../error-envelope.ts";
import type { ReplyStream, StreamEvent, StreamPart } from "../wire/reply-stream.ts";
import { type MessageBlock, type MessageEnvelope, stopReasonOf } from "./message-blocks.ts";
import { inAnthropicsWords, renderMessageUsage } from "./message-usage.ts";
import { renderMessagesError } from "./messages-error.ts";

const PING = 'event: ping\ndata: {"type":"ping"}\n\n';

function textOf(type: string, members: string): string {
  return `event: ${type}\ndata: {"type":"${type}"${members === "" ? "" : `,${members}`}}\n\n`;
}

function deltaText(index: number, delta: string): string {
  return textOf("content_block_delta", `"index":${index},"delta":{${delta}}`);
}

function event(part: StreamPart, text: string, completionTokens = 0, reasoningTokens = 0): StreamEvent {
  return { part, text, completionTokens, reasoningTokens };
}

/** A block as it begins, with nothing in it. */
function begunBlock(block: MessageBlock): string {
  switch (block.kind) {
    case "thinking":
      return '{"type":"thinking","thinking":"","signature":""}';
    case "text":
      return '{"type":"text","text":""}';
    case "tool_use":
      return `{"type":"tool_use","id":"${block.call.id}","name":"${block.call.name}","input":{}}`;
    default:
      return block satisfies never;
  }
}

export class MessagesStream implements ReplyStream {
  readonly counts: TokenCounts;
  readonly #envelope: MessageEnvelope;
  readonly #blocks: readonly MessageBlock[];
  readonly #plan: ChatPlan;
  readonly #events: Generator<StreamEvent, null>;
  #reasoningTokens = 0;
  #shownThoughts = 0;

  constructor(
    envelope: MessageEnvelope,
    blocks: readonly MessageBlock[],
    plan: ChatPlan,
    counts: TokenCounts,
  ) {
    this.counts = counts;
    this.#envelope = envelope;
    this.#blocks = blocks;
    this.#plan = plan;
    this.#events = this.#all();
  }

  next(): StreamEvent | null {
    return this.#events.next().value;
  }

  contentEvent(json: string): string {
    const index = Math.max(
      0,
      this.#blocks.findIndex(({ kind }) => kind === "text"),
    );
    return deltaText(index, `"type":"text_delta","text":"${json}"`);
  }

  usageEvent(usageJson: string | null): string {
    return this.#ended(usageJson === null ? null : inAnthropicsWords(usageJson));
  }

  errorEvent(code: ArkErrorCode, requestId: string): string {
    return `event: error\ndata: ${renderMessagesError(new ArkRefusal(code), requestId)}\n\n`;
  }

  *#all(): Generator<StreamEvent, null> {
    const { id, model } = this.#envelope;
    const message =
      `{"id":"${id}","type":"message","role":"assistant","model":"${model}","content":[]` +
      `,"stop_reason":null,"stop_sequence":null` +
      `,"usage":${renderMessageUsage({ ...this.counts, completionTokens: 0 })}}`;
    yield event("head", textOf("message_start", `"message":${message}`));
    yield event("head", PING);
    for (const [index, block] of this.#blocks.entries()) {
      yield event(
        "head",
        textOf("content_block_start", `"index":${index},"content_block":${begunBlock(block)}`),
      );
      yield* this.#deltas(block, index);
      yield event("head", textOf("content_block_stop", `"index":${index}`));
    }
    yield event("completed", this.#ended(renderMessageUsage(this.counts)));
    yield event("done", textOf("message_stop", ""));
    return null;
  }

  *#deltas(block: MessageBlock, index: number): Generator<StreamEvent, void> {
    switch (block.kind) {
      case "thinking":
        for (const token of block.tokens) yield this.#thought(index, token.json);
        yield event("sealed", deltaText(index, `"type":"signature_delta","signature":"${block.signature}"`));
        return;
      case "text":
        for (const token of block.tokens) {
          yield event("content", deltaText(index, `"type":"text_delta","text":"${token.json}"`), 1);
        }
        return;
      case "tool_use":
        for (const fragment of block.call.fragments) {
          const delta = `"type":"input_json_delta","partial_json":"${fragment.json}"`;
          yield event("tool", deltaText(index, delta), 1);
        }
        return;
      default:
        block satisfies never;
    }
  }

  /** How the model ended, and the usage; null leaves that out. */
  #ended(usageJson: string | null): string {
    const stop = `"delta":{"stop_reason":"${stopReasonOf(this.#plan)}","stop_sequence":null}`;
    return textOf("message_delta", usageJson === null ? stop : `${stop},"usage":${usageJson}`);
  }

  /** A digest's tokens stand for more of the chain than they show. */
  #thought(index: number, json: string): StreamEvent {
    this.#shownThoughts++;
    const due = Math.floor((this.#plan.reasoningTokens * this.#shownThoughts) / this.#plan.thoughts.length);
    const tokens = due - this.#reasoningTokens;
    this.#reasoningTokens = due;
    return event("thought", deltaText(index, `"type":"thinking_delta","thinking":"${json}"`), tokens, tokens);
  }
}
