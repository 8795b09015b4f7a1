/** The content blocks of a streamed message in the making: what each has to say, and when it is over. */
import { SEALED_CHARACTERS_MAX, sealThought } from "../../sealed-thoughts.ts";
import type { AnswerTraits } from "./answer-traits.ts";
import { directCaller } from "./message-json.ts";
import { InputProgress, inputOf } from "./tool-input.ts";

/** Arguments that are no object are kept so long, to be put into one; longer ones pass as they are. */
export const ODD_INPUT_CHARACTERS_MAX = 65_536;

/** One block. It keeps what it has not written yet; its owner writes one block at a time. */
export interface ContentBlock {
  /** Characters that wait for their turn. */
  readonly waiting: number;
  /** Nothing more will come for it: the next block may begin. */
  readonly isOver: boolean;
  /** The `content_block` of its first event. */
  start(): object;
  /** The text of the delta that can be written now, with what it is; null where there is nothing. */
  drain(): string | null;
  /** The text of deltas that come last. */
  close(): string | null;
}

function delta(type: string, member: string, text: string): string {
  return `{"type":"${type}","${member}":${JSON.stringify(text)}}`;
}

export class TextBlock implements ContentBlock {
  readonly isOver = true;
  #text = "";

  get waiting(): number {
    return this.#text.length;
  }

  add(text: string): void {
    this.#text += text;
  }

  start(): object {
    return { type: "text", text: "", citations: null };
  }

  drain(): string | null {
    if (this.#text === "") return null;
    const text = this.#text;
    this.#text = "";
    return delta("text_delta", "text", text);
  }

  close(): null {
    return null;
  }
}

export class ThinkingBlock implements ContentBlock {
  readonly isOver = true;
  encrypted: string | null = null;
  readonly #traits: AnswerTraits;
  #unwritten = "";
  /** For the seal. */
  #thought = "";

  constructor(traits: AnswerTraits) {
    this.#traits = traits;
  }

  get waiting(): number {
    return this.#unwritten.length;
  }

  add(text: string): void {
    if (this.#thought.length <= SEALED_CHARACTERS_MAX) this.#thought += text;
    if (!this.#traits.omitsThoughts) this.#unwritten += text;
  }

  start(): object {
    return { type: "thinking", thinking: "", signature: "" };
  }

  drain(): string | null {
    if (this.#unwritten === "") return null;
    const text = this.#unwritten;
    this.#unwritten = "";
    return delta("thinking_delta", "thinking", text);
  }

  close(): string {
    const signature = sealThought({ text: this.#thought, encrypted: this.encrypted }, this.#traits.seal);
    return delta("signature_delta", "signature", signature);
  }
}

/**
 * A tool's input passes as it comes, since a file that is written by a tool takes minutes. So input that
 * begins as an object and then breaks reaches the client broken, as Anthropic's own fine-grained streaming
 * sends it: to close it would make a cut command look whole. What does not even begin as an object is kept to
 * its end, and put into one.
 */
export class ToolUseBlock implements ContentBlock {
  readonly id: string;
  readonly #name: string;
  readonly #progress = new InputProgress();
  #unwritten = "";
  #passes = false;

  constructor(id: string, name: string) {
    this.id = id;
    this.#name = name;
  }

  get waiting(): number {
    return this.#unwritten.length;
  }

  get isOver(): boolean {
    return this.#progress.state === "complete";
  }

  add(text: string): void {
    this.#progress.add(text);
    this.#unwritten += text;
    this.#passes ||= this.#progress.state === "open" || this.#progress.state === "complete";
    this.#passes ||= this.#unwritten.length > ODD_INPUT_CHARACTERS_MAX;
  }

  start(): object {
    return { type: "tool_use", id: this.id, caller: directCaller, name: this.#name, input: {} };
  }

  drain(): string | null {
    if (!this.#passes || this.#unwritten === "") return null;
    const text = this.#unwritten;
    this.#unwritten = "";
    return delta("input_json_delta", "partial_json", text);
  }

  close(): string | null {
    if (this.#unwritten.trim() === "") return null;
    return delta("input_json_delta", "partial_json", JSON.stringify(inputOf(this.#unwritten)));
  }
}
