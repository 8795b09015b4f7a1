/**
 * Says a Responses conversation as a chat body, so that both count and answer alike: the same words cost the
 * same tokens through either door.
 */
import { isObject, type JsonObject, memberOf } from "../json-value.ts";
import type { ConversationItem } from "./input-items.ts";

function mediaPart(part: JsonObject): JsonObject {
  const source = (url: unknown): JsonObject => ({ url, file_id: memberOf(part, "file_id") });
  switch (part["type"]) {
    case "input_image":
      return { type: "image_url", image_url: { ...source(part["image_url"]), detail: part["detail"] } };
    case "input_video":
      return { type: "video_url", video_url: { ...source(part["video_url"]), fps: part["fps"] } };
    case "input_audio":
      return { type: "input_audio", input_audio: source(part["audio_url"]) };
    default:
      return { type: "file", file: { ...part, type: undefined } };
  }
}

function chatContent(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  const only: unknown = content.length === 1 ? content[0] : null;
  if (isObject(only) && typeof only["text"] === "string") return only["text"];
  return content.filter(isObject).map((part) => {
    const isText = part["type"] === "input_text" || part["type"] === "output_text";
    return isText ? { type: "text", text: part["text"] } : mediaPart(part);
  });
}

type AssistantMessage = { role: "assistant"; content: unknown; tool_calls?: JsonObject[] };

class MessageWriter {
  readonly messages: unknown[] = [];
  /** The assistant's message that further calls of its turn belong to. */
  #open: AssistantMessage | null = null;

  add(item: ConversationItem): void {
    switch (item.type) {
      case "message":
        this.#addMessage(item);
        return;
      case "function_call":
        this.#addCall(item);
        return;
      case "function_call_output":
        this.#open = null;
        this.messages.push({
          role: "tool",
          tool_call_id: item["call_id"],
          content: chatContent(item["output"]),
        });
        return;
      case "reasoning":
        // Chat counts no thoughts that come back either.
        return;
      default:
        this.#open = null;
        this.messages.push({ role: "assistant", content: JSON.stringify(item) });
    }
  }

  #addMessage(item: ConversationItem): void {
    const content = chatContent(item["content"]);
    if (item["role"] === "assistant") {
      this.#open = { role: "assistant", content };
      this.messages.push(this.#open);
      return;
    }
    this.#open = null;
    this.messages.push({ role: item["role"] === "developer" ? "system" : item["role"], content });
  }

  #addCall(item: ConversationItem): void {
    const described = { name: item["name"], arguments: item["arguments"] };
    const call = { id: item["call_id"], type: "function", function: described };
    if (this.#open === null) {
      this.#open = { role: "assistant", content: "" };
      this.messages.push(this.#open);
    }
    this.#open.tool_calls = [...(this.#open.tool_calls ?? []), call];
  }
}

/** Only functions: what Ark runs itself is not simulated. */
function chatTools(tools: unknown): unknown {
  if (!Array.isArray(tools)) return undefined;
  const functions = tools.filter((tool) => isObject(tool) && tool["type"] === "function");
  if (functions.length === 0) return undefined;
  return functions.map((tool: JsonObject) => ({ type: "function", function: { ...tool, type: undefined } }));
}

function chatToolChoice(choice: unknown): unknown {
  if (!isObject(choice)) return choice;
  return choice["type"] === "function" ? { type: "function", function: { name: choice["name"] } } : undefined;
}

function chatResponseFormat(text: unknown): unknown {
  const format = isObject(text) ? memberOf(text, "format") : undefined;
  if (!isObject(format) || format["type"] !== "json_schema") return format;
  return { type: "json_schema", json_schema: { ...format, type: undefined } };
}

/** Members that mean the same on both doors. */
const sharedMembers = [
  "model",
  "stream",
  "temperature",
  "top_p",
  "thinking",
  "parallel_tool_calls",
  "service_tier",
] as const;

/** The chat body of a Responses body whose conversation, the stored one included, is given. */
export function chatBodyOf(body: JsonObject, conversation: readonly ConversationItem[]): JsonObject {
  const writer = new MessageWriter();
  const instructions = memberOf(body, "instructions");
  if (instructions !== undefined) writer.messages.push({ role: "system", content: instructions });
  for (const item of conversation) writer.add(item);
  const reasoning = memberOf(body, "reasoning");
  return {
    ...Object.fromEntries(sharedMembers.map((name) => [name, memberOf(body, name)])),
    messages: writer.messages,
    tools: chatTools(memberOf(body, "tools")),
    tool_choice: chatToolChoice(memberOf(body, "tool_choice")),
    response_format: chatResponseFormat(memberOf(body, "text")),
    reasoning_effort: isObject(reasoning) ? memberOf(reasoning, "effort") : undefined,
  };
}
