/** Writes a whole chat answer as a message. */
import type { ChatAnswer } from "../../chat-answer.ts";
import { sealThought } from "../../sealed-thoughts.ts";
import type { AnswerTraits } from "./answer-traits.ts";
import {
  directCaller,
  messageHead,
  messageTail,
  messageUsage,
  stopDetailsOf,
  stopReasonOf,
} from "./message-json.ts";
import { inputOf } from "./tool-input.ts";

function contentOf(answer: ChatAnswer, traits: AnswerTraits): object[] {
  const { reasoning, encrypted, content, toolCalls } = answer;
  const blocks: object[] = [];
  if (reasoning !== null || encrypted !== null) {
    blocks.push({
      type: "thinking",
      thinking: traits.omitsThoughts ? "" : (reasoning ?? ""),
      signature: sealThought({ text: reasoning, encrypted }, traits.seal),
    });
  }
  if (content !== null) blocks.push({ type: "text", text: content, citations: null });
  for (const { id, function: called } of toolCalls) {
    const name = traits.names.clientName(called.name);
    const input = inputOf(called.arguments);
    blocks.push({ type: "tool_use", id, caller: directCaller, name, input });
  }
  return blocks;
}

/** The message's JSON; `model` is the one that Ark says it served. */
export function writeMessage(answer: ChatAnswer, traits: AnswerTraits): string {
  const reason = stopReasonOf(answer.finish, answer.toolCalls.length > 0);
  return JSON.stringify({
    ...messageHead(traits.messageId, answer.head.model === "" ? traits.model : answer.head.model),
    content: contentOf(answer, traits),
    stop_reason: reason,
    stop_sequence: null,
    stop_details: stopDetailsOf(reason),
    usage: messageUsage(answer.usage),
    ...messageTail,
  });
}
