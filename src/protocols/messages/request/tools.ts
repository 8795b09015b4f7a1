/** Translates a Messages request's tools and its choice among them. */
import type { ChatRequest, ChatTool, ChatToolChoice, JsonObject } from "../../../core/chat.ts";
import type { GatewayError } from "../../../core/errors.ts";
import { isObject, textOf } from "../../chat-answer.ts";
import { arrayAt, objectAt, stringAt } from "../../client-json.ts";
import { invalidMember } from "../../read-members.ts";
import { ToolNames } from "../tool-names.ts";

export type TranslatedTools = Pick<ChatRequest, "tools" | "tool_choice" | "parallel_tool_calls"> & {
  readonly names: ToolNames;
};

const NO_MEMBERS: JsonObject = {};
const SHOWN_CHARACTERS_MAX = 128;

/** Ark wants the schema of an object (ark-api 4.7). */
function parametersOf(schema: unknown): JsonObject {
  if (!isObject(schema)) return { type: "object", properties: NO_MEMBERS };
  const typed = schema["type"] === undefined ? { type: "object", ...schema } : schema;
  return typed["type"] !== "object" || isObject(typed["properties"])
    ? typed
    : { ...typed, properties: NO_MEMBERS };
}

function translateTool(tool: JsonObject, name: string): ChatTool {
  const description = textOf(tool["description"]);
  const strict = tool["strict"];
  return {
    type: "function",
    function: {
      name,
      ...(description === null ? {} : { description }),
      parameters: parametersOf(tool["input_schema"]),
      ...(typeof strict === "boolean" ? { strict } : {}),
    },
  };
}

/** Tools that are defined in the middle of the conversation count like those at the top. */
function* inlineTools(messages: readonly unknown[]): Generator<unknown> {
  for (const message of messages) {
    if (!isObject(message) || message["role"] !== "system" || !Array.isArray(message["content"])) continue;
    for (const block of message["content"]) {
      if (!isObject(block) || block["type"] !== "tool_addition") continue;
      const definition = isObject(block["tool"]) ? block["tool"]["definition"] : undefined;
      if (definition !== undefined) yield definition;
    }
  }
}

/** In an error, so much of a text of the client's. */
function shown(text: string): string {
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}...`;
}

function refuseAlone(left: readonly string[]): GatewayError {
  return invalidMember(
    "tools",
    `This model cannot run ${shown(left.join(", "))}: such tools need Anthropic's own service. Send tools ` +
      "with an `input_schema`, which your program runs.",
  );
}

/**
 * Typed tools (`web_search_20250305` and its like) are run, or known, by Anthropic's service alone. They are
 * left out where others stay, so that clients that always declare them work.
 * @throws GatewayError invalid_request where nothing else is left, or the choice forces one of them
 */
export function translateTools(body: JsonObject, messages: readonly unknown[]): TranslatedTools {
  const names = new ToolNames();
  const tools = new Map<string, ChatTool>();
  const left: string[] = [];
  for (const [index, value] of [...arrayAt(body["tools"], "tools"), ...inlineTools(messages)].entries()) {
    const path = `tools.${index}`;
    const tool = objectAt(value, path);
    const type = tool["type"];
    if (typeof type === "string" && type !== "custom") {
      left.push(textOf(tool["name"]) ?? type);
      continue;
    }
    const name = stringAt(tool, "name", path);
    if (name === "") throw invalidMember(`${path}.name`, `\`${path}.name\` is empty. Name the tool.`);
    tools.set(name, translateTool(tool, names.add(name)));
  }
  if (tools.size === 0 && left.length > 0) throw refuseAlone(left);
  if (tools.size === 0) return { names };
  return { names, tools: [...tools.values()], ...translateChoice(body["tool_choice"], tools, left) };
}

function translateChoice(
  value: unknown,
  tools: ReadonlyMap<string, ChatTool>,
  left: readonly string[],
): Pick<ChatRequest, "tool_choice" | "parallel_tool_calls"> {
  if (value === undefined || value === null) return {};
  const choice = objectAt(value, "tool_choice");
  const isParallel = choice["disable_parallel_tool_use"] !== true;
  return {
    tool_choice: choiceOf(choice, tools, left),
    ...(isParallel ? {} : { parallel_tool_calls: false }),
  };
}

function choiceOf(
  choice: JsonObject,
  tools: ReadonlyMap<string, ChatTool>,
  left: readonly string[],
): ChatToolChoice {
  switch (choice["type"]) {
    case "auto":
      return "auto";
    case "any":
      return "required";
    case "none":
      return "none";
    case "tool":
      return forced(stringAt(choice, "name", "tool_choice"), tools, left);
    default:
      throw invalidMember("tool_choice.type", "`tool_choice.type` must be auto, any, tool or none.");
  }
}

function forced(name: string, tools: ReadonlyMap<string, ChatTool>, left: readonly string[]): ChatToolChoice {
  const tool = tools.get(name);
  if (tool !== undefined) return { type: "function", function: { name: tool.function.name } };
  throw invalidMember(
    "tool_choice.name",
    left.includes(name)
      ? `\`tool_choice\` forces ${shown(name)}, a tool of Anthropic's own service: this model cannot run it.`
      : `\`tool_choice\` forces ${shown(name)}, which is not among \`tools\`.`,
  );
}
