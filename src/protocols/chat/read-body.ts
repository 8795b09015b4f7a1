/** Reads a chat body without parsing it: what it asks for, and which splices send it on. */
import type { Change, Repair } from "../../core/changes.ts";
import { isPlainTier } from "../../core/usage.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { readCount } from "../../wire/json-number.ts";
import type { ContainerReader, JsonMember } from "../../wire/json-scan.ts";
import { bySplicePosition, removeMembers, type Splice } from "../../wire/json-splice.ts";
import { OPEN_BRACKET } from "../../wire/json-value.ts";
import { scanBody, soleMember } from "../body-members.ts";
import type { CallContext, Destination, Intent, Passage, Reading, Rewrite, TargetTraits } from "../door.ts";
import { invalidMember, missingModel, readBound, readFlag, readModel, readWord } from "../read-members.ts";
import { ReasoningReplay } from "../remembered-reasoning.ts";
import { forceUsage } from "./force-usage.ts";
import { DeveloperRoles, tokenLimitToRemove, unsupportedMembers } from "./repairs.ts";
import { replayReasoning } from "./replay-reasoning.ts";
import { ToolParameters } from "./tool-parameters.ts";
import { verbatimAnswers } from "./verbatim-answers.ts";

/** The members that the gateway acts on, in the order in which their faults are told. */
const actedOn = wantedNames([
  "model",
  "stream",
  "stream_options",
  "max_tokens",
  "max_completion_tokens",
  "n",
  "service_tier",
  "messages",
  "tools",
]);

/** Ark takes far fewer, and says so; no budget has room for as many. */
const ANSWERS_MAX = 1_000_000;

const DESTINATION: Destination = { base: "data", path: "/chat/completions" };

/** What has been found in a body, for whatever target it goes to. */
type Found = {
  readonly model: JsonMember;
  readonly messages: JsonMember | null;
  readonly hasTools: boolean;
  readonly usage: Splice | null;
  readonly roles: readonly Splice[];
  readonly parameters: readonly Splice[];
  readonly limit: JsonMember | null;
};

/** The repairs in force, and the changes made so far. */
class Rewriting {
  readonly splices: Splice[] = [];
  readonly changes: Change[] = [];
  readonly #repairs: ReadonlySet<Repair>;

  constructor(repairs: ReadonlySet<Repair>) {
    this.#repairs = repairs;
  }

  repair(name: Repair, splices: readonly Splice[]): void {
    if (this.#repairs.has(name)) this.change(name, splices);
  }

  change(name: Change, splices: readonly Splice[]): void {
    if (splices.length === 0) return;
    for (const splice of splices) this.splices.push(splice);
    this.changes.push(name);
  }
}

/** Built once per body, for any number of targets. */
export class ChatReading implements Reading {
  readonly #body: Buffer;
  readonly intent: Intent;
  readonly #found: Found;

  constructor(body: Buffer, intent: Intent, found: Found) {
    this.#body = body;
    this.intent = intent;
    this.#found = found;
  }

