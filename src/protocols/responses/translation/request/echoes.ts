/** What a response says of its own request: the members that OpenAI gives back, sent or not. */
import type { JsonObject } from "../../../../core/chat.ts";
import { isObject, textOf } from "../../../chat-answer.ts";
import { numberOf } from "../../../client-json.ts";

/** Kept where they are there at all. */
const PASSED_ON = ["user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"] as const;

/** A function's schema names two members that requests may leave out. */
function echoedTool(tool: unknown): unknown {
  if (!isObject(tool) || tool["type"] !== "function") return tool;
  return { ...tool, parameters: tool["parameters"] ?? null, strict: tool["strict"] ?? null };
}

/** A number as it was sent. */
function number(value: unknown): unknown {
  return numberOf(value) === null ? null : value;
}

function texts(metadata: unknown): object {
  if (!isObject(metadata)) return {};
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => typeof value === "string"));
}

function passedOn(body: JsonObject): JsonObject {
  const kept: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const text = textOf(body[name]);
    if (text !== null) kept[name] = text;
  }
  return kept;
}

/**
 * In JSON, without the braces. Sampling that was not asked for is the model's own, which Ark does not tell:
 * null.
 */
export function echoesOf(body: JsonObject, isStored: boolean): string {
  const { reasoning, text, tools, tool_choice: choice } = body;
  const asked = isObject(reasoning) ? reasoning : {};
  const wanted = isObject(text) ? text : {};
  const echoes = {
    background: false,
    instructions: textOf(body["instructions"]),
    max_output_tokens: number(body["max_output_tokens"]),
    max_tool_calls: number(body["max_tool_calls"]),
    metadata: texts(body["metadata"]),
    parallel_tool_calls: body["parallel_tool_calls"] !== false,
    previous_response_id: textOf(body["previous_response_id"]),
    reasoning: { effort: asked["effort"] ?? null, summary: asked["summary"] ?? null },
    store: isStored,
    temperature: number(body["temperature"]),
    text: {
      format: isObject(wanted["format"]) ? wanted["format"] : { type: "text" },
      ...(textOf(wanted["verbosity"]) === null ? {} : { verbosity: wanted["verbosity"] }),
    },
    tool_choice: choice ?? "auto",
    tools: Array.isArray(tools) ? tools.map(echoedTool) : [],
    top_logprobs: 0,
    top_p: number(body["top_p"]),
    truncation: "disabled",
    ...passedOn(body),
  };
  return JSON.stringify(echoes).slice(1, -1);
}
