/** Translates how much a Messages request wants thought: `thinking` and the effort. */
import {
  type ChatRequest,
  type JsonObject,
  type ReasoningEffort,
  reasoningEfforts,
} from "../../../core/chat.ts";
import { isObject } from "../../chat-answer.ts";
import { numberOf } from "../../client-json.ts";

/** Up to so many tokens of thought, that effort: a third of common use each. */
const LOW_BUDGET_TOKENS_MAX = 4_096;
const MEDIUM_BUDGET_TOKENS_MAX = 16_384;

function effortOfBudget(budgetTokens: number): ReasoningEffort {
  if (budgetTokens <= LOW_BUDGET_TOKENS_MAX) return "low";
  return budgetTokens <= MEDIUM_BUDGET_TOKENS_MAX ? "medium" : "high";
}

function effortOf(body: JsonObject, thinking: JsonObject): ReasoningEffort | null {
  const outputConfig = body["output_config"];
  const asked = isObject(outputConfig) ? outputConfig["effort"] : null;
  const effort = reasoningEfforts.find((known) => known === asked);
  if (effort !== undefined) return effort;
  const budgetTokens = thinking["type"] === "enabled" ? numberOf(thinking["budget_tokens"]) : null;
  return budgetTokens === null ? null : effortOfBudget(budgetTokens);
}

/** An effort beside thinking that is off would be refused (ark-api 4.6). */
export function translateThinking(body: JsonObject): Pick<ChatRequest, "thinking" | "reasoning_effort"> {
  const thinking = isObject(body["thinking"]) ? body["thinking"] : {};
  const type = thinking["type"];
  if (type === "disabled") return { thinking: { type } };
  const effort = effortOf(body, thinking);
  return {
    ...(typeof type === "string" ? { thinking: { type: "enabled" } } : {}),
    ...(effort === null ? {} : { reasoning_effort: effort }),
  };
}

/** The client wants the signatures of thoughts, and not their text. */
export function omitsThoughts({ thinking }: JsonObject): boolean {
  return isObject(thinking) && thinking["display"] === "omitted";
}
