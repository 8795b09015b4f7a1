/** Writes a streamed chat answer as the events of a message: one content block after the other. */
import type { ChatDelta, ChatFinish, ChatToolCallDelta } from "../../../core/chat.ts";
import { type ErrorFacts, GatewayError } from "../../../core/errors.ts";
import type { Usage } from "../../../core/usage.ts";
import type { ChatHead } from "../../chat-answer.ts";
import type { EventWriter } from "../../chat-translation-tap.ts";
import { errorEvent } from "../anthropic-dialect.ts";
import type { AnswerTraits } from "./answer-traits.ts";
import { type ContentBlock, TextBlock, ThinkingBlock, ToolUseBlock } from "./content-blocks.ts";
import {
  deltaUsage,
  messageHead,
  messageTail,
  messageUsage,
  stopDetailsOf,
  stopReasonOf,
} from "./message-json.ts";

/** What may wait behind an unfinished tool call, in characters. */
export const WAITING_CHARACTERS_MAX = 1_048_576;

function event(name: string, members: string): string {
  return `event: ${name}\ndata: {"type":"${name}"${members}}\n\n`;
}

function invalid(why: string): GatewayError {
  return new GatewayError("upstream_invalid", `Ark's stream ${why}. What came so far may have been billed.`);
}

/**
 * Anthropic's blocks never overlap, whereas the fragments of Ark's tool calls may: the first block is written
 * as it grows, those behind it wait, and each has its turn once the one before it is over.
 */
export class MessageEvents implements EventWriter {
  readonly #traits: AnswerTraits;
  /** The block that is being written, then those that wait. */
  readonly #blocks: ContentBlock[] = [];
  /** By the index that Ark gives them, for as long as the stream goes on. */
  readonly #calls = new Map<number, ToolUseBlock>();
  /** Of the block that is being written, or written last. */
  #index = -1;
  #isWriting = false;
  #last: ContentBlock | null = null;

  constructor(traits: AnswerTraits) {
    this.#traits = traits;
  }

  begin({ model }: ChatHead): string {
    const message = {
      ...messageHead(this.#traits.messageId, model === "" ? this.#traits.model : model),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      // Ark tells its figures at the end: there they stand, all of them.
      usage: messageUsage(null),
      ...messageTail,
    };
    return event("message_start", `,"message":${JSON.stringify(message)}`);
  }

  delta({ reasoning, encrypted, content, toolCalls }: ChatDelta): string {
    if (reasoning !== null) this.#thinking().add(reasoning);
    if (encrypted !== null) this.#thinking().encrypted = encrypted;
    if (content !== null) this.#text().add(content);
    for (const call of toolCalls) this.#call(call);
    return this.#write();
  }

  end(finish: ChatFinish, usage: Usage | null): string {
    let text = "";
    while (this.#blocks.length > 0) text += this.#writeFirst() + this.#stopFirst();
    const reason = stopReasonOf(finish, this.#calls.size > 0);
    const change = {
      stop_reason: reason,
      stop_sequence: null,
      stop_details: stopDetailsOf(reason),
      container: null,
    };
    const members = `,"delta":${JSON.stringify(change)},"usage":${JSON.stringify(deltaUsage(usage))}`;
    return text + event("message_delta", members) + event("message_stop", "");
  }

  failure(error: ErrorFacts, requestId: string): string {
    return errorEvent(error, requestId);
  }

  #thinking(): ThinkingBlock {
    if (this.#last instanceof ThinkingBlock) return this.#last;
    const block = new ThinkingBlock(this.#traits);
    this.#add(block);
    return block;
  }

  #text(): TextBlock {
    if (this.#last instanceof TextBlock) return this.#last;
    const block = new TextBlock();
    this.#add(block);
    return block;
  }

  #call({ index, id, name, arguments: given }: ChatToolCallDelta): void {
    const known = this.#calls.get(index);
    // Another id under the same index is another call: not every model counts them.
    const isNew = known === undefined || (id !== null && name !== null && id !== known.id);
    const block = isNew ? this.#beginCall(index, id, name) : known;
    if (given === null) return;
    if (!this.#blocks.includes(block)) {
      if (given.trim() === "") return;
      throw invalid("goes on with a tool call that was over");
    }
    block.add(given);
  }

  #beginCall(index: number, id: string | null, name: string | null): ToolUseBlock {
    if (id === null || name === null) throw invalid("has a tool call without id or name");
    const block = new ToolUseBlock(id, this.#traits.names.clientName(name));
    this.#calls.set(index, block);
    this.#add(block);
    return block;
  }

  #add(block: ContentBlock): void {
    this.#blocks.push(block);
    this.#last = block;
  }

  #write(): string {
    let text = "";
    while (this.#blocks.length > 1 && this.#blocks[0]?.isOver) text += this.#writeFirst() + this.#stopFirst();
    if (this.#blocks.length > 0) text += this.#writeFirst();
    if (this.#blocks.length > 1) this.#checkWaiting();
    return text;
  }

  /** Begins the first block, where it has not begun, and writes what it has. */
  #writeFirst(): string {
    const [block] = this.#blocks;
    if (block === undefined) return "";
    let text = "";
    if (!this.#isWriting) {
      this.#isWriting = true;
      this.#index++;
      text = event(
        "content_block_start",
        `,"index":${this.#index},"content_block":${JSON.stringify(block.start())}`,
      );
    }
    return text + this.#deltaEvent(block.drain());
  }

  #stopFirst(): string {
    const block = this.#blocks.shift();
    if (block === undefined) return "";
    this.#isWriting = false;
    if (this.#blocks.length === 0) this.#last = null;
    return this.#deltaEvent(block.close()) + event("content_block_stop", `,"index":${this.#index}`);
  }

  #deltaEvent(delta: string | null): string {
    if (delta === null) return "";
    return event("content_block_delta", `,"index":${this.#index},"delta":${delta}`);
  }

  #checkWaiting(): void {
    let waiting = 0;
    for (const block of this.#blocks) waiting += block.waiting;
    if (waiting > WAITING_CHARACTERS_MAX) {
      throw invalid("holds more behind an unfinished tool call than can be kept in order");
    }
  }
}
