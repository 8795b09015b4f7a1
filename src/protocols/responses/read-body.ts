/** Reads a Responses body without parsing it: what it asks for, and whether Ark can be given it as it is. */

import { isPlainTier } from "../../core/usage.ts";
import { wantedNames } from "../../wire/json-key.ts";
import type { ContainerReader, JsonMember } from "../../wire/json-scan.ts";
import { decodeString, stringIs } from "../../wire/json-string.ts";
import { OPEN_BRACKET } from "../../wire/json-value.ts";
import { scanBody, scanNested, soleMember } from "../body-members.ts";
import type { Intent } from "../door.ts";
import { invalidMember, missingModel, readBound, readFlag, readModel, readWord } from "../read-members.ts";
import { isForeignTool } from "./flat-tools.ts";
import { InputItems } from "./input-items.ts";
import { TOOLS_MAX, type ToolSpan, ToolSpans } from "./tool-spans.ts";

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

const ID_BYTES_MAX = 512;

/** A body that has been read; shared by all doors of this protocol. */
export type ResponsesBody = {
  readonly bytes: Buffer;
  readonly intent: Intent;
  /** Of those that are acted on, each there once. */
  readonly members: ReadonlyMap<string, JsonMember>;
  readonly tools: readonly ToolSpan[];
  /** All of them are functions that Ark takes as they are. */
  readonly toolsArePlain: boolean;
  readonly previousResponseId: string | null;
  /** It does not ask for the response not to be stored. */
  readonly mayStore: boolean;
  readonly items: InputItems;
};

/** Reads `input` and `tools` while the body is first walked over. */
class BodyReader implements ContainerReader {
  readonly items: InputItems;
  readonly tools: ToolSpans;

  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.items = new InputItems(bytes);
    this.tools = new ToolSpans(bytes);
  }

  readContainer(name: string, start: number, limit: number): number | null {
    const isTools = name === "tools" && this.#bytes[start] === OPEN_BRACKET;
    return isTools ? this.tools.read(start, limit) : this.items.readContainer(name, start, limit);
  }
}

/**
 * Reads a Responses body (ark-api 5.1). What it does not act on is not looked at, beyond being valid JSON.
 * @throws GatewayError invalid_json, ambiguous_body, missing_model, invalid_request
 */
export function readBody(bytes: Buffer): ResponsesBody {
  const reader = new BodyReader(bytes);
  const members = soleMembers(scanBody(bytes, actedOn, reader));
  const at = (name: string): JsonMember | null => members.get(name) ?? null;
  const model = at("model");
  if (model === null) throw missingModel();
  const modelName = readModel(bytes, model);
  refuseUnserved(at);
  const { items } = reader;
  if (reader.tools.overflows) {
    throw invalidMember("tools", `More than ${TOOLS_MAX} tools. Send fewer.`);
  }
  const tools = reader.tools.found;
  const hasBuiltIns = !reader.tools.arePlain && tools.some(({ type }) => isBuiltIn(type));
  const previous = at("previous_response_id");
  return {
    bytes,
    members,
    tools,
    toolsArePlain: reader.tools.arePlain,
    previousResponseId: readId(bytes, previous),
    mayStore: at("store")?.kind !== "false",
    items,
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
      isOpenEnded: hasBuiltIns || items.holdsReference || isGiven(previous) || isGiven(at("session")),
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
  for (const member of found) {
    const { name, spelling } = member;
    if (spelling !== "exact" || members.has(name)) soleMember(found, name);
    members.set(name, member);
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
