/** Reads a chat body without parsing it: what it asks for, and which splices send it on. */
import type { Change, Repair } from "../../core/changes.ts";
import { GatewayError } from "../../core/errors.ts";
import { isPlainTier } from "../../core/usage.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { readCount } from "../../wire/json-number.ts";
import type { JsonMember } from "../../wire/json-scan.ts";
import { bySplicePosition, type Splice } from "../../wire/json-splice.ts";
import { decodeString, TextWatch } from "../../wire/json-string.ts";
import { scanBody, soleMember } from "../body-members.ts";
import type { Intent, Reading, Rewrite } from "../door.ts";
import { forceUsage } from "./force-usage.ts";
import { DEVELOPER, mendDeveloperRoles, mendTokenLimits } from "./repairs.ts";

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

export const MODEL_BYTES_MAX = 256;
/** Ark takes far fewer, and says so; no budget has room for as many. */
const ANSWERS_MAX = 1_000_000;
const TIER_BYTES_MAX = 64;

/** Built once per body, for any number of targets. */
class ChatReading implements Reading {
  readonly intent: Intent;
  readonly #model: JsonMember;
  readonly #usageSplice: Splice | null;
  readonly #roleSplices: readonly Splice[];
  readonly #limitSplice: Splice | null;

  constructor(
    intent: Intent,
    model: JsonMember,
    usageSplice: Splice | null,
    roleSplices: readonly Splice[],
    limitSplice: Splice | null,
  ) {
    this.intent = intent;
    this.#model = model;
    this.#usageSplice = usageSplice;
    this.#roleSplices = roleSplices;
    this.#limitSplice = limitSplice;
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
export function readBody(body: Buffer): Reading {
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

  if (model === null || model.kind === "null") throw missingModel();
  const modelName = readModel(body, model);
  const streams = stream !== null && readFlag(stream);
  const answerTokensMax = readBound(body, maxTokens);
  const allTokensMax = readBound(body, maxCompletionTokens);
  const wish = streams ? forceUsage(body, stream, streamOptions) : null;
  const intent = {
    model: modelName,
    stream: streams,
    wantsUsage: wish?.wantsUsage ?? false,
    outputTokensMax: allTokensMax ?? answerTokensMax,
    boundsThoughts: allTokensMax !== null,
    answers: readAnswers(body, n),
    isSpecialTier: !isPlainTier(readTier(body, serviceTier)),
  };
  return new ChatReading(
    intent,
    model,
    wish?.splice ?? null,
    messages !== null && watch.seen ? mendDeveloperRoles(body, messages) : [],
    mendTokenLimits(body, maxTokens, maxCompletionTokens),
  );
}

function missingModel(): GatewayError {
  return new GatewayError(
    "missing_model",
    "The request body names no model. Set `model` to a name that GET /v1/models lists.",
    { param: "model" },
  );
}

function invalid(param: string, message: string): GatewayError {
  return new GatewayError("invalid_request", message, { param });
}

/**
 * The name, decoded. Half of a surrogate pair is refused here and nowhere else: readers turn it into
 * different names.
 */
function readModel(body: Buffer, member: JsonMember): string {
  if (member.kind !== "string")
    throw invalid("model", "`model` must be a string, such as a name of GET /v1/models.");
  const model = decodeString(body, member.valueStart, member.valueEnd, MODEL_BYTES_MAX);
  if (model === null)
    throw invalid("model", `\`model\` is longer than ${MODEL_BYTES_MAX} bytes. Send a shorter name.`);
  if (model === "") throw missingModel();
  if (/\p{Cc}/u.test(model))
    throw invalid("model", "`model` holds a control character. Send the name alone.");
  if (!model.isWellFormed()) {
    throw invalid("model", "`model` holds half of a surrogate pair. Send a name that is valid Unicode.");
  }
  return model;
}

function readFlag(member: JsonMember): boolean {
  if (member.kind === "true") return true;
  if (member.kind === "false" || member.kind === "null") return false;
  throw invalid(member.name, `\`${member.name}\` must be true, false or null.`);
}

function readBound(body: Buffer, member: JsonMember | null): number | null {
  if (member === null || member.kind === "null") return null;
  const bound = member.kind === "number" ? readCount(body, member.valueStart, member.valueEnd) : null;
  if (bound === null) {
    throw invalid(member.name, `\`${member.name}\` must be a whole number of tokens, not negative, or null.`);
  }
  return bound;
}

/** Ark's default is one, and what it makes of none is not known. */
function readAnswers(body: Buffer, member: JsonMember | null): number {
  if (member === null || member.kind === "null") return 1;
  const answers = member.kind === "number" ? readCount(body, member.valueStart, member.valueEnd) : null;
  if (answers !== null) return Math.min(ANSWERS_MAX, Math.max(1, answers));
  throw invalid("n", "`n` must be a whole number of answers, not negative, or null.");
}

/** What is no name of a tier is Ark's to refuse. */
function readTier(body: Buffer, member: JsonMember | null): string | null {
  if (member === null || member.kind !== "string") return null;
  return decodeString(body, member.valueStart, member.valueEnd, TIER_BYTES_MAX) ?? "";
}
