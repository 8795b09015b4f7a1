/** What Anthropic guarantees of a message and of the order of its events, as schemas: its SDK does not check. */
import type { Message, RawMessageStreamEvent } from "anthropic-1/resources/messages/messages";
import { expect } from "vitest";
import { z } from "zod";

const block = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() }),
  z.object({ type: z.literal("redacted_thinking"), data: z.string() }),
  z.object({
    type: z.literal("tool_use"),
    id: z.string().min(1),
    name: z.string().min(1),
    input: z.looseObject({}),
  }),
]);

const message = z.object({
  id: z.string().min(1),
  type: z.literal("message"),
  role: z.literal("assistant"),
  model: z.string().min(1),
  content: z.array(block),
  stop_reason: z.enum(["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"]),
  stop_sequence: z.string().nullish(),
  usage: z.object({
    input_tokens: z.int(),
    output_tokens: z.int(),
    cache_read_input_tokens: z.int().nullish(),
    cache_creation_input_tokens: z.int().nullish(),
  }),
});

export function readMessage(answer: Message): void {
  expect(message.safeParse(answer).error?.issues ?? []).toEqual([]);
}

/** The start, then blocks one after another, each opened, filled and closed, then the delta and the stop. */
export function checkMessageEvents(events: readonly RawMessageStreamEvent[]): {
  readonly outputTokens: number;
} {
  const types = events.map(({ type }) => type);
  expect([types[0], ...types.slice(-2)]).toEqual(["message_start", "message_delta", "message_stop"]);
  let open = -1;
  let next = 0;
  for (const event of events.slice(1, -2)) {
    switch (event.type) {
      case "content_block_start":
        expect([open, event.index]).toEqual([-1, next++]);
        open = event.index;
        break;
      case "content_block_delta":
        expect(event.index).toBe(open);
        break;
      case "content_block_stop":
        expect(event.index).toBe(open);
        open = -1;
        break;
      default:
        throw new Error(`a ${event.type} among the blocks`);
    }
  }
  expect(open).toBe(-1);
  const delta = events.at(-2);
  if (delta?.type !== "message_delta") throw new Error("no delta of the message");
  expect(delta.delta.stop_reason).toBeTruthy();
  return { outputTokens: delta.usage.output_tokens };
}
