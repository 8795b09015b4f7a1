/** Translates how a Responses request wants its answer: bounds, sampling, thought, format and tier. */
import {
  type ChatRequest,
  type ChatResponseFormat,
  type JsonObject,
  reasoningEfforts,
} from "../../../../core/chat.ts";
import { isObject, textOf } from "../../../chat-answer.ts";
import { numberOf, stringAt, wordAt } from "../../../client-json.ts";
import { invalidMember } from "../../../read-members.ts";

/** Ark's bound for `max_completion_tokens` (ark-api 4.1). */
export const COMPLETION_TOKENS_MAX = 65_536;

function tokenBound(body: JsonObject): Pick<ChatRequest, "max_completion_tokens"> {
  const bound = numberOf(body["max_output_tokens"]);
  if (bound === null) return {};
  return { max_completion_tokens: Math.min(COMPLETION_TOKENS_MAX, Math.max(1, Math.floor(bound))) };
}

/**
 * `none` and `minimal` turn thinking off, in the word for it that all models heed (ark-api 4.6), beside which
 * no effort is sent. Ark's own `thinking` counts too.
 */
function thought(body: JsonObject): Pick<ChatRequest, "thinking" | "reasoning_effort"> {
  const { reasoning, thinking } = body;
  const asked = isObject(reasoning) ? reasoning["effort"] : null;
  const effort = reasoningEfforts.find((known) => known === asked);
  const type = isObject(thinking) ? thinking["type"] : null;
  if (effort === "none" || effort === "minimal" || type === "disabled") {
    return { thinking: { type: "disabled" } };
  }
  return {
    ...(type === "enabled" ? { thinking: { type } } : {}),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
  };
}

function schemaFormat(format: JsonObject): ChatResponseFormat {
  const path = "text.format";
  const { schema, strict } = format;
  if (!isObject(schema)) {
    throw invalidMember(`${path}.schema`, `\`${path}.schema\` must be a JSON Schema.`);
  }
  const description = textOf(format["description"]);
  return {
    type: "json_schema",
    json_schema: {
      name: stringAt(format, "name", path),
      schema,
      ...(description === null ? {} : { description }),
      ...(typeof strict === "boolean" ? { strict } : {}),
    },
  };
}

function responseFormat({ text }: JsonObject): Pick<ChatRequest, "response_format"> {
  const format = isObject(text) ? text["format"] : null;
  if (!isObject(format)) return {};
  switch (format["type"]) {
    case "text":
      return {};
    case "json_object":
      return { response_format: { type: "json_object" } };
    case "json_schema":
      return { response_format: schemaFormat(format) };
    default:
      throw invalidMember("text.format.type", "`text.format.type` must be text, json_object or json_schema.");
  }
}

/**
 * What goes over as it is, or nearly; what Ark's chat does not know is left out.
 * @throws GatewayError invalid_request
 */
export function translateSettings(body: JsonObject): Partial<ChatRequest> {
  const temperature = numberOf(body["temperature"]);
  const topP = numberOf(body["top_p"]);
  const tier = wordAt(body, "service_tier");
  return {
    ...tokenBound(body),
    ...(temperature === null ? {} : { temperature }),
    ...(topP === null ? {} : { top_p: topP }),
    ...thought(body),
    ...responseFormat(body),
    // Ark's own default is no choice of a tier.
    ...(tier === null || tier === "auto" ? {} : { service_tier: tier }),
  };
}