  prepare(target: TargetTraits, context: CallContext): Passage {
    const { wantsUsage, stream, answers } = this.intent;
    const { hasTools, messages } = this.#found;
    const replay = messages === null ? null : ReasoningReplay.open(target, context);
    return {
      kind: "upstream",
      destination: DESTINATION,
      cargo: { body: this.#body, rewrite: this.rewrite(target.model, target.repairs, replay) },
      answers: verbatimAnswers(
        { wantsUsage, stream, mayCallTools: hasTools && answers === 1 },
        target,
        context,
      ),
    };
  }

  /** @param replay what recalls thoughts for this one body; null where none are to be put back */
  rewrite(model: string, repairs: ReadonlySet<Repair>, replay: ReasoningReplay | null = null): Rewrite {
    const { messages, usage, roles, parameters } = this.#found;
    const rewriting = new Rewriting(repairs);
    if (model !== this.intent.model) {
      const { valueStart, valueEnd } = this.#found.model;
      const name = Buffer.from(JSON.stringify(model));
      rewriting.change("model", [{ start: valueStart, end: valueEnd, bytes: name }]);
    }
    if (usage !== null) rewriting.change("include_usage", [usage]);
    rewriting.repair("developer_role", roles);
    const limit = repairs.has("both_token_limits") ? this.#found.limit : null;
    const unsupported = repairs.has("strip_unsupported") ? unsupportedMembers(this.#body) : [];
    if (limit !== null) rewriting.changes.push("both_token_limits");
    rewriting.repair("empty_tool_parameters", parameters);
    if (replay !== null && messages !== null) {
      rewriting.repair("reasoning_replay", replayReasoning(this.#body, messages, replay));
    }
    if (unsupported.length > 0) rewriting.changes.push("strip_unsupported");
    const removed = limit === null ? unsupported : [...unsupported, limit];
    removed.sort((one, other) => one.keyStart - other.keyStart);
    for (const splice of removeMembers(this.#body, removed)) rewriting.splices.push(splice);
    return { splices: rewriting.splices.sort(bySplicePosition), changes: rewriting.changes };
  }
}

/** Reads messages and tools while the body is first walked over. */
class BodyReader implements ContainerReader {
  readonly roles: DeveloperRoles;
  readonly parameters: ToolParameters;
  readonly #body: Buffer;

  constructor(body: Buffer) {
    this.#body = body;
    this.roles = new DeveloperRoles(body);
    this.parameters = new ToolParameters(body);
  }

  readContainer(name: string, start: number, limit: number): number | null {
    if (this.#body[start] !== OPEN_BRACKET) return null;
    if (name === "messages") return this.roles.read(start, limit);
    return name === "tools" ? this.parameters.read(start, limit) : null;
  }
}

/**
 * Reads a chat body (ark-api 4.1). What it does not act on is not looked at, beyond being valid JSON.
 * @throws GatewayError invalid_json, ambiguous_body, missing_model, invalid_request
 */
export function readBody(body: Buffer): ChatReading {
  const reader = new BodyReader(body);
  const members = scanBody(body, actedOn, reader);
  const model = soleMember(members, "model");
  const stream = soleMember(members, "stream");
  const streamOptions = soleMember(members, "stream_options");
  const maxTokens = soleMember(members, "max_tokens");
  const maxCompletionTokens = soleMember(members, "max_completion_tokens");
  const n = soleMember(members, "n");
  const serviceTier = soleMember(members, "service_tier");
  const messages = soleMember(members, "messages");
  const tools = soleMember(members, "tools");

  if (model === null) throw missingModel();
  const modelName = readModel(body, model);
  const streams = readFlag(stream);
  const answerTokensMax = readBound(body, maxTokens);
  const allTokensMax = readBound(body, maxCompletionTokens);
  const wish = streams && stream !== null ? forceUsage(body, stream, streamOptions) : null;
  const intent = {
    model: modelName,
    stream: streams,
    wantsUsage: wish?.wantsUsage ?? false,
    outputTokensMax: allTokensMax ?? answerTokensMax,
    boundsThoughts: allTokensMax !== null,
    answers: readAnswers(body, n),
    isSpecialTier: !isPlainTier(readWord(body, serviceTier)),
    isOpenEnded: false,
  };
  return new ChatReading(body, intent, {
    model,
    messages,
    hasTools: tools?.kind === "array",
    usage: wish?.splice ?? null,
    roles: reader.roles.splices,
    parameters: reader.parameters.splices,
    limit: tokenLimitToRemove(maxTokens, maxCompletionTokens),
  });
}

/** Ark's default is one, and what it makes of none is not known. */
function readAnswers(body: Buffer, member: JsonMember | null): number {
  if (member === null || member.kind === "null") return 1;
  const answers = member.kind === "number" ? readCount(body, member.valueStart, member.valueEnd) : null;
  if (answers !== null) return Math.min(ANSWERS_MAX, Math.max(1, answers));
  throw invalidMember("n", "`n` must be a whole number of answers, not negative, or null.");
}
