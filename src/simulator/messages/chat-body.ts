/** Says a Messages body as a chat body, and refuses what Ark's Anthropic base refuses (ark-api 6). */
import { isToolName } from "../chat/chat-tools.ts";
import { isObject, type JsonObject, memberOf } from "../json-value.ts";
import { efforts } from "../models/reasoning-effort.ts";
import { missing, refuse } from "./refusals.ts";
import { chatMessages } from "./turns.ts";

const serviceTiers = ["auto", "default", "standard_only"] as const;

export type BodyReading = {
  /** Counting alone: `max_tokens` is not needed. */
  readonly isCounting: boolean;
  readonly strict: boolean;
};

function objectAt(body: JsonObject, name: string): JsonObject {
  const value = memberOf(body, name);
  if (value === undefined) return {};
  return isObject(value) ? value : refuse(`The parameter \`${name}\` must be an object.`, name);
}

/** A tool that the client runs; null for a typed one, which Ark would run and which is not simulated. */
function chatTool(tool: unknown, index: number): JsonObject | null {
  const path = `tools[${index}]`;
  if (!isObject(tool)) return refuse(`\`${path}\` is not an object.`, path);
  const type = memberOf(tool, "type");
  if (type !== undefined && type !== "custom") return null;
  const name = memberOf(tool, "name");
  const schema = memberOf(tool, "input_schema");
  if (name === undefined) missing(`${path}.name`);
  if (schema === undefined) missing(`${path}.input_schema`);
  if (!isToolName(name)) refuse(`\`${path}.name\` must be 1 to 64 of A-Z a-z 0-9 _ -.`, `${path}.name`);
  if (!isObject(schema)) return refuse(`\`${path}.input_schema\` must be an object.`, `${path}.input_schema`);
  const described = { name, description: tool["description"], parameters: schema };
  return { type: "function", function: described };
}

function chatTools(body: JsonObject): readonly JsonObject[] | undefined {
  const tools = memberOf(body, "tools");
  if (tools === undefined) return undefined;
  if (!Array.isArray(tools)) return refuse("`tools` must be a list.", "tools");
  const own = tools.map(chatTool).filter((tool) => tool !== null);
  return own.length === 0 ? undefined : own;
}

function chatToolChoice(choice: JsonObject, tools: readonly JsonObject[]): unknown {
  const type = memberOf(choice, "type");
  switch (type) {
    case "auto":
    case "none":
      return type;
    case "any":
      return "required";
    case "tool": {
      const name = memberOf(choice, "name");
      if (name === undefined) missing("tool_choice.name");
      const isKnown = tools.some((tool) => isObject(tool["function"]) && tool["function"]["name"] === name);
      if (!isKnown) refuse("`tool_choice.name` names no tool of the request.", "tool_choice.name");
      return { type: "function", function: { name } };
    }
    default:
      return refuse(
        `\`tool_choice.type\` is not valid: got \`${String(type)}\`, expected one of auto, any, tool and none.`,
        "tool_choice.type",
      );
  }
}

function chatThinking(body: JsonObject): JsonObject | undefined {
  const thinking = memberOf(body, "thinking");
  if (thinking === undefined) return undefined;
  const type = isObject(thinking) ? memberOf(thinking, "type") : thinking;
  if (type === "disabled") return { type };
  if (type === "enabled" || type === "adaptive") return { type: "enabled" };
  return refuse(
    `\`thinking.type\` is not valid: got \`${String(type)}\`, expected one of enabled, disabled and adaptive.`,
    "thinking.type",
  );
}

function effortOf(output: JsonObject): string | undefined {
  const effort = memberOf(output, "effort");
  if (effort === undefined) return undefined;
  const known = efforts.find((word) => word === effort);
  if (known !== undefined) return known;
  return refuse(
    `\`output_config.effort\` is not valid: must be one of ${efforts.join(", ")}.`,
    "output_config.effort",
  );
}

function chatFormat(body: JsonObject, output: JsonObject): JsonObject | undefined {
  const format = memberOf(body, "output_format") ?? memberOf(output, "format");
  if (format === undefined) return undefined;
  if (!isObject(format)) return refuse("`output_format` must be an object.", "output_format");
  const type = memberOf(format, "type");
  switch (type) {
    case "text":
    case "json_object":
      return { type };
    case "json_schema": {
      const schema = memberOf(format, "schema");
      if (!isObject(schema)) missing("output_format.schema");
      return { type, json_schema: { name: "output", schema } };
    }
    default:
      return refuse(
        `\`output_format.type\` is not valid: got \`${String(type)}\`, ` +
          "expected one of text, json_object and json_schema.",
        "output_format.type",
      );
  }
}

function checkStopSequences(body: JsonObject): void {
  const stops = memberOf(body, "stop_sequences");
  if (stops === undefined) return;
  const fits = Array.isArray(stops) && stops.every((stop: unknown) => typeof stop === "string");
  if (!fits) refuse("`stop_sequences` must be a list of texts.", "stop_sequences");
}

/** Fast and flex are chat's alone. */
function chatTier(body: JsonObject): string | undefined {
  const tier = memberOf(body, "service_tier");
  if (tier === undefined) return undefined;
  const known = serviceTiers.find((word) => word === tier);
  if (known === undefined) {
    return refuse(
      `\`service_tier\` is not valid: must be one of ${serviceTiers.join(", ")}.`,
      "service_tier",
    );
  }
  return known === "standard_only" ? "default" : known;
}

/**
 * The chat body that a Messages body amounts to. Unknown members are let pass, and so is what clients have
 * for others than Ark, such as `cache_control`, `metadata` and `context_management`.
 * @throws ArkRefusal at the first thing that is wrong
 */
export function chatBodyOf(body: JsonObject, reading: BodyReading): JsonObject {
  const messages = chatMessages(body, reading.strict);
  const maxTokens = memberOf(body, "max_tokens");
  if (maxTokens === undefined && !reading.isCounting) missing("max_tokens");
  checkStopSequences(body);
  const tools = chatTools(body);
  const choice = objectAt(body, "tool_choice");
  const output = objectAt(body, "output_config");
  const hasChoice = memberOf(body, "tool_choice") !== undefined;
  return {
    model: memberOf(body, "model"),
    stream: memberOf(body, "stream"),
    temperature: memberOf(body, "temperature"),
    top_p: memberOf(body, "top_p"),
    max_tokens: maxTokens,
    messages,
    tools,
    tool_choice: hasChoice ? chatToolChoice(choice, tools ?? []) : undefined,
    // Several calls are asked for, here as on chat, and not the default.
    parallel_tool_calls: memberOf(choice, "disable_parallel_tool_use") === false,
    thinking: chatThinking(body),
    reasoning_effort: effortOf(output),
    response_format: chatFormat(body, output),
    service_tier: chatTier(body),
  };
}
