/** Translates the items of a Responses conversation: what was said, thought, called and returned. */
import type { JsonObject } from "../../../../core/chat.ts";
import { isObject, textOf } from "../../../chat-answer.ts";
import { objectAt, stringAt } from "../../../client-json.ts";
import { invalidMember } from "../../../read-members.ts";
import { openThought, type ThoughtSeal } from "../../../sealed-thoughts.ts";
import { customArguments } from "../../custom-tools.ts";
import type { ToolKind, ToolNames } from "../../tool-names.ts";
import { openSummary } from "../sealed-summary.ts";
import { joinedText, PARAGRAPH, partsOf, textPart } from "./content-parts.ts";
import type { Piece, ResultPiece } from "./conversation.ts";

const SUMMARY_LEAD = "This is a summary of the conversation before it was shortened:";

export type ItemReading = {
  readonly seal: ThoughtSeal;
  readonly names: ToolNames;
};

/** What an item is: one with a role and no type is a message, one with an id alone a reference. */
export function typeOf(item: JsonObject, path: string): string {
  const { type } = item;
  if (typeof type === "string") return type;
  if (type === undefined || type === null) {
    if (item["role"] !== undefined) return "message";
    if (typeof item["id"] === "string") return "item_reference";
  }
  throw invalidMember(`${path}.type`, `\`${path}.type\` must say what the item is, such as message.`);
}

function messagePieces(item: JsonObject, path: string): readonly Piece[] {
  const parts = partsOf(item["content"], `${path}.content`);
  switch (item["role"]) {
    case "user":
      return [{ kind: "user", parts }];
    case "system":
    case "developer":
      return [{ kind: "system", parts }];
    case "assistant":
      // A model cannot have said anything but text.
      return [{ kind: "assistant", text: joinedText(parts) }];
    default:
      throw invalidMember(`${path}.role`, `\`${path}.role\` must be user, assistant, system or developer.`);
  }
}

/** Arguments as the model wrote them; none at all are an empty object. */
function called(id: string, name: string, given: unknown): Piece {
  const text = typeof given === "string" ? given : JSON.stringify(given ?? {});
  const written = text.trim() === "" ? "{}" : text;
  return { kind: "call", call: { id, type: "function", function: { name, arguments: written } } };
}

function toolCall(item: JsonObject, path: string, kind: ToolKind, names: ToolNames): Piece {
  const name = stringAt(item, "name", path);
  if (name === "") throw invalidMember(`${path}.name`, `\`${path}.name\` is empty. Name the tool.`);
  const given = kind === "custom" ? customArguments(stringAt(item, "input", path)) : item["arguments"];
  const arkName = names.arkName(name, textOf(item["namespace"]), kind);
  return called(stringAt(item, "call_id", path), arkName, given);
}

/** Whether an array is one of content parts; tools that OpenAI knows by name return others. */
function isContent(output: readonly unknown[]): boolean {
  return output.every((part) => isObject(part) && typeof part["type"] === "string");
}

function resultPiece(callId: string, output: unknown, path: string): ResultPiece {
  if (isObject(output) && output["type"] === "computer_screenshot") {
    return { kind: "result", callId, text: "", media: partsOf([output], path) };
  }
  if (isObject(output) || (Array.isArray(output) && !isContent(output))) {
    return { kind: "result", callId, text: JSON.stringify(output), media: [] };
  }
  const parts = partsOf(output, path);
  const media = parts.filter(({ type }) => type !== "text");
  return { kind: "result", callId, text: joinedText(parts), media };
}

function thoughtPiece(item: JsonObject, path: string, seal: ThoughtSeal): Piece {
  const content = partsOf(item["content"], `${path}.content`);
  const shown = content.length > 0 ? content : partsOf(item["summary"], `${path}.summary`);
  const reasoning = openThought(item["encrypted_content"], textOf(joinedText(shown)), seal);
  return { kind: "reasoning", reasoning };
}

