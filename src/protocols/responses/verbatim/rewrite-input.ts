/** Rewrites the items of `input` that Ark would refuse: calls by other names, OpenAI's own keys. */
import { wantedNames } from "../../../wire/json-key.ts";
import type { JsonMember } from "../../../wire/json-scan.ts";
import { decodeString, stringIs } from "../../../wire/json-string.ts";
import { customArguments } from "../custom-tools.ts";
import { foreignPartKeys } from "../input-items.ts";
import type { ResponsesBody } from "../read-body.ts";
import type { ToolKind, ToolNames } from "../tool-names.ts";
import { eachObject, membersOf, type Rewriting, takeOut } from "./rewriting.ts";

const NAME_BYTES_MAX = 1_024;

/** Of OpenAI's alone (ark-api 5.3), by where they stand. */
const messageKeys: ReadonlySet<string> = new Set(["phase", "end_turn", "created_by"]);
const callKeys: ReadonlySet<string> = new Set(["caller", "created_by"]);
const outputKeys: ReadonlySet<string> = new Set(["name", "namespace", "caller", "created_by"]);
const partKeys: ReadonlySet<string> = new Set(foreignPartKeys);
const fileKeys: ReadonlySet<string> = new Set([...foreignPartKeys, "detail"]);
/** What goes with a tool's plain name. */
const namespaceKeys: ReadonlySet<string> = new Set(["namespace"]);
const none: ReadonlySet<string> = new Set();

const itemNames = wantedNames([
  "type",
  "role",
  "name",
  "namespace",
  "input",
  "output",
  "content",
  "phase",
  "end_turn",
  "caller",
  "created_by",
]);
const partNames = wantedNames(["type", "detail", ...foreignPartKeys]);

type Members = ReadonlyMap<string, JsonMember>;

class InputRewriter {
  readonly #bytes: Buffer;
  readonly #rewriting: Rewriting;
  readonly #names: ToolNames;

  constructor(bytes: Buffer, rewriting: Rewriting, names: ToolNames) {
    this.#bytes = bytes;
    this.#rewriting = rewriting;
    this.#names = names;
  }

  /** The item that begins there. */
  rewrite(start: number): void {
    const { members } = membersOf(this.#bytes, start, this.#bytes.length, itemNames);
    // An item that is not clear to all readers is Ark's to refuse.
    if (members !== null) this.#item(members);
  }

  #item(members: Members): void {
    const type = members.get("type");
    if (type === undefined || this.#is(type, "message")) {
      this.#takeOut(members, messageKeys);
      this.#parts(members.get("content"));
    } else if (this.#is(type, "function_call")) {
      this.#call(members, "function");
    } else if (this.#is(type, "custom_tool_call")) {
      this.#call(members, "custom");
    } else if (this.#is(type, "function_call_output")) {
      this.#output(members);
    } else if (this.#is(type, "custom_tool_call_output")) {
      this.#put("namespace_tools", type, "function_call_output");
      this.#output(members);
    }
  }

  #call(members: Members, kind: ToolKind): void {
    const name = this.#textOf(members.get("name"));
    if (name === null || !this.#rewriting.isOn("namespace_tools")) {
      this.#takeOut(members, callKeys);
      return;
    }
    const arkName = this.#names.arkName(name, this.#textOf(members.get("namespace")), kind);
    if (arkName !== name) this.#put("namespace_tools", members.get("name"), arkName);
    if (kind === "custom") {
      this.#put("namespace_tools", members.get("type"), "function_call");
      this.#putArguments(members.get("input"));
    }
    this.#takeOut(members, callKeys, namespaceKeys);
  }

  /** In the place of the free text, with its key. */
  #putArguments(input: JsonMember | undefined): void {
    if (input === undefined) return;
    const { kind, keyStart, valueStart, valueEnd } = input;
    const text = kind === "string" ? JSON.parse(this.#bytes.toString("utf8", valueStart, valueEnd)) : "";
    const bytes = Buffer.from(`"arguments":${JSON.stringify(customArguments(text))}`);
    this.#rewriting.add("namespace_tools", { start: keyStart, end: valueEnd, bytes });
  }

  #output(members: Members): void {
    this.#takeOut(members, outputKeys);
    this.#parts(members.get("output"));
  }

  #parts(content: JsonMember | undefined): void {
    if (!this.#rewriting.isOn("responses_unknown_keys")) return;
    eachObject(this.#bytes, content, (start, limit) => {
      const { members, end } = membersOf(this.#bytes, start, limit, partNames);
      const type = members?.get("type");
      if (members !== null && type !== undefined) {
        const isFile = this.#is(type, "input_file");
        this.#takeOut(members, isFile ? fileKeys : partKeys);
      }
      return end;
    });
  }

  /** @param others what goes with them for the sake of `namespace_tools` */
  #takeOut(members: Members, keys: ReadonlySet<string>, others: ReadonlySet<string> = none): void {
    const unknown = this.#rewriting.isOn("responses_unknown_keys") ? keys : none;
    const found: JsonMember[] = [];
    for (const [name, member] of members) {
      const isOther = others.has(name);
      if (!isOther && !unknown.has(name)) continue;
      this.#rewriting.tell(isOther ? "namespace_tools" : "responses_unknown_keys");
      found.push(member);
    }
    takeOut(this.#rewriting, null, this.#bytes, found);
  }

  #put(change: "namespace_tools", member: JsonMember | undefined, word: string): void {
    if (member === undefined || !this.#rewriting.isOn(change)) return;
    const { valueStart: start, valueEnd: end } = member;
    this.#rewriting.add(change, { start, end, bytes: Buffer.from(JSON.stringify(word)) });
  }

  #is({ kind, valueStart, valueEnd }: JsonMember, word: string): boolean {
    return kind === "string" && stringIs(this.#bytes, valueStart, valueEnd, word);
  }

  #textOf(member: JsonMember | undefined): string | null {
    if (member?.kind !== "string") return null;
    return decodeString(this.#bytes, member.valueStart, member.valueEnd, NAME_BYTES_MAX) || null;
  }
}

/** @throws GatewayError invalid_request, where it were too much */
export function rewriteInput({ bytes, items }: ResponsesBody, rewriting: Rewriting, names: ToolNames): void {
  const { toRewrite, plainCalls } = items;
  // What else is rewritten may itself speak of namespaces.
  const rewritesCalls = plainCalls.length > 0 && (toRewrite.length > 0 || names.holdsNamespaces);
  const starts = rewritesCalls ? [...toRewrite, ...plainCalls].sort((one, other) => one - other) : toRewrite;
  if (starts.length === 0) return;
  if (!rewriting.isOn("namespace_tools") && !rewriting.isOn("responses_unknown_keys")) return;
  const rewriter = new InputRewriter(bytes, rewriting, names);
  for (const start of starts) rewriter.rewrite(start);
}
