/** Finds the tools of a body, as they are first walked over: what each is, and what may be changed in it. */
import { wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { readWord } from "../read-members.ts";

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
const toolNames = wantedNames(["type", "name", "parameters", "user_location", ...foreignToolKeys]);

/** Containers open around a tool, and around the values of its members. */
const TOOLS_DEPTH = 2;
const toolWalk = { depth: 3 };

/** One element of `tools`, where it stands. */
export type ToolSpan = {
  readonly start: number;
  readonly end: number;
  /** Null where it is not clear, to all readers, what it is. */
  readonly type: string | null;
  /** Those that the gateway acts on, by name; null where one of them stands twice, or twisted. */
  readonly members: ReadonlyMap<string, JsonMember> | null;
};

/** The tools of one body, up to {@link TOOLS_MAX}. */
export class ToolSpans {
  readonly found: ToolSpan[] = [];
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
    const members = new Map<string, JsonMember>();
    let isClear = true;
    let isTypeClear = true;
    const cursor = new MemberCursor(bytes, start, limit, toolNames, toolWalk);
    for (let member = cursor.next(); member !== null; member = cursor.next()) {
      if (member.spelling === "folded" || members.has(member.name)) {
        isClear = false;
        if (member.name === "type") isTypeClear = false;
      } else members.set(member.name, member);
    }
    const type = isTypeClear ? readWord(bytes, members.get("type") ?? null) : null;
    this.found.push({ start, end: cursor.position, type, members: isClear ? members : null });
    return cursor.position;
  }
}
