/** What comes back for a chat call: Ark's own bytes, and its thoughts for the memory. */
import { GatewayError } from "../../core/errors.ts";
import type { Usage } from "../../core/usage.ts";
import { readChatAnswer } from "../chat-answer.ts";
import type { AnswerReader, CallContext, Tap, TargetTraits } from "../door.ts";
import { RememberedReasoning } from "../remembered-reasoning.ts";
import { fillAnswer } from "./fill-required.ts";
import { readUsage } from "./read-usage.ts";
import { openChatTap } from "./tap.ts";
import { ThoughtListener } from "./thought-listener.ts";

const TOOL_CALLS = Buffer.from('"tool_calls"');

/** Answers that are alike: these hold nothing of a call's own. */
export class VerbatimAnswers implements AnswerReader {
  readonly isVerbatim = true;
  readonly isFree = false;
  readonly rewritesWhole: boolean;
  readonly #wantsUsage: boolean;
  readonly #fillsRequired: boolean;

  /** @param stream what the client asked for: a whole answer to it goes through as it came */
  constructor(wantsUsage: boolean, fillsRequired: boolean, stream: boolean) {
    this.#wantsUsage = wantsUsage;
    this.#fillsRequired = fillsRequired;
    this.rewritesWhole = fillsRequired && !stream;
  }

  openTap(): Tap {
    return this.openTapFor(null);
  }

  hearWhole(body: Buffer): Usage | null {
    return readUsage(body);
  }

  rewriteWhole(body: Buffer): Buffer {
    return fillAnswer(body);
  }

  /** @param remembered who hears the thoughts */
  openTapFor(remembered: RememberedReasoning | null): Tap {
    return openChatTap(this.#wantsUsage, {
      fillsRequired: this.#fillsRequired,
      listener: remembered === null ? null : new ThoughtListener(remembered),
    });
  }
}

/** Answers to one call with tools, whose thoughts are remembered. */
class RememberedAnswers implements AnswerReader {
  readonly isVerbatim = true;
  readonly isFree = false;
  readonly rewritesWhole: boolean;
  readonly #answers: VerbatimAnswers;
  readonly #target: TargetTraits;
  readonly #context: CallContext;

  constructor(answers: VerbatimAnswers, target: TargetTraits, context: CallContext) {
    this.rewritesWhole = answers.rewritesWhole;
    this.#answers = answers;
    this.#target = target;
    this.#context = context;
  }

  openTap(): Tap {
    return this.#answers.openTapFor(RememberedReasoning.open(this.#target, this.#context));
  }

  hearWhole(body: Buffer): Usage | null {
    const remembered = RememberedReasoning.open(this.#target, this.#context);
    if (remembered !== null && body.includes(TOOL_CALLS)) hearThoughts(body, remembered);
    return this.#answers.hearWhole(body);
  }

  rewriteWhole(body: Buffer): Buffer {
    return this.#answers.rewriteWhole(body);
  }
}

function hearThoughts(body: Buffer, remembered: RememberedReasoning): void {
  try {
    remembered.heard(readChatAnswer(body));
    remembered.ended();
  } catch (error) {
    // It is not what Ark sends, and goes to the client all the same; there is nothing to remember of it.
    if (!(error instanceof GatewayError)) throw error;
  }
}

const flags = [false, true] as const;
/** One for each kind of call: usage wanted or not, filled or not, whole or a stream. */
const answersOf = flags.map((wantsUsage) =>
  flags.map((fills) => flags.map((stream) => new VerbatimAnswers(wantsUsage, fills, stream))),
);

export type AnsweredCall = {
  readonly wantsUsage: boolean;
  readonly stream: boolean;
  /** It has tools, and asks for one answer: which thoughts led to which call is known. */
  readonly mayCallTools: boolean;
};

export function verbatimAnswers(
  call: AnsweredCall,
  target: TargetTraits,
  context: CallContext,
): AnswerReader {
  const { wantsUsage, stream, mayCallTools } = call;
  const answers = answersOf[Number(wantsUsage)]?.[Number(target.fillsRequired)]?.[Number(stream)];
  if (answers === undefined) throw new RangeError("a flag that is neither false nor true");
  const remembers = mayCallTools && RememberedReasoning.open(target, context) !== null;
  return remembers ? new RememberedAnswers(answers, target, context) : answers;
}
