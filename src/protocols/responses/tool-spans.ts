/** Finds the tools of a body, as they are first walked over: what each is, and what may be changed in it. */
import { wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { stringIs } from "../../wire/json-string.ts";
import { CLOSE_BRACE, skipSpace } from "../../wire/json-value.ts";
import { readWord } from "../read-members.ts";
import { isArkToolName } from "./tool-names.ts";

/** A body of 64 MiB could hold millions; OpenAI takes far fewer. */
export const TOOLS_MAX = 10_000;

/** Keys of OpenAI's alone, inside tools of any kind (ark-api 5.4). */
export const foreignToolKeys = [
  "allowed_callers",
  "defer_loading",
  "external_web_access",
  "filters",
  "indexed_web_access",
  "output_schema",
  "return_token_budget",
  "search_content_types",
  "search_context_size",
] as const;
/** Those of a plain function among these: its type, its name and its parameters. */
const PLAIN_MEMBERS = 3;
const toolNames = wantedNames(["type", "name", "parameters", "user_location", ...foreignToolKeys]);

/** Containers open around a tool, and around the values of its members. */
const TOOLS_DEPTH = 2;
const toolWalk = { depth: 3, reader: null };

/** One element of `tools`, where it stands. */
export class ToolSpan {
  readonly start: number;
  readonly end: number;
  /** Null where it is not clear, to all readers, what it is. */
  readonly type: string | null;
  /** A function that Ark takes as it is. */
  readonly isPlain: boolean;
  /** Those that the gateway acts on; null where one of them stands twice, or twisted. */
  readonly #found: readonly JsonMember[] | null;

  constructor(bytes: Buffer, start: number, end: number, found: FoundMembers) {
    this.start = start;
    this.end = end;
    this.isPlain = isPlainFunction(bytes, found);
    this.type = this.isPlain ? "function" : typeOf(bytes, found);
    this.#found = found.isClear ? found.members : null;
  }

  /** By name; null where one of them stands twice, or twisted. */
  get members(): ReadonlyMap<string, JsonMember> | null {
    return this.#found === null ? null : new Map(this.#found.map((member) => [member.name, member]));
  }
}

type FoundMembers = {
  /** Each name once. */
  readonly members: readonly JsonMember[];
  readonly isClear: boolean;
  readonly isTypeClear: boolean;
};

function memberOf({ members }: FoundMembers, name: string): JsonMember | null {
  return members.find((member) => member.name === name) ?? null;
}

function typeOf(bytes: Buffer, found: FoundMembers): string | null {
  return found.isTypeClear ? readWord(bytes, memberOf(found, "type")) : null;
}

function isPlainFunction(bytes: Buffer, { members, isClear }: FoundMembers): boolean {
  if (!isClear || members.length !== PLAIN_MEMBERS) return false;
  for (const member of members) {
    const { name, kind, valueStart, valueEnd } = member;
    switch (name) {
      case "type":
        if (kind !== "string" || !stringIs(bytes, valueStart, valueEnd, "function")) return false;
        break;
      case "name":
        if (!isArkToolName(bytes, member)) return false;
        break;
      case "parameters":
        if (kind !== "object" || bytes[skipSpace(bytes, valueStart + 1, valueEnd)] === CLOSE_BRACE)
          return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

/** The tools of one body, up to {@link TOOLS_MAX}. */
export class ToolSpans {
  readonly found: ToolSpan[] = [];
  /** All are functions that Ark takes as they are. */
  arePlain = true;
  /** There are more than are kept. */
  overflows = false;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Reads the array that begins at `start`; gives the byte after it. @throws JsonSyntaxError */
  read(start: number, limit: number): number {
    const elements = new ElementCursor(this.#bytes, start, limit, TOOLS_DEPTH);
    while (elements.next()) {
      if (!elements.isObject) continue;
      if (this.found.length === TOOLS_MAX) this.overflows = true;
      else elements.endsAt(this.#tool(elements.start, limit));
    }
    return elements.position;
  }

  #tool(start: number, limit: number): number {
    const bytes = this.#bytes;
    const members: JsonMember[] = [];
    let isClear = true;
    let isTypeClear = true;
    const cursor = new MemberCursor(bytes, start, limit, toolNames, toolWalk);
    for (let member = cursor.next(); member !== null; member = cursor.next()) {
      const { name, spelling } = member;
      if (spelling === "folded" || members.some((other) => other.name === name)) {
        isClear = false;
        if (name === "type") isTypeClear = false;
      } else members.push(member);
    }
    const span = new ToolSpan(bytes, start, cursor.position, { members, isClear, isTypeClear });
    if (!span.isPlain) this.arePlain = false;
    this.found.push(span);
    return cursor.position;
  }
}
