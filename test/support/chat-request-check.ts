/** Says what Ark would refuse in a chat request that a translation made (ark-api 4.1, 4.2, 4.7). */
import type { ChatMessage, ChatPart, ChatRequest } from "../../src/core/chat.ts";

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function partFault(part: ChatPart): string | null {
  switch (part.type) {
    case "text":
      return isText(part.text) ? null : "an empty text part";
    case "image_url":
      return isText(part.image_url.url) || isText(part.image_url.file_id) ? null : "an image of nothing";
    case "file":
      return isText(part.file.file_data) || isText(part.file.file_url) || isText(part.file.file_id)
        ? null
        : "a file of nothing";
    default:
      return `a part ${part.type}`;
  }
}

function contentFaults(content: string | readonly ChatPart[]): string[] {
  if (typeof content === "string") return content === "" ? ["empty content"] : [];
  return content.length === 0 ? ["no parts"] : content.flatMap((part) => partFault(part) ?? []);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function assistantFaults(message: Extract<ChatMessage, { role: "assistant" }>): string[] {
  const { content, tool_calls: calls } = message;
  const faults: string[] = [];
  if (typeof content !== "string") faults.push("assistant content that is no string");
  if (content === "" && (calls === undefined || calls.length === 0))
    faults.push("an assistant that says nothing");
  if (calls?.length === 0) faults.push("an empty list of calls");
  for (const { id, function: called } of calls ?? []) {
    if (typeof id !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(called.name))
      faults.push("a call without name");
    if (!isJson(called.arguments)) faults.push("arguments that are no JSON");
  }
  return faults;
}

/** Directly behind calls, one `tool` message for each in order, and none elsewhere. */
function orderFaults(messages: readonly ChatMessage[]): string[] {
  const wanted: string[] = [];
  const faults: string[] = [];
  for (const message of messages) {
    if (message.role === "tool") {
      if (wanted.shift() !== message.tool_call_id) faults.push("a tool message out of place");
      continue;
    }
    if (wanted.length > 0) faults.push("a call without its tool message");
    wanted.length = 0;
    if (message.role === "assistant") wanted.push(...(message.tool_calls ?? []).map(({ id }) => id));
  }
  return wanted.length > 0 ? [...faults, "a last call without its tool message"] : faults;
}

function messageFaults(message: ChatMessage): string[] {
  switch (message.role) {
    case "assistant":
      return assistantFaults(message);
    case "tool":
      return contentFaults(message.content);
    case "system":
    case "user":
      return contentFaults(message.content);
  }
}

function settingFaults(request: ChatRequest): string[] {
  const {
    max_completion_tokens: bound,
    thinking,
    reasoning_effort: effort,
    tools,
    tool_choice: choice,
  } = request;
  const faults: string[] = [];
  if (bound !== undefined && !(Number.isInteger(bound) && bound >= 1 && bound <= 65_536))
    faults.push("its bound");
  if (bound !== undefined && request.max_tokens !== undefined) faults.push("two bounds");
  if (thinking?.type === "disabled" && effort !== undefined) faults.push("an effort without thinking");
  if (tools === undefined && (choice ?? request.parallel_tool_calls) !== undefined)
    faults.push("a choice of nothing");
  if (tools?.length === 0) faults.push("an empty list of tools");
  const names = (tools ?? []).map((tool) => tool.function.name);
  if (new Set(names).size !== names.length) faults.push("two tools of one name");
  if (names.some((name) => !/^[A-Za-z0-9_-]{1,64}$/.test(name))) faults.push("a tool's name");
  if (tools?.some((tool) => typeof tool.function.parameters !== "object")) faults.push("a tool's parameters");
  if (typeof choice === "object" && !names.includes(choice.function.name)) faults.push("a choice of no tool");
  return faults;
}

/** Empty where Ark takes it. */
export function chatRequestFaults(request: ChatRequest): string[] {
  const { messages } = request;
  const none = messages.length === 0 ? ["no messages"] : [];
  return [...none, ...messages.flatMap(messageFaults), ...orderFaults(messages), ...settingFaults(request)];
}
