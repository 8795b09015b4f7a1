/** Reads and checks the tools of a chat request and which of them must be called (ark-api 4.7). */
import { ArkRefusal } from "../error-envelope.ts";
import { isObject, memberOf } from "../json-value.ts";

export type Tool = { readonly name: string; readonly parameters: unknown };

export type ToolChoice =
  | { readonly kind: "none" | "auto" | "required" }
  | { readonly kind: "named"; readonly tool: Tool };

const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

export function isToolName(name: unknown): name is string {
  return typeof name === "string" && TOOL_NAME.test(name);
}

function refuse(text: string, param: string): never {
  throw new ArkRefusal("InvalidParameter", text, param);
}

export function readTools(value: unknown): readonly Tool[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) refuse("`tools` must be a list.", "tools");
  return value.map((tool: unknown, index): Tool => {
    const described =
      isObject(tool) && memberOf(tool, "type") === "function" ? memberOf(tool, "function") : null;
    if (!isObject(described))
      refuse(`\`tools[${index}].type\` must be \`function\`.`, `tools[${index}].type`);
    const name = memberOf(described, "name");
    if (!isToolName(name)) {
      refuse(`\`tools[${index}].function.name\` must be 1 to 64 of A-Z a-z 0-9 _ -.`, "tools.function.name");
    }
    return { name, parameters: memberOf(described, "parameters") };
  });
}

export function readToolChoice(value: unknown, tools: readonly Tool[]): ToolChoice {
  if (value === undefined) return { kind: tools.length === 0 ? "none" : "auto" };
  if (value === "none") return { kind: "none" };
  if (value === "auto" || value === "required") return { kind: tools.length === 0 ? "none" : value };
  if (!isObject(value))
    return refuse("`tool_choice` must be none, auto, required or an object.", "tool_choice");
  if (value["type"] !== "function") {
    const got = String(value["type"]);
    return refuse(
      `\`tool_choice.type\` is not valid: expected 'function', got '${got}'.`,
      "tool_choice.type",
    );
  }
  const chosen = memberOf(value, "function");
  const name = isObject(chosen) ? memberOf(chosen, "name") : undefined;
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) {
    return refuse(`\`tool_choice.function.name\` names no tool of the request.`, "tool_choice.function.name");
  }
  return { kind: "named", tool };
}
