/** Puts the events of a Messages stream together, strictly, as Anthropic's clients do. */

export type JsonObject = { [member: string]: unknown };
type NamedEvent = { readonly name: string; readonly data: JsonObject };

function readEvents(stream: string): NamedEvent[] {
  const blocks = stream.split("\n\n");
  if (blocks.pop() !== "") throw new Error("the stream does not end with a blank line");
  return blocks.map((block) => {
    const found = /^event: (\w+)\ndata: (.+)$/.exec(block);
    const data: JsonObject = JSON.parse(found?.[2] ?? "null");
    if (found === null || data?.["type"] !== found[1]) throw new Error(`no event of this protocol: ${block}`);
    return { name: found[1] ?? "", data };
  });
}

const memberOfDelta = new Map([
  ["text text_delta", "text"],
  ["thinking thinking_delta", "thinking"],
  ["thinking signature_delta", "signature"],
  ["tool_use input_json_delta", "partial_json"],
]);

class Assembly {
  message: JsonObject | null = null;
  readonly content: JsonObject[] = [];
  isOver = false;
  #open: JsonObject | null = null;
  #json = "";

  take({ name, data }: NamedEvent): void {
    if (this.isOver) throw new Error("an event behind the last one");
    if ((this.message === null) !== (name === "message_start")) throw new Error(`${name} out of place`);
    switch (name) {
      case "message_start":
        this.message = { ...(data["message"] as JsonObject) };
        break;
      case "content_block_start":
        this.#start(data);
        break;
      case "content_block_delta":
        this.#delta(data);
        break;
      case "content_block_stop":
        this.#stop(data);
        break;
      case "message_delta":
        if (this.#open !== null) throw new Error("the message ends inside a block");
        Object.assign(this.message ?? {}, data["delta"]);
        Object.assign(this.message?.["usage"] ?? {}, data["usage"]);
        break;
      case "message_stop":
        this.isOver = true;
        break;
      default:
        throw new Error(`unknown event ${name}`);
    }
  }

  #start({ index, content_block: block }: JsonObject): void {
    if (this.#open !== null || index !== this.content.length) throw new Error("blocks overlap");
    this.#open = { ...(block as JsonObject) };
    this.#json = "";
    this.content.push(this.#open);
  }

  #delta({ index, delta }: JsonObject): void {
    const { type, ...members } = delta as { type: string };
    const open = this.#open;
    const member = memberOfDelta.get(`${open?.["type"]} ${type}`);
    const text = (members as JsonObject)[member ?? ""];
    if (
      open === null ||
      member === undefined ||
      typeof text !== "string" ||
      index !== this.content.length - 1
    ) {
      throw new Error(`${type} out of place`);
    }
    if (member === "partial_json") this.#json += text;
    else if (member === "signature") open[member] = text;
    else open[member] = `${open[member]}${text}`;
  }

  #stop({ index }: JsonObject): void {
    if (this.#open === null || index !== this.content.length - 1) throw new Error("no such block is open");
    if (this.#json !== "") this.#open["input"] = JSON.parse(this.#json);
    this.#open = null;
  }
}

/**
 * The message that a whole stream makes. Its input must be JSON.
 * @throws Error where an event is not in its place
 */
export function assembleMessage(stream: string): JsonObject {
  const assembly = new Assembly();
  for (const event of readEvents(stream)) assembly.take(event);
  if (!assembly.isOver) throw new Error("the stream has no end");
  return { ...assembly.message, content: assembly.content };
}

/** The names of a stream's events, in order. */
export function eventNames(stream: string): string[] {
  return readEvents(stream).map(({ name }) => name);
}
