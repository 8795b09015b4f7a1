/** The way of a translated call: a chat request of ours goes to Ark, its answer comes back in other words. */

import type { Change } from "../core/changes.ts";
import type { ChatRequest } from "../core/chat.ts";
import { isPlainTier, readChatUsage, type Usage } from "../core/usage.ts";
import { type ChatAnswer, readChatAnswer } from "./chat-answer.ts";
import { ChatTranslationTap, type EventWriter } from "./chat-translation-tap.ts";
import type { AnswerReader, Bounds, CallContext, Passage, Tap, TargetTraits } from "./door.ts";
import { parseObject } from "./event-tap.ts";
import { RememberedReasoning } from "./remembered-reasoning.ts";

export type Translation = {
  /** Its `model` is the target's. */
  readonly request: ChatRequest;
  /** Beside `translation`, which is always said. */
  readonly changes: readonly Change[];
  /** For a stream; opened once. */
  readonly openWriter: () => EventWriter;
  /** For a whole answer: the client's JSON. */
  readonly writeWhole: (answer: ChatAnswer) => string;
};

const order: readonly Change[] = ["model", "translation"];

class TranslatedAnswers implements AnswerReader {
  readonly isVerbatim = false;
  readonly isFree = false;
  readonly rewritesWhole = true;
  readonly #openWriter: () => EventWriter;
  readonly #writeWhole: (answer: ChatAnswer) => string;
  readonly #target: TargetTraits;
  readonly #context: CallContext;
  /** Only calls of tools bring thoughts back. */
  readonly #hasTools: boolean;
  #usage: Usage | null = null;

  constructor(translation: Translation, target: TargetTraits, context: CallContext) {
    this.#openWriter = translation.openWriter;
    this.#writeWhole = translation.writeWhole;
    this.#target = target;
    this.#context = context;
    this.#hasTools = translation.request.tools !== undefined;
  }

  openTap(): Tap {
    return new ChatTranslationTap({
      writer: this.#openWriter(),
      listener: this.#listener(),
      requestId: this.#context.requestId,
      readError: this.#target.readError,
    });
  }

  /** Of an answer that nobody waits for any more, too: that one has not been rewritten. */
  hearWhole(body: Buffer): Usage | null {
    if (this.#usage !== null) return this.#usage;
    const answer = parseObject(body.toString("utf8"));
    return readChatUsage(answer?.["usage"], answer?.["service_tier"]);
  }

  rewriteWhole(body: Buffer): Buffer {
    const answer = readChatAnswer(body);
    this.#usage = answer.usage;
    const written = this.#writeWhole(answer);
    const listener = this.#listener();
    listener?.heard(answer);
    listener?.ended();
    return Buffer.from(written);
  }

  #listener(): RememberedReasoning | null {
    return this.#hasTools ? RememberedReasoning.open(this.#target, this.#context) : null;
  }
}

/** What is sent bounds the call, whatever the client had asked for. */
function boundsOf(request: ChatRequest): Bounds {
  return {
    outputTokensMax: request.max_completion_tokens ?? request.max_tokens ?? null,
    boundsThoughts: request.max_completion_tokens !== undefined,
    isSpecialTier: !isPlainTier(request.service_tier),
    isOpenEnded: false,
  };
}

/** The passage of a call to a target that speaks chat. */
export function chatPassage(translation: Translation, target: TargetTraits, context: CallContext): Passage {
  const { request, changes } = translation;
  return {
    kind: "upstream",
    destination: { base: "data", path: "/chat/completions" },
    cargo: {
      body: Buffer.from(JSON.stringify(request)),
      rewrite: {
        splices: [],
        changes: [
          ...order.filter((name) => name === "translation" || changes.includes(name)),
          ...changes.filter((name) => !order.includes(name)),
        ],
      },
    },
    answers: new TranslatedAnswers(translation, target, context),
    bounds: boundsOf(request),
  };
}
