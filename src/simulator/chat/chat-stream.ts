/** Renders a planned reply as server-sent events, one at a time and only when asked for (ark-api 4.4). */

import { type ArkErrorCode, arkErrors, renderError } from "../error-envelope.ts";
import type { ReplyStream, StreamEvent, StreamPart } from "../wire/reply-stream.ts";
import type { AnswerEnvelope } from "./chat-answer.ts";
import type { ChatPlan } from "./chat-plan.ts";
import { renderUsage, type TokenCounts } from "./chat-usage.ts";

export type StreamOptions = {
  /** A last chunk without choices that carries the whole usage. */
  readonly closingUsage: boolean;
  /** The usage so far on every chunk. */
  readonly usageOnEveryChunk: boolean;
};

function thoughtChoice(json: string): string {
  return `[{"delta":{"content":"","reasoning_content":"${json}","role":"assistant"},"index":0}]`;
}

function contentChoice(json: string): string {
  return `[{"delta":{"content":"${json}","role":"assistant"},"index":0}]`;
}

function toolChoice(call: string): string {
  return `[{"delta":{"content":"","role":"assistant","tool_calls":[${call}]},"index":0}]`;
}

export class ChatStream implements ReplyStream {
  readonly #plan: ChatPlan;
  readonly #counts: TokenCounts;
  readonly #options: StreamOptions;
  readonly #afterChoices: string;
  readonly #plainEnding: string;
  #phase: Exclude<StreamPart, "head" | "completed"> | "over" = "thought";
  #index = 0;
  #callIndex = 0;
  #completionTokens = 0;
  #reasoningTokens = 0;

  constructor(envelope: AnswerEnvelope, plan: ChatPlan, counts: TokenCounts, options: StreamOptions) {
    this.#plan = plan;
    this.#counts = counts;
    this.#options = options;
    this.#afterChoices =
      `,"created":${envelope.createdS},"id":"${envelope.requestId}","model":"${envelope.model}"` +
      `,"service_tier":"${envelope.serviceTier}","object":"chat.completion.chunk","usage":`;
    this.#plainEnding = `${this.#afterChoices}null}\n\n`;
  }

  get counts(): TokenCounts {
    return this.#counts;
  }

  contentEvent(json: string): string {
    return this.#chunk(contentChoice(json), "null");
  }

  usageEvent(usageJson: string): string {
    return this.#chunk("[]", usageJson);
  }

  errorEvent(code: ArkErrorCode, requestId: string, named: boolean): string {
    const json = renderError(code, arkErrors[code].text, "", requestId);
    return `${named ? "event: error\n" : ""}data: ${json}\n\n`;
  }

  /** A chunk of this stream with other content; both are JSON. */
  #chunk(choicesJson: string, usageJson: string): string {
    return `data: {"choices":${choicesJson}${this.#afterChoices}${usageJson}}\n\n`;
  }

  /** The next event, or null after the last. */
  next(): StreamEvent | null {
    switch (this.#phase) {
      case "thought":
        return this.#nextThought();
      case "sealed":
        return this.#nextSealed();
      case "content":
        return this.#nextContent();
      case "tool":
        return this.#nextTool();
      case "finish":
        this.#phase = "usage";
        return this.#event("finish", finishChoice(this.#plan.finishReason), 0, 0);
      case "usage":
        this.#phase = "done";
        if (!this.#options.closingUsage) return this.next();
        return {
          part: "usage",
          text: this.#chunk("[]", renderUsage(this.#counts)),
          completionTokens: 0,
          reasoningTokens: 0,
        };
      case "done":
        this.#phase = "over";
        return { part: "done", text: "data: [DONE]\n\n", completionTokens: 0, reasoningTokens: 0 };
      case "over":
        return null;
      default:
        return this.#phase satisfies never;
    }
  }

  #nextThought(): StreamEvent | null {
    const thoughts = this.#plan.thoughts;
    const token = thoughts[this.#index];
    if (token === undefined) return this.#enter("sealed");
    this.#index++;
    // A digest's tokens stand for more of the chain than they show.
    const due = Math.floor((this.#plan.reasoningTokens * this.#index) / thoughts.length);
    const tokens = due - this.#reasoningTokens;
    return this.#event("thought", thoughtChoice(token.json), tokens, tokens);
  }

  #nextSealed(): StreamEvent | null {
    this.#phase = "content";
    const sealed = this.#plan.encryptedContent;
    if (sealed === null) return this.next();
    const choice = `[{"delta":{"content":"","encrypted_content":"${sealed}","role":"assistant"},"index":0}]`;
    return this.#event("sealed", choice, 0, 0);
  }

  #nextContent(): StreamEvent | null {
    const token = this.#plan.content[this.#index];
    if (token === undefined) return this.#enter("tool");
    this.#index++;
    return this.#event("content", contentChoice(token.json), 1, 0);
  }

  #nextTool(): StreamEvent | null {
    const call = this.#plan.toolCalls[this.#callIndex];
    if (call === undefined) return this.#enter("finish");
    const at = this.#index++;
    if (at === 0) {
      const opening = `"function":{"arguments":"","name":"${call.name}"},"id":"${call.id}"`;
      const choice = toolChoice(`{${opening},"index":${this.#callIndex},"type":"function"}`);
      return this.#event("tool", choice, 0, 0);
    }
    const fragment = call.fragments[at - 1];
    if (fragment === undefined) {
      this.#callIndex++;
      this.#index = 0;
      return this.next();
    }
    const choice = toolChoice(`{"function":{"arguments":"${fragment.json}"},"index":${this.#callIndex}}`);
    return this.#event("tool", choice, 1, 0);
  }

  #enter(phase: Exclude<StreamPart, "head" | "completed">): StreamEvent | null {
    this.#phase = phase;
    this.#index = 0;
    return this.next();
  }

  #event(part: StreamPart, choices: string, completionTokens: number, reasoningTokens: number): StreamEvent {
    this.#completionTokens += completionTokens;
    this.#reasoningTokens += reasoningTokens;
    const text = this.#options.usageOnEveryChunk
      ? this.#chunk(choices, this.#usageSoFar())
      : `data: {"choices":${choices}${this.#plainEnding}`;
    return { part, text, completionTokens, reasoningTokens };
  }

  #usageSoFar(): string {
    return renderUsage({
      ...this.#counts,
      completionTokens: this.#completionTokens,
      reasoningTokens: this.#reasoningTokens,
    });
  }
}

function finishChoice(finishReason: string): string {
  return `[{"delta":{"content":"","role":"assistant"},"finish_reason":"${finishReason}","index":0}]`;
}
