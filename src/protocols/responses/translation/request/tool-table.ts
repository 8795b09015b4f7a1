/** The tools of one request: what Ark is told of them, and what their client calls them. */
import type { ChatTool, JsonObject } from "../../../../core/chat.ts";
import { isObject, textOf } from "../../../chat-answer.ts";
import { invalidMember } from "../../../read-members.ts";
import type { CalledTool } from "../answer/answer-traits.ts";
import { arrayAt, objectAt, stringAt } from "../client-json.ts";
import { arkToolName } from "./tool-names.ts";

const NO_MEMBERS: JsonObject = {};

/** What a custom tool is asked for: its text, in the one string of an object. */
const CUSTOM_PARAMETERS: JsonObject = {
  type: "object",
  properties: { input: { type: "string", description: "The whole input of the tool, as plain text." } },
  required: ["input"],
  additionalProperties: false,
};

/** Ark wants the schema of an object (ark-api 4.7). */
function parametersOf(schema: unknown): JsonObject {
  if (!isObject(schema)) return { type: "object", properties: NO_MEMBERS };
  const typed = schema["type"] === undefined ? { type: "object", ...schema } : schema;
  return typed["type"] !== "object" || isObject(typed["properties"])
    ? typed
    : { ...typed, properties: NO_MEMBERS };
}

function functionTool(tool: JsonObject, name: string): ChatTool {
  const description = textOf(tool["description"]);
  const { strict } = tool;
  return {
    type: "function",
    function: {
      name,
      ...(description === null ? {} : { description }),
      parameters: parametersOf(tool["parameters"]),
      ...(typeof strict === "boolean" ? { strict } : {}),
    },
  };
}

/** The grammar, which Ark cannot hold a model to, is told in words. */
function customTool(tool: JsonObject, name: string): ChatTool {
  const format = isObject(tool["format"]) ? tool["format"] : NO_MEMBERS;
  const grammar = textOf(format["definition"]);
  const lines = [
    textOf(tool["description"]),
    grammar === null
      ? null
      : `The input must match this ${textOf(format["syntax"]) ?? ""} grammar:\n${grammar}`,
  ].filter((line) => line !== null);
  return {
    type: "function",
    function: {
      name,
      ...(lines.length === 0 ? {} : { description: lines.join("\n\n") }),
      parameters: CUSTOM_PARAMETERS,
    },
  };
}

export class ToolTable {
  readonly #tools = new Map<string, ChatTool>();
  readonly #called = new Map<string, CalledTool>();
  /** The types of those that only OpenAI's service, or a client that knows them by name, can run. */
  readonly left = new Set<string>();

  /**
   * Tools of other types than function, custom and namespace are left out: clients declare them always.
   * @throws GatewayError invalid_request
   */
  add(tools: readonly unknown[], path: string): void {
    for (const [index, value] of tools.entries()) {
      const at = `${path}[${index}]`;
      const tool = objectAt(value, at);
      if (tool["type"] !== "namespace") this.#add(tool, at, null);
      else this.#addNamespace(tool, at);
    }
  }

  get all(): readonly ChatTool[] {
    return [...this.#tools.values()];
  }

  find(name: string, namespace: string | null): ChatTool | null {
    return this.#tools.get(arkToolName(name, namespace)) ?? null;
  }

  /** Of the answer's tools by Ark's names; holds nothing of what Ark was told of them. */
  get clientTools(): (arkName: string) => CalledTool {
    return clientTools(new Map(this.#called));
  }

  #addNamespace(space: JsonObject, path: string): void {
    const namespace = stringAt(space, "name", path);
    for (const [index, value] of arrayAt(space["tools"], `${path}.tools`).entries()) {
      const at = `${path}.tools[${index}]`;
      this.#add(objectAt(value, at), at, namespace);
    }
  }

  #add(tool: JsonObject, path: string, namespace: string | null): void {
    const { type } = tool;
    if (type !== "function" && type !== "custom") {
      this.left.add(typeof type === "string" ? type : "a tool without a type");
      return;
    }
    const name = stringAt(tool, "name", path);
    if (name === "") throw invalidMember(`${path}.name`, `\`${path}.name\` is empty. Name the tool.`);
    const arkName = arkToolName(name, namespace);
    this.#tools.set(arkName, type === "function" ? functionTool(tool, arkName) : customTool(tool, arkName));
    if (arkName === name && type === "function") this.#called.delete(arkName);
    else this.#called.set(arkName, { kind: type, name, namespace });
  }
}

/** What is not in the table is called as Ark calls it. */
function clientTools(called: ReadonlyMap<string, CalledTool>): (arkName: string) => CalledTool {
  return (arkName) => called.get(arkName) ?? { kind: "function", name: arkName, namespace: null };
}
