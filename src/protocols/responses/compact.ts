/** The door that shortens a conversation: a model sums it up, and its client goes on from the summary. */
import { isPlainTier } from "../../core/usage.ts";
import { wantedNames } from "../../wire/json-key.ts";
import type { JsonMember } from "../../wire/json-scan.ts";
import { scanBody, soleMember } from "../body-members.ts";
import type { CallContext, Door, Intent, Passage, Reading, TargetTraits } from "../door.ts";
import { openaiDialect } from "../openai-dialect.ts";
import { missingModel, readModel, readWord } from "../read-members.ts";
import { InputItems } from "./input-items.ts";
import { translateCompaction } from "./translation/translate-compaction.ts";

const actedOn = wantedNames(["model", "previous_response_id", "service_tier", "input"]);

/** Always by chat, whatever the target speaks: Ark has no such path, and its summary could not be sealed. */
class CompactReading implements Reading {
  readonly intent: Intent;
  readonly #body: Buffer;

  constructor(body: Buffer, intent: Intent) {
    this.#body = body;
    this.intent = intent;
  }

  prepare(target: TargetTraits, context: CallContext): Passage {
    return translateCompaction(this.#body, target, context);
  }
}

function isGiven(member: JsonMember | null): boolean {
  return member !== null && member.kind !== "null";
}

/** @throws GatewayError invalid_json, ambiguous_body, missing_model, invalid_request */
function readCompactBody(body: Buffer): Reading {
  const items = new InputItems(body);
  const members = scanBody(body, actedOn, items);
  const model = soleMember(members, "model");
  const previous = soleMember(members, "previous_response_id");
  const tier = readWord(body, soleMember(members, "service_tier"));
  if (model === null) throw missingModel();
  return new CompactReading(body, {
    model: readModel(body, model),
    stream: false,
    wantsUsage: false,
    outputTokensMax: null,
    boundsThoughts: false,
    answers: 1,
    isSpecialTier: !isPlainTier(tier),
    isOpenEnded: isGiven(previous) || items.holdsReference,
  });
}

export const compactDoor: Door = {
  name: "compact",
  paths: ["/responses/compact"],
  dialect: openaiDialect,
  read: readCompactBody,
};
