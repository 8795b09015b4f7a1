/** What comes back from Ark's own base for Messages: its bytes. */
import type { Usage } from "../../../core/usage.ts";
import type { AnswerReader, Tap } from "../../door.ts";
import { readUsage } from "./read-usage.ts";
import { MessagesTap } from "./tap.ts";

class VerbatimAnswers implements AnswerReader {
  readonly isVerbatim = true;
  readonly rewritesWhole = false;
  readonly isFree: boolean;

  constructor(isFree: boolean) {
    this.isFree = isFree;
  }

  openTap(): Tap {
    return new MessagesTap();
  }

  hearWhole(body: Buffer): Usage | null {
    return this.isFree ? null : readUsage(body);
  }

  rewriteWhole(body: Buffer): Buffer {
    return body;
  }
}

/** One for all calls of a kind: they hold nothing of their own. */
export const messageAnswers: AnswerReader = new VerbatimAnswers(false);
/** A count of tokens asks no model. */
export const countAnswers: AnswerReader = new VerbatimAnswers(true);
