/** What a planned reply is on Ark's Anthropic base: blocks of content, in their order (ark-api 6). */
import type { ChatPlan, PlannedToolCall } from "../chat/chat-plan.ts";
import type { TokenCounts } from "../chat/chat-usage.ts";
import type { Token } from "../chat/prose.ts";
import { renderMessageUsage } from "./message-usage.ts";

export type MessageBlock =
  | { readonly kind: "thinking"; readonly tokens: readonly Token[]; readonly signature: string }
  | { readonly kind: "text"; readonly tokens: readonly Token[] }
  | { readonly kind: "tool_use"; readonly call: PlannedToolCall };

/** What all answers of one request share. */
export type MessageEnvelope = { readonly id: string; readonly model: string };

/** The tokens as the inside of one JSON string. */
export function joined(tokens: readonly Token[]): string {
  let json = "";
  for (const token of tokens) json += token.json;
  return json;
}

/** @param seal signs thoughts whose model gives no sealed ones */
export function blocksOf(plan: ChatPlan, seal: () => string): readonly MessageBlock[] {
  const blocks: MessageBlock[] = [];
  if (plan.thoughts.length > 0) {
    blocks.push({ kind: "thinking", tokens: plan.thoughts, signature: plan.encryptedContent ?? seal() });
  }
  if (plan.content.length > 0) blocks.push({ kind: "text", tokens: plan.content });
  for (const call of plan.toolCalls) blocks.push({ kind: "tool_use", call });
  return blocks;
}

/** Ark's arguments may break off; a whole answer's `input` is an object all the same. */
function inputOf(call: PlannedToolCall): string {
  const text = call.fragments.map(({ json }) => json).join("");
  try {
    const parsed: unknown = JSON.parse(JSON.parse(`"${text}"`));
    return JSON.stringify(parsed);
  } catch {
    return "{}";
  }
}

function named({ id, name }: PlannedToolCall): string {
  return `"id":"${id}","name":"${name}"`;
}

export function renderBlock(block: MessageBlock): string {
  switch (block.kind) {
    case "thinking": {
      const thinking = joined(block.tokens);
      return `{"type":"thinking","thinking":"${thinking}","signature":"${block.signature}"}`;
    }
    case "text":
      return `{"type":"text","text":"${joined(block.tokens)}"}`;
    case "tool_use":
      return `{"type":"tool_use",${named(block.call)},"input":${inputOf(block.call)}}`;
    default:
      return block satisfies never;
  }
}

export function stopReasonOf({ finishReason }: ChatPlan): string {
  switch (finishReason) {
    case "stop":
      return "end_turn";
    case "length":
      return "max_tokens";
    case "tool_calls":
      return "tool_use";
    default:
      return finishReason satisfies never;
  }
}

export function renderMessage(
  { id, model }: MessageEnvelope,
  blocks: readonly MessageBlock[],
  plan: ChatPlan,
  counts: TokenCounts,
): string {
  return (
    `{"id":"${id}","type":"message","role":"assistant","model":"${model}"` +
    `,"content":[${blocks.map(renderBlock).join(",")}]` +
    `,"stop_reason":"${stopReasonOf(plan)}","stop_sequence":null,"usage":${renderMessageUsage(counts)}}`
  );
}
