/** Reads the messages of a Messages request into turns: what each side said, did and got back. */
import type { ChatPart, ChatToolCall, JsonObject } from "../../../core/chat.ts";
import { textOf } from "../../chat-answer.ts";
import { objectAt, stringAt } from "../../client-json.ts";
import { invalidMember } from "../../read-members.ts";
import { openThought, type ThoughtSeal } from "../../sealed-thoughts.ts";
import { arkToolName } from "../tool-names.ts";
import { blocksAt, PARAGRAPH, partsOf, systemText } from "./blocks.ts";

export type ToolResult = {
  readonly kind: "result";
  readonly toolUseId: string;
  readonly text: string;
  /** Images and files, which a `tool` message cannot hold. */
  readonly media: readonly ChatPart[];
};

export type UserPiece = { readonly kind: "part"; readonly part: ChatPart } | ToolResult;

export type SystemTurn = { readonly role: "system"; readonly text: string };
export type UserTurn = { readonly role: "user"; readonly pieces: readonly UserPiece[] };
export type AssistantTurn = {
  readonly role: "assistant";
  readonly text: string;
  readonly reasoning: string | null;
  readonly encrypted: string | null;
  readonly calls: readonly ChatToolCall[];
};
export type Turn = SystemTurn | UserTurn | AssistantTurn;

function resultOf(block: JsonObject, path: string): ToolResult {
  const parts = blocksAt(block["content"], `${path}.content`).flatMap((inner, index) =>
    partsOf(inner, `${path}.content.${index}`),
  );
  const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
  const text = texts.join(PARAGRAPH);
  return {
    kind: "result",
    toolUseId: stringAt(block, "tool_use_id", path),
    text: block["is_error"] === true ? `The tool failed.${text === "" ? "" : `\n${text}`}` : text,
    media: parts.filter(({ type }) => type !== "text"),
  };
}

function userTurn(content: unknown, path: string): UserTurn {
  const pieces = blocksAt(content, path).flatMap((block, index): readonly UserPiece[] => {
    const at = `${path}.${index}`;
    if (block["type"] === "tool_result") return [resultOf(block, at)];
    return partsOf(block, at).map((part) => ({ kind: "part", part }));
  });
  return { role: "user", pieces };
}

function callOf(block: JsonObject, path: string): ChatToolCall {
  const { input } = block;
  return {
    id: stringAt(block, "id", path),
    type: "function",
    function: {
      name: arkToolName(stringAt(block, "name", path)),
      arguments: JSON.stringify(input ?? {}),
    },
  };
}

function assistantTurn(content: unknown, path: string, seal: ThoughtSeal): AssistantTurn {
  const texts: string[] = [];
  const thoughts: string[] = [];
  const calls: ChatToolCall[] = [];
  let encrypted: string | null = null;
  for (const [index, block] of blocksAt(content, path).entries()) {
    const at = `${path}.${index}`;
    const type = block["type"];
    if (type === "tool_use") calls.push(callOf(block, at));
    else if (type === "thinking" || type === "redacted_thinking") {
      const thought = openThought(block["signature"] ?? block["data"], textOf(block["thinking"]), seal);
      if (thought.text !== null) thoughts.push(thought.text);
      encrypted = thought.encrypted ?? encrypted;
    } else if (type === "compaction") texts.push(textOf(block["content"]) ?? "");
    // A model cannot have said anything but text: whatever else stands here is of Anthropic's own service.
    else for (const part of partsOf(block, at)) if (part.type === "text") texts.push(part.text);
  }
  return {
    role: "assistant",
    text: texts.filter((text) => text !== "").join(PARAGRAPH),
    reasoning: thoughts.length === 0 ? null : thoughts.join(""),
    encrypted,
    calls,
  };
}

/** @throws GatewayError invalid_request */
export function readTurns(messages: readonly unknown[], seal: ThoughtSeal): Turn[] {
  return messages.map((value, index) => {
    const path = `messages.${index}`;
    const { role, content } = objectAt(value, path);
    switch (role) {
      case "user":
        return userTurn(content, `${path}.content`);
      case "assistant":
        return assistantTurn(content, `${path}.content`, seal);
      case "system":
        return { role, text: systemText(content, `${path}.content`) };
      default:
        throw invalidMember(`${path}.role`, `\`${path}.role\` must be user, assistant or system.`);
    }
  });
}
