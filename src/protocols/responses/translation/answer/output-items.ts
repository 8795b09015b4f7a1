/** The items of an answer in the making: the events that tell of each, and what it is in the end. */
import { textOf } from "../../../chat-answer.ts";
import { sealThought, type ThoughtSeal } from "../../../sealed-thoughts.ts";
import { CustomInputReader } from "../../custom-tools.ts";
import type { ToolIdentity } from "../../tool-names.ts";
import type { EventLines } from "./event-lines.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** Where an item stands in the output. */
export type ItemPlace = { readonly id: string; readonly index: number; readonly lines: EventLines };

/** Its events come from `begin`, `add` and `end`; `json` is what it is, for the response that holds it. */
export abstract class OutputItem {
  protected readonly lines: EventLines;
  protected readonly id: string;
  /** What each event on it begins with. */
  protected readonly at: string;
  readonly #index: number;
  #ended: string | null = null;

  constructor({ id, index, lines }: ItemPlace) {
    this.lines = lines;
    this.id = id;
    this.at = `"item_id":"${id}","output_index":${index}`;
    this.#index = index;
  }

  abstract add(text: string): string;

  /** The item as far as it has come, in JSON. */
  protected abstract written(status: ItemStatus): string;

  /** The events that close its parts, before its own last one. */
  protected abstract close(status: ItemStatus): string;

  begin(): string {
    return this.#itemEvent("added", this.written("in_progress"));
  }

  end(status: ItemStatus): string {
    const events = this.close(status);
    this.#ended = this.written(status);
    return events + this.#itemEvent("done", this.#ended);
  }

  /** One that has not ended is incomplete. */
  get json(): string {
    return this.#ended ?? this.written("incomplete");
  }

  /** As `json`, with what the next turn needs to go on from it. */
  get keptJson(): string {
    return this.json;
  }

  get hasEnded(): boolean {
    return this.#ended !== null;
  }

  #itemEvent(what: "added" | "done", item: string): string {
    return this.lines.write(`response.output_item.${what}`, `"output_index":${this.#index},"item":${item}`);
  }
}

function summaryPart(text: string): string {
  return `{"type":"summary_text","text":${text}}`;
}

/** Ark's thought is shown as a summary, as Ark itself shows it on Responses (ark-api 5.5). */
export class ReasoningItem extends OutputItem {
  encrypted: string | null = null;
  readonly #seal: ThoughtSeal;
  readonly #includesSealed: boolean;
  #text = "";
  #sealed = "";

  constructor(place: ItemPlace, seal: ThoughtSeal, includesSealed: boolean) {
    super(place);
    this.#seal = seal;
    this.#includesSealed = includesSealed;
  }

  add(text: string): string {
    const isFirst = this.#text === "";
    this.#text += text;
    const begun = isFirst ? this.#partEvent("added", '""') : "";
    return begun + this.#textEvent("delta", "delta", JSON.stringify(text));
  }

  override get keptJson(): string {
    return this.#json("completed", true);
  }

  protected written(status: ItemStatus): string {
    return this.#json(status, this.#includesSealed);
  }

  protected close(): string {
    this.#sealed = sealThought({ text: textOf(this.#text), encrypted: this.encrypted }, this.#seal);
    if (this.#text === "") return "";
    const text = JSON.stringify(this.#text);
    return this.#textEvent("done", "text", text) + this.#partEvent("done", text);
  }

  #json(status: ItemStatus, withSeal: boolean): string {
    const summary = this.#text === "" ? "" : summaryPart(JSON.stringify(this.#text));
    const sealed = withSeal && this.#sealed !== "" ? `,"encrypted_content":"${this.#sealed}"` : "";
    return `{"id":"${this.id}","type":"reasoning","summary":[${summary}]${sealed},"status":"${status}"}`;
  }

  #partEvent(what: "added" | "done", text: string): string {
    const members = `${this.at},"summary_index":0,"part":${summaryPart(text)}`;
    return this.lines.write(`response.reasoning_summary_part.${what}`, members);
  }

