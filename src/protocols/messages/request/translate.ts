/** Translates a whole Messages request into a chat request. */
import type { ChatMessage, ChatRequest, ChatResponseFormat, JsonObject } from "../../../core/chat.ts";
import { isObject, textOf } from "../../chat-answer.ts";
import { arrayAt, numberOf, parseBody } from "../../client-json.ts";
import type { Intent } from "../../door.ts";
import { invalidMember } from "../../read-members.ts";
import type { ThoughtSeal } from "../../sealed-thoughts.ts";
import type { ToolNames } from "../tool-names.ts";
import { blocksAt, systemText } from "./blocks.ts";
import { chatMessages } from "./conversation.ts";
import { omitsThoughts, translateThinking } from "./thinking.ts";
import { translateTools } from "./tools.ts";
import { readTurns } from "./turns.ts";

/** Ark's bound for `max_completion_tokens` (ark-api 4.1). */
const COMPLETION_TOKENS_MAX = 65_536;
/** Claude Code's first system block: its build's mark, which would break cached prefixes. */
const BILLING_HEADER = "x-anthropic-billing-header:";

export type TranslatedRequest = {
  readonly request: ChatRequest;
  readonly names: ToolNames;
  readonly omitsThoughts: boolean;
};

function systemMessages(system: unknown): ChatMessage[] {
  if (system === undefined || system === null) return [];
  const blocks = blocksAt(system, "system");
  const text = systemText(
    blocks.filter((block) => !textOf(block["text"])?.startsWith(BILLING_HEADER)),
    "system",
  );
  return text === "" ? [] : [{ role: "system", content: text }];
}

function responseFormat(body: JsonObject): ChatResponseFormat | null {
  const config = body["output_config"];
  const format = (isObject(config) ? config["format"] : null) ?? body["output_format"];
  if (!isObject(format)) return null;
  switch (format["type"]) {
    case "json_schema": {
      const { schema } = format;
      if (!isObject(schema)) {
        throw invalidMember(
          "output_config.format.schema",
          "The output format's `schema` must be a JSON Schema.",
        );
      }
      return { type: "json_schema", json_schema: { name: "response", schema, strict: true } };
    }
    case "json_object":
      return { type: "json_object" };
    default:
      return null;
  }
}

function stopSequences(body: JsonObject): Pick<ChatRequest, "stop"> {
  const stop = arrayAt(body["stop_sequences"], "stop_sequences").filter((text) => textOf(text) !== null);
  return stop.length === 0 ? {} : { stop: stop as string[] };
}

/** What goes over as it is, or nearly. */
function settings(body: JsonObject, { outputTokensMax }: Intent): Partial<ChatRequest> {
  const temperature = numberOf(body["temperature"]);
  const topP = numberOf(body["top_p"]);
  const tier = textOf(body["service_tier"]);
  const format = responseFormat(body);
  return {
    ...(outputTokensMax === null
      ? {}
      : { max_completion_tokens: Math.min(COMPLETION_TOKENS_MAX, Math.max(1, outputTokensMax)) }),
    ...(temperature === null ? {} : { temperature }),
    ...(topP === null ? {} : { top_p: topP }),
    ...stopSequences(body),
    ...(format === null ? {} : { response_format: format }),
    // Anthropic's own word for what Ark does anyway is no tier of Ark's.
    ...(tier === null || tier === "auto" || tier === "standard_only" ? {} : { service_tier: tier }),
    ...translateThinking(body),
  };
}

/**
 * What is only for Anthropic's caches, statistics and betas (`cache_control`, `metadata`,
 * `context_management`, `top_k` and whatever is not known here) is left out.
 * @throws GatewayError invalid_request where a member that counts is not what it should be
 */
export function translateRequest(
  bytes: Buffer,
  model: string,
  intent: Intent,
  seal: ThoughtSeal,
): TranslatedRequest {
  const body = parseBody(bytes);
  const given = arrayAt(body["messages"], "messages");
  const messages = [...chatMessages(readTurns(given, seal))];
  if (messages.length === 0)
    throw invalidMember("messages", "`messages` holds nothing to answer. Send a message.");
  const { names, ...tools } = translateTools(body, given);
  return {
    names,
    omitsThoughts: omitsThoughts(body),
    request: {
      model,
      messages: [...systemMessages(body["system"]), ...messages],
      ...(intent.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
      ...settings(body, intent),
      ...tools,
    },
  };
}
