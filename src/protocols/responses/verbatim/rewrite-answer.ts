/** Gives clients their own words back in what Ark answers, and what OpenAI's schema requires. */
import { wantedNames } from "../../../wire/json-key.ts";
import { ElementCursor, type JsonMember } from "../../../wire/json-scan.ts";
import { insertFirstMember, type Splice } from "../../../wire/json-splice.ts";
import { decodeString, stringIs } from "../../../wire/json-string.ts";
import { customInput } from "../custom-tools.ts";
import type { ToolIdentity, ToolNames } from "../tool-names.ts";
import { membersOf } from "./rewriting.ts";

const NAME_BYTES_MAX = 1_024;

/** What a client gets other than Ark sent it. */
export type AnswerRewrite = {
  /** The names that must be given back; null where there are none. */
  readonly names: ToolNames | null;
  /** `compat: openai`. */
  readonly fillsRequired: boolean;
};

type Members = ReadonlyMap<string, JsonMember>;
/** Members with the value, in JSON, that says the least. */
type Required = readonly (readonly [name: string, json: string])[];

const ofResponse: Required = [
  ["error", "null"],
  ["incomplete_details", "null"],
  ["instructions", "null"],
  ["metadata", "{}"],
  ["output", "[]"],
  ["parallel_tool_calls", "true"],
  ["temperature", "null"],
  ["tool_choice", '"auto"'],
  ["tools", "[]"],
  ["top_p", "null"],
];
const ofUsage: Required = [
  ["input_tokens_details", '{"cached_tokens":0,"cache_write_tokens":0}'],
  ["output_tokens_details", '{"reasoning_tokens":0}'],
];
const ofInputDetails: Required = [
  ["cached_tokens", "0"],
  ["cache_write_tokens", "0"],
];
const ofOutputDetails: Required = [["reasoning_tokens", "0"]];
const ofFunctionTool: Required = [
  ["parameters", "null"],
  ["strict", "null"],
];
const ofMessage: Required = [["content", "[]"]];
const ofReasoning: Required = [["summary", "[]"]];
const ofCall: Required = [["arguments", '""']];
const ofOutputText: Required = [
  ["annotations", "[]"],
  ["logprobs", "[]"],
  ["text", '""'],
];
const ofOtherPart: Required = [["text", '""']];

const responseNames = wantedNames([...ofResponse.map(([name]) => name), "usage"]);
const usageNames = wantedNames(ofUsage.map(([name]) => name));
const inputDetailNames = wantedNames(ofInputDetails.map(([name]) => name));
const outputDetailNames = wantedNames(ofOutputDetails.map(([name]) => name));
const toolNames = wantedNames(["type", "parameters", "strict"]);
const reasonNames = wantedNames(["reason"]);
const itemNames = wantedNames(["type", "name", "arguments", "content", "summary"]);
const partNames = wantedNames(["type", "annotations", "logprobs", "text"]);

function missing(members: Members, required: Required): string[] {
  return required.filter(([name]) => !members.has(name)).map(([name, json]) => `"${name}":${json}`);
}

function replaced({ valueStart: start, valueEnd: end }: JsonMember, json: string): Splice {
  return { start, end, bytes: Buffer.from(json) };
}

/** The text of a string member; null for any other. */
export function textIn(bytes: Buffer, member: JsonMember | undefined): string | null {
  if (member?.kind !== "string") return null;
  return JSON.parse(bytes.toString("utf8", member.valueStart, member.valueEnd)) as string;
}

/** Gathers the splices of one text, in whatever order. */
export class AnswerRewriter {
  readonly splices: Splice[] = [];
  readonly #bytes: Buffer;
  readonly #names: ToolNames | null;
  readonly #fills: boolean;

  constructor(bytes: Buffer, { names, fillsRequired }: AnswerRewrite) {
    this.#bytes = bytes;
    this.#names = names;
    this.#fills = fillsRequired;
  }

