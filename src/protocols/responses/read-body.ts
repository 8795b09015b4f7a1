/** Reads a Responses body without parsing it: what it asks for, and whether Ark can be given it as it is. */

import { isPlainTier } from "../../core/usage.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { decodeString, stringIs } from "../../wire/json-string.ts";
import type { StringWatch } from "../../wire/json-value.ts";
import { scanBody, scanNested, soleMember } from "../body-members.ts";
import type { Intent } from "../door.ts";
import { invalidMember, missingModel, readBound, readFlag, readModel } from "../read-members.ts";
import { isForeignTool } from "./flat-tools.ts";

/** Top members that OpenAI knows and Ark refuses (ark-api 5.1, 5.6). */
export const unknownNames = [
  "client_metadata",
  "metadata",
  "moderation",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "stream_options",
  "top_logprobs",
  "truncation",
  "user",
  "verbosity",
  // Refused unless they say nothing.
  "background",
  "conversation",
  "prompt",
] as const;

/** The members that the gateway acts on. */
const actedOn = wantedNames([
  "model",
  "stream",
  "max_output_tokens",
  "service_tier",
  "previous_response_id",
  "input",
  "tools",
  "tool_choice",
  "store",
  "caching",
  "session",
  "include",
  "text",
  "reasoning",
  "context_management",
  ...unknownNames,
]);
const typeName = wantedNames(["type"]);

const WORD_BYTES_MAX = 64;
const ID_BYTES_MAX = 512;
/** A body of 64 MiB could hold millions; OpenAI takes far fewer. */
export const TOOLS_MAX = 10_000;

/** Types of items that only OpenAI's service makes or reads: in words of chat they can still be told. */
const foreignItemTypes: ReadonlySet<string> = new Set([
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
]);
const BYTE_VALUES = 256;
const TYPE_CHARACTERS_MAX = Math.max(...[...foreignItemTypes].map((type) => type.length));
/** 1 for each length and first byte that a watched type has: few other strings are looked at twice. */
const mayBeType = new Uint8Array((TYPE_CHARACTERS_MAX + 1) * BYTE_VALUES);
for (const type of foreignItemTypes) mayBeType[type.length * BYTE_VALUES + type.charCodeAt(0)] = 1;

/** Notes which words a walk has passed that may be types of items. */
class ItemWatch implements StringWatch {
  /** An item that only refers to one that Ark has. */
  reference = false;
  foreign = false;

  look(bytes: Buffer, start: number, end: number): void {
    if (!this.reference && stringIs(bytes, start, end, "item_reference")) this.reference = true;
    const characters = end - start - 2;
    if (characters > TYPE_CHARACTERS_MAX) return;
    if (this.foreign || mayBeType[characters * BYTE_VALUES + (bytes[start + 1] as number)] === 0) return;
    this.foreign = foreignItemTypes.has(bytes.toString("latin1", start + 1, end - 1));
  }
}

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

/** One element of `tools`, where it stands. */
export type ToolSpan = {
  readonly start: number;
  readonly end: number;
  /** Null where it is not clear, to all readers, what it is. */
  readonly type: string | null;
  /** Those that the gateway acts on, by name; null where one of them stands twice, or twisted. */
  readonly members: ReadonlyMap<string, JsonMember> | null;
};

/** A body that has been read; shared by all doors of this protocol. */
export type ResponsesBody = {
  readonly bytes: Buffer;
  readonly intent: Intent;
  /** Of those that are acted on, each there once. */
  readonly members: ReadonlyMap<string, JsonMember>;
  readonly tools: readonly ToolSpan[];
  readonly previousResponseId: string | null;
  /** It does not ask for the response not to be stored. */
  readonly mayStore: boolean;
  /** Some item of `input` is of a type that Ark does not know. */
  readonly holdsForeignItems: boolean;
};

/**
 * Reads a Responses body (ark-api 5.1). What it does not act on is not looked at, beyond being valid JSON.
 * @throws GatewayError invalid_json, ambiguous_body, missing_model, invalid_request
 */
export function readBody(bytes: Buffer): ResponsesBody {
  const watch = new ItemWatch();
  const members = soleMembers(scanBody(bytes, actedOn, watch));
  const at = (name: string): JsonMember | null => members.get(name) ?? null;
  const model = at("model");
  if (model === null) throw missingModel();
  const modelName = readModel(bytes, model);
  refuseUnserved(at);
  const tools = toolSpans(bytes, at("tools"));
  const hasBuiltIns = tools.some(({ type }) => isBuiltIn(type));
  const previous = at("previous_response_id");
  return {
    bytes,
    members,
    tools,
    previousResponseId: readId(bytes, previous),
    mayStore: at("store")?.kind !== "false",
    holdsForeignItems: watch.foreign && holdsForeignItems(bytes, at("input")),
    intent: {
      model: modelName,
      stream: readFlag(at("stream")),
      // Every stream of this protocol ends with its usage.
      wantsUsage: true,
      outputTokensMax: readBound(bytes, at("max_output_tokens")),
      boundsThoughts: true,
      answers: 1,
      isSpecialTier:
        hasBuiltIns || !isPlainTier(readWord(bytes, at("service_tier"))) || keepsCache(bytes, at("caching")),
      isOpenEnded: hasBuiltIns || watch.reference || isGiven(previous) || isGiven(at("session")),
    },
  };
}

