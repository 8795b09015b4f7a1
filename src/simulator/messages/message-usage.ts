/** The `usage` of a Messages answer: input without what was cached, thoughts not told apart (ark-api 6). */
import type { TokenCounts } from "../chat/chat-usage.ts";

function render(inputJson: string, cachedJson: string, outputJson: string): string {
  return `{"input_tokens":${inputJson},"cache_read_input_tokens":${cachedJson},"output_tokens":${outputJson}}`;
}

export function renderMessageUsage({ promptTokens, cachedTokens, completionTokens }: TokenCounts): string {
  return render(String(promptTokens - cachedTokens), String(cachedTokens), String(completionTokens));
}

function figureOf(usageJson: string, name: string): string {
  return new RegExp(`"${name}":([^,}]*)`).exec(usageJson)?.[1] ?? "0";
}

/** Usage in chat's form, however spoiled, in the words of Messages: what is no count stays as it is. */
export function inAnthropicsWords(usageJson: string): string {
  if (usageJson === "null") return usageJson;
  const prompt = figureOf(usageJson, "prompt_tokens");
  const cached = figureOf(usageJson, "cached_tokens");
  const isCount = /^\d+$/.test(prompt) && Number.isSafeInteger(Number(prompt));
  const input = isCount ? String(Number(prompt) - Number(cached)) : prompt;
  return render(input, cached, figureOf(usageJson, "completion_tokens"));
}
