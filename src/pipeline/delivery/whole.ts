/**
 * Delivers a whole answer: held until it is complete while it is small, flowing with its length when it is
 * not.
 */

import type { AnswerFailure, AnswerReader } from "../answer/answer.ts";
import type { ReplyListener } from "../visit/reply.ts";
import { clientClosed } from "../visit/visit.ts";
import {
  broken,
  complete,
  type Delivered,
  type Delivery,
  invalidAnswer,
  logBreak,
  type Shipment,
} from "./delivery.ts";

/** Up to here a cut answer can still become an honest 502, since not a byte of it is out. */
const HELD_BYTES_MAX = 256 * 1024;
/** Up to here a flowing answer is also kept, for its usage. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

export function deliverWhole(shipment: Shipment): Promise<Delivered> {
  return new Promise((resolve, reject) => {
    new WholeDelivery(shipment, resolve, reject).begin();
  });
}

class WholeDelivery implements AnswerReader, ReplyListener {
  readonly #shipment: Shipment;
  readonly #resolve: (delivered: Delivered) => void;
  readonly #reject: (thrown: unknown) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isKept = true;

  constructor(
    shipment: Shipment,
    resolve: (delivered: Delivered) => void,
    reject: (thrown: unknown) => void,
  ) {
    this.#shipment = shipment;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    const { visit, attempt } = this.#shipment;
    visit.reply.listener = this;
    visit.reply.stopHeartbeats();
    attempt.answer.sawEvent = true;
    attempt.answer.read(this);
  }

  onPiece(piece: Buffer): void {
    const { reply } = this.#shipment.visit;
    this.#bytes += piece.length;
    if (this.#isKept) this.#pieces.push(piece);
    if (reply.begun) {
      this.#flow(piece);
    } else if (this.#bytes > HELD_BYTES_MAX) {
      this.#beginFlow();
    }
    if (!this.#isKept || this.#bytes <= KEPT_BYTES_MAX) return;
    this.#isKept = false;
    this.#pieces = [];
  }

  onEnd(): void {
    const { visit, headers } = this.#shipment;
    const { reply } = visit;
    if (reply.begun) {
      this.#settle(complete(this.#readUsage()));
      reply.end();
      return;
    }
    const body = this.#body();
    const { plan, attempt } = this.#shipment;
    if (body.length === 0) {
      this.#resolve(invalidAnswer(this.#shipment, "is empty"));
      return;
    }
    if (plan.intent.stream && attempt.target.upstream.readError(200, body) !== null) {
      this.#resolve(invalidAnswer(this.#shipment, "has status 200 and an error in its body"));
      return;
    }
    const usage = this.#readUsage();
    reply.addHeader("content-type", headers.contentType ?? "application/json");
    reply.sendWhole(200, body);
    this.#settle(complete(usage));
  }

  onFailure(failure: AnswerFailure): void {
    const { visit } = this.#shipment;
    if (!visit.reply.begun) {
      this.#resolve({ kind: "unsent", error: failure.error, cause: failure.cause });
      return;
    }
    logBreak(this.#shipment, failure.error, failure.cause);
    // Half of a JSON text is out: only a broken connection says so.
    visit.reply.destroy();
    this.#settle(broken(failure.error, failure.cause, "partial", null, "none"));
  }

  onGone(): void {
    const { answer } = this.#shipment.attempt;
    const { phase } = answer;
    answer.abandon();
    this.#settle(broken(clientClosed(), `C${phase}`, "abandoned", null, "none"));
  }

  onDrain(): void {
    this.#shipment.attempt.answer.resume();
  }

  onStall(): void {
    this.#shipment.attempt.answer.abandon();
    this.#settle(broken(clientClosed(), "CS", "partial", null, "none"));
  }

  onDefect(thrown: unknown): void {
    this.#reject(thrown);
  }

  #beginFlow(): void {
    const { visit, headers } = this.#shipment;
    const { reply } = visit;
    reply.addHeader("content-type", headers.contentType ?? "application/json");
    reply.beginFlow(200, headers.contentLength);
    for (const piece of this.#pieces) this.#flow(piece);
  }

  #flow(piece: Buffer): void {
    const { visit, attempt } = this.#shipment;
    if (!visit.reply.write(piece)) attempt.answer.pause();
  }

  #body(): Buffer {
    const [first] = this.#pieces;
    return first !== undefined && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
  }

  #readUsage(): Delivery["usage"] {
    return this.#isKept ? this.#shipment.plan.door.readUsage(this.#body()) : null;
  }

  #settle(delivery: Delivery): void {
    this.#resolve({ kind: "sent", delivery });
  }
}
