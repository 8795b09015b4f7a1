/** Tokens as Ark bills them, and where the numbers came from. */

/**
 * Input tokens include the cached ones, output tokens include reasoning (Ark's `usage`, ark-api 4.3).
 * Every figure is an integer from 0 to TOKENS_MAX.
 */
export type Usage = {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /**
   * Part of it is billed at another rate than the model's text (a fast tier, audio): the tokens stand, and
   * what they cost is not known.
   */
  readonly isSpecial?: true;
};

/**
 * `upstream_final`: Ark's closing figure; `upstream_partial`: its last before a cut; `counted`: from the text
 * that was delivered; `estimated`: no text was seen; `none`: nothing reached a model, so there is no figure.
 */
export const provenances = ["upstream_final", "upstream_partial", "counted", "estimated", "none"] as const;
export type Provenance = (typeof provenances)[number];

/** No model's context comes near it: a figure beyond is a fault, and must not become a bill. */
export const TOKENS_MAX = 1_000_000_000;

type JsonObject = { readonly [member: string]: unknown };

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= TOKENS_MAX;
}

function detail(details: unknown, member: string): number | null {
  if (!isObject(details)) return 0;
  const value = details[member];
  return value === undefined || value === null ? 0 : isCount(value) ? value : null;
}

/**
 * The tiers that the list's plain prices hold for; a package's `scale` is billed by them too (ark-api 4.3).
 */
const PLAIN_TIERS: readonly unknown[] = ["default", "scale", "auto"];

/** @param serviceTier the member of that name; what is no text names no tier */
export function isPlainTier(serviceTier: unknown): boolean {
  return typeof serviceTier !== "string" || PLAIN_TIERS.includes(serviceTier);
}

function isPlain(usage: JsonObject, serviceTier: unknown): boolean {
  const input = usage["prompt_tokens_details"];
  const output = usage["completion_tokens_details"];
  return (
    isPlainTier(serviceTier) && detail(input, "audio_tokens") === 0 && detail(output, "audio_tokens") === 0
  );
}

/**
 * Reads the value of a chat `usage` member; `serviceTier` is the member of that name beside it. Null when it
 * is missing, malformed or absurd: negative, fractional, not a number, beyond TOKENS_MAX, or parts greater
 * than their whole.
 */
export function readChatUsage(value: unknown, serviceTier: unknown = null): Usage | null {
  if (!isObject(value)) return null;
  const inputTokens = value["prompt_tokens"];
  const outputTokens = value["completion_tokens"];
  if (!isCount(inputTokens) || !isCount(outputTokens)) return null;
  const cachedInputTokens = detail(value["prompt_tokens_details"], "cached_tokens");
  const reasoningTokens = detail(value["completion_tokens_details"], "reasoning_tokens");
  if (cachedInputTokens === null || cachedInputTokens > inputTokens) return null;
  if (reasoningTokens === null || reasoningTokens > outputTokens) return null;
  const usage = { inputTokens, cachedInputTokens, outputTokens, reasoningTokens };
  return isPlain(value, serviceTier) ? usage : { ...usage, isSpecial: true };
}

/** Whether any tool of the upstream's own ran: such tools are billed by the call. */
function ranServerTools(usage: JsonObject): boolean {
  const calls = usage["server_tool_use"];
  return isObject(calls) && Object.values(calls).some((count) => typeof count === "number" && count > 0);
}

/**
 * Reads the value of a `usage` member of Anthropic's Messages. There `input_tokens` leaves out what was read
 * from the cache and what was written to it: ours is the sum of the three. Null as for {@link readChatUsage}.
 */
export function readMessagesUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const uncachedTokens = value["input_tokens"];
  const outputTokens = value["output_tokens"];
  const cachedInputTokens = detail(value, "cache_read_input_tokens");
  const writtenTokens = detail(value, "cache_creation_input_tokens");
  const reasoningTokens = detail(value["output_tokens_details"], "thinking_tokens");
  if (!isCount(uncachedTokens) || !isCount(outputTokens)) return null;
  if (cachedInputTokens === null || writtenTokens === null || reasoningTokens === null) return null;
  const inputTokens = uncachedTokens + cachedInputTokens + writtenTokens;
  if (inputTokens > TOKENS_MAX || reasoningTokens > outputTokens) return null;
  const usage = { inputTokens, cachedInputTokens, outputTokens, reasoningTokens };
  const tier = value["service_tier"];
  const isListed = (tier === "standard" || isPlainTier(tier)) && value["speed"] !== "fast";
  return isListed && !ranServerTools(value) ? usage : { ...usage, isSpecial: true };
}

/** Whether any tool of Ark's own ran: such tools are billed by the call. */
function ranTools(usage: JsonObject): boolean {
  const calls = usage["tool_usage"];
  return isObject(calls) && Object.keys(calls).length > 0;
}

/**
 * Reads the value of a `usage` member of a Responses object; `serviceTier` is the member of that name beside
 * it. Null as for {@link readChatUsage}.
 */
export function readResponsesUsage(value: unknown, serviceTier: unknown = null): Usage | null {
  if (!isObject(value)) return null;
  const inputTokens = value["input_tokens"];
  const outputTokens = value["output_tokens"];
  if (!isCount(inputTokens) || !isCount(outputTokens)) return null;
  const cachedInputTokens = detail(value["input_tokens_details"], "cached_tokens");
  const reasoningTokens = detail(value["output_tokens_details"], "reasoning_tokens");
  if (cachedInputTokens === null || cachedInputTokens > inputTokens) return null;
  if (reasoningTokens === null || reasoningTokens > outputTokens) return null;
  const usage = { inputTokens, cachedInputTokens, outputTokens, reasoningTokens };
  return isPlainTier(serviceTier) && !ranTools(value) ? usage : { ...usage, isSpecial: true };
}