function isGiven(member: JsonMember | null): boolean {
  return member !== null && member.kind !== "null";
}

/**
 * By their names. Any of them that stands twice is refused: the scan tells of no more repeats than it needs
 * to show one, so that those of one name could hide those of another.
 * @throws GatewayError ambiguous_body
 */
function soleMembers(found: readonly JsonMember[]): ReadonlyMap<string, JsonMember> {
  const members = new Map<string, JsonMember>();
  for (const { name } of found) {
    const sole = soleMember(found, name);
    if (sole !== null) members.set(name, sole);
  }
  return members;
}

/** What only OpenAI's own service keeps or does, and what would be another answer without it. */
function refuseUnserved(at: (name: string) => JsonMember | null): void {
  if (readFlag(at("background"))) {
    throw invalidMember(
      "background",
      "`background` is true, and Ark has no background mode. Leave it out; stream long answers.",
    );
  }
  if (isGiven(at("conversation"))) {
    throw invalidMember(
      "conversation",
      "`conversation` names what only OpenAI stores. Use `previous_response_id`, or send it in `input`.",
    );
  }
  if (isGiven(at("prompt"))) {
    throw invalidMember(
      "prompt",
      "`prompt` names a template that only OpenAI stores. Send its text as `instructions` or `input`.",
    );
  }
}

/** What is no word is Ark's to refuse. */
function readWord(bytes: Buffer, member: JsonMember | null): string | null {
  if (member === null || member.kind !== "string") return null;
  return decodeString(bytes, member.valueStart, member.valueEnd, WORD_BYTES_MAX) ?? "";
}

function readId(bytes: Buffer, member: JsonMember | null): string | null {
  if (member === null || member.kind !== "string") return null;
  return decodeString(bytes, member.valueStart, member.valueEnd, ID_BYTES_MAX);
}

/** An explicit cache is billed by the hour, beside its tokens (ark-api 4.9). */
function keepsCache(bytes: Buffer, caching: JsonMember | null): boolean {
  if (caching?.kind !== "object") return false;
  return scanNested(bytes, caching, typeName).some(
    ({ kind, valueStart, valueEnd }) => kind === "string" && stringIs(bytes, valueStart, valueEnd, "enabled"),
  );
}

/** One that the upstream runs: what it finds is input too, and it is billed apart. */
function isBuiltIn(type: string | null): boolean {
  if (type === null) return true;
  return type !== "function" && type !== "custom" && type !== "namespace" && !isForeignTool(type);
}

/** @throws GatewayError invalid_request beyond {@link TOOLS_MAX} */
function toolSpans(bytes: Buffer, tools: JsonMember | null): readonly ToolSpan[] {
  const spans: ToolSpan[] = [];
  if (tools?.kind !== "array") return spans;
  const elements = new ElementCursor(bytes, tools.valueStart, tools.valueEnd);
  while (elements.next()) {
    if (!elements.isObject) continue;
    if (spans.length === TOOLS_MAX) throw invalidMember("tools", `More than ${TOOLS_MAX} tools. Send fewer.`);
    const span = toolSpan(bytes, elements.start, tools.valueEnd);
    elements.endsAt(span.end);
    spans.push(span);
  }
  return spans;
}

function toolSpan(bytes: Buffer, start: number, limit: number): ToolSpan {
  const members = new Map<string, JsonMember>();
  let isClear = true;
  let isTypeClear = true;
  const cursor = new MemberCursor(bytes, start, limit, toolNames);
  for (let member = cursor.next(); member !== null; member = cursor.next()) {
    if (member.spelling === "folded" || members.has(member.name)) {
      isClear = false;
      if (member.name === "type") isTypeClear = false;
    } else members.set(member.name, member);
  }
  const type = isTypeClear ? readWord(bytes, members.get("type") ?? null) : null;
  return { start, end: cursor.position, type, members: isClear ? members : null };
}

function holdsForeignItems(bytes: Buffer, input: JsonMember | null): boolean {
  if (input?.kind !== "array") return false;
  const items = new ElementCursor(bytes, input.valueStart, input.valueEnd);
  while (items.next()) {
    if (!items.isObject) continue;
    const members = new MemberCursor(bytes, items.start, input.valueEnd, typeName);
    for (let type = members.next(); type !== null; type = members.next()) {
      if (foreignItemTypes.has(readWord(bytes, type) ?? "")) return true;
    }
    items.endsAt(members.position);
  }
  return false;
}
