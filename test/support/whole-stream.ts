/**
 * Reads a chat stream that is all there, the simple way: what a tap must give and learn, however it was cut.
 */
import type { TextMeasure } from "../../src/core/text-measure.ts";
import { readChatUsage, type Usage } from "../../src/core/usage.ts";
import type { StreamFailure } from "../../src/protocols/door.ts";
import { TextTally } from "../../src/wire/text-measure.ts";

export type WholeReading = {
  readonly given: Buffer;
  readonly usage: Usage | null;
  readonly usageIsFinal: boolean;
  readonly done: boolean;
  readonly failure: StreamFailure | null;
  readonly events: number;
  readonly measure: TextMeasure;
  readonly insideEvent: boolean;
};

export type WholeOptions = {
  readonly wantsUsage: boolean;
  readonly tailBytesMax: number;
  /** Whether the upstream has ended its answer; if not, the bytes are its beginning. */
  readonly ended: boolean;
};

type Block = { readonly text: string; readonly isEvent: boolean; readonly isWhole: boolean };

const BOM = "\u00ef\u00bb\u00bf";

/** The lines with their ends. The LF of a blank CRLF that follows a bare CR is a line of its own. */
function linesOf(text: string): string[] {
  const lines = text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];
  const split: string[] = [];
  for (const line of lines) {
    if (line === "\r\n" && /[^\r\n]\r$/.test(split.at(-1) ?? "")) split.push("\r", "\n");
    else split.push(line);
  }
  return split;
}

function blocksOf(stream: string, ended: boolean): Block[] {
  const blocks: Block[] = [];
  let text = stream;
  if (text.startsWith(BOM)) {
    blocks.push({ text: BOM, isEvent: false, isWhole: true });
    text = text.slice(BOM.length);
  }
  let open = "";
  for (const line of linesOf(text)) {
    const isBlank = line === "\n" || line === "\r" || line === "\r\n";
    if (open === "" && (isBlank || line.startsWith(":"))) {
      blocks.push({ text: line, isEvent: false, isWhole: /[\r\n]$/.test(line) });
      continue;
    }
    const mayGrow = line === "\r" && !/[^\n]\r$/.test(open) && !ended;
    open += line;
    if (!isBlank) continue;
    const isLast = blocks.reduce((sum, block) => sum + block.text.length, open.length) === stream.length;
    blocks.push({ text: open, isEvent: true, isWhole: !(mayGrow && isLast) });
    open = "";
  }
  if (open !== "") blocks.push({ text: open, isEvent: true, isWhole: false });
  return blocks;
}

/** The last name and the joined data of one event, given as one character per byte. */
function fieldsOf(block: string): { name: string | null; data: string | null } {
  let name: string | null = null;
  const data: string[] = [];
  const text = Buffer.from(block, "latin1").toString("utf8");
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [, field, value = ""] = /^(data|event)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "data") data.push(value);
    if (field === "event") name = value;
  }
  return { name, data: data.length === 0 ? null : data.join("\n") };
}

/** The data of every event in a stream, as a client reads it. */
export function eventDataOf(stream: Buffer): string[] {
  return blocksOf(stream.toString("latin1"), true)
    .filter((block) => block.isEvent && block.isWhole)
    .flatMap((block) => fieldsOf(block.text).data ?? []);
}

type Listener = {
  usage: Usage | null;
  usageIsFinal: boolean;
  done: boolean;
  failure: StreamFailure | null;
  events: number;
  measure: TextMeasure;
};

