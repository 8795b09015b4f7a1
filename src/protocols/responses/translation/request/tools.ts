/** Translates a Responses request's tools and its choice among them. */
import type { ChatRequest, ChatTool, ChatToolChoice, JsonObject } from "../../../../core/chat.ts";
import { isObject, textOf } from "../../../chat-answer.ts";
import { invalidMember } from "../../../read-members.ts";
import { arrayAt, objectAt, stringAt } from "../client-json.ts";
import { ToolTable } from "./tool-table.ts";

export type TranslatedTools = {
  readonly request: Pick<ChatRequest, "tools" | "tool_choice" | "parallel_tool_calls">;
  readonly table: ToolTable;
};

/** Tools that came in the middle of the conversation count like those at the top. */
function* laterTools(items: readonly JsonObject[]): Generator<readonly unknown[]> {
  for (const { type, tools } of items) {
    if ((type === "additional_tools" || type === "tool_search_output") && Array.isArray(tools)) yield tools;
  }
}

type Choice = { readonly tools: readonly ChatTool[]; readonly choice: ChatToolChoice | null };

function refuse(what: string, left: ReadonlySet<string>): never {
  const known = left.size === 0 ? "" : ` This model cannot run ${[...left].join(", ")}.`;
  throw invalidMember("tool_choice", `${what}${known} Send function or custom tools that your program runs.`);
}

function named(choice: JsonObject, path: string, table: ToolTable): ChatTool | null {
  if (choice["type"] !== "function" && choice["type"] !== "custom") return null;
  return table.find(stringAt(choice, "name", path), textOf(choice["namespace"]));
}

/** Only some of the tools may be called. */
function allowed(choice: JsonObject, table: ToolTable): Choice {
  const tools = arrayAt(choice["tools"], "tool_choice.tools").flatMap((value, index) => {
    const path = `tool_choice.tools[${index}]`;
    const tool = named(objectAt(value, path), path, table);
    return tool === null ? [] : [tool];
  });
  if (choice["mode"] !== "required") return { tools, choice: "auto" };
  if (tools.length === 0) refuse("`tool_choice` requires one of tools that are not there.", table.left);
  return { tools, choice: "required" };
}

function choose(value: unknown, table: ToolTable): Choice {
  const tools = table.all;
  if (value === undefined || value === null) return { tools, choice: null };
  if (value === "none" || value === "auto") return { tools, choice: value };
  if (value === "required") {
    if (tools.length === 0) refuse("`tool_choice` is required, and there is no tool to call.", table.left);
    return { tools, choice: value };
  }
  if (!isObject(value)) {
    throw invalidMember("tool_choice", "`tool_choice` must be none, auto, required or an object.");
  }
  if (value["type"] === "allowed_tools") return allowed(value, table);
  const tool = named(value, "tool_choice", table);
  if (tool !== null) {
    return { tools, choice: { type: "function", function: { name: tool.function.name } } };
  }
  const name = JSON.stringify(textOf(value["name"]) ?? value["type"] ?? null);
  return refuse(`\`tool_choice\` forces ${name}, which is no tool that can be called here.`, table.left);
}

/** @throws GatewayError invalid_request */
export function translateTools(body: JsonObject, items: readonly JsonObject[]): TranslatedTools {
  const table = new ToolTable();
  table.add(arrayAt(body["tools"], "tools"), "tools");
  for (const tools of laterTools(items)) table.add(tools, "input.tools");
  const { tools, choice } = choose(body["tool_choice"], table);
  if (tools.length === 0) return { request: {}, table };
  const parallel = body["parallel_tool_calls"];
  return {
    request: {
      tools,
      ...(choice === null ? {} : { tool_choice: choice }),
      ...(typeof parallel === "boolean" ? { parallel_tool_calls: parallel } : {}),
    },
    table,
  };
}
