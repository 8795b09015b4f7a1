/** Translates a whole Responses request into a chat request. */
import type { ChatMessage, ChatRequest, JsonObject } from "../../../../core/chat.ts";
import { wordAt } from "../../../client-json.ts";
import type { CallContext } from "../../../door.ts";
import { invalidMember } from "../../../read-members.ts";
import { type ThoughtSeal, thoughtSealFor } from "../../../sealed-thoughts.ts";
import type { ToolNames } from "../../tool-names.ts";
import { chatMessages } from "./conversation.ts";
import { EarlierItems } from "./earlier-items.ts";
import { type ItemReading, piecesOf } from "./item-pieces.ts";
import { translateSettings } from "./settings.ts";
import { translateTools } from "./tools.ts";

export type Conversation = {
  /** The request's own items; references stand for what they refer to. */
  readonly own: readonly JsonObject[];
  readonly previousId: string | null;
  /** The turns before it. */
  readonly before: readonly JsonObject[];
};

export type TranslatedRequest = {
  readonly request: ChatRequest;
  readonly conversation: Conversation;
  readonly names: ToolNames;
};

/** A string is one message of a user's. */
function inputItems(input: unknown): readonly unknown[] {
  if (input === undefined || input === null || input === "") return [];
  if (typeof input === "string") return [{ type: "message", role: "user", content: input }];
  if (Array.isArray(input)) return input;
  throw invalidMember("input", "`input` must be a string or an array of items.");
}

/**
 * @param isShortened it is to be summed up: see {@link EarlierItems.chain}
 * @throws GatewayError invalid_request, previous_response_not_found
 */
export function readConversation(
  body: JsonObject,
  { keyId, memories }: CallContext,
  isShortened = false,
): Conversation {
  const earlier = new EarlierItems(memories.responses, keyId);
  const previousId = wordAt(body, "previous_response_id");
  return {
    before: previousId === null ? [] : earlier.chain(previousId, isShortened),
    own: earlier.resolve(inputItems(body["input"])),
    previousId,
  };
}

/**
 * The messages that a conversation comes to, its instructions first: they hold for this request alone.
 * @throws GatewayError invalid_request
 */
export function conversationMessages(
  body: JsonObject,
  { before, own }: Conversation,
  names: ToolNames,
  seal: ThoughtSeal,
): readonly ChatMessage[] {
  const reading: ItemReading = { seal, names };
  const pieces = [
    ...piecesOf(before, () => "previous_response_id", reading),
    ...piecesOf(own, (index) => `input[${index}]`, reading),
  ];
  const said = [...chatMessages(pieces)];
  if (said.length === 0) throw invalidMember("input", "`input` holds nothing to answer. Send a message.");
  const instructions = wordAt(body, "instructions");
  return instructions === null ? said : [{ role: "system", content: instructions }, ...said];
}

/**
 * What is only for OpenAI's caches, statistics and service (`metadata`, `prompt_cache_key`, `truncation` and
 * whatever is not known here) is left out.
 * @throws GatewayError invalid_request, previous_response_not_found
 */
export function translateRequest(body: JsonObject, model: string, context: CallContext): TranslatedRequest {
  const conversation = readConversation(body, context);
  const tools = translateTools(body, [...conversation.before, ...conversation.own]);
  return {
    conversation,
    names: tools.names,
    request: {
      model,
      messages: conversationMessages(body, conversation, tools.names, thoughtSealFor(model, context)),
      ...(body["stream"] === true ? { stream: true, stream_options: { include_usage: true } } : {}),
      ...translateSettings(body),
      ...tools.request,
    },
  };
}
