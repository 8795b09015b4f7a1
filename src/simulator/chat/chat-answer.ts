/** Renders a planned reply as one JSON object, `chat.completion` (ark-api 4.3). */
import type { ChatPlan, PlannedToolCall } from "./chat-plan.ts";
import { renderUsage, type TokenCounts } from "./chat-usage.ts";
import type { Token } from "./prose.ts";

/** What all answers of one request share. */
export type AnswerEnvelope = {
  readonly requestId: string;
  readonly createdS: number;
  readonly model: string;
  readonly serviceTier: "default" | "fast";
};

/** The tokens as the inside of one JSON string. */
function joined(tokens: readonly Token[]): string {
  let json = "";
  for (const token of tokens) json += token.json;
  return json;
}

function renderToolCall(call: PlannedToolCall): string {
  const described = `{"arguments":"${joined(call.fragments)}","name":"${call.name}"}`;
  return `{"function":${described},"id":"${call.id}","type":"function"}`;
}

function renderMessage(plan: ChatPlan): string {
  let message = `{"content":"${joined(plan.content)}"`;
  if (plan.encryptedContent !== null) message += `,"encrypted_content":"${plan.encryptedContent}"`;
  if (plan.thoughts.length > 0) message += `,"reasoning_content":"${joined(plan.thoughts)}"`;
  message += ',"role":"assistant"';
  if (plan.toolCalls.length > 0) message += `,"tool_calls":[${plan.toolCalls.map(renderToolCall).join(",")}]`;
  return `${message}}`;
}

export function renderChatAnswer(envelope: AnswerEnvelope, plan: ChatPlan, counts: TokenCounts): string {
  const choice = `{"finish_reason":"${plan.finishReason}","index":0,"logprobs":null,"message":${renderMessage(plan)}}`;
  return (
    `{"choices":[${choice}],"created":${envelope.createdS},"id":"${envelope.requestId}"` +
    `,"model":"${envelope.model}","service_tier":"${envelope.serviceTier}","object":"chat.completion"` +
    `,"usage":${renderUsage(counts)}}`
  );
}
