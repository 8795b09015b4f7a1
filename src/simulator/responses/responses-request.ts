/** Reads a Responses request: what is its own, checked, and the rest as the chat request it amounts to. */
import { type ChatRequest, readChatRequest, readModelName } from "../chat/chat-request.ts";
import { isObject, type JsonObject, memberOf } from "../json-value.ts";
import type { ChatModel } from "../models/model-table.ts";
import type { Entry } from "../models/registry.ts";
import { chatBodyOf } from "./chat-body.ts";
import { type ConversationItem, missing, refuse } from "./input-items.ts";

export type ResponsesRequest = {
  readonly body: JsonObject;
  /** Plans, counts and bills as chat does; its prompt is the whole conversation. */
  readonly chat: ChatRequest;
  readonly input: readonly ConversationItem[];
  /** The bound of thoughts and answer together, the default where the request has none. */
  readonly maxOutputTokens: number;
  /** Thoughts come with `encrypted_content`, where the model has it. */
  readonly includesSealed: boolean;
  readonly store: boolean;
  /** When a stored response ends, in seconds of the wall clock; null: after the usual time. */
  readonly expireAtS: number | null;
};

/** A conversation's earlier items: those of `previous_response_id`. */
export type Chain = readonly ConversationItem[];

const MAX_OUTPUT_TOKENS_BY_DEFAULT = 32_768;
const TOOL_CALLS_MAX = 10;
const CONVERSATION_ITEMS_MAX = 1_000;
const EXPIRY_S_MAX = 604_800;
const CACHED_PREFIX_TOKENS_MIN = 256;

const includable = [
  "reasoning.encrypted_content",
  "message.input_image.image_url",
  "message.input_audio.audio_url",
] as const;

function wholeNumber(body: JsonObject, name: string, min: number, max: number): number | null {
  const value = memberOf(body, name);
  if (value === undefined) return null;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  return refuse(
    `The parameter \`${name}\` in the request is not valid: must be a whole number from ${min} to ${max}.`,
    name,
  );
}

function flagOf(body: JsonObject, name: string): boolean | null {
  const value = memberOf(body, name);
  if (value === undefined) return null;
  if (typeof value === "boolean") return value;
  return refuse(`The parameter \`${name}\` in the request is not valid: must be a boolean.`, name);
}

function checkText(body: JsonObject, name: string): void {
  const value = memberOf(body, name);
  if (value !== undefined && typeof value !== "string") refuse(`\`${name}\` must be a text.`, name);
}

function checkObject(body: JsonObject, name: string): JsonObject | null {
  const value = memberOf(body, name);
  if (value === undefined) return null;
  return isObject(value) ? value : refuse(`The parameter \`${name}\` must be an object.`, name);
}

function readInclude(body: JsonObject): boolean {
  const value = memberOf(body, "include");
  if (value === undefined) return false;
  if (!Array.isArray(value)) return refuse("`include` must be a list.", "include");
  for (const name of value) {
    if (!includable.some((known) => known === name)) {
      refuse(
        `\`include\` is not valid: got \`${String(name)}\`, expected one of ${includable.join(", ")}.`,
        "include",
      );
    }
  }
  return value.includes("reasoning.encrypted_content");
}

/** Thinking is switched off in one way only: whoever also asks for an effort must ask for the least. */
function checkThinking(chat: ChatRequest): void {
  if (chat.thinking === "disabled" && chat.effort !== null && chat.effort !== "minimal") {
    refuse(
      `\`thinking.type\` \`disabled\` cannot be combined with \`reasoning.effort\` \`${chat.effort}\`.`,
      "reasoning.effort",
    );
  }
}

function checkFormat(body: JsonObject): void {
  const format = checkObject(checkObject(body, "text") ?? {}, "format") ?? {};
  if (memberOf(format, "type") !== "json_schema") return;
  if (typeof memberOf(format, "name") !== "string") missing("text.format.name");
  if (!isObject(memberOf(format, "schema"))) missing("text.format.schema");
}

