/** Collects the pieces of an answer up to a bound. */
import type { Answer, AnswerFailure, AnswerReader } from "../answer/answer.ts";
import { clientClosed } from "../visit/client-closed.ts";
import type { ReplyListener } from "../visit/reply.ts";
import type { Visit } from "../visit/visit.ts";

export type Collected =
  | { readonly kind: "body"; readonly bytes: Buffer }
  | { readonly kind: "too_large" }
  | { readonly kind: "failed"; readonly failure: AnswerFailure };

/** The whole body of an answer, or why there is none. */
export function collect(answer: Answer, visit: Visit, bytesMax: number): Promise<Collected> {
  return new Promise((resolve, reject) => {
    const collector = new Collector(answer, bytesMax, resolve, reject);
    visit.reply.listener = collector;
    answer.read(collector);
  });
}

class Collector implements AnswerReader, ReplyListener {
  readonly #answer: Answer;
  readonly #bytesMax: number;
  readonly #resolve: (collected: Collected) => void;
  readonly #reject: (thrown: unknown) => void;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(
    answer: Answer,
    bytesMax: number,
    resolve: (collected: Collected) => void,
    reject: (thrown: unknown) => void,
  ) {
    this.#answer = answer;
    this.#bytesMax = bytesMax;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onPiece(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#bytesMax) {
      this.#answer.abandon();
      this.#resolve({ kind: "too_large" });
      return;
    }
    this.#pieces.push(piece);
  }

  onEnd(): void {
    const [first] = this.#pieces;
    const isOne = first !== undefined && this.#pieces.length === 1;
    this.#resolve({ kind: "body", bytes: isOne ? first : Buffer.concat(this.#pieces) });
  }

  onFailure(failure: AnswerFailure): void {
    this.#resolve({ kind: "failed", failure });
  }

  onGone(): void {
    this.#answer.fail(clientClosed(), "C");
  }

  onDrain(): void {}

  onDefect(thrown: unknown): void {
    this.#reject(thrown);
  }

  onStall(): void {
    this.#answer.fail(clientClosed(), "C");
  }
}
