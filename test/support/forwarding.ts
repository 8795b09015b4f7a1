/**
 * Judges a body that was sent on: byte for byte by its parts, and by what the platform's own parser reads.
 */
import { isDeepStrictEqual } from "node:util";
import type { Change } from "../../src/core/changes.ts";
import type { Reasoning } from "../../src/core/memories.ts";
import type { ChatBody } from "./chat-bodies.ts";

const UNSUPPORTED = ["store", "metadata", "prediction", "client_metadata", "prompt_cache_key"];

type JsonObject = { [member: string]: unknown };

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An assistant's message with calls and without thoughts gets back the first that is left for its calls. */
function putThoughtsBack(messages: readonly unknown[], remembered: ChatBody["remembered"]): void {
  const left = new Map<unknown, Reasoning>(remembered);
  for (const message of messages) {
    if (!isObject(message) || message["role"] !== "assistant") continue;
    const calls = message["tool_calls"];
    if (!Array.isArray(calls) || message["reasoning_content"] || message["encrypted_content"]) continue;
    const ids = calls.map((call) => (isObject(call) ? call["id"] : null));
    const id = ids.find((each) => left.has(each));
    const reasoning = left.get(id);
    if (reasoning === undefined) continue;
    left.delete(id);
    if (reasoning.text !== null) message["reasoning_content"] = reasoning.text;
    if (reasoning.encrypted !== null) message["encrypted_content"] = reasoning.encrypted;
  }
}

function giveParameters(tools: readonly unknown[]): void {
  for (const tool of tools) {
    const described = isObject(tool) ? tool["function"] : null;
    if (!isObject(described)) continue;
    const parameters = described["parameters"] ?? {};
    if (isDeepStrictEqual(parameters, {})) described["parameters"] = { type: "object", properties: {} };
  }
}

/** What the client's body says once the changes are made to the values instead of the bytes. */
function changedValue({ client, target, repairs, remembered, intent }: ChatBody): unknown {
  const body: JsonObject = JSON.parse(client);
  body["model"] = target;
  if (intent.stream) {
    const options = body["stream_options"];
    body["stream_options"] = { ...(isObject(options) ? options : {}), include_usage: true };
  }
  const { messages, tools } = body;
  if (Array.isArray(messages)) {
    if (repairs.has("reasoning_replay")) putThoughtsBack(messages, remembered);
    for (const message of repairs.has("developer_role") ? messages : []) {
      if (isObject(message) && message["role"] === "developer") message["role"] = "system";
    }
  }
  if (repairs.has("empty_tool_parameters") && Array.isArray(tools)) giveParameters(tools);
  const limits = [body["max_tokens"], body["max_completion_tokens"]];
  if (repairs.has("both_token_limits") && limits.every((limit) => typeof limit === "number")) {
    delete body["max_tokens"];
  }
  for (const name of repairs.has("strip_unsupported") ? UNSUPPORTED : []) delete body[name];
  return body;
}

/** What is wrong with the body that went on, or null. */
export function faultIn(body: ChatBody, sentOn: Buffer, changes: readonly Change[]): string | null {
  if (!sentOn.equals(Buffer.from(body.sentOn)))
    return "the bytes differ from the client's with the splices made";
  if (!isDeepStrictEqual(changes, body.changes)) return "the changes told are not the changes made";
  let value: unknown;
  try {
    value = JSON.parse(sentOn.toString());
  } catch {
    return "what was sent on is not JSON";
  }
  return isDeepStrictEqual(value, changedValue(body)) ? null : "a parser reads something else";
}
