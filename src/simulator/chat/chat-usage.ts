/** The `usage` member of chat answers, key for key as Ark writes it (ark-api 4.3, 4.4). */

export type TokenCounts = {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** Thoughts and answer together. */
  readonly completionTokens: number;
  readonly reasoningTokens: number;
};

export function renderUsage(counts: TokenCounts): string {
  const { promptTokens, completionTokens } = counts;
  return (
    `{"prompt_tokens":${promptTokens},"completion_tokens":${completionTokens}` +
    `,"total_tokens":${promptTokens + completionTokens}` +
    `,"prompt_tokens_details":{"cached_tokens":${counts.cachedTokens}}` +
    `,"completion_tokens_details":{"reasoning_tokens":${counts.reasoningTokens}}}`
  );
}
