/** Finds in `input`, as it is first walked over, what only the gateway can read and what Ark would refuse. */
import { matchKey, NO_MATCH, nameOfMatch, spellingOfMatch, wantedNames } from "../../wire/json-key.ts";
import { type ContainerReader, ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { stringIs } from "../../wire/json-string.ts";
import { OPEN_BRACKET } from "../../wire/json-value.ts";
import { isArkToolName } from "./tool-names.ts";

/** Types of items that only OpenAI's service makes or reads: in words of chat they can still be told. */
const foreignTypes = [
  "additional_tools",
  "apply_patch_call",
  "apply_patch_call_output",
  "code_interpreter_call",
  "compaction",
  "compaction_summary",
  "compaction_trigger",
  "computer_call",
  "computer_call_output",
  "file_search_call",
  "image_generation_call",
  "local_shell_call",
  "local_shell_call_output",
  "program",
  "program_output",
  "shell_call",
  "shell_call_output",
  "tool_search_call",
  "tool_search_output",
] as const;
/** Those that Ark knows by another type. */
const rewrittenTypes = ["custom_tool_call", "custom_tool_call_output"] as const;
const CALL = "function_call";
const REFERENCE = "item_reference";

const types = wantedNames([...foreignTypes, ...rewrittenTypes, CALL, REFERENCE]);
type ItemKind = "foreign" | "rewritten" | "call" | "reference" | "other";
const kinds: ReadonlyMap<string, ItemKind> = new Map<string, ItemKind>([
  ...foreignTypes.map((type) => [type, "foreign"] as const),
  ...rewrittenTypes.map((type) => [type, "rewritten"] as const),
  [CALL, "call"],
  [REFERENCE, "reference"],
]);

/** Of OpenAI's alone, in an item of one type or another (ark-api 5.3). */
const foreignItemKeys = ["phase", "end_turn", "caller", "created_by", "namespace"] as const;
const itemNames = wantedNames([
  "type",
  "id",
  "name",
  "encrypted_content",
  "content",
  "output",
  ...foreignItemKeys,
]);
/** Of OpenAI's alone, in a part of any type. */
export const foreignPartKeys = ["logprobs", "prompt_cache_breakpoint"] as const;
const partNames = wantedNames(["type", "detail", ...foreignPartKeys]);

/** What every seal begins with (core/memories.ts), in its opening quote. */
const SEAL_BEGIN = Buffer.from('"vp1.');
/** Part of every id that the gateway gives to an item. */
const OUR_ID_MARK = "_vp";
const ID_BYTES_MAX = 512;

/** Containers open around the values of: the array `input`, an item, a part. */
const INPUT_DEPTH = 2;
const ITEM_DEPTH = 3;
const PARTS_DEPTH = 4;
const PART_DEPTH = 5;

/** Reads the parts of one item after another. */
class PartsReader implements ContainerReader {
  /** A part since this was last set to false has a key that Ark would refuse. */
  holdsForeign = false;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  readContainer(name: string, start: number, limit: number): number | null {
    const isList = this.#bytes[start] === OPEN_BRACKET && (name === "content" || name === "output");
    if (!isList) return null;
    const parts = new ElementCursor(this.#bytes, start, limit, PARTS_DEPTH);
    while (parts.next()) if (parts.isObject) parts.endsAt(this.#part(parts.start, limit));
    return parts.position;
  }

  #part(start: number, limit: number): number {
    const part = new MemberCursor(this.#bytes, start, limit, partNames, partWalk);
    let isFile = false;
    let hasDetail = false;
    for (let member = part.next(); member !== null; member = part.next()) {
      if (member.name === "type") isFile ||= isString(this.#bytes, member, "input_file");
      else if (member.name === "detail") hasDetail = true;
      else this.holdsForeign = true;
    }
    if (isFile && hasDetail) this.holdsForeign = true;
    return part.position;
  }
}

const partWalk = { depth: PART_DEPTH, reader: null };

function isString(bytes: Buffer, { kind, valueStart, valueEnd }: JsonMember, text: string): boolean {
  return kind === "string" && stringIs(bytes, valueStart, valueEnd, text);
}

/** What an `input` holds that the gateway acts on. */
export class InputItems implements ContainerReader {
  /** An item refers to one that is kept elsewhere: how long it is, nobody here knows. */
  holdsReference = false;
  /** An item is of a type that Ark does not know. */
  holdsForeign = false;
  /**
   * An item has an `encrypted_content` of our making, or is a reference to an item that the gateway made.
   * Ark can read neither: such a body is translated, whatever the target speaks.
   */
  holdsOurOwn = false;
  /**
   * Where the items begin in which something may have to be changed for Ark, in their order: mere offsets,
   * for there may be millions.
   */
  readonly toRewrite: number[] = [];
  /** Calls of functions by names that Ark takes: to be changed only where a namespace claims such a name. */
  readonly plainCalls: number[] = [];
  readonly #bytes: Buffer;
  readonly #parts: PartsReader;
  readonly #itemWalk: { readonly depth: number; readonly reader: ContainerReader };

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#parts = new PartsReader(bytes);
    this.#itemWalk = { depth: ITEM_DEPTH, reader: this.#parts };
  }

  /** Of a body, its `input` alone, where that is an array. */
  readContainer(name: string, start: number, limit: number): number | null {
    if (name !== "input" || this.#bytes[start] !== OPEN_BRACKET) return null;
    const items = new ElementCursor(this.#bytes, start, limit, INPUT_DEPTH);
    while (items.next()) if (items.isObject) items.endsAt(this.#item(items.start, limit));
    return items.position;
  }

  #item(start: number, limit: number): number {
    const bytes = this.#bytes;
    const item = new MemberCursor(bytes, start, limit, itemNames, this.#itemWalk);
    let kind: ItemKind = "other";
    let isReference = false;
    let isRewritten = false;
    let id: JsonMember | null = null;
    let name: JsonMember | null = null;
    for (let member = item.next(); member !== null; member = item.next()) {
      switch (member.name) {
        case "type":
          kind = kindOf(bytes, member);
          if (kind === "reference") isReference = true;
          else if (kind === "foreign") this.holdsForeign = true;
          else if (kind === "rewritten") isRewritten = true;
          break;
        case "id":
          id = member;
          break;
        case "name":
          if (name !== null) isRewritten = true;
          name = member;
          break;
        case "encrypted_content":
          if (beginsWithSeal(bytes, member)) this.holdsOurOwn = true;
          break;
        case "content":
        case "output":
          break;
        default:
          isRewritten = true;
      }
    }
    if (isReference) {
      this.holdsReference = true;
      if (id !== null && isOurId(bytes, id)) this.holdsOurOwn = true;
    }
    const isCall = kind === "call";
    const isPlain = isCall ? name !== null && isArkToolName(bytes, name) : name === null;
    if (isRewritten || !isPlain || this.#parts.holdsForeign) this.toRewrite.push(start);
    else if (isCall) this.plainCalls.push(start);
    this.#parts.holdsForeign = false;
    return item.position;
  }
}

/** By the types that matter here. */
function kindOf(bytes: Buffer, { kind, valueStart, valueEnd }: JsonMember): ItemKind {
  const match = kind === "string" ? matchKey(types, bytes, valueStart + 1, valueEnd - 1) : NO_MATCH;
  if (match === NO_MATCH || spellingOfMatch(match) === "folded") return "other";
  return kinds.get(nameOfMatch(types, match)) ?? "other";
}

function beginsWithSeal(bytes: Buffer, { valueStart, valueEnd }: JsonMember): boolean {
  const end = valueStart + SEAL_BEGIN.length;
  return end < valueEnd && bytes.compare(SEAL_BEGIN, 0, SEAL_BEGIN.length, valueStart, end) === 0;
}

function isOurId(bytes: Buffer, { kind, valueStart, valueEnd }: JsonMember): boolean {
  if (kind !== "string" || valueEnd - valueStart > ID_BYTES_MAX) return false;
  return bytes.toString("latin1", valueStart, valueEnd).includes(OUR_ID_MARK);
}
