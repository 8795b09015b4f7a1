/** Reads a `tool_choice` in words that Ark knows. */
import type { JsonObject } from "../../core/chat.ts";
import { isObject, textOf } from "../chat-answer.ts";
import { invalidMember } from "../read-members.ts";
import { arkToolType, isForeignTool } from "./flat-tools.ts";
import type { ToolNames } from "./tool-names.ts";

export const toolChoiceModes = ["none", "auto", "required"] as const;
export type ToolChoiceMode = (typeof toolChoiceModes)[number];

export type ToolChoice = {
  readonly choice:
    | ToolChoiceMode
    /** By the name that Ark knows. */
    | { readonly type: "function"; readonly name: string }
    /** A tool that Ark runs, by Ark's type; or of a type that nobody here knows. */
    | { readonly type: "built_in"; readonly builtIn: string };
  /** Ark's names of functions, and its types of other tools, that may be called; null for all. */
  readonly allowed: ReadonlySet<string> | null;
};

const PARAM = "tool_choice";
/** OpenAI takes 128 tools in all. */
export const ALLOWED_TOOLS_MAX = 1_000;

function modeOf(value: unknown): ToolChoiceMode | null {
  return toolChoiceModes.find((mode) => mode === value) ?? null;
}

/** Ark's name of the tool that is meant: a function's own, or the type of one that Ark runs. */
function chosenTool(tool: JsonObject, names: ToolNames): ToolChoice["choice"] {
  const type = textOf(tool["type"]);
  if (type === null) throw invalidMember(PARAM, "`tool_choice` must say a `type`, such as function.");
  if (type !== "function" && type !== "custom") {
    return { type: "built_in", builtIn: arkToolType(type) ?? type };
  }
  const name = textOf(tool["name"]);
  if (name === null) throw invalidMember(PARAM, `\`tool_choice\` of the type ${type} must name the tool.`);
  return { type: "function", name: names.chosenName(name, textOf(tool["namespace"]), type) };
}

function nameOf(chosen: ToolChoice["choice"]): string {
  if (typeof chosen === "string") return chosen;
  return chosen.type === "function" ? chosen.name : chosen.builtIn;
}

function allowedTools(value: JsonObject, names: ToolNames): ToolChoice {
  const { tools } = value;
  if (!Array.isArray(tools)) {
    throw invalidMember(`${PARAM}.tools`, "`tool_choice.tools` must be an array of tools.");
  }
  if (tools.length > ALLOWED_TOOLS_MAX) {
    throw invalidMember(`${PARAM}.tools`, `More than ${ALLOWED_TOOLS_MAX} allowed tools. Name fewer.`);
  }
  const allowed = tools.filter(isObject).map((tool) => nameOf(chosenTool(tool, names)));
  return { choice: modeOf(value["mode"]) ?? "auto", allowed: new Set(allowed) };
}

/**
 * Null where there is none.
 * @throws GatewayError invalid_request for what is no choice, and for a tool that only OpenAI can run
 */
export function readToolChoice(value: unknown, names: ToolNames): ToolChoice | null {
  if (value === undefined || value === null) return null;
  const mode = modeOf(value);
  if (mode !== null) return { choice: mode, allowed: null };
  if (!isObject(value)) {
    throw invalidMember(PARAM, "`tool_choice` must be none, auto, required, or an object that names a tool.");
  }
  if (value["type"] === "allowed_tools") return allowedTools(value, names);
  const choice = chosenTool(value, names);
  const forced = nameOf(choice);
  if (typeof choice === "object" && choice.type === "built_in" && isForeignTool(forced)) {
    throw invalidMember(
      PARAM,
      `\`tool_choice\` forces ${forced}, which OpenAI runs and Ark does not. Choose a function, or auto.`,
    );
  }
  return { choice, allowed: null };
}
