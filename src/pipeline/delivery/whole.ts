/**
 * Delivers a whole answer: held until it is complete while it is small, flowing with its length when it is
 * not.
 */

import type { Cause, Outcome } from "../../core/ending.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Usage } from "../../core/usage.ts";
import type { AnswerFailure, AnswerReader } from "../answer/answer.ts";
import { clientClosed } from "../visit/client-closed.ts";
import type { ReplyListener } from "../visit/reply.ts";
import {
  broken,
  type Consumption,
  complete,
  type Delivered,
  type Delivery,
  free,
  invalidAnswer,
  logBreak,
  type Shipment,
  untold,
} from "./delivery.ts";
import { Drain } from "./drain.ts";
import type { Farewell } from "./farewell.ts";

/** Up to here a cut answer can still become an honest 502, since not a byte of it is out. */
const HELD_BYTES_MAX = 256 * 1024;
/** Up to here an answer is held that the client is given in other words. */
const REWRITTEN_BYTES_MAX = 32 * 1024 * 1024;
/** Up to here a flowing answer is also kept, for its usage. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

export function deliverWhole(shipment: Shipment): Promise<Delivered> {
  return new Promise((resolve, reject) => {
    new WholeDelivery(shipment, resolve, reject).begin();
  });
}

class WholeDelivery implements AnswerReader, ReplyListener {
  readonly #shipment: Shipment;
  readonly #reject: (thrown: unknown) => void;
  #resolve: ((delivered: Delivered) => void) | null;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isKept = true;
  /** The last piece of a flowing answer: with it a client has the whole, so it waits for the ledger. */
  #last: Buffer | null = null;
  /** The client has left, and the rest is read for its usage alone. */
  #drain: Drain | null;

  constructor(
    shipment: Shipment,
    resolve: (delivered: Delivered) => void,
    reject: (thrown: unknown) => void,
  ) {
    this.#shipment = shipment;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#drain = shipment.visit.drain;
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
    if (this.#shipment.plan.answers.rewritesWhole) {
      if (this.#bytes > REWRITTEN_BYTES_MAX) this.#refuseLong();
      return;
    }
    if (this.#drain === null) {
      if (reply.begun) this.#flow(piece);
      else if (this.#bytes > HELD_BYTES_MAX) this.#beginFlow();
    }
    if (!this.#isKept || this.#bytes <= KEPT_BYTES_MAX) return;
    this.#isKept = false;
    this.#pieces = [];
  }

  onEnd(): void {
    const { visit, plan, attempt, headers } = this.#shipment;
    const { reply } = visit;
    if (this.#drain !== null) {
      this.#leave("abandoned", this.#drain.cause);
      return;
    }
    if (reply.begun) {
      this.#settle(complete(this.#readUsage(), null), { kind: "end", bytes: this.#last });
      return;
    }
    const body = this.#body();
    if (body.length === 0) {
      this.#refuse(invalidAnswer(this.#shipment, "is empty"));
      return;
    }
    if (plan.intent.stream && attempt.target.upstream.readError(200, body) !== null) {
      this.#refuse(invalidAnswer(this.#shipment, "has status 200 and an error in its body", free));
      return;
    }
    const given = plan.answers.rewritesWhole ? this.#rewritten(body) : body;
    if (given === null) return;
    reply.addHeader("content-type", headers.contentType ?? "application/json");
    this.#settle(complete(this.#readUsage(), null), { kind: "whole", status: 200, body: given });
  }

  onFailure(failure: AnswerFailure): void {
    const { error, cause } = failure;
    if (this.#drain !== null) {
      this.#leave("abandoned", this.#drain.cause);
      return;
    }
    if (!this.#shipment.visit.reply.begun) {
      this.#refuse({ kind: "unsent", error, cause, consumption: untold });
      return;
    }
    logBreak(this.#shipment, error, cause);
    // Half of a JSON text is out: only a broken connection says so.
    this.#settle(broken(error, cause, "partial", untold), { kind: "break" });
  }

  onGone(): void {
    this.#lose("abandoned", `C${this.#shipment.attempt.answer.phase}`);
  }

  onDrain(): void {
    this.#shipment.attempt.answer.resume();
  }

  onStall(): void {
    this.#lose("partial", "CS");
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

  /** Always one piece behind. */
  #flow(piece: Buffer): void {
    const { visit, attempt } = this.#shipment;
    const before = this.#last;
    this.#last = piece;
    if (before !== null && !visit.reply.write(before)) attempt.answer.pause();
  }

  #body(): Buffer {
    const [first] = this.#pieces;
    return first !== undefined && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
  }

  #readUsage(): Usage | null {
    return this.#isKept ? this.#shipment.plan.answers.hearWhole(this.#body()) : null;
  }

  /** In the door's own words; null where it is not what Ark should send, which the client has been told. */
  #rewritten(body: Buffer): Buffer | null {
    try {
      return this.#shipment.plan.answers.rewriteWhole(body);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      const cause: Cause = `U${this.#shipment.attempt.answer.phase}`;
      this.#refuse({ kind: "unsent", error: thrown, cause, consumption: this.#heard() });
      return null;
    }
  }

  #refuseLong(): void {
    this.#pieces = [];
    this.#isKept = false;
    const why = `is longer than ${REWRITTEN_BYTES_MAX} bytes, which is too long to be translated`;
    this.#refuse(invalidAnswer(this.#shipment, why));
  }

  /** Nobody is there any more: hangs up, or reads on for the usage. */
  #lose(outcome: Outcome, cause: Cause): void {
    if (this.#resolve === null || this.#drain !== null) return;
    const { house, visit, attempt } = this.#shipment;
    this.#drain = Drain.begin(house, attempt.answer);
    visit.drain = this.#drain;
    if (this.#drain !== null) return;
    attempt.answer.abandon();
    this.#leave(outcome, cause);
  }

  #leave(outcome: Outcome, cause: Cause): void {
    this.#settle(broken(clientClosed(), cause, outcome, this.#heard()), { kind: "nothing" });
  }

  /** Of an answer that its client is not given: the bill may be in it all the same. */
  #heard(): Consumption {
    const usage = this.#readUsage();
    return usage === null ? untold : { kind: "told", usage, isFinal: true };
  }

  #settle(delivery: Delivery, farewell: Farewell): void {
    this.#resolve?.({ kind: "sent", delivery, farewell });
    this.#resolve = null;
  }

  #refuse(delivered: Delivered): void {
    this.#resolve?.(delivered);
    this.#resolve = null;
  }
}
