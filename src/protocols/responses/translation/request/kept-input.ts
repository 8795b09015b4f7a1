/** Gives the items of a request's own input ids, and the form in which they are listed and gone on from. */
import type { JsonObject } from "../../../../core/chat.ts";
import { textOf } from "../../../chat-answer.ts";
import type { ItemKind, ResponseIds } from "../ids.ts";
import { typeOf } from "./item-pieces.ts";

const kinds: ReadonlyMap<string, ItemKind> = new Map<string, ItemKind>([
  ["message", "msg"],
  ["reasoning", "rs"],
  ["function_call", "fc"],
  ["function_call_output", "fco"],
  ["custom_tool_call", "ctc"],
  ["custom_tool_call_output", "ctco"],
  ["compaction", "cmp"],
]);

/** Items whose schema tells their status (OpenAI's `ItemResource`). */
const withStatus: ReadonlySet<string> = new Set([
  "message",
  "function_call",
  "function_call_output",
  "custom_tool_call",
  "custom_tool_call_output",
]);

function contentOf(item: JsonObject): object {
  const { role, content } = item;
  if (typeof content !== "string") return {};
  const part =
    role === "assistant"
      ? { type: "output_text", text: content, annotations: [], logprobs: [] }
      : { type: "input_text", text: content };
  return { content: [part] };
}

/** An item that has an id keeps it. */
export function keptItem(item: JsonObject, ids: ResponseIds, index: number): JsonObject {
  const type = typeOf(item, `input[${index}]`);
  return {
    id: textOf(item["id"]) ?? ids.inputItem(kinds.get(type) ?? "item", index),
    type,
    ...(withStatus.has(type) ? { status: textOf(item["status"]) ?? "completed" } : {}),
    ...withoutHead(item),
    ...(type === "message" ? contentOf(item) : {}),
  };
}

function withoutHead({ id: _id, type: _type, status: _status, ...rest }: JsonObject): JsonObject {
  return rest;
}

/** The items in JSON, an array, each with an id of its own and its type; a message's content is a list. */
export function keptInput(items: readonly JsonObject[], ids: ResponseIds): string {
  const taken = new Set<unknown>();
  const kept = items.map((item, index) => {
    const named = keptItem(item, ids, index);
    const own = taken.has(named["id"]) ? keptItem({ ...item, id: null }, ids, index) : named;
    taken.add(own["id"]);
    return own;
  });
  return JSON.stringify(kept);
}
