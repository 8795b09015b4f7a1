/** Translates a Responses request's tools and its choice among them. */
import type { ChatRequest, ChatTool, ChatToolChoice, JsonObject } from "../../../../core/chat.ts";
import { arrayAt } from "../../../client-json.ts";
import { invalidMember } from "../../../read-members.ts";
import { type FunctionTool, flattenTools } from "../../flat-tools.ts";
import { readToolChoice } from "../../tool-choice.ts";
import type { ToolNames } from "../../tool-names.ts";

export type TranslatedTools = {
  readonly request: Pick<ChatRequest, "tools" | "tool_choice" | "parallel_tool_calls">;
  readonly names: ToolNames;
};

/** What can be called, and the types of tools that cannot: Ark's chat knows functions alone. */
type Offered = {
  readonly tools: ReadonlyMap<string, ChatTool>;
  readonly names: ToolNames;
  readonly left: ReadonlySet<string>;
};

type Chosen = { readonly tools: readonly ChatTool[]; readonly choice: ChatToolChoice | null };

/** Tools that came in the middle of the conversation count like those at the top. */
function laterTools(items: readonly JsonObject[]): readonly unknown[] {
  return items.flatMap(({ type, tools }) => {
    const mayHold = type === "additional_tools" || type === "tool_search_output";
    return mayHold && Array.isArray(tools) ? (tools as readonly unknown[]) : [];
  });
}

function chatTool({ type, parameters, ...described }: FunctionTool): ChatTool {
  const typed = parameters["type"] === undefined ? { type: "object", ...parameters } : parameters;
  return { type, function: { ...described, parameters: typed } };
}

/** Tools that only a service of its own can run are left out: clients declare them always. */
function offer(tools: readonly unknown[]): Offered {
  const flat = flattenTools(tools);
  const offered = new Map<string, ChatTool>();
  const left = new Set<string>();
  for (const each of flat.tools) {
    if (each.kind === "function") offered.set(each.tool.name, chatTool(each.tool));
    else left.add(each.type);
  }
  return { tools: offered, names: flat.names, left };
}

function refuse(what: string, left: ReadonlySet<string>): never {
  const known = left.size === 0 ? "" : ` This model cannot run ${[...left].join(", ")}.`;
  throw invalidMember("tool_choice", `${what}${known} Send function or custom tools that your program runs.`);
}

function choose(value: unknown, { tools, names, left }: Offered): Chosen {
  const read = readToolChoice(value, names);
  const all = [...tools.values()];
  if (read === null) return { tools: all, choice: null };
  const { choice, allowed } = read;
  const callable = allowed === null ? all : all.filter((tool) => allowed.has(tool.function.name));
  if (choice === "required" && callable.length === 0) {
    refuse("`tool_choice` requires a tool to be called, and there is none.", left);
  }
  if (typeof choice === "string") return { tools: callable, choice };
  const name = choice.type === "function" ? choice.name : choice.builtIn;
  if (choice.type === "function" && tools.has(name)) {
    return { tools: callable, choice: { type: "function", function: { name } } };
  }
  return refuse(`\`tool_choice\` forces ${JSON.stringify(name)}, which cannot be called here.`, left);
}

/**
 * @param items the conversation, in which there may be tools too
 * @throws GatewayError invalid_request
 */
export function translateTools(body: JsonObject, items: readonly JsonObject[]): TranslatedTools {
  const offered = offer([...arrayAt(body["tools"], "tools"), ...laterTools(items)]);
  const { names } = offered;
  const { tools, choice } = choose(body["tool_choice"], offered);
  if (tools.length === 0) return { request: {}, names };
  const parallel = body["parallel_tool_calls"];
  return {
    request: {
      tools,
      ...(choice === null ? {} : { tool_choice: choice }),
      ...(typeof parallel === "boolean" ? { parallel_tool_calls: parallel } : {}),
    },
    names,
  };
}