  /** Of the response object that opens at `start`. @throws JsonSyntaxError */
  response(start: number, limit: number): void {
    const { members } = membersOf(this.#bytes, start, limit, responseNames);
    if (members === null) return;
    this.#fill(start, members, ofResponse);
    this.#objects(members.get("output"), (at, end) => this.item(at, end).end);
    if (!this.#fills) return;
    this.#objects(members.get("tools"), (at, end) => this.#tool(at, end));
    this.#usage(members.get("usage"));
    this.#reason(members.get("incomplete_details"));
  }

  /** Of the output item that opens at `start`; tells the tool that it calls. @throws JsonSyntaxError */
  item(start: number, limit: number): { readonly end: number; readonly called: ToolIdentity | null } {
    const bytes = this.#bytes;
    const { members, end } = membersOf(bytes, start, limit, itemNames);
    const type = members?.get("type");
    if (members === null || type === undefined) return { end, called: null };
    if (this.#is(type, "function_call")) return { end, called: this.#call(start, members, type) };
    if (this.#is(type, "message")) {
      this.#fill(start, members, ofMessage);
      if (this.#fills) this.#objects(members.get("content"), (at, limit) => this.part(at, limit));
    } else if (this.#is(type, "reasoning")) {
      this.#fill(start, members, ofReasoning);
    }
    return { end, called: null };
  }

  /** Of the part of a message or a thought that opens at `start`; gives its end. @throws JsonSyntaxError */
  part(start: number, limit: number): number {
    const { members, end } = membersOf(this.#bytes, start, limit, partNames);
    const type = members?.get("type");
    if (members !== null && type !== undefined) {
      this.#fill(start, members, this.#is(type, "output_text") ? ofOutputText : ofOtherPart);
    }
    return end;
  }

  /** The client's name in the place of Ark's; null where it is the same. */
  name(member: JsonMember | undefined): ToolIdentity | null {
    if (member?.kind !== "string") return null;
    const { valueStart, valueEnd } = member;
    const called = decodeString(this.#bytes, valueStart, valueEnd, NAME_BYTES_MAX);
    const identity = called === null ? null : (this.#names?.restore(called) ?? null);
    if (identity === null)
      return called === null ? null : { kind: "function", name: called, namespace: null };
    if (identity.name !== called) this.splices.push(replaced(member, JSON.stringify(identity.name)));
    return identity;
  }

  /** A text under another key, which has been given as arguments. */
  input(given: JsonMember): void {
    const { keyStart: start, keyEnd: end } = given;
    this.splices.push({ start, end, bytes: Buffer.from('"input"') });
    const text = textIn(this.#bytes, given);
    if (text !== null) this.splices.push(replaced(given, JSON.stringify(customInput(text))));
  }

  /** Puts members, in JSON, at the front of the object that opens at `start`. */
  insert(start: number, members: readonly string[]): void {
    if (members.length > 0) this.splices.push(insertFirstMember(this.#bytes, start, members.join(",")));
  }

  #call(start: number, members: Members, type: JsonMember): ToolIdentity | null {
    const called = this.name(members.get("name"));
    const given = members.get("arguments");
    const inserted: string[] = [];
    const namespace = called?.namespace ?? null;
    if (namespace !== null) inserted.push(`"namespace":${JSON.stringify(namespace)}`);
    if (called?.kind === "custom") {
      this.splices.push(replaced(type, '"custom_tool_call"'));
      if (given === undefined) inserted.push('"input":""');
      else this.input(given);
    } else if (this.#fills) inserted.push(...missing(members, ofCall));
    this.insert(start, inserted);
    return called;
  }

  #tool(start: number, limit: number): number {
    const { members, end } = membersOf(this.#bytes, start, limit, toolNames);
    const type = members?.get("type");
    if (members !== null && type !== undefined && this.#is(type, "function")) {
      this.#fill(start, members, ofFunctionTool);
    }
    return end;
  }

  #usage(usage: JsonMember | undefined): void {
    if (usage?.kind !== "object") return;
    const { members } = membersOf(this.#bytes, usage.valueStart, usage.valueEnd, usageNames);
    if (members === null) return;
    this.#fill(usage.valueStart, members, ofUsage);
    const details = [
      ["input_tokens_details", inputDetailNames, ofInputDetails],
      ["output_tokens_details", outputDetailNames, ofOutputDetails],
    ] as const;
    for (const [name, wanted, required] of details) {
      const detail = members.get(name);
      if (detail?.kind !== "object") continue;
      const inside = membersOf(this.#bytes, detail.valueStart, detail.valueEnd, wanted).members;
      if (inside !== null) this.#fill(detail.valueStart, inside, required);
    }
  }

  /** Ark's word for the limit is chat's, which is none of those that OpenAI's schema knows. */
  #reason(details: JsonMember | undefined): void {
    if (details?.kind !== "object") return;
    const inside = membersOf(this.#bytes, details.valueStart, details.valueEnd, reasonNames).members;
    const reason = inside?.get("reason");
    if (reason !== undefined && this.#is(reason, "length")) {
      this.splices.push(replaced(reason, '"max_output_tokens"'));
    }
  }

  #fill(start: number, members: Members, required: Required): void {
    if (this.#fills) this.insert(start, missing(members, required));
  }

  #objects(array: JsonMember | undefined, see: (start: number, limit: number) => number): void {
    if (array?.kind !== "array") return;
    const elements = new ElementCursor(this.#bytes, array.valueStart, array.valueEnd);
    while (elements.next()) if (elements.isObject) elements.endsAt(see(elements.start, array.valueEnd));
  }

  #is({ kind, valueStart, valueEnd }: JsonMember, word: string): boolean {
    return kind === "string" && stringIs(this.#bytes, valueStart, valueEnd, word);
  }
}
