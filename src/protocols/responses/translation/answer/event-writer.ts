/** Writes a streamed chat answer as the events of a response. */
import type { ChatDelta, ChatFinish, ChatToolCallDelta } from "../../../../core/chat.ts";
import { type ErrorFacts, GatewayError } from "../../../../core/errors.ts";
import type { Usage } from "../../../../core/usage.ts";
import type { ChatAnswer, ChatHead } from "../../../chat-answer.ts";
import type { EventWriter } from "../../../chat-translation-tap.ts";
import type { ItemKind } from "../ids.ts";
import type { AnswerTraits } from "./answer-traits.ts";
import { EventLines } from "./event-lines.ts";
import {
  CustomCallItem,
  FunctionCallItem,
  type ItemPlace,
  MessageItem,
  type OutputItem,
  ReasoningItem,
} from "./output-items.ts";
import { type ResponseState, responseJson, stateOf } from "./response-json.ts";

/**
 * Thoughts and texts are items that end where another begins. Calls may grow side by side, so they end with
 * the answer, in the order in which they began. As OpenAI's own, the stream ends with its last event: no
 * `[DONE]`.
 */
export class ResponseEvents implements EventWriter {
  /** The response as its last event has it; empty before. */
  response = "";
  readonly #traits: AnswerTraits;
  readonly #lines = new EventLines();
  readonly #items: OutputItem[] = [];
  /** The thought or text that is being written. */
  #growing: ReasoningItem | MessageItem | null = null;
  /** By the index that Ark gives them. */
  readonly #calls = new Map<number, OutputItem>();
  #head: ChatHead | null = null;
  #hasBegun = false;

  constructor(traits: AnswerTraits) {
    this.#traits = traits;
  }

  begin(head: ChatHead): string {
    this.#head = head;
    return this.#begin();
  }

  delta({ reasoning, encrypted, content, toolCalls }: ChatDelta): string {
    if (toolCalls.length > 0) this.#refuseNameless(toolCalls);
    let events = "";
    if (reasoning !== null) events += this.#grow("rs") + this.#add(reasoning);
    if (encrypted !== null) {
      events += this.#grow("rs");
      if (this.#growing instanceof ReasoningItem) this.#growing.encrypted = encrypted;
    }
    if (content !== null) events += this.#grow("msg") + this.#add(content);
    for (const call of toolCalls) events += this.#call(call);
    return events;
  }

  end(finish: ChatFinish, usage: Usage | null): string {
    const state = stateOf(finish);
    let events = "";
    const last = this.#items.at(-1);
    for (const item of this.#items) {
      // What cut the answer cut its last item.
      const isCut = state.status === "incomplete" && item === last;
      if (!item.hasEnded) events += item.end(isCut ? "incomplete" : "completed");
    }
    this.response = this.#responseJson(state, usage);
    this.#traits.keep?.({
      response: this.response,
      outputItems: `[${this.#items.map(({ keptJson }) => keptJson).join(",")}]`,
    });
    return events + this.#lines.write(`response.${state.status}`, `"response":${this.response}`);
  }

  /** Says what there is of the answer; clients want `response.created` first, whatever follows. */
  failure(error: ErrorFacts): string {
    const begun = this.#hasBegun ? "" : this.#begin();
    this.response = this.#responseJson({ status: "failed", error }, null);
    return begun + this.#lines.write("response.failed", `"response":${this.response}`);
  }

  #begin(): string {
    this.#hasBegun = true;
    const members = `"response":${this.#responseJson({ status: "in_progress" }, null)}`;
    return (
      this.#lines.write("response.created", members) + this.#lines.write("response.in_progress", members)
    );
  }

  #responseJson(state: ResponseState, usage: Usage | null): string {
    const output = this.#items.map(({ json }) => json);
    return responseJson(this.#traits, this.#head, state, output, usage);
  }

  /** Sees to it that what grows is of that kind. */
  #grow(kind: "rs" | "msg"): string {
    const growing = this.#growing;
    if (growing !== null && growing instanceof ReasoningItem === (kind === "rs")) return "";
    const { seal, includesSealed } = this.#traits;
    const place = this.#place(kind);
    const item = kind === "rs" ? new ReasoningItem(place, seal, includesSealed) : new MessageItem(place);
    const ended = this.#stopGrowing();
    this.#growing = item;
    this.#items.push(item);
    return ended + item.begin();
  }

  #add(text: string): string {
    return this.#growing?.add(text) ?? "";
  }

  #stopGrowing(): string {
    const ended = this.#growing?.end("completed") ?? "";
    this.#growing = null;
    return ended;
  }

  /** Before any of them is written: what has been numbered must be sent. */
  #refuseNameless(toolCalls: readonly ChatToolCallDelta[]): void {
    const begun = new Set<number>();
    for (const { index, id, name } of toolCalls) {
      if (this.#calls.has(index) || begun.has(index)) continue;
      if (id === null || name === null) {
        throw new GatewayError(
          "upstream_invalid",
          "Ark's stream has a tool call without id or name. What came so far may have been billed.",
        );
      }
      begun.add(index);
    }
  }

  #call({ index, id, name, arguments: given }: ChatToolCallDelta): string {
    let events = "";
    let call = this.#calls.get(index);
    if (call === undefined && id !== null && name !== null) {
      const tool = this.#traits.names.restore(name) ?? { kind: "function", name, namespace: null };
      const isCustom = tool.kind === "custom";
      const Item = isCustom ? CustomCallItem : FunctionCallItem;
      call = new Item(this.#place(isCustom ? "ctc" : "fc"), id, tool);
      events = this.#stopGrowing() + call.begin();
      this.#calls.set(index, call);
      this.#items.push(call);
    }
    return given === null || call === undefined ? events : events + call.add(given);
  }

  #place(kind: ItemKind): ItemPlace {
    const index = this.#items.length;
    return { id: this.#traits.ids.outputItem(kind, index), index, lines: this.#lines };
  }
}

/** The response to a whole chat answer, in JSON: what its stream would have ended with. */
export function writeResponse(
  { head, finish, usage, toolCalls, ...said }: ChatAnswer,
  traits: AnswerTraits,
): string {
  const events = new ResponseEvents(traits);
  events.begin(head);
  events.delta({
    ...said,
    toolCalls: toolCalls.map(({ id, function: { name, arguments: given } }, index) => {
      return { index, id, name, arguments: given === "" ? null : given };
    }),
    finish,
  });
  events.end(finish, usage);
  return events.response;
}
