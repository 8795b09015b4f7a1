/** Rewrites the tools of a body into those that Ark knows, and the choice among them. */
import { parseExact } from "../../../wire/exact-json.ts";
import { wantedNames } from "../../../wire/json-key.ts";
import type { JsonMember } from "../../../wire/json-scan.ts";
import { insertFirstMember } from "../../../wire/json-splice.ts";
import { decodeString } from "../../../wire/json-string.ts";
import { CLOSE_BRACE, skipSpace } from "../../../wire/json-value.ts";
import { invalidMember } from "../../read-members.ts";
import { arkToolType, flattenTool, isForeignTool, NO_PARAMETERS } from "../flat-tools.ts";
import type { ResponsesBody } from "../read-body.ts";
import { readToolChoice, type ToolChoice } from "../tool-choice.ts";
import type { ToolNames } from "../tool-names.ts";
import { foreignToolKeys, type ToolSpan } from "../tool-spans.ts";
import { membersOf, presentOf, type Rewriting, takeOut, takeOutElements } from "./rewriting.ts";

const NAME_BYTES_MAX = 1_024;
const EMPTY_PARAMETERS = JSON.stringify(NO_PARAMETERS);

const choiceNames = wantedNames(["type", "name", "namespace"]);
const toolMembers: ReadonlySet<string> = new Set(["tools", "tool_choice"]);
const foreignKeys: ReadonlySet<string> = new Set(foreignToolKeys);
const locationNames = wantedNames(["timezone"]);
const locationKeys: ReadonlySet<string> = new Set(locationNames.names);

/** Whether any tool is left; where none is, `tools` must go as a whole, and `tool_choice` with it. */
type Outcome = "kept" | "all_taken_out";

class ToolsRewriter {
  readonly #bytes: Buffer;
  readonly #rewriting: Rewriting;
  readonly #names: ToolNames;
  readonly #allowed: ReadonlySet<string> | null;
  readonly #foreign: ToolSpan[] = [];
  readonly #emptied: ToolSpan[] = [];

  constructor(bytes: Buffer, rewriting: Rewriting, names: ToolNames, allowed: ReadonlySet<string> | null) {
    this.#bytes = bytes;
    this.#rewriting = rewriting;
    this.#names = names;
    this.#allowed = allowed;
  }

