/** The parts of an answer that a whole message and a stream of events have in common. */
import type { ChatFinish } from "../../../core/chat.ts";
import type { Usage } from "../../../core/usage.ts";

export type StopReason = "end_turn" | "max_tokens" | "tool_use" | "refusal";

/**
 * Why the model stopped. Clients run tools where they read `tool_use`, so it is said exactly where there are
 * calls, whichever of its two words for a good end Ark used. Which stop sequence was met, Ark does not tell.
 */
export function stopReasonOf(finish: ChatFinish, hasCalls: boolean): StopReason {
  if (finish === "length") return "max_tokens";
  if (finish === "content_filter") return "refusal";
  return hasCalls ? "tool_use" : "end_turn";
}

/** Anthropic's reason in full, where an answer was refused: which rule it was, Ark does not tell. */
export function stopDetailsOf(reason: StopReason): object | null {
  return reason === "refusal" ? { type: "refusal", category: null, explanation: null } : null;
}

/** As the last event of a stream tells it; zeros where Ark told none. */
export function deltaUsage(usage: Usage | null): object {
  const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = usage ?? nothingUsed;
  return {
    input_tokens: inputTokens - cachedInputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedInputTokens,
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: reasoningTokens },
    server_tool_use: null,
  };
}

/** As a message tells it. */
export function messageUsage(usage: Usage | null): object {
  return {
    ...deltaUsage(usage),
    cache_creation: null,
    inference_geo: null,
    service_tier: null,
    speed: null,
  };
}

const nothingUsed: Usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 };

/** `msg_` and the tail of the request's id. */
export function messageIdOf(requestId: string): string {
  return `msg_${requestId.replace(/^req_/, "")}`;
}

/** What a message says of itself, in the order of its members, before it is known how it ends. */
export function messageHead(id: string, model: string): object {
  return { id, type: "message", role: "assistant", model };
}

/** Behind its content and its end. */
export const messageTail = { container: null, diagnostics: null } as const;

/** A tool's input as it is asked for: by the model itself. */
export const directCaller = { type: "direct" } as const;
