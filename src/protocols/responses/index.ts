/** The doors of OpenAI's Responses: verbatim where the target speaks them, else translated to chat. */
import { wantedNames } from "../../wire/json-key.ts";
import { TextWatch } from "../../wire/json-string.ts";
import { scanBody, soleMember } from "../body-members.ts";
import type { CallContext, Door, Intent, Passage, Reading, TargetTraits } from "../door.ts";
import { openaiDialect } from "../openai-dialect.ts";
import { missingModel, readBound, readFlag, readModel } from "../read-members.ts";
import { translateResponses } from "./translation/translate-responses.ts";

const actedOn = wantedNames(["model", "stream", "max_output_tokens", "previous_response_id"]);

class StopgapReading implements Reading {
  readonly intent: Intent;
  readonly #body: Buffer;
  readonly #isLocal: boolean;

  constructor(body: Buffer, isLocal: boolean) {
    const members = scanBody(body, actedOn, new TextWatch("item_reference"));
    const model = soleMember(members, "model");
    if (model === null) throw missingModel();
    const previous = soleMember(members, "previous_response_id");
    this.#body = body;
    this.#isLocal = isLocal;
    this.intent = {
      model: readModel(body, model),
      stream: !isLocal && readFlag(soleMember(members, "stream")),
      wantsUsage: true,
      outputTokensMax: readBound(body, soleMember(members, "max_output_tokens")),
      boundsThoughts: true,
      answers: 1,
      isSpecialTier: false,
      isOpenEnded: previous !== null && previous.kind !== "null",
    };
  }

  prepare(target: TargetTraits, context: CallContext): Passage {
    if (!this.#isLocal) return translateResponses(this.#body, target, context);
    return {
      kind: "local",
      body: this.#body,
      answer: (tokens) => Buffer.from(`{"object":"response.input_tokens","input_tokens":${tokens}}`),
    };
  }
}

export const responsesDoor: Door = {
  name: "responses",
  paths: ["/responses"],
  dialect: openaiDialect,
  read: (body) => new StopgapReading(body, false),
};

export const inputTokensDoor: Door = {
  name: "input_tokens",
  paths: ["/responses/input_tokens"],
  dialect: openaiDialect,
  read: (body) => new StopgapReading(body, true),
};
