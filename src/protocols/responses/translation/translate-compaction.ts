/** Has a conversation summed up by a model that speaks chat, and gives the summary back as an item. */
import type { ChatMessage, JsonObject } from "../../../core/chat.ts";
import { GatewayError } from "../../../core/errors.ts";
import type { ChatAnswer } from "../../chat-answer.ts";
import { chatPassage } from "../../chat-passage.ts";
import { parseBody, wordAt } from "../../client-json.ts";
import type { CallContext, Passage, TargetTraits } from "../../door.ts";
import { replayReasoning } from "../../remembered-reasoning.ts";
import { type ThoughtSeal, thoughtSealFor } from "../../sealed-thoughts.ts";
import { ToolNames } from "../tool-names.ts";
import { responseUsage } from "./answer/response-json.ts";
import { ResponseIds } from "./ids.ts";
import { keptItem } from "./request/kept-input.ts";
import { conversationMessages, readConversation } from "./request/translate.ts";
import { sealSummary } from "./sealed-summary.ts";

const MS_PER_SECOND = 1_000;

/** After the conversation, as a user's words. */
const ASK: ChatMessage = {
  role: "user",
  content:
    "The conversation above is about to be replaced by a summary, from which you will go on without seeing it " +
    "again; my own messages will still be there. Write that summary now, and nothing else. Say what was asked " +
    "for and why; what has been done and found out, with the names of files, functions, commands, values and " +
    "errors as they were; what was decided, and what was ruled out; what holds from now on (constraints, " +
    "preferences, agreements); where the work stands, and what comes next. Leave out what no longer matters. " +
    "Do not go on with the work, and do not call a tool.",
};
const CUT = "\n\n[The summary was cut off here.]";

/** What the answer is made of; the user's messages stay as they are (OpenAI's compaction guide). */
type CompactionTraits = {
  readonly ids: ResponseIds;
  readonly createdSeconds: number;
  readonly seal: ThoughtSeal;
  /** In JSON. */
  readonly userMessages: readonly string[];
};

function usersOwn(items: readonly JsonObject[], ids: ResponseIds): string[] {
  const messages = items.filter(({ role, type }) => role === "user" && (type ?? "message") === "message");
  return messages.map((message, index) => JSON.stringify(keptItem(message, ids, index)));
}

function summaryOf({ content, finish }: ChatAnswer): string {
  if (content === null || content.trim() === "" || finish === "content_filter") {
    throw new GatewayError(
      "upstream_invalid",
      "The model gave no summary of this conversation, so nothing was shortened. The call may have been billed.",
    );
  }
  return finish === "length" ? content + CUT : content;
}

/** The JSON of OpenAI's `response.compaction`: items that the next request's input begins with. */
function compactionJson(
  answer: ChatAnswer,
  { ids, createdSeconds, seal, userMessages }: CompactionTraits,
): string {
  const item = {
    id: ids.outputItem("cmp", userMessages.length),
    type: "compaction",
    encrypted_content: sealSummary(summaryOf(answer), seal),
  };
  const { usage } = answer;
  const nothing = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 };
  const head = { id: ids.response, object: "response.compaction", created_at: createdSeconds };
  return (
    `${JSON.stringify(head).slice(0, -1)},"output":[${[...userMessages, JSON.stringify(item)].join(",")}],` +
    `"usage":${JSON.stringify(responseUsage(usage ?? nothing))}}`
  );
}

function wholeWriter(traits: CompactionTraits): (answer: ChatAnswer) => string {
  return (answer) => compactionJson(answer, traits);
}

/**
 * Translates a body of `/responses/compact`, which has been scanned: the conversation with its
 * instructions, and behind it the request for a summary. Always whole.
 * @throws GatewayError invalid_json, invalid_request, previous_response_not_found
 */
export function translateCompaction(bytes: Buffer, target: TargetTraits, context: CallContext): Passage {
  const body = parseBody(bytes);
  const conversation = readConversation(body, context, true);
  const seal = thoughtSealFor(target.model, context);
  const said = conversationMessages(body, conversation, new ToolNames(), seal);
  const { messages, isChanged } = replayReasoning(said, target, context);
  const tier = wordAt(body, "service_tier");
  const ids = ResponseIds.make();
  const traits: CompactionTraits = {
    ids,
    createdSeconds: Math.floor(context.startedAtWallMs / MS_PER_SECOND),
    seal,
    userMessages: usersOwn([...conversation.before, ...conversation.own], ids),
  };
  const translation = {
    request: {
      model: target.model,
      messages: [...messages, ASK],
      ...(tier === null || tier === "auto" ? {} : { service_tier: tier }),
    },
    changes: [
      ...(body["model"] === target.model ? [] : (["model"] as const)),
      ...(isChanged ? (["reasoning_replay"] as const) : []),
    ],
    openWriter: () => {
      throw new TypeError("a compaction is never streamed");
    },
    writeWhole: wholeWriter(traits),
  };
  return chatPassage(translation, target, context);
}
