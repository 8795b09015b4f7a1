/** What OpenAI guarantees of a response and of the order of its events, as schemas: its SDK does not check. */
import type { Response, ResponseStreamEvent } from "openai-7/resources/responses/responses";
import { expect } from "vitest";
import { z } from "zod";

const text = z.object({ type: z.literal("output_text"), text: z.string() });
const item = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("message"),
    id: z.string().min(1),
    role: z.literal("assistant"),
    status: z.string(),
    content: z.array(text),
  }),
  z.object({
    type: z.literal("reasoning"),
    id: z.string().min(1),
    summary: z.array(z.object({ type: z.literal("summary_text"), text: z.string() })),
  }),
  z.object({
    type: z.literal("function_call"),
    call_id: z.string().min(1),
    name: z.string().min(1),
    arguments: z.string(),
  }),
]);

const response = z.object({
  id: z.string().regex(/^resp_/),
  object: z.literal("response"),
  created_at: z.int(),
  model: z.string().min(1),
  status: z.enum(["completed", "incomplete", "failed", "in_progress"]),
  output: z.array(item),
  usage: z
    .object({
      input_tokens: z.int(),
      output_tokens: z.int(),
      total_tokens: z.int(),
      input_tokens_details: z.object({ cached_tokens: z.int() }),
      output_tokens_details: z.object({ reasoning_tokens: z.int() }),
    })
    .nullish(),
});

export function readResponse(answer: Response): void {
  expect(response.safeParse(answer).error?.issues ?? []).toEqual([]);
}

/** The text of an item's parts, by what its deltas said. */
function textOf(events: readonly ResponseStreamEvent[]): string {
  return events
    .flatMap((event) => (event.type === "response.output_text.delta" ? [event.delta] : []))
    .join("");
}

/**
 * One number after the other; begun, then its items, each added before it is done and spoken of only
 * between; then completed with all that was streamed.
 */
export function checkEvents(events: readonly ResponseStreamEvent[]): Response {
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
  expect(events.slice(0, 2).map(({ type }) => type)).toEqual(["response.created", "response.in_progress"]);
  const open = new Set<number>();
  for (const event of events.slice(2, -1)) {
    if (event.type === "response.output_item.added") open.add(event.output_index);
    if ("output_index" in event)
      expect([event.type, open.has(event.output_index)]).toEqual([event.type, true]);
    if (event.type === "response.output_item.done") open.delete(event.output_index);
  }
  expect([...open]).toEqual([]);
  const last = events.at(-1);
  if (last?.type !== "response.completed") throw new Error(`the last event is ${last?.type}`);
  readResponse(last.response);
  expect(events.filter(({ type }) => type === "response.output_item.done")).toHaveLength(
    last.response.output.length,
  );
  const said = last.response.output.flatMap((each) =>
    each.type === "message" ? each.content.map((part) => (part.type === "output_text" ? part.text : "")) : [],
  );
  expect(textOf(events)).toBe(said.join(""));
  return last.response;
}
