/** What comes back for a chat call: Ark's own bytes. */
import type { Usage } from "../../core/usage.ts";
import type { AnswerReader, Tap } from "../door.ts";
import { readUsage } from "./read-usage.ts";
import { openChatTap } from "./tap.ts";

export class VerbatimAnswers implements AnswerReader {
  /** One for all calls that are alike: they hold nothing of their own. */
  static readonly withUsage = new VerbatimAnswers(true);
  static readonly withoutUsage = new VerbatimAnswers(false);
  readonly isVerbatim = true;
  readonly isFree = false;
  readonly rewritesWhole = false;
  readonly #wantsUsage: boolean;

  private constructor(wantsUsage: boolean) {
    this.#wantsUsage = wantsUsage;
  }

  openTap(): Tap {
    return openChatTap(this.#wantsUsage);
  }

  hearWhole(body: Buffer): Usage | null {
    return readUsage(body);
  }

  rewriteWhole(body: Buffer): Buffer {
    return body;
  }
}
