/** Short ways to ask a simulator for Responses, and to read the events that it answers with. */
import { type Asked, type AskOptions, RAW_MODEL, type RunningSimulator } from "./running-simulator.ts";

export const RESPONSES_PATH = "/api/v3/responses";

export type ResponseEvent = {
  readonly event: string;
  readonly data: Record<string, unknown>;
};

/** A Responses body with one user message. */
export function responsesBody(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { model: RAW_MODEL, input: "你好", ...more };
}

export function respond(
  simulator: RunningSimulator,
  more: Readonly<Record<string, unknown>> = {},
  options: AskOptions = {},
): Promise<Asked> {
  return simulator.post(responsesBody(more), { path: RESPONSES_PATH, ...options });
}

/** What a text of a stream says, in order; `[DONE]` is left out. */
export function responseEvents(text: string): ResponseEvent[] {
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("event: "))
    .map((block) => {
      const [event, data, ...more] = block.split("\n");
      if (more.length > 0 || data === undefined) throw new Error(`Not an event of Responses: ${block}`);
      return { event: (event ?? "").slice(7), data: JSON.parse(data.slice(6)) as Record<string, unknown> };
    });
}

/** The kinds of events in order, a run of equal ones told once. */
export function eventOrder(events: readonly ResponseEvent[]): string[] {
  return events
    .map(({ event }) => event.replace(/^response\./, ""))
    .filter((name, index, all) => name !== all[index - 1]);
}

export const weatherFunction = {
  type: "function",
  name: "get_weather",
  description: "The weather of a place",
  parameters: {
    type: "object",
    properties: { location: { type: "string" }, days: { type: "integer" } },
    required: ["location"],
  },
} as const;

/** Deletes a response, and tells the answer's status and text. */
export async function deleteResponse(
  simulator: RunningSimulator,
  id: string,
  key = "test-key",
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`http://127.0.0.1:${simulator.port}${RESPONSES_PATH}/${id}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${key}` },
  });
  return { status: answer.status, text: await answer.text() };
}
