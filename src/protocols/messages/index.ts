/** The doors of Anthropic's Messages: verbatim where Ark speaks it for a model, else translated to chat. */
import type { CallContext, Door, Intent, Passage, Reading, TargetTraits } from "../door.ts";
import { anthropicDialect } from "./anthropic-dialect.ts";
import { type MessagesBody, readBody, verbatimCargo } from "./read-body.ts";
import { translatedPassage } from "./translated.ts";
import { countAnswers, messageAnswers } from "./verbatim/answers.ts";

/** Whether the client's own bytes can go to this target. */
function isVerbatim({ needsTranslation }: MessagesBody, { speaks }: TargetTraits): boolean {
  return speaks.has("messages") && !needsTranslation;
}

class MessagesReading implements Reading {
  readonly #body: MessagesBody;

  constructor(body: MessagesBody) {
    this.#body = body;
  }

  get intent(): Intent {
    return this.#body.intent;
  }

  prepare(target: TargetTraits, context: CallContext): Passage {
    if (!isVerbatim(this.#body, target)) return translatedPassage(this.#body, target, context);
    return {
      kind: "upstream",
      destination: { base: "messages", path: "/v1/messages" },
      cargo: verbatimCargo(this.#body, target.model),
      answers: messageAnswers,
    };
  }
}

/** An estimate is told a tenth higher: too low a count makes clients shorten their context too late. */
function countAnswer(inputTokens: number): Buffer {
  return Buffer.from(`{"input_tokens":${Math.ceil((inputTokens * 11) / 10)}}`);
}

class CountReading implements Reading {
  readonly #body: MessagesBody;
  readonly intent: Intent;

  constructor(body: MessagesBody) {
    this.#body = body;
    // Nothing is put out, and no tool runs.
    this.intent = {
      ...body.intent,
      stream: false,
      outputTokensMax: 0,
      boundsThoughts: true,
      isSpecialTier: false,
      isOpenEnded: false,
    };
  }

  prepare(target: TargetTraits, _context: CallContext): Passage {
    if (!isVerbatim(this.#body, target))
      return { kind: "local", body: this.#body.bytes, answer: countAnswer };
    return {
      kind: "upstream",
      destination: { base: "messages", path: "/v1/messages/count_tokens" },
      cargo: verbatimCargo(this.#body, target.model),
      answers: countAnswers,
    };
  }
}

export const messagesDoor: Door = {
  name: "messages",
  paths: ["/messages"],
  dialect: anthropicDialect,
  read: (bytes) => new MessagesReading(readBody(bytes)),
};

export const countTokensDoor: Door = {
  name: "count_tokens",
  paths: ["/messages/count_tokens"],
  dialect: anthropicDialect,
  read: (bytes) => new CountReading(readBody(bytes)),
};
