/** Reads a Messages body without parsing it: what it asks for, and whether it can go to Ark as it is. */
import { isPlainTier } from "../../core/usage.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { type ContainerReader, ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { OPEN_BRACKET } from "../../wire/json-value.ts";
import { scanBody, soleMember } from "../body-members.ts";
import type { Cargo, Intent } from "../door.ts";
import { missingModel, readBound, readFlag, readModel, readWord } from "../read-members.ts";
import { OwnMessages } from "./our-own.ts";

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

const TOOLS_DEPTH = 2;
const toolWalk = { depth: 3, reader: null };

/** Reads messages and tools while the body is first walked over. */
class BodyReader implements ContainerReader {
  readonly messages: OwnMessages;
  /** Any tool is one that the upstream runs: what it finds is input too, and billed apart. */
  holdsServerTools = false;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.messages = new OwnMessages(bytes);
    this.#bytes = bytes;
  }

  readContainer(name: string, start: number, limit: number): number | null {
    if (this.#bytes[start] !== OPEN_BRACKET) return null;
    if (name === "messages") return this.messages.read(start, limit);
    return name === "tools" ? this.#tools(start, limit) : null;
  }

  #tools(start: number, limit: number): number {
    const elements = new ElementCursor(this.#bytes, start, limit, TOOLS_DEPTH);
    while (elements.next()) if (elements.isObject) elements.endsAt(this.#tool(elements.start, limit));
    return elements.position;
  }

  #tool(start: number, limit: number): number {
    const members = new MemberCursor(this.#bytes, start, limit, typeName, toolWalk);
    for (let type = members.next(); type !== null; type = members.next()) {
      if (isServerTool(readWord(this.#bytes, type))) this.holdsServerTools = true;
    }
    return members.position;
  }
}

/**
 * Reads a Messages body (ark-api 6). What it does not act on is not looked at, beyond being valid JSON.
 * @throws GatewayError invalid_json, ambiguous_body, missing_model, invalid_request
 */
export function readBody(bytes: Buffer): MessagesBody {
  const reader = new BodyReader(bytes);
  const members = scanBody(bytes, actedOn, reader);
  const model = soleMember(members, "model");
  const stream = soleMember(members, "stream");
  const maxTokens = soleMember(members, "max_tokens");
  const serviceTier = soleMember(members, "service_tier");
  const speed = soleMember(members, "speed");
  // Where any of these stands twice, what has been read of it could be of the other.
  soleMember(members, "tools");
  const mcpServers = soleMember(members, "mcp_servers");
  soleMember(members, "messages");

  if (model === null) throw missingModel();
  const hasServerTools = reader.holdsServerTools || holdsElements(bytes, mcpServers);
  const tier = readWord(bytes, serviceTier);
  const isPlain = (tier === "standard_only" || isPlainTier(tier)) && readWord(bytes, speed) !== "fast";
  return {
    bytes,
    model,
    needsTranslation: reader.messages.found,
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

function holdsElements(bytes: Buffer, member: JsonMember | null): boolean {
  if (member === null || member.kind !== "array") return false;
  return new ElementCursor(bytes, member.valueStart, member.valueEnd).next();
}

function isServerTool(type: string | null): boolean {
  return type !== null && !clientToolTypes.some((known) => type.startsWith(known));
}
