/** The doors of OpenAI's Responses: verbatim where Ark speaks it for a model, else translated to chat. */
import { GatewayError } from "../../core/errors.ts";
import type { CallContext, Door, Intent, Passage, Reading, TargetTraits } from "../door.ts";
import { openaiDialect } from "../openai-dialect.ts";
import { type ResponsesBody, readBody } from "./read-body.ts";
import { responsesDialect } from "./responses-dialect.ts";
import { translateResponses } from "./translation/translate-responses.ts";
import { VerbatimAnswers } from "./verbatim/answers.ts";
import { verbatimCargo } from "./verbatim/cargo.ts";

/** What the ids of the gateway's own responses begin with: their chain is kept here, not at Ark. */
const OUR_RESPONSE_IDS = "resp_vp";

/** Whether the client's own bytes can go to this target: what is the gateway's own Ark cannot read. */
function isVerbatim({ previousResponseId, items }: ResponsesBody, { speaks }: TargetTraits): boolean {
  if (!speaks.has("responses")) return false;
  if (previousResponseId !== null) return !previousResponseId.startsWith(OUR_RESPONSE_IDS);
  return !items.holdsForeign && !items.holdsOurOwn;
}

function refuseAnothers(id: string): never {
  throw new GatewayError(
    "previous_response_not_found",
    `The previous response ${id} is not stored for this key. Send the conversation in \`input\`.`,
    { param: "previous_response_id" },
  );
}

class ResponsesReading implements Reading {
  readonly #body: ResponsesBody;

  constructor(body: ResponsesBody) {
    this.#body = body;
  }

  get intent(): Intent {
    return this.#body.intent;
  }

  prepare(target: TargetTraits, context: CallContext): Passage {
    const { bytes, previousResponseId, mayStore, intent } = this.#body;
    if (!isVerbatim(this.#body, target)) return translateResponses(bytes, target, context);
    if (
      previousResponseId !== null &&
      context.memories.responses.isAnothers(context.keyId, previousResponseId)
    ) {
      refuseAnothers(previousResponseId);
    }
    const { cargo, names } = verbatimCargo(this.#body, target);
    const { fillsRequired } = target;
    const { stream } = intent;
    return {
      kind: "upstream",
      destination: { base: "data", path: "/responses" },
      cargo,
      answers: new VerbatimAnswers({ names, fillsRequired, stream, mayStore }, context),
    };
  }
}

function tokensAnswer(inputTokens: number): Buffer {
  return Buffer.from(`{"object":"response.input_tokens","input_tokens":${inputTokens}}`);
}

class InputTokensReading implements Reading {
  readonly #body: Buffer;
  readonly intent: Intent;

  constructor({ bytes, intent }: ResponsesBody) {
    this.#body = bytes;
    // Nothing is put out, and no tool runs.
    this.intent = { ...intent, stream: false, outputTokensMax: 0, isSpecialTier: false, isOpenEnded: false };
  }

  prepare(_target: TargetTraits, _context: CallContext): Passage {
    return { kind: "local", body: this.#body, answer: tokensAnswer };
  }
}

export const responsesDoor: Door = {
  name: "responses",
  paths: ["/responses"],
  dialect: responsesDialect,
  read: (bytes) => new ResponsesReading(readBody(bytes)),
};

export const inputTokensDoor: Door = {
  name: "input_tokens",
  paths: ["/responses/input_tokens"],
  dialect: openaiDialect,
  read: (bytes) => new InputTokensReading(readBody(bytes)),
};
