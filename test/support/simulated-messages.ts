/** Short ways to ask a simulator's Anthropic base, and to read the events that it answers with. */
import { assembleMessage, type JsonObject } from "./assembled-message.ts";
import { type Asked, type AskOptions, RAW_MODEL, type RunningSimulator } from "./running-simulator.ts";

export const MESSAGES_PATH = "/api/compatible/v1/messages";
export const COUNT_PATH = `${MESSAGES_PATH}/count_tokens`;

export const PING = 'event: ping\ndata: {"type":"ping"}\n\n';

/** A Messages body with one user message. */
export function messagesBody(more: Readonly<JsonObject> = {}): JsonObject {
  return { model: RAW_MODEL, max_tokens: 4_096, messages: [{ role: "user", content: "你好" }], ...more };
}

export function askMessages(
  simulator: RunningSimulator,
  more: Readonly<JsonObject> = {},
  options: AskOptions = {},
): Promise<Asked> {
  return simulator.post(messagesBody(more), { path: MESSAGES_PATH, ...options });
}

/** The message that a whole stream makes; throws where an event is out of its place. */
export function messageOf(stream: string): JsonObject {
  if (stream.split(PING).length !== 2) throw new Error("the stream has not one ping");
  return assembleMessage(stream.replace(PING, ""));
}

/** Each event's type, a delta's own type behind it; a run of equal ones told once. */
export function eventRuns(stream: string): string[] {
  const names = stream
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => {
      const [name, data, ...more] = block.split("\n");
      if (data === undefined || more.length > 0) throw new Error(`Not an event of Messages: ${block}`);
      const { delta } = JSON.parse(data.slice(6)) as { delta?: { type?: string } };
      const inside = delta?.type === undefined ? "" : ` ${delta.type}`;
      return `${name?.slice(7)}${inside}`;
    });
  return names.filter((name, index) => name !== names[index - 1]);
}

export const weatherTool = {
  name: "get_weather",
  description: "The weather of a place",
  input_schema: {
    type: "object",
    properties: { location: { type: "string" }, days: { type: "integer" } },
    required: ["location"],
  },
} as const;
