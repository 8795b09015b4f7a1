/** Makes of a client's tools what Ark knows: namespaces are taken apart, free-text tools become functions. */
import type { JsonObject } from "../../core/chat.ts";
import { isObject, textOf } from "../chat-answer.ts";
import { invalidMember } from "../read-members.ts";
import { customParameters, describeCustom } from "./custom-tools.ts";
import { type ToolIdentity, type ToolKind, ToolNames } from "./tool-names.ts";
import { TOOLS_MAX } from "./tool-spans.ts";

/** Tools that Ark itself runs (ark-api 5.4), by OpenAI's names for them too. */
const arkTypes: ReadonlyMap<string, string> = new Map([
  ["web_search", "web_search"],
  ["web_search_2025_08_26", "web_search"],
  ["web_search_preview", "web_search"],
  ["web_search_preview_2025_03_11", "web_search"],
  ["image_process", "image_process"],
  ["mcp", "mcp"],
  ["knowledge_search", "knowledge_search"],
  ["doubao_app", "doubao_app"],
]);

/** Tools of OpenAI's that neither Ark nor the gateway can run. */
const foreignTypes: ReadonlySet<string> = new Set([
  "apply_patch",
  "code_interpreter",
  "computer",
  "computer_use",
  "computer_use_preview",
  "file_search",
  "image_generation",
  "local_shell",
  "programmatic_tool_calling",
  "shell",
  "tool_search",
]);

/** Ark's name for a type of tool that it runs; null for all others. */
export function arkToolType(type: string): string | null {
  return arkTypes.get(type) ?? null;
}

/** Whether OpenAI alone can run it: it is left out, so that clients which always offer it can be served. */
export function isForeignTool(type: string): boolean {
  return foreignTypes.has(type);
}

/** A function as Responses has it, flat; `parameters` are those of an object, never empty. */
export type FunctionTool = {
  readonly type: "function";
  /** By which Ark is to know it. */
  readonly name: string;
  readonly description?: string;
  readonly parameters: JsonObject;
  readonly strict?: boolean;
};

export type FlatTool =
  | { readonly kind: "function"; readonly tool: FunctionTool }
  /** One that Ark runs; `type` is Ark's name for it. Or of a type that nobody here knows. */
  | { readonly kind: "built_in"; readonly type: string; readonly tool: JsonObject }
  | { readonly kind: "left_out"; readonly type: string };

/** Ark wants a schema of an object (ark-api 4.7). */
export const NO_PARAMETERS: JsonObject = { type: "object", properties: {} };

function parametersOf(tool: JsonObject): JsonObject {
  const { parameters } = tool;
  return isObject(parameters) && Object.keys(parameters).length > 0 ? parameters : NO_PARAMETERS;
}

function typeOf(tool: JsonObject, path: string): string {
  const { type } = tool;
  if (typeof type === "string") return type;
  throw invalidMember(`${path}.type`, `\`${path}.type\` must be a string, such as function.`);
}

function identityOf(tool: JsonObject, path: string, kind: ToolKind, namespace: string | null): ToolIdentity {
  const name = textOf(tool["name"]);
  if (name === null) throw invalidMember(`${path}.name`, `\`${path}.name\` must be a name.`);
  return { kind, name, namespace };
}

function functionTool(tool: JsonObject, name: string): FlatTool {
  const { description, strict } = tool;
  return {
    kind: "function",
    tool: {
      type: "function",
      name,
      ...(typeof description === "string" ? { description } : {}),
      parameters: parametersOf(tool),
      ...(typeof strict === "boolean" ? { strict } : {}),
    },
  };
}

function customTool(tool: JsonObject, name: string): FlatTool {
  const description = describeCustom(tool);
  return { kind: "function", tool: { type: "function", name, description, parameters: customParameters } };
}

function objectAt(value: unknown, path: string): JsonObject {
  if (isObject(value)) return value;
  throw invalidMember(path, `\`${path}\` must be an object.`);
}

type Namespace = { readonly name: string; readonly tools: readonly unknown[] };

function namespaceOf(tool: JsonObject, path: string): Namespace {
  const name = textOf(tool["name"]);
  const { tools } = tool;
  if (name === null) throw invalidMember(`${path}.name`, `\`${path}.name\` must be a name.`);
  if (!Array.isArray(tools)) throw invalidMember(`${path}.tools`, `\`${path}.tools\` must be an array.`);
  return { name, tools };
}

/**
 * What one element of `tools` comes to; a namespace comes to as many as it holds.
 * @param path its place in the body, for errors
 * @throws GatewayError invalid_request for one that lacks what its type must have
 */
export function flattenTool(
  value: unknown,
  path: string,
  names: ToolNames,
  namespace: string | null = null,
): readonly FlatTool[] {
  const tool = objectAt(value, path);
  const type = typeOf(tool, path);
  if (type === "function") {
    return [functionTool(tool, names.declare(identityOf(tool, path, "function", namespace)))];
  }
  if (type === "custom")
    return [customTool(tool, names.declare(identityOf(tool, path, "custom", namespace)))];
  if (type === "namespace" && namespace === null) {
    const { name, tools } = namespaceOf(tool, path);
    return tools.flatMap((child, index) => flattenTool(child, `${path}.tools[${index}]`, names, name));
  }
  if (foreignTypes.has(type) || namespace !== null) return [{ kind: "left_out", type }];
  return [{ kind: "built_in", type: arkTypes.get(type) ?? type, tool }];
}

/** The names of the tools that stand in no namespace, which come before all others. */
export function declareTopTools(tools: readonly unknown[]): ToolNames {
  const names = new ToolNames();
  for (const kind of ["function", "custom"] as const) {
    for (const tool of tools) {
      const name = isObject(tool) && tool["type"] === kind ? textOf(tool["name"]) : null;
      if (name !== null) names.declare({ kind, name, namespace: null });
    }
  }
  return names;
}

export type FlatTools = { readonly tools: readonly FlatTool[]; readonly names: ToolNames };

/** All of a request's tools, in their order. @throws GatewayError invalid_request */
export function flattenTools(tools: readonly unknown[], path = "tools"): FlatTools {
  const names = declareTopTools(tools);
  const flat = tools.flatMap((tool, index) => flattenTool(tool, `${path}[${index}]`, names));
  if (flat.length > TOOLS_MAX) throw invalidMember(path, `More than ${TOOLS_MAX} tools. Send fewer.`);
  return { tools: flat, names };
}
