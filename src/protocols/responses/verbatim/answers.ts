/** What comes back from Ark's own Responses: its bytes, with the client's names for tools given back. */
import type { KeyId } from "../../../core/ids.ts";
import type { ResponseStore } from "../../../core/memories.ts";
import type { Usage } from "../../../core/usage.ts";
import { bySplicePosition, splice } from "../../../wire/json-splice.ts";
import { JsonSyntaxError, skipSpace } from "../../../wire/json-value.ts";
import type { AnswerReader, CallContext, Tap } from "../../door.ts";
import { type ResponseFacts, readResponse } from "./read-answer.ts";
import { type AnswerRewrite, AnswerRewriter } from "./rewrite-answer.ts";
import { type ResponseListener, ResponsesTap } from "./tap.ts";

export type AnsweredCall = AnswerRewrite & {
  /** What the client asked for: a whole answer to it goes through as it came. */
  readonly stream: boolean;
  /** Ark may store the response: it is then its caller's. */
  readonly mayStore: boolean;
};

export class VerbatimAnswers implements AnswerReader, ResponseListener {
  readonly isVerbatim = true;
  readonly isFree = false;
  readonly rewritesWhole: boolean;
  readonly #rewrite: AnswerRewrite | null;
  readonly #keyId: KeyId;
  /** Null where nothing is stored. */
  readonly #responses: ResponseStore | null;

  constructor({ names, fillsRequired, stream, mayStore }: AnsweredCall, { keyId, memories }: CallContext) {
    this.#rewrite = names === null && !fillsRequired ? null : { names, fillsRequired };
    this.rewritesWhole = this.#rewrite !== null && !stream;
    this.#keyId = keyId;
    this.#responses = mayStore ? memories.responses : null;
  }

  openTap(): Tap {
    return new ResponsesTap({ rewrite: this.#rewrite, listener: this });
  }

  hearWhole(body: Buffer): Usage | null {
    try {
      const response = readResponse(body, 0, body.length);
      this.begun(response);
      return response.usage;
    } catch (error) {
      if (error instanceof JsonSyntaxError) return null;
      throw error;
    }
  }

  /** What is no JSON goes to the client as it came. */
  rewriteWhole(body: Buffer): Buffer {
    if (this.#rewrite === null) return body;
    const rewriter = new AnswerRewriter(body, this.#rewrite);
    try {
      rewriter.response(skipSpace(body, 0, body.length), body.length);
    } catch (error) {
      if (error instanceof JsonSyntaxError) return body;
      throw error;
    }
    return Buffer.concat(splice(body, rewriter.splices.sort(bySplicePosition)));
  }

  begun({ id, isUnstored }: ResponseFacts): void {
    if (id !== null && !isUnstored) this.#responses?.own(this.#keyId, id);
  }
}
