/** Usage as a broken upstream sends it: none, null, negative, absurd, or several that do not agree. */
import { unreachable } from "../../core/errors.ts";
import { renderUsage, type TokenCounts } from "../chat/chat-usage.ts";
import { inAnthropicsWords } from "../messages/message-usage.ts";
import type { usageVariants } from "./faults.ts";

export type UsageVariant = (typeof usageVariants)[number];

/** One above what a JavaScript number holds exactly. */
const ABSURD_TOKENS = "9007199254740993";

function withPromptTokens(counts: TokenCounts, json: string): string {
  return renderUsage(counts).replace(/"prompt_tokens":\d+/, `"prompt_tokens":${json}`);
}

function halved(counts: TokenCounts): TokenCounts {
  return {
    ...counts,
    completionTokens: Math.floor(counts.completionTokens / 2),
    reasoningTokens: Math.floor(counts.reasoningTokens / 2),
  };
}

/** The JSON of each usage to send, in order; none for `missing`. */
export function spoiledUsages(counts: TokenCounts, variant: UsageVariant): readonly string[] {
  switch (variant) {
    case "missing":
      return [];
    case "null":
      return ["null"];
    case "negative":
      return [withPromptTokens(counts, "-1")];
    case "nan":
      return [withPromptTokens(counts, "NaN")];
    case "fractional":
      return [withPromptTokens(counts, `${counts.promptTokens}.5`)];
    case "text":
      return [withPromptTokens(counts, `"${counts.promptTokens}"`)];
    case "absurd":
      return [withPromptTokens(counts, ABSURD_TOKENS)];
    case "inconsistent":
      return [
        renderUsage({
          ...counts,
          cachedTokens: counts.promptTokens + 1,
          reasoningTokens: counts.completionTokens + 1,
        }),
      ];
    case "decreasing":
      return [renderUsage(counts), renderUsage(halved(counts))];
    case "several":
      return [renderUsage(halved(counts)), renderUsage(counts), renderUsage(counts)];
    default:
      return unreachable(variant);
  }
}

/** The usage of a whole answer: tools and formats that come back may have a member of this name as well. */
const USAGE = /,"usage":(\{"(?:prompt|input)_tokens":(?:[^{}]|\{[^{}]*\})*\})/;

/** Chat's usage in the words of Responses. */
export function inOtherWords(usageJson: string): string {
  return usageJson
    .replaceAll('"prompt_tokens', '"input_tokens')
    .replaceAll('"completion_tokens', '"output_tokens');
}

/** Chat's usage in the words of the one whose place it takes. */
function wordedLike(replaced: string, usageJson: string): string {
  if (replaced.includes('"cache_read_input_tokens"')) return inAnthropicsWords(usageJson);
  return replaced.startsWith('{"input') ? inOtherWords(usageJson) : usageJson;
}

/** Spoils the usage of a whole answer of any API. */
export function spoilWholeUsage(text: string, counts: TokenCounts, variant: UsageVariant): string {
  const found = USAGE.exec(text);
  if (found === null) return text;
  const last = spoiledUsages(counts, variant).at(-1);
  const worded = last === undefined ? undefined : wordedLike(found[1] ?? "", last);
  const before = text.slice(0, found.index);
  const after = text.slice(found.index + found[0].length);
  return worded === undefined ? before + after : `${before},"usage":${worded}${after}`;
}
