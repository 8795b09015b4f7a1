/** Rewrites the events of a Responses stream: names given back, free texts of calls, what OpenAI requires. */
import { wantedNames } from "../../../wire/json-key.ts";
import type { JsonMember } from "../../../wire/json-scan.ts";
import { bySplicePosition, type Splice, splice } from "../../../wire/json-splice.ts";
import { CustomInputReader } from "../custom-tools.ts";
import { type AnswerRewrite, AnswerRewriter, textIn } from "./rewrite-answer.ts";
import { membersOf } from "./rewriting.ts";

const eventNames = wantedNames([
  "type",
  "response",
  "item",
  "item_id",
  "part",
  "output_index",
  "delta",
  "arguments",
  "name",
  "logprobs",
  "sequence_number",
]);

const INPUT_DELTA = "response.custom_tool_call_input.delta";
const INPUT_DONE = "response.custom_tool_call_input.done";
const EVENT_FIELD = Buffer.from("event:");
const LF = 0x0a;

/** One event, and where the JSON of its data stands in it: on one line. */
export type ReadEvent = {
  readonly bytes: Buffer;
  readonly name: string;
  readonly dataStart: number;
  readonly dataEnd: number;
};

type Members = ReadonlyMap<string, JsonMember>;

function rawText(bytes: Buffer, member: JsonMember | undefined): string {
  return member === undefined ? "" : bytes.toString("utf8", member.valueStart, member.valueEnd);
}

/** The value of the event's `event` line, which stands at the beginning of a line. */
function renamed(bytes: Buffer, name: string): Splice[] {
  for (let at = bytes.indexOf(EVENT_FIELD); at >= 0; at = bytes.indexOf(EVENT_FIELD, at + 1)) {
    if (at > 0 && bytes[at - 1] !== LF) continue;
    let end = at;
    while (end < bytes.length && (bytes[end] as number) >= 0x20) end++;
    return [{ start: at, end, bytes: Buffer.from(`event: ${name}`) }];
  }
  return [];
}

/** Of one stream: knows the calls that are under way. */
export class EventRewriter {
  readonly #rewrite: AnswerRewrite;
  /** By output index: the free text of a call so far. */
  readonly #inputs = new Map<string, CustomInputReader>();
  /** By output index: the client's name of the function called. */
  readonly #called = new Map<string, string>();

  constructor(rewrite: AnswerRewrite) {
    this.#rewrite = rewrite;
  }

  /** Whether deltas of a function's arguments must be heard: they may be those of a free text. */
  get hearsCalls(): boolean {
    return this.#rewrite.names !== null;
  }

  get fillsRequired(): boolean {
    return this.#rewrite.fillsRequired;
  }

  /** The event in the client's words; null where it says nothing in them. @throws JsonSyntaxError */
  rewrite(event: ReadEvent): Buffer | null {
    const { bytes, dataStart, dataEnd } = event;
    const { members } = membersOf(bytes, dataStart, dataEnd, eventNames);
    if (members === null) return bytes;
    const rewriter = new AnswerRewriter(bytes, this.#rewrite);
    const before = this.#event(event, members, rewriter);
    if (before === null) return null;
    if (rewriter.splices.length === 0) return bytes;
    const pieces = splice(bytes, rewriter.splices.sort(bySplicePosition));
    return Buffer.concat([Buffer.from(before), ...pieces]);
  }

  /** Gives what must go before the event, often nothing; null where the event is to be left out. */
  #event(event: ReadEvent, members: Members, rewriter: AnswerRewriter): string | null {
    const { dataStart, dataEnd, name } = event;
    const response = members.get("response");
    if (response?.kind === "object") rewriter.response(response.valueStart, dataEnd);
    const item = members.get("item");
    if (item?.kind === "object") this.#item(event, members, item, rewriter);
    const input = this.#inputs.get(rawText(event.bytes, members.get("output_index")));
    if (name === "response.function_call_arguments.delta" && input !== undefined) {
      return this.#inputDelta(event, members, input, rewriter) ? "" : null;
    }
    if (name === "response.function_call_arguments.done") {
      if (input !== undefined) return this.#inputDone(event, members, input, rewriter);
      this.#argumentsDone(event, members, rewriter);
    }
    if (!this.fillsRequired) return "";
    const part = members.get("part");
    if (part?.kind === "object") rewriter.part(part.valueStart, dataEnd);
    const isText = name === "response.output_text.delta" || name === "response.output_text.done";
    if (isText && !members.has("logprobs")) rewriter.insert(dataStart, ['"logprobs":[]']);
    return "";
  }

