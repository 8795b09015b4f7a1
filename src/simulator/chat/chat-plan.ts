/** Decides what a model will say: thoughts, answer, tool calls, and where a token limit cuts them. */

import { type Identity, sealedThought } from "../identity.ts";
import type { ChatModel } from "../models/model-table.ts";
import { depthOf, reasoningTokensOf } from "../models/reasoning-effort.ts";
import type { SeededRandom } from "../random.ts";
import type { ChatRequest } from "./chat-request.ts";
import type { Tool } from "./chat-tools.ts";
import { inventValue } from "./invented-json.ts";
import { cutIntoTokens, type Token, writeExactly, writeSentences, writeThought } from "./prose.ts";

export type PlannedToolCall = {
  readonly id: string;
  readonly name: string;
  /** The arguments in fragments, one token each. */
  readonly fragments: readonly Token[];
};

export type ChatPlan = {
  /** What is shown of the thoughts: all of them, or a digest. */
  readonly thoughts: readonly Token[];
  /** What is billed for them: the whole chain, even where a digest is shown. */
  readonly reasoningTokens: number;
  readonly encryptedContent: string | null;
  readonly content: readonly Token[];
  readonly toolCalls: readonly PlannedToolCall[];
  readonly finishReason: "stop" | "length" | "tool_calls";
  /** Thoughts and answer together. */
  readonly completionTokens: number;
};

export type PlanOptions = {
  /** The answer's exact length where the request allows it; null: a few sentences. */
  readonly replyTokens: number | null;
  /** Leaves the last fragment out of each tool call's arguments. */
  readonly brokenArguments: boolean;
};

const THOUGHT_TOKENS_MIN = 10;
const THOUGHT_TOKENS_SPREAD = 20;
const ANSWER_TOKENS_MIN = 24;
const ANSWER_TOKENS_SPREAD = 24;
/** A digest is about a third as long as the thoughts themselves. */
const DIGEST_DIVISOR = 3;
const TOOL_CALLS_MAX = 2;

type Answer = { readonly content: readonly Token[]; readonly toolCalls: readonly PlannedToolCall[] };

function toolsToCall(request: ChatRequest): readonly Tool[] {
  const choice = request.toolChoice;
  if (choice.kind === "none") return [];
  if (choice.kind === "named") return [choice.tool];
  if (choice.kind === "auto" && request.messages.lastRole !== "user") return [];
  return request.tools.slice(0, request.severalToolCalls ? TOOL_CALLS_MAX : 1);
}

/** Arguments begin with a space, as some of Ark's models send them. */
function planToolCall(
  tool: Tool,
  random: SeededRandom,
  identity: Identity,
  broken: boolean,
): PlannedToolCall {
  const invented = inventValue(tool.parameters ?? { type: "object" }, random);
  const fragments = cutIntoTokens(` ${JSON.stringify(invented ?? {})}`);
  const kept = broken ? fragments.slice(0, -1) : fragments;
  return { id: identity.toolCallId(), name: tool.name, fragments: kept };
}

function planAnswer(
  request: ChatRequest,
  random: SeededRandom,
  identity: Identity,
  options: PlanOptions,
): Answer {
  const called = toolsToCall(request);
  if (called.length > 0) {
    const toolCalls = called.map((tool) => planToolCall(tool, random, identity, options.brokenArguments));
    return { content: [], toolCalls };
  }
  if (request.responseFormat !== "text") {
    const schema = request.responseSchema ?? {
      type: "object",
      properties: { answer: { type: "string" }, certainty: { type: "number" } },
    };
    return { content: cutIntoTokens(JSON.stringify(inventValue(schema, random))), toolCalls: [] };
  }
  if (options.replyTokens !== null)
    return { content: writeExactly(random, options.replyTokens), toolCalls: [] };
  const about = ANSWER_TOKENS_MIN + random.below(ANSWER_TOKENS_SPREAD);
  return { content: writeSentences(random, about), toolCalls: [] };
}

/** Cuts an answer down to so many tokens: content first, then the calls in order. */
function cutAnswer(answer: Answer, tokensMax: number): Answer {
  const content = answer.content.slice(0, tokensMax);
  let left = tokensMax - content.length;
  const toolCalls: PlannedToolCall[] = [];
  for (const call of answer.toolCalls) {
    if (left <= 0) break;
    const fragments = call.fragments.slice(0, left);
    left -= fragments.length;
    toolCalls.push({ ...call, fragments });
  }
  return { content, toolCalls };
}

function answerTokens(answer: Answer): number {
  let tokens = answer.content.length;
  for (const call of answer.toolCalls) tokens += call.fragments.length;
  return tokens;
}

type Limits = { readonly answerTokensMax: number; readonly totalTokensMax: number };

/**
 * `max_tokens` bounds the answer alone on most models, `max_completion_tokens` the thoughts too (ark-api
 * 4.1).
 */
function limitsOf(request: ChatRequest, model: ChatModel): Limits {
  if (request.maxCompletionTokens !== null) {
    return { answerTokensMax: Number.POSITIVE_INFINITY, totalTokensMax: request.maxCompletionTokens };
  }
  const asked = request.maxTokens;
  if (asked !== null && model.maxTokensCountsThoughts) {
    return { answerTokensMax: asked, totalTokensMax: asked };
  }
  const answerTokensMax = asked ?? model.answerTokensByDefault;
  return { answerTokensMax, totalTokensMax: Number.POSITIVE_INFINITY };
}

/** The whole reply, from numbers that depend on nothing but the seed and the request's bytes. */
export function planChat(
  request: ChatRequest,
  model: ChatModel,
  random: SeededRandom,
  identity: Identity,
  options: PlanOptions,
): ChatPlan {
  const tokensAtMedium = THOUGHT_TOKENS_MIN + random.below(THOUGHT_TOKENS_SPREAD);
  const depth = depthOf(model, request.thinking, request.effort);
  const wantedThoughts = reasoningTokensOf(depth, tokensAtMedium);
  const { answerTokensMax, totalTokensMax } = limitsOf(request, model);
  const reasoningTokens = Math.min(wantedThoughts, totalTokensMax);
  const isDigest = model.thoughts === "summary";
  const shown = isDigest ? Math.ceil(reasoningTokens / DIGEST_DIVISOR) : reasoningTokens;
  const thoughts = writeThought(random, shown);
  const sealed = isDigest && wantedThoughts > 0 ? sealedThought(random) : null;
  const whole = planAnswer(request, random, identity, options);
  const answer = cutAnswer(whole, Math.min(answerTokensMax, totalTokensMax - reasoningTokens));
  const wasCut = answerTokens(answer) < answerTokens(whole) || reasoningTokens < wantedThoughts;
  return {
    thoughts,
    reasoningTokens,
    encryptedContent: reasoningTokens < wantedThoughts ? null : sealed,
    content: answer.content,
    toolCalls: answer.toolCalls,
    finishReason: wasCut ? "length" : answer.toolCalls.length > 0 ? "tool_calls" : "stop",
    completionTokens: reasoningTokens + answerTokens(answer),
  };
}
