/** Reads a whole chat answer of Ark's into the parts that a translation is made of (ark-api 4.3). */
import type { ChatFinish, ChatToolCall, JsonObject } from "../core/chat.ts";
import { GatewayError } from "../core/errors.ts";
import { readChatUsage, type Usage } from "../core/usage.ts";

/** What every chunk of a stream, and a whole answer, says of itself. */
export type ChatHead = {
  /** As Ark gave it, or empty. */
  readonly id: string;
  /** The model that was served, by its dated id. */
  readonly model: string;
  readonly createdSeconds: number | null;
  readonly serviceTier: string | null;
};

export type ChatAnswer = {
  readonly head: ChatHead;
  /** Texts are null where they are missing or empty. */
  readonly reasoning: string | null;
  readonly encrypted: string | null;
  readonly content: string | null;
  readonly toolCalls: readonly ChatToolCall[];
  readonly finish: ChatFinish;
  readonly usage: Usage | null;
};

const finishes: readonly ChatFinish[] = ["stop", "length", "tool_calls", "content_filter"];

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string with something in it, or null. */
export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** What is none of Ark's words for the end is the plain end. */
export function finishOf(value: unknown): ChatFinish | null {
  if (typeof value !== "string" || value === "") return null;
  return finishes.find((finish) => finish === value) ?? "stop";
}

export function headOf(answer: JsonObject): ChatHead {
  const created = answer["created"];
  return {
    id: textOf(answer["id"]) ?? "",
    model: textOf(answer["model"]) ?? "",
    createdSeconds: typeof created === "number" && Number.isFinite(created) ? created : null,
    serviceTier: textOf(answer["service_tier"]),
  };
}

function invalid(why: string): GatewayError {
  return new GatewayError(
    "upstream_invalid",
    `Ark's answer ${why}, so it could not be translated. The call may have been billed.`,
  );
}

function toolCallOf(value: unknown): ChatToolCall {
  const call = isObject(value) ? value : {};
  const described = isObject(call["function"]) ? call["function"] : {};
  const name = textOf(described["name"]);
  const id = textOf(call["id"]);
  if (name === null || id === null) throw invalid("has a tool call without id or name");
  const given = described["arguments"];
  return { id, type: "function", function: { name, arguments: typeof given === "string" ? given : "" } };
}

/** @throws GatewayError upstream_invalid */
export function readChatAnswer(body: Buffer): ChatAnswer {
  const answer = parse(body);
  const [choice] = Array.isArray(answer["choices"]) ? (answer["choices"] as readonly unknown[]) : [];
  if (!isObject(choice) || !isObject(choice["message"])) throw invalid("has no message in it");
  const message = choice["message"];
  const toolCalls = message["tool_calls"];
  return {
    head: headOf(answer),
    reasoning: textOf(message["reasoning_content"]),
    encrypted: textOf(message["encrypted_content"]),
    content: textOf(message["content"]),
    toolCalls: Array.isArray(toolCalls) ? toolCalls.map(toolCallOf) : [],
    finish: finishOf(choice["finish_reason"]) ?? "stop",
    usage: readChatUsage(answer["usage"], answer["service_tier"]),
  };
}

function parse(body: Buffer): JsonObject {
  try {
    const answer: unknown = JSON.parse(body.toString("utf8"));
    if (isObject(answer)) return answer;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw invalid("is not a JSON object");
}
