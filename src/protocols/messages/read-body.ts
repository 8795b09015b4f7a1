/** Reads a Messages body without parsing it: what it asks for, and whether it can go to Ark as it is. */
import { isPlainTier } from "../../core/usage.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { decodeString } from "../../wire/json-string.ts";
import { scanBody, soleMember } from "../body-members.ts";
import type { Cargo, Intent } from "../door.ts";
import { missingModel, readBound, readFlag, readModel } from "../read-members.ts";
import { holdsOurOwn, OwnWatch } from "./our-own.ts";

/** The members that the gateway acts on, in the order in which their faults are told. */
const actedOn = wantedNames([
  "model",
  "stream",
  "max_tokens",
  "service_tier",
  "speed",
  "tools",
  "mcp_servers",
  "messages",
]);
const typeName = wantedNames(["type"]);
const WORD_BYTES_MAX = 64;

/** How the types of tools begin that the client itself runs; all others are the upstream's to run. */
const clientToolTypes = ["custom", "bash_", "text_editor_", "memory_", "computer_", "browser_"] as const;

/** A body that has been read; shared by all doors of this protocol. */
export type MessagesBody = {
  readonly bytes: Buffer;
  readonly intent: Intent;
  readonly model: JsonMember;
  /** Ark's base would refuse it, or could not read what is ours in it. */
  readonly needsTranslation: boolean;
};

/**
 * Reads a Messages body (ark-api 6). What it does not act on is not looked at, beyond being valid JSON.
 * @throws GatewayError invalid_json, ambiguous_body, missing_model, invalid_request
 */
export function readBody(bytes: Buffer): MessagesBody {
  const watch = new OwnWatch();
  const members = scanBody(bytes, actedOn, watch);
  const model = soleMember(members, "model");
  const stream = soleMember(members, "stream");
  const maxTokens = soleMember(members, "max_tokens");
  const serviceTier = soleMember(members, "service_tier");
  const speed = soleMember(members, "speed");
  const tools = soleMember(members, "tools");
  const mcpServers = soleMember(members, "mcp_servers");
  const messages = soleMember(members, "messages");

  if (model === null) throw missingModel();
  const hasServerTools = holdsServerTools(bytes, tools) || holdsElements(bytes, mcpServers);
  const tier = readWord(bytes, serviceTier);
  const isPlain = (tier === "standard_only" || isPlainTier(tier)) && readWord(bytes, speed) !== "fast";
  return {
    bytes,
    model,
    needsTranslation: messages !== null && watch.seen && holdsOurOwn(bytes, messages),
    intent: {
      model: readModel(bytes, model),
      stream: readFlag(stream),
      // Every stream of this protocol carries its usage.
      wantsUsage: true,
      outputTokensMax: readBound(bytes, maxTokens),
      // A translation's bound holds them; whether Ark's own base counts them is not known (ark-api 4.1, 6).
      boundsThoughts: false,
      answers: 1,
      isSpecialTier: hasServerTools || !isPlain,
      isOpenEnded: hasServerTools,
    },
  };
}

/** The client's bytes with the target's model in them, and nothing else changed. */
export function verbatimCargo({ bytes, intent, model }: MessagesBody, targetModel: string): Cargo {
  if (targetModel === intent.model) return { body: bytes, rewrite: { splices: [], changes: [] } };
  const { valueStart, valueEnd } = model;
  const splice = { start: valueStart, end: valueEnd, bytes: Buffer.from(JSON.stringify(targetModel)) };
  return { body: bytes, rewrite: { splices: [splice], changes: ["model"] } };
}

/** What is no word is Ark's to refuse. */
function readWord(bytes: Buffer, member: JsonMember | null): string | null {
  if (member === null || member.kind !== "string") return null;
  return decodeString(bytes, member.valueStart, member.valueEnd, WORD_BYTES_MAX) ?? "";
}

function holdsElements(bytes: Buffer, member: JsonMember | null): boolean {
  if (member === null || member.kind !== "array") return false;
  return new ElementCursor(bytes, member.valueStart, member.valueEnd).next();
}

/** Whether any tool is one that the upstream runs: what it finds is input too, and billed apart. */
function holdsServerTools(bytes: Buffer, tools: JsonMember | null): boolean {
  if (tools === null || tools.kind !== "array") return false;
  const elements = new ElementCursor(bytes, tools.valueStart, tools.valueEnd);
  while (elements.next()) {
    if (!elements.isObject) continue;
    const members = new MemberCursor(bytes, elements.start, tools.valueEnd, typeName);
    for (let type = members.next(); type !== null; type = members.next()) {
      if (isServerTool(readWord(bytes, type))) return true;
    }
    elements.endsAt(members.position);
  }
  return false;
}

function isServerTool(type: string | null): boolean {
  return type !== null && !clientToolTypes.some((known) => type.startsWith(known));
}