  rewrite(tools: readonly ToolSpan[]): Outcome {
    for (const [index, tool] of tools.entries()) this.#tool(tool, index);
    const takenOut = [...this.#foreign, ...this.#emptied].sort((one, other) => one.start - other.start);
    if (this.#emptied.length > 0) this.#rewriting.tell("namespace_tools");
    if (this.#foreign.length > 0) this.#rewriting.tell("responses_unknown_keys");
    if (takenOut.length === 0) return "kept";
    if (takenOut.length === tools.length) return "all_taken_out";
    takeOutElements(this.#rewriting, null, this.#bytes, takenOut);
    return "kept";
  }

  #tool(tool: ToolSpan, index: number): void {
    const { type } = tool;
    if (type === null) return;
    if (type === "custom" || type === "namespace") {
      if (this.#rewriting.isOn("namespace_tools")) this.#flatten(tool, `tools[${index}]`);
    } else if (isForeignTool(type)) {
      if (this.#rewriting.isOn("responses_unknown_keys")) this.#foreign.push(tool);
    } else {
      this.#mend(tool, type);
    }
  }

  #flatten(tool: ToolSpan, path: string): void {
    const { start, end } = tool;
    const value = parseExact(this.#bytes.toString("utf8", start, end));
    const functions: string[] = [];
    for (const flat of flattenTool(value, path, this.#names)) {
      if (flat.kind !== "function" || !this.#isAllowed(flat.tool.name)) continue;
      functions.push(JSON.stringify(flat.tool));
    }
    if (functions.length === 0) {
      this.#emptied.push(tool);
      return;
    }
    this.#rewriting.add("namespace_tools", { start, end, bytes: Buffer.from(functions.join(",")) });
  }

  /** A function, or a tool that Ark runs, where it stands. One that is not clear to all is left to Ark. */
  #mend(tool: ToolSpan, type: string): void {
    const bytes = this.#bytes;
    const { members } = tool;
    if (members === null) return;
    const name = type === "function" ? nameOf(bytes, members.get("name")) : null;
    const arkName = name === null ? (arkToolType(type) ?? type) : this.#names.arkName(name, null);
    if (!this.#isAllowed(arkName)) {
      this.#foreign.push(tool);
      return;
    }
    if (type === "function") {
      this.#mendParameters(tool, members.get("parameters"));
      if (name !== null && arkName !== name) this.#replace("namespace_tools", members.get("name"), arkName);
    } else if (arkName !== type) {
      this.#replace("responses_unknown_keys", members.get("type"), arkName);
    }
    this.#takeOutKeys(members, foreignKeys);
    const location = members.get("user_location");
    if (location?.kind !== "object") return;
    const inside = membersOf(bytes, location.valueStart, location.valueEnd, locationNames).members;
    if (inside !== null) this.#takeOutKeys(inside, locationKeys);
  }

  #isAllowed(name: string): boolean {
    return this.#allowed === null || this.#allowed.has(name);
  }

  #takeOutKeys(members: ReadonlyMap<string, JsonMember>, names: ReadonlySet<string>): void {
    if (!this.#rewriting.isOn("responses_unknown_keys")) return;
    takeOut(this.#rewriting, "responses_unknown_keys", this.#bytes, presentOf(members, names));
  }

  #replace(
    change: "namespace_tools" | "responses_unknown_keys",
    member: JsonMember | undefined,
    word: string,
  ) {
    if (member === undefined || !this.#rewriting.isOn(change)) return;
    const { valueStart: start, valueEnd: end } = member;
    this.#rewriting.add(change, { start, end, bytes: Buffer.from(JSON.stringify(word)) });
  }

  #mendParameters({ start }: ToolSpan, parameters: JsonMember | undefined): void {
    if (!this.#rewriting.isOn("empty_tool_parameters")) return;
    const bytes = this.#bytes;
    if (parameters === undefined) {
      const member = `"parameters":${EMPTY_PARAMETERS}`;
      this.#rewriting.add("empty_tool_parameters", insertFirstMember(bytes, start, member));
      return;
    }
    const { kind, valueStart, valueEnd } = parameters;
    const isEmpty = kind === "object" && bytes[skipSpace(bytes, valueStart + 1, valueEnd)] === CLOSE_BRACE;
    if (kind !== "null" && !isEmpty) return;
    const splice = { start: valueStart, end: valueEnd, bytes: Buffer.from(EMPTY_PARAMETERS) };
    this.#rewriting.add("empty_tool_parameters", splice);
  }
}

function nameOf(bytes: Buffer, member: JsonMember | undefined): string | null {
  if (member?.kind !== "string") return null;
  return decodeString(bytes, member.valueStart, member.valueEnd, NAME_BYTES_MAX) || null;
}

/** The names of the tools that stand in no namespace, which come before all others. */
function declareTopTools({ bytes, tools }: ResponsesBody, names: ToolNames): void {
  for (const kind of ["function", "custom"] as const) {
    for (const { type, members } of tools) {
      if (type !== kind) continue;
      const name = nameOf(bytes, members?.get("name"));
      if (name !== null) names.declare({ kind, name, namespace: null });
    }
  }
}

/** Those in namespaces: a choice may name one of them. */
function declareNestedTools({ bytes, tools }: ResponsesBody, names: ToolNames): void {
  for (const [index, { start, end, type }] of tools.entries()) {
    if (type !== "namespace") continue;
    flattenTool(parseExact(bytes.toString("utf8", start, end)), `tools[${index}]`, names);
  }
}

function readChoice({ bytes, members }: ResponsesBody, names: ToolNames): ToolChoice | null {
  const choice = members.get("tool_choice");
  if (choice === undefined) return null;
  return readToolChoice(parseExact(bytes.toString("utf8", choice.valueStart, choice.valueEnd)), names);
}

/** The choice in Ark's words; null where the client's own do. */
function choiceInArksWords(
  { bytes, members }: ResponsesBody,
  { choice, allowed }: ToolChoice,
): string | null {
  const member = members.get("tool_choice");
  if (member?.kind !== "object") return null;
  if (typeof choice === "string") return allowed === null ? null : JSON.stringify(choice);
  const { valueStart, valueEnd } = member;
  const given = membersOf(bytes, valueStart, valueEnd, choiceNames).members;
  const isFunction = choice.type === "function";
  const type = isFunction ? "function" : choice.builtIn;
  const isSame =
    given !== null &&
    !given.has("namespace") &&
    nameOf(bytes, given.get("type")) === type &&
    (!isFunction || nameOf(bytes, given.get("name")) === choice.name);
  if (isSame) return null;
  return JSON.stringify(isFunction ? choice : { type });
}

function refuseRequired(choice: ToolChoice | null): void {
  if (choice === null || choice.choice === "auto" || choice.choice === "none") return;
  throw invalidMember(
    "tool_choice",
    "`tool_choice` forces a tool to be called, and of `tools` there is none that Ark can run. Send " +
      "functions that your program runs, or set it to auto.",
  );
}

/**
 * Splices the tools; gives the top members that must go with them, where none is left.
 * @throws GatewayError invalid_request
 */
export function rewriteTools(
  body: ResponsesBody,
  rewriting: Rewriting,
  names: ToolNames,
): readonly JsonMember[] {
  const { bytes, tools, members } = body;
  declareTopTools(body, names);
  const mends = rewriting.isOn("namespace_tools") || rewriting.isOn("responses_unknown_keys");
  const isObject = members.get("tool_choice")?.kind === "object";
  if (mends && isObject && rewriting.isOn("namespace_tools")) declareNestedTools(body, names);
  const choice = mends ? readChoice(body, names) : null;
  const allowed = rewriting.isOn("responses_unknown_keys") ? (choice?.allowed ?? null) : null;
  const outcome = new ToolsRewriter(bytes, rewriting, names, allowed).rewrite(tools);
  const chosen = members.get("tool_choice");
  if (outcome === "all_taken_out") {
    refuseRequired(choice);
    return presentOf(members, toolMembers);
  }
  const words = choice === null ? null : choiceInArksWords(body, choice);
  if (words !== null && chosen !== undefined) {
    const isFunction = typeof choice?.choice === "object" && choice.choice.type === "function";
    const change = isFunction ? "namespace_tools" : "responses_unknown_keys";
    if (rewriting.isOn(change)) {
      rewriting.add(change, { start: chosen.valueStart, end: chosen.valueEnd, bytes: Buffer.from(words) });
    }
  }
  return [];
}
