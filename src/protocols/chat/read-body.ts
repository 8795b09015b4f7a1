/** Reads a chat body without parsing it: what it asks for, and which splices send it on. */
import type { Change, Repair } from "../../core/changes.ts";
import { isPlainTier } from "../../core/usage.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { readCount } from "../../wire/json-number.ts";
import type { JsonMember } from "../../wire/json-scan.ts";
import { bySplicePosition, type Splice } from "../../wire/json-splice.ts";
import { decodeString, TextWatch } from "../../wire/json-string.ts";
import { scanBody, soleMember } from "../body-members.ts";
import type { CallContext, Destination, Intent, Passage, Reading, Rewrite, TargetTraits } from "../door.ts";
import { invalidMember, missingModel, readBound, readFlag, readModel } from "../read-members.ts";
import { forceUsage } from "./force-usage.ts";
import { DEVELOPER, mendDeveloperRoles, mendTokenLimits } from "./repairs.ts";
import { VerbatimAnswers } from "./verbatim-answers.ts";

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
]);

/** Ark takes far fewer, and says so; no budget has room for as many. */
const ANSWERS_MAX = 1_000_000;
const TIER_BYTES_MAX = 64;

const DESTINATION: Destination = { base: "data", path: "/chat/completions" };

/** Built once per body, for any number of targets. */
export class ChatReading implements Reading {
  readonly #body: Buffer;
  readonly intent: Intent;
  readonly #model: JsonMember;
  readonly #usageSplice: Splice | null;
  readonly #roleSplices: readonly Splice[];
  readonly #limitSplice: Splice | null;

  constructor(
    body: Buffer,
    intent: Intent,
    model: JsonMember,
    usageSplice: Splice | null,
    roleSplices: readonly Splice[],
    limitSplice: Splice | null,
  ) {
    this.#body = body;
    this.intent = intent;
    this.#model = model;
    this.#usageSplice = usageSplice;
    this.#roleSplices = roleSplices;
    this.#limitSplice = limitSplice;
  }

  prepare({ model, repairs }: TargetTraits, _context: CallContext): Passage {
    return {
      kind: "upstream",
      destination: DESTINATION,
      cargo: { body: this.#body, rewrite: this.rewrite(model, repairs) },
      answers: this.intent.wantsUsage ? VerbatimAnswers.withUsage : VerbatimAnswers.withoutUsage,
    };
  }

  rewrite(model: string, repairs: ReadonlySet<Repair>): Rewrite {
    const splices: Splice[] = [];
    const changes: Change[] = [];
    if (model !== this.intent.model) {
      const { valueStart, valueEnd } = this.#model;
      splices.push({ start: valueStart, end: valueEnd, bytes: Buffer.from(JSON.stringify(model)) });
      changes.push("model");
    }
    if (this.#usageSplice !== null) {
      splices.push(this.#usageSplice);
      changes.push("include_usage");
    }
    if (this.#roleSplices.length > 0 && repairs.has("developer_role")) {
      for (const splice of this.#roleSplices) splices.push(splice);
      changes.push("developer_role");
    }
    if (this.#limitSplice !== null && repairs.has("both_token_limits")) {
      splices.push(this.#limitSplice);
      changes.push("both_token_limits");
    }
    return { splices: splices.sort(bySplicePosition), changes };
  }
}

/**
 * Reads a chat body (ark-api 4.1). What it does not act on is not looked at, beyond being valid JSON.
 * @throws GatewayError invalid_json, ambiguous_body, missing_model, invalid_request
 */
export function readBody(body: Buffer): ChatReading {
  const watch = new TextWatch(DEVELOPER);
  const members = scanBody(body, actedOn, watch);
  const model = soleMember(members, "model");
  const stream = soleMember(members, "stream");
  const streamOptions = soleMember(members, "stream_options");
  const maxTokens = soleMember(members, "max_tokens");
  const maxCompletionTokens = soleMember(members, "max_completion_tokens");
  const n = soleMember(members, "n");
  const serviceTier = soleMember(members, "service_tier");
  const messages = soleMember(members, "messages");

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
    isSpecialTier: !isPlainTier(readTier(body, serviceTier)),
    isOpenEnded: false,
  };
  return new ChatReading(
    body,
    intent,
    model,
    wish?.splice ?? null,
    messages !== null && watch.seen ? mendDeveloperRoles(body, messages) : [],
    mendTokenLimits(body, maxTokens, maxCompletionTokens),
  );
}

/** Ark's default is one, and what it makes of none is not known. */
function readAnswers(body: Buffer, member: JsonMember | null): number {
  if (member === null || member.kind === "null") return 1;
  const answers = member.kind === "number" ? readCount(body, member.valueStart, member.valueEnd) : null;
  if (answers !== null) return Math.min(ANSWERS_MAX, Math.max(1, answers));
  throw invalidMember("n", "`n` must be a whole number of answers, not negative, or null.");
}

/** What is no name of a tier is Ark's to refuse. */
function readTier(body: Buffer, member: JsonMember | null): string | null {
  if (member === null || member.kind !== "string") return null;
  return decodeString(body, member.valueStart, member.valueEnd, TIER_BYTES_MAX) ?? "";
}
