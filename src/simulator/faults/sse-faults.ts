/** Faults in what a stream says: its events left out, broken, repeated or written in another way. */
import { unreachable } from "../../core/errors.ts";
import type { ReplyStream, StreamEvent, StreamPart } from "../wire/reply-stream.ts";
import type { FullFault, FullFaultOf, sseVariants } from "./faults.ts";
import { spoiledUsages } from "./usage-faults.ts";

type SseVariant = (typeof sseVariants)[number];

/** The events of a stream, each to be sent after its wait. */
export type PacedEvent = StreamEvent & { readonly pauseMs: number | null };

export type StreamContext = { readonly stream: ReplyStream; readonly requestId: string };

function extra(text: string): PacedEvent {
  return { part: "content", text, completionTokens: 0, reasoningTokens: 0, pauseMs: null };
}

function isFinish(part: StreamPart): boolean {
  return part === "finish" || part === "completed";
}

function insertAfter(
  events: readonly PacedEvent[],
  count: number,
  inserted: readonly PacedEvent[],
): PacedEvent[] {
  return [...events.slice(0, count), ...inserted, ...events.slice(count)];
}

function writeAs(variant: SseVariant, text: string, index: number, isLast: boolean): string {
  switch (variant) {
    case "crlf":
      return text.replaceAll("\n", "\r\n");
    case "cr":
      return text.replaceAll("\n", "\r");
    case "mixed":
      return text.replaceAll("\n", ["\n", "\r\n", "\r"][index % 3] ?? "\n");
    case "comments":
      return `: keep-alive ${index}\n\n:\n${text}`;
    case "named":
      return `event: message\nid: ${index}\nretry: 3000\n${text}`;
    case "no_space":
      return text.replace("data: ", "data:");
    case "no_final_blank":
      return isLast ? text.slice(0, -2) : text;
    case "bom":
      return index === 0 ? `\uFEFF${text}` : text;
    case "empty_data":
      return `data:\n\ndata\n\n${text}`;
    default:
      return unreachable(variant);
  }
}

function longLine(
  events: readonly PacedEvent[],
  fault: FullFaultOf<"long_line">,
  stream: ReplyStream,
): PacedEvent[] {
  const letters = "a".repeat(fault.bytes);
  const event = stream.contentEvent(letters);
  if (fault.ends) return insertAfter(events, fault.afterEvents, [extra(event)]);
  const begun = event.slice(0, event.indexOf(letters) + letters.length);
  return [...events.slice(0, fault.afterEvents), extra(begun)];
}

function spoilUsage(
  events: readonly PacedEvent[],
  fault: FullFaultOf<"usage">,
  stream: ReplyStream,
): PacedEvent[] {
  return events.flatMap((event) => {
    if (event.part !== "usage" && event.part !== "completed") return [event];
    const usages = spoiledUsages(stream.counts, fault.variant);
    if (usages.length === 0) {
      const text = event.part === "completed" ? stream.usageEvent(null) : null;
      return text === null ? [] : [{ ...event, text }];
    }
    return usages.map((usage) => ({ ...event, text: stream.usageEvent(usage) ?? event.text }));
  });
}

/** Makes the fault's change to a stream's events; faults of other kinds change nothing here. */
export function spoilEvents(
  events: readonly PacedEvent[],
  fault: FullFault,
  context: StreamContext,
): PacedEvent[] {
  switch (fault.kind) {
    case "omit_done":
      return events.filter(({ part }) => part !== "done" && !(fault.andFinish && isFinish(part)));
    case "error_event": {
      const before = events.slice(0, fault.afterEvents);
      const { code, named, failed } = fault;
      const text = context.stream.errorEvent(code, context.requestId, named, failed, before.length);
      return [...before, extra(text)];
    }
    case "after_done": {
      const repeated = events.filter(
        ({ part }) => part === "usage" || part === "completed" || part === "done",
      );
      const more = repeated.map((event) => extra(event.text));
      return [...events, ...(fault.text === null ? more : [extra(fault.text)])];
    }
    case "usage":
      return spoilUsage(events, fault, context.stream);
    case "sse":
      return events.map((event, index) => {
        const isLast = index === events.length - 1;
        return { ...event, text: writeAs(fault.variant, event.text, index, isLast) };
      });
    case "long_line":
      return longLine(events, fault, context.stream);
    case "broken_json":
      return events.map((event, index) => {
        if (index !== fault.afterEvents) return event;
        return { ...event, text: `${event.text.slice(0, Math.floor(event.text.length / 2))}\n\n` };
      });
    default:
      return [...events];
  }
}

/** Whether a fault ends a stream before all of it has been said. */
export function cutsStream(fault: FullFault): boolean {
  return fault.kind === "error_event" || (fault.kind === "long_line" && !fault.ends);
}
