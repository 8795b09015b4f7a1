/** Puts the events of a Responses stream together, strictly, as OpenAI's clients do. */

export type JsonObject = { [member: string]: unknown };
export type ResponseEvent = JsonObject & { readonly type: string };

/** The events in order. @throws Error where one is not named as it says, or not numbered after the last */
export function readEvents(stream: string): ResponseEvent[] {
  const blocks = stream.split("\n\n");
  if (blocks.pop() !== "") throw new Error("the stream does not end with a blank line");
  return blocks.map((block, index) => {
    const found = /^event: ([\w.]+)\ndata: ([^\r\n]+)$/.exec(block);
    const data: ResponseEvent = JSON.parse(found?.[2] ?? "null");
    if (found === null || data?.type !== found[1]) throw new Error(`no event of this protocol: ${block}`);
    if (data["sequence_number"] !== index) throw new Error(`event ${index} says ${data["sequence_number"]}`);
    return data;
  });
}

const lastTypes = ["response.completed", "response.incomplete", "response.failed"];

/** What a delta and its closing event add to, by the event's type without its last word. */
const textMembers = new Map([
  ["response.output_text", "text"],
  ["response.reasoning_summary_text", "text"],
  ["response.function_call_arguments", "arguments"],
  ["response.custom_tool_call_input", "input"],
]);

type OpenItem = { readonly item: JsonObject; text: string; textDone: boolean; hasPart: boolean };

class Assembly {
  readonly output: JsonObject[] = [];
  final: JsonObject | null = null;
  readonly #open = new Map<number, OpenItem>();
  #begun = 0;

  take(event: ResponseEvent): void {
    if (this.final !== null) throw new Error("an event behind the last one");
    const { type } = event;
    if (lastTypes.includes(type)) this.#end(event);
    else if (type === "response.output_item.added") this.#begin(event);
    else if (type === "response.output_item.done") this.#finish(event);
    else if (type.includes("_part.")) this.#part(event);
    else this.#text(event);
  }

  #begin({ output_index: index, item }: ResponseEvent): void {
    if (index !== this.#begun++) throw new Error("an item out of place");
    this.#open.set(index as number, {
      item: item as JsonObject,
      text: "",
      textDone: false,
      hasPart: false,
    });
  }

  #opened({ output_index: index, item_id: id, type }: ResponseEvent): OpenItem {
    const open = this.#open.get(index as number);
    if (open === undefined || open.item["id"] !== id) throw new Error(`${type} of no open item`);
    return open;
  }

  #part(event: ResponseEvent): void {
    const open = this.#opened(event);
    const { text } = event["part"] as JsonObject;
    if (event.type.endsWith(".added")) {
      if (open.hasPart || text !== "") throw new Error("a part begins twice");
      open.hasPart = true;
    } else if (!open.textDone || text !== open.text) throw new Error("a part is not its text");
  }

  #text(event: ResponseEvent): void {
    const open = this.#opened(event);
    const [, kind, end] = /^(.+)\.(delta|done)$/.exec(event.type) ?? [];
    const member = textMembers.get(kind ?? "");
    if (member === undefined || open.textDone) throw new Error(`${event.type} out of place`);
    if (member === "text" && !open.hasPart) throw new Error("text without a part");
    if (end === "delta") open.text += event["delta"] as string;
    else if (event[member] !== open.text) throw new Error("what is done is not what was said");
    else open.textDone = true;
  }

  #finish({ output_index: index, item }: ResponseEvent): void {
    const open = this.#open.get(index as number);
    const done = item as JsonObject;
    if (open === undefined || open.item["id"] !== done["id"]) throw new Error("no such item is open");
    const said = textOf(done);
    if (said !== open.text || (said !== "" && !open.textDone)) throw new Error("an item is not its events");
    this.output[index as number] = done;
    this.#open.delete(index as number);
  }

  #end({ type, response }: ResponseEvent): void {
    if (this.#open.size > 0 && type !== "response.failed") throw new Error("an item is still open");
    this.final = response as JsonObject;
  }
}

/** The text, input or arguments of an item. */
function textOf(item: JsonObject): string {
  const parts = (item["content"] ?? item["summary"]) as JsonObject[] | undefined;
  if (parts !== undefined) return parts.map(({ text }) => text).join("");
  return (item["arguments"] ?? item["input"]) as string;
}

/**
 * The response that a whole stream ends with: what its events have said.
 * @throws Error where an event is not in its place, or the response is not what its events said
 */
export function assembleResponse(stream: string): JsonObject {
  const [created, inProgress, ...events] = readEvents(stream);
  if (created?.type !== "response.created") throw new Error("the stream does not begin");
  const assembly = new Assembly();
  if (inProgress?.type !== "response.in_progress") throw new Error("the response is not in progress");
  for (const event of events) assembly.take(event);
  const { final, output } = assembly;
  if (final === null) throw new Error("the stream has no end");
  const told = final["output"] as JsonObject[];
  const isFailed = final["status"] === "failed";
  const same = isFailed ? told.filter((item) => output.some(({ id }) => id === item["id"])) : told;
  const done = output.filter((item) => item !== undefined);
  if (JSON.stringify(same) !== JSON.stringify(done)) throw new Error("the end is not what was said");
  return final;
}

/** The types of a stream's events, in order. */
export function eventTypes(stream: string): string[] {
  return readEvents(stream).map(({ type }) => type.replace("response.", ""));
}

/** With the random part of the gateway's own ids made the same for all. */
export function settledIds(text: string): string {
  return text.replaceAll(/(_vp)[0-9a-f]{32}/g, `$1${"0".repeat(32)}`);
}