/** Of bytes that are given as one character each. */
function measureOf(text: string, thoughtBytes: number): TextMeasure {
  const count = (bytes: RegExp) => text.match(bytes)?.length ?? 0;
  return {
    events: text === "" ? 0 : 1,
    narrowBytes: count(/[\0-\x7f]/g),
    marks: count(/[!-/:-@[-`{-~]/g),
    middleCharacters: count(/[\xc0-\xdf]/g),
    wideCharacters: count(/[\xe0-\xff]/g),
    thoughtBytes,
  };
}

function sum(one: TextMeasure, other: TextMeasure): TextMeasure {
  return {
    events: one.events + other.events,
    narrowBytes: one.narrowBytes + other.narrowBytes,
    marks: one.marks + other.marks,
    middleCharacters: one.middleCharacters + other.middleCharacters,
    wideCharacters: one.wideCharacters + other.wideCharacters,
    thoughtBytes: one.thoughtBytes + other.thoughtBytes,
  };
}

/** The first string of each member that a model writes. */
function measureEvent(block: string): TextMeasure {
  const stringOf = (member: string) =>
    new RegExp(`"${member}" *: *"((?:[^"\\\\]|\\\\.?)*)`, "s").exec(block)?.[1] ?? "";
  const thought = stringOf("reasoning_content");
  return measureOf(stringOf("content") + thought + stringOf("arguments"), thought.length);
}

function objectIn(data: string): Record<string, unknown> | null {
  try {
    const value = JSON.parse(data);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function hear(listener: Listener, block: string, wantsUsage: boolean): "shown" | "hidden" {
  const { name, data } = fieldsOf(block);
  if (data === null) return "shown";
  listener.events++;
  if (data.trim() === "[DONE]") {
    listener.done = true;
    return "shown";
  }
  const chunk = objectIn(data) ?? {};
  const isUsageChunk = JSON.stringify(chunk["choices"]) === "[]" && (chunk["usage"] ?? null) !== null;
  const usage = readChatUsage(chunk["usage"]);
  const last = listener.usage ?? { inputTokens: 0, outputTokens: 0 };
  if (usage !== null && usage.inputTokens >= last.inputTokens && usage.outputTokens >= last.outputTokens) {
    listener.usage = usage;
    listener.usageIsFinal = isUsageChunk;
  }
  if (chunk["error"] || name === "error") {
    const code = (chunk["error"] as { code?: unknown } | undefined)?.code;
    listener.failure = { code: typeof code === "string" ? code : null };
    return "shown";
  }
  if (isUsageChunk) return wantsUsage ? "shown" : "hidden";
  listener.measure = sum(listener.measure, measureEvent(block));
  return "shown";
}

/** What the last event gives at a clean end, if it lacks its blank line only. */
function hearLast(listener: Listener, block: string, wantsUsage: boolean): string {
  const data = fieldsOf(block).data ?? "";
  const isDone = data.trim() === "[DONE]";
  if (!isDone && objectIn(data) === null) return "";
  if (hear(listener, block, wantsUsage) === "hidden") return "";
  const missing = /\n\r?$/.test(block) ? "\n" : "\n\n";
  return isDone ? block : block + missing;
}

export function readWholeStream(stream: Buffer, options: WholeOptions): WholeReading {
  const listener: Listener = {
    usage: null,
    usageIsFinal: false,
    done: false,
    failure: null,
    events: 0,
    measure: new TextTally(),
  };
  let given = "";
  let insideEvent = false;
  for (const block of blocksOf(stream.toString("latin1"), options.ended)) {
    if (listener.done || listener.failure !== null) break;
    const isGiant = block.text.length > options.tailBytesMax;
    if (!block.isWhole) {
      if (isGiant) given += block.text;
      else if (options.ended && block.isEvent) given += hearLast(listener, block.text, options.wantsUsage);
      insideEvent = isGiant;
    } else if (!block.isEvent || isGiant) {
      if (block.isEvent) {
        listener.events++;
        listener.measure = sum(listener.measure, measureOf(block.text, 0));
      }
      given += block.text;
    } else if (hear(listener, block.text, options.wantsUsage) === "shown") {
      given += block.text;
    }
  }
  return { ...listener, given: Buffer.from(given, "latin1"), insideEvent };
}