function checkToolChoice(body: JsonObject): void {
  const choice = memberOf(body, "tool_choice");
  if (!isObject(choice) || choice["type"] !== "function") return;
  const name = memberOf(choice, "name");
  if (name === undefined) missing("tool_choice.name");
  const tools = memberOf(body, "tools");
  if (!Array.isArray(tools) || !tools.some((tool) => isObject(tool) && tool["name"] === name)) {
    refuse("`tool_choice.name` names no tool of the request.", "tool_choice.name");
  }
}

/** The explicit cache: what it does not go together with (ark-api 5.1). Nothing is cached by it here. */
function checkCaching(body: JsonObject, chat: ChatRequest): void {
  const caching = checkObject(body, "caching") ?? {};
  const type = memberOf(caching, "type");
  if (type !== undefined && type !== "enabled" && type !== "disabled") {
    refuse("`caching.type` must be enabled or disabled.", "caching.type");
  }
  const prefix = flagOf(caching, "prefix") ?? false;
  if (type !== "enabled") return;
  if (memberOf(body, "instructions") !== undefined) {
    refuse("`caching` cannot be combined with `instructions`.", "caching");
  }
  const tools = memberOf(body, "tools");
  if (Array.isArray(tools) && tools.length !== chat.tools.length) {
    refuse("`caching` cannot be combined with tools other than functions.", "caching");
  }
  if (!prefix) return;
  if (chat.stream) refuse("`caching.prefix` cannot be combined with `stream`.", "caching.prefix");
  if (chat.promptTokens < CACHED_PREFIX_TOKENS_MIN) {
    refuse(`\`caching.prefix\` needs at least ${CACHED_PREFIX_TOKENS_MIN} input tokens.`, "caching.prefix");
  }
}

/** The id in `previous_response_id`; null where there is none. */
export function readPreviousId(body: JsonObject): string | null {
  checkText(body, "previous_response_id");
  const id = memberOf(body, "previous_response_id");
  return typeof id === "string" && id !== "" ? id : null;
}

function readStore(
  body: JsonObject,
  chat: ChatRequest,
  entry: Entry,
  nowS: number,
): Pick<ResponsesRequest, "store" | "expireAtS"> {
  const store = flagOf(body, "store") ?? entry !== "plan";
  if (store && chat.serviceTier === "flex") {
    refuse("`service_tier` `flex` needs `store` = false.", "store");
  }
  return { store, expireAtS: wholeNumber(body, "expire_at", nowS + 1, nowS + EXPIRY_S_MAX) };
}

export type RequestContext = {
  readonly entry: Entry;
  readonly model: ChatModel;
  readonly input: readonly ConversationItem[];
  readonly chain: Chain;
  readonly nowS: number;
};

/** Reads the whole request. Throws ArkRefusal at the first thing that is wrong. */
export function readResponsesRequest(body: JsonObject, context: RequestContext): ResponsesRequest {
  readModelName(body);
  const conversation = [...context.chain, ...context.input];
  if (conversation.length > CONVERSATION_ITEMS_MAX) {
    refuse(`The conversation has more than ${CONVERSATION_ITEMS_MAX} items.`, "input");
  }
  checkText(body, "instructions");
  checkFormat(body);
  checkToolChoice(body);
  checkObject(body, "reasoning");
  wholeNumber(body, "max_tool_calls", 1, TOOL_CALLS_MAX);
  const asked = wholeNumber(body, "max_output_tokens", 1, Number.MAX_SAFE_INTEGER);
  const byDefault = Math.min(MAX_OUTPUT_TOKENS_BY_DEFAULT, context.model.outputTokensMax);
  const maxOutputTokens = asked ?? byDefault;
  const read = readChatRequest(chatBodyOf(body, conversation), false);
  const chat: ChatRequest = { ...read, maxCompletionTokens: maxOutputTokens };
  checkThinking(chat);
  checkCaching(body, chat);
  return {
    body,
    chat,
    input: context.input,
    maxOutputTokens,
    includesSealed: readInclude(body),
    ...readStore(body, chat, context.entry, context.nowS),
  };
}
