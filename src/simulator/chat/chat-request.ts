/**
 * Reads a chat request's body: what it asks for, checked for all that does not depend on the model (ark-api
 * 4.1).
 */

import { ArkRefusal } from "../error-envelope.ts";
import { isObject, type JsonObject, memberOf } from "../json-value.ts";
import { type Effort, efforts } from "../models/reasoning-effort.ts";
import { type ChatMessages, readMessages } from "./chat-messages.ts";
import { readToolChoice, readTools, type Tool, type ToolChoice } from "./chat-tools.ts";
import { countTokens } from "./tokenizer.ts";

const thinkingTypes = ["enabled", "disabled", "auto"] as const;
const serviceTiers = ["auto", "default", "fast", "flex"] as const;
const responseFormats = ["text", "json_object", "json_schema"] as const;

const COMPLETION_TOKENS_MAX = 65_536;
const STOP_WORDS_MAX = 4;

export type ChatRequest = {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly chunkIncludeUsage: boolean;
  readonly messages: ChatMessages;
  /** Tool descriptions and messages together, as one text. */
  readonly prompt: string;
  readonly promptTokens: number;
  readonly thinking: (typeof thinkingTypes)[number] | null;
  readonly effort: Effort | null;
  readonly maxTokens: number | null;
  readonly maxCompletionTokens: number | null;
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  /** True only where the request says so. */
  readonly severalToolCalls: boolean;
  readonly responseFormat: (typeof responseFormats)[number];
  readonly responseSchema: unknown;
  readonly serviceTier: (typeof serviceTiers)[number];
};

function refuse(text: string, param: string): never {
  throw new ArkRefusal("InvalidParameter", text, param);
}

function numberIn(body: JsonObject, name: string, min: number, max: number): number | null {
  const value = memberOf(body, name);
  if (value === undefined) return null;
  if (typeof value === "number" && value >= min && value <= max) return value;
  return refuse(
    `The parameter \`${name}\` in the request is not valid: must be from ${min} to ${max}.`,
    name,
  );
}

function wholeIn(body: JsonObject, name: string, min: number, max: number): number | null {
  const value = numberIn(body, name, min, max);
  if (value === null || Number.isInteger(value)) return value;
  return refuse(`The parameter \`${name}\` in the request is not valid: must be an integer.`, name);
}

function booleanOf(body: JsonObject, name: string, path = name): boolean {
  const value = memberOf(body, name);
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  return refuse(`The parameter \`${path}\` in the request is not valid: must be a boolean.`, path);
}

function wordOf<Word extends string>(value: unknown, words: readonly Word[], path: string): Word | null {
  if (value === undefined) return null;
  const word = words.find((candidate) => candidate === value);
  if (word !== undefined) return word;
  return refuse(`The parameter \`${path}\` is not valid: must be one of ${words.join(", ")}.`, path);
}

function objectOf(body: JsonObject, name: string): JsonObject {
  const value = memberOf(body, name);
  if (value === undefined) return {};
  return isObject(value) ? value : refuse(`The parameter \`${name}\` must be an object.`, name);
}

function checkSampling(body: JsonObject): void {
  numberIn(body, "temperature", 0, 2);
  numberIn(body, "top_p", 0, 1);
  numberIn(body, "frequency_penalty", -2, 2);
  numberIn(body, "presence_penalty", -2, 2);
  wholeIn(body, "top_logprobs", 0, 20);
  const stop = memberOf(body, "stop");
  if (stop === undefined || typeof stop === "string") return;
  const fits = Array.isArray(stop) && stop.length <= STOP_WORDS_MAX;
  if (!fits) refuse(`The parameter \`stop\` must be a text or at most ${STOP_WORDS_MAX} of them.`, "stop");
}

function readTokenLimits(body: JsonObject): Pick<ChatRequest, "maxTokens" | "maxCompletionTokens"> {
  const maxTokens = wholeIn(body, "max_tokens", 1, Number.MAX_SAFE_INTEGER);
  const maxCompletionTokens = wholeIn(body, "max_completion_tokens", 1, COMPLETION_TOKENS_MAX);
  if (maxTokens !== null && maxCompletionTokens !== null) {
    refuse("`max_tokens` and `max_completion_tokens` cannot be set at the same time.", "max_tokens");
  }
  return { maxTokens, maxCompletionTokens };
}

function readStream(body: JsonObject): Pick<ChatRequest, "stream" | "includeUsage" | "chunkIncludeUsage"> {
  const stream = booleanOf(body, "stream");
  if (!stream && memberOf(body, "stream_options") !== undefined) {
    refuse("`stream_options` is only allowed together with `stream` = true.", "stream_options");
  }
  const options = objectOf(body, "stream_options");
  return {
    stream,
    includeUsage: booleanOf(options, "include_usage", "stream_options.include_usage"),
    chunkIncludeUsage: booleanOf(options, "chunk_include_usage", "stream_options.chunk_include_usage"),
  };
}

function readResponseFormat(body: JsonObject): Pick<ChatRequest, "responseFormat" | "responseSchema"> {
  const format = objectOf(body, "response_format");
  const responseFormat = wordOf(memberOf(format, "type"), responseFormats, "response_format.type") ?? "text";
  if (responseFormat !== "json_schema") return { responseFormat, responseSchema: undefined };
  const described = memberOf(format, "json_schema");
  const schema = isObject(described) ? memberOf(described, "schema") : undefined;
  if (!isObject(schema)) {
    const path = "response_format.json_schema.schema";
    throw new ArkRefusal("MissingParameter", `The request lacks the parameter \`${path}\`.`, path);
  }
  return { responseFormat, responseSchema: schema };
}

/** The name in `model`, read first: what else is wrong is told only for a model that exists. */
export function readModelName(body: JsonObject): string {
  const model = memberOf(body, "model");
  if (typeof model === "string" && model !== "") return model;
  throw new ArkRefusal("MissingParameter", "The request lacks the parameter `model`.", "model");
}

/** The body as an object. Throws ArkRefusal where it is none. */
export function readBody(bytes: Buffer): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new ArkRefusal("InvalidParameter", "The request body is not valid JSON.");
  }
  if (isObject(body)) return body;
  throw new ArkRefusal("InvalidParameter", "The request body is not a JSON object.");
}

/**
 * Reads the whole request. Unknown members are let pass, since what Ark's chat does with them is not
 * confirmed (ark-api 21). Throws ArkRefusal at the first thing that is wrong.
 */
export function readChatRequest(body: JsonObject, strictRoles: boolean): ChatRequest {
  const messages = readMessages(memberOf(body, "messages"), strictRoles);
  checkSampling(body);
  const toolList = memberOf(body, "tools");
  const tools = readTools(toolList);
  const toolsText = tools.length > 0 ? JSON.stringify(toolList) : "";
  const thinking = objectOf(body, "thinking");
  return {
    model: readModelName(body),
    ...readStream(body),
    messages,
    prompt: toolsText + messages.prompt,
    promptTokens: messages.promptTokens + countTokens(toolsText),
    thinking: wordOf(memberOf(thinking, "type"), thinkingTypes, "thinking.type"),
    effort: wordOf(memberOf(body, "reasoning_effort"), efforts, "reasoning_effort"),
    ...readTokenLimits(body),
    tools,
    toolChoice: readToolChoice(memberOf(body, "tool_choice"), tools),
    severalToolCalls: booleanOf(body, "parallel_tool_calls"),
    ...readResponseFormat(body),
    serviceTier: wordOf(memberOf(body, "service_tier"), serviceTiers, "service_tier") ?? "auto",
  };
}
