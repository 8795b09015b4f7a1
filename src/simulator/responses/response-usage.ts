/** The `usage` of a Responses answer, key for key as Ark writes it (ark-api 5.5). */
import type { TokenCounts } from "../chat/chat-usage.ts";

export function renderResponseUsage(counts: TokenCounts): string {
  const { promptTokens, completionTokens } = counts;
  return (
    `{"input_tokens":${promptTokens},"output_tokens":${completionTokens}` +
    `,"total_tokens":${promptTokens + completionTokens}` +
    `,"input_tokens_details":{"cached_tokens":${counts.cachedTokens}}` +
    `,"output_tokens_details":{"reasoning_tokens":${counts.reasoningTokens}}}`
  );
}
