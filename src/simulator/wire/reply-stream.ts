/** A streamed reply before it is bytes, whatever its protocol: its events, and how faults change them. */
import type { TokenCounts } from "../chat/chat-usage.ts";
import type { ArkErrorCode } from "../error-envelope.ts";

/**
 * `head`: of the protocol's own making, beside the model's words; `completed`: how the model ended and its
 * usage in one; `done`: what closes the stream.
 */
export type StreamPart =
  | "head"
  | "thought"
  | "sealed"
  | "content"
  | "tool"
  | "finish"
  | "usage"
  | "completed"
  | "done";

export type StreamEvent = {
  readonly part: StreamPart;
  /** One event with the blank line after it. */
  readonly text: string;
  /** What the model had to generate for it. */
  readonly completionTokens: number;
  readonly reasoningTokens: number;
};

export interface ReplyStream {
  readonly counts: TokenCounts;
  /** The next event, or null after the last. */
  next(): StreamEvent | null;
  /** An event with this text of the model's in it; JSON without its quotes. */
  contentEvent(json: string): string;
  /**
   * The closing usage with other figures, given in chat's form; null as figures is an event `completed`
   * without them. Null where the protocol has no such event.
   */
  usageEvent(usageJson: string | null): string | null;
  /**
   * What ends the stream in one of Ark's errors. `named` has an `event:` line where none is needed; `failed`
   * says it in the protocol's own event for a reply that failed, where it has one. `eventsBefore` is how many
   * events were sent.
   */
  errorEvent(
    code: ArkErrorCode,
    requestId: string,
    named: boolean,
    failed: boolean,
    eventsBefore: number,
  ): string;
}