  #textEvent(what: "delta" | "done", member: "delta" | "text", text: string): string {
    const members = `${this.at},"summary_index":0,"${member}":${text}`;
    return this.lines.write(`response.reasoning_summary_text.${what}`, members);
  }
}

function textPart(text: string): string {
  return `{"type":"output_text","text":${text},"annotations":[],"logprobs":[]}`;
}

export class MessageItem extends OutputItem {
  #text = "";
  #hasPart = false;

  override begin(): string {
    const added = super.begin();
    this.#hasPart = true;
    return added + this.#partEvent("added", '""');
  }

  add(text: string): string {
    this.#text += text;
    return this.#textEvent("delta", "delta", JSON.stringify(text));
  }

  protected written(status: ItemStatus): string {
    const content = this.#hasPart ? textPart(JSON.stringify(this.#text)) : "";
    return `{"id":"${this.id}","type":"message","status":"${status}","role":"assistant","content":[${content}]}`;
  }

  protected close(): string {
    const text = JSON.stringify(this.#text);
    return this.#textEvent("done", "text", text) + this.#partEvent("done", text);
  }

  #partEvent(what: "added" | "done", text: string): string {
    const members = `${this.at},"content_index":0,"part":${textPart(text)}`;
    return this.lines.write(`response.content_part.${what}`, members);
  }

  #textEvent(what: "delta" | "done", member: "delta" | "text", text: string): string {
    const members = `${this.at},"content_index":0,"${member}":${text},"logprobs":[]`;
    return this.lines.write(`response.output_text.${what}`, members);
  }
}

/** What a call says of its tool, in JSON. */
function toolMembers(callId: string, { name, namespace }: ToolIdentity): string {
  const inside = namespace === null ? "" : `,"namespace":${JSON.stringify(namespace)}`;
  return `"call_id":${JSON.stringify(callId)},"name":${JSON.stringify(name)}${inside}`;
}

export class FunctionCallItem extends OutputItem {
  readonly #tool: string;
  readonly #name: string;
  #arguments = "";

  constructor(place: ItemPlace, callId: string, tool: ToolIdentity) {
    super(place);
    this.#tool = toolMembers(callId, tool);
    this.#name = JSON.stringify(tool.name);
  }

  add(text: string): string {
    this.#arguments += text;
    return this.#event("delta", `"delta":${JSON.stringify(text)}`);
  }

  protected written(status: ItemStatus): string {
    const given = JSON.stringify(this.#arguments);
    return `{"id":"${this.id}","type":"function_call","status":"${status}",${this.#tool},"arguments":${given}}`;
  }

  /** No arguments at all are an empty object: what a client reads must be JSON. */
  protected close(status: ItemStatus): string {
    const isMissing = status === "completed" && this.#arguments.trim() === "";
    const added = isMissing ? this.add("{}") : "";
    return added + this.#event("done", `"name":${this.#name},"arguments":${JSON.stringify(this.#arguments)}`);
  }

  #event(what: "delta" | "done", members: string): string {
    return this.lines.write(`response.function_call_arguments.${what}`, `${this.at},${members}`);
  }
}

export class CustomCallItem extends OutputItem {
  readonly #tool: string;
  readonly #reader = new CustomInputReader();
  #input = "";

  constructor(place: ItemPlace, callId: string, tool: ToolIdentity) {
    super(place);
    this.#tool = toolMembers(callId, tool);
  }

  add(text: string): string {
    return this.#delta(this.#reader.push(text));
  }

  protected written(status: ItemStatus): string {
    const input = JSON.stringify(this.#input);
    return `{"id":"${this.id}","type":"custom_tool_call","status":"${status}",${this.#tool},"input":${input}}`;
  }

  protected close(): string {
    return (
      this.#delta(this.#reader.finish()) +
      this.lines.write(
        "response.custom_tool_call_input.done",
        `${this.at},"input":${JSON.stringify(this.#input)}`,
      )
    );
  }

  #delta(text: string): string {
    if (text === "") return "";
    this.#input += text;
    const members = `${this.at},"delta":${JSON.stringify(text)}`;
    return this.lines.write("response.custom_tool_call_input.delta", members);
  }
}