  #item(
    { bytes, dataEnd, name }: ReadEvent,
    members: Members,
    item: JsonMember,
    rewriter: AnswerRewriter,
  ): void {
    const { called } = rewriter.item(item.valueStart, dataEnd);
    if (called === null) return;
    const index = rawText(bytes, members.get("output_index"));
    if (name === "response.output_item.done") {
      this.#inputs.delete(index);
      this.#called.delete(index);
      return;
    }
    if (called.kind === "custom") this.#inputs.set(index, new CustomInputReader());
    else if (this.fillsRequired) this.#called.set(index, called.name);
  }

  #inputDelta(
    event: ReadEvent,
    members: Members,
    input: CustomInputReader,
    rewriter: AnswerRewriter,
  ): boolean {
    const delta = members.get("delta");
    const text = input.push(textIn(event.bytes, delta) ?? "");
    if (delta === undefined || text === "") return false;
    this.#rename(event, members, INPUT_DELTA, rewriter);
    const { valueStart: start, valueEnd: end } = delta;
    rewriter.splices.push({ start, end, bytes: Buffer.from(JSON.stringify(text)) });
    return true;
  }

  /** A text that no delta has given comes before, in one of its own. */
  #inputDone(event: ReadEvent, members: Members, input: CustomInputReader, rewriter: AnswerRewriter): string {
    const { bytes, dataStart } = event;
    const rest = input.finish();
    this.#rename(event, members, INPUT_DONE, rewriter);
    const name = members.get("name");
    if (name !== undefined) rewriter.name(name);
    const given = members.get("arguments");
    if (given === undefined) rewriter.insert(dataStart, [`"input":${JSON.stringify(rest)}`]);
    else rewriter.input(given);
    if (rest === "") return "";
    const sequence = Number(rawText(bytes, members.get("sequence_number")));
    const places = (["item_id", "output_index"] as const).flatMap((place) => {
      const json = rawText(bytes, members.get(place));
      return json === "" ? [] : [`"${place}":${json}`];
    });
    // Its deltas were left out, so that their numbers are free.
    const said = [`"type":"${INPUT_DELTA}"`, ...places, `"delta":${JSON.stringify(rest)}`];
    const data = `{${said.join(",")},"sequence_number":${Math.max(0, sequence - 1) || 0}}`;
    return `event: ${INPUT_DELTA}\ndata: ${data}\n\n`;
  }

  #argumentsDone({ bytes, dataStart }: ReadEvent, members: Members, rewriter: AnswerRewriter): void {
    const name = members.get("name");
    if (name !== undefined) {
      rewriter.name(name);
      return;
    }
    const called = this.#called.get(rawText(bytes, members.get("output_index")));
    if (called !== undefined) rewriter.insert(dataStart, [`"name":${JSON.stringify(called)}`]);
  }

  #rename({ bytes }: ReadEvent, members: Members, name: string, rewriter: AnswerRewriter): void {
    rewriter.splices.push(...renamed(bytes, name));
    const type = members.get("type");
    if (type === undefined) return;
    const { valueStart: start, valueEnd: end } = type;
    rewriter.splices.push({ start, end, bytes: Buffer.from(JSON.stringify(name)) });
  }
}