function summaryPiece(item: JsonObject, path: string, seal: ThoughtSeal): Piece {
  const summary = openSummary(item["encrypted_content"], seal);
  if (summary !== null) {
    // As a user's words: what tools have said stands in it too, and must not speak as the system.
    return { kind: "user", parts: [textPart(SUMMARY_LEAD + PARAGRAPH + summary)] };
  }
  throw invalidMember(
    `${path}.encrypted_content`,
    `\`${path}\` is a compaction that this gateway cannot read: it was made elsewhere, for another key, or has ` +
      "been changed. Send the conversation's own items in its stead.",
  );
}

/** A call of a tool that OpenAI knows by name and the client runs, as the one of a function of that name. */
function namedCall(item: JsonObject, type: string, names: ToolNames): readonly Piece[] {
  const callId = textOf(item["call_id"]);
  if (callId === null) return [];
  const name = names.arkName(type.slice(0, -"_call".length), null);
  return [called(callId, name, item["action"] ?? item["operation"] ?? item["arguments"])];
}

function mcpCall(item: JsonObject, path: string, names: ToolNames): readonly Piece[] {
  const id = stringAt(item, "id", path);
  const name = names.arkName(stringAt(item, "name", path), textOf(item["server_label"]));
  const output = item["output"] ?? item["error"];
  return [
    called(id, name, item["arguments"]),
    resultPiece(id, typeof output === "string" || isObject(output) ? output : "", `${path}.output`),
  ];
}

/** Items that mean something to OpenAI's service alone: their text is told, the rest is left out. */
function otherPieces(item: JsonObject, type: string): readonly Piece[] {
  for (const member of ["text", "content", "output"]) {
    const value = item[member];
    const texts = Array.isArray(value)
      ? value.map((part) => (isObject(part) ? textOf(part["text"]) : null))
      : [];
    const text = textOf(value) ?? textOf(texts.filter((each) => each !== null).join(PARAGRAPH));
    if (text !== null) return [{ kind: "user", parts: [textPart(`${type}:\n${text}`)] }];
  }
  return [];
}

function piecesOfItem(item: JsonObject, path: string, reading: ItemReading): readonly Piece[] {
  const type = typeOf(item, path);
  switch (type) {
    case "message":
      return messagePieces(item, path);
    case "function_call":
      return [toolCall(item, path, "function", reading.names)];
    case "custom_tool_call":
      return [toolCall(item, path, "custom", reading.names)];
    case "function_call_output":
    case "custom_tool_call_output":
      return [resultPiece(stringAt(item, "call_id", path), item["output"], `${path}.output`)];
    case "reasoning":
      return [thoughtPiece(item, path, reading.seal)];
    case "compaction":
    case "compaction_summary":
      return [summaryPiece(item, path, reading.seal)];
    case "compaction_trigger":
      throw invalidMember(
        path,
        `\`${path}\` asks for a compaction, which this model's responses cannot make. Use POST /v1/responses/compact.`,
      );
    case "mcp_call":
      return mcpCall(item, path, reading.names);
    default: {
      const callId = textOf(item["call_id"]) ?? textOf(item["id"]);
      if (type.endsWith("_call_output") && callId !== null)
        return [resultPiece(callId, item["output"], `${path}.output`)];
      return type.endsWith("_call") ? namedCall(item, type, reading.names) : otherPieces(item, type);
    }
  }
}

/**
 * Items of types that are not known here count as far as they hold text: clients' new ones do no harm.
 * @param pathOf names an item in an error, by its index
 * @throws GatewayError invalid_request for an item that lacks what its type must have
 */
export function piecesOf(
  items: readonly unknown[],
  pathOf: (index: number) => string,
  reading: ItemReading,
): readonly Piece[] {
  return items.flatMap((value, index) => {
    const path = pathOf(index);
    return piecesOfItem(objectAt(value, path), path, reading);
  });
}
