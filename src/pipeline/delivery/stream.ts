/** Delivers a stream: whole events as they come, with backpressure, to an end that cannot lie. */
import type { Cause, Outcome } from "../../core/ending.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Provenance } from "../../core/usage.ts";
import type { Tap } from "../../protocols/door.ts";
import type { Answer, AnswerFailure, AnswerReader } from "../answer/answer.ts";
import type { ReplyListener } from "../visit/reply.ts";
import { clientClosed, type Visit } from "../visit/visit.ts";
import { broken, complete, type Delivered, type Delivery, logBreak, type Shipment } from "./delivery.ts";

export function deliverStream(shipment: Shipment): Promise<Delivered> {
  return new Promise((resolve, reject) => {
    new StreamDelivery(shipment, resolve, reject).begin();
  });
}

class StreamDelivery implements AnswerReader, ReplyListener {
  readonly #shipment: Shipment;
  readonly #visit: Visit;
  readonly #answer: Answer;
  readonly #tap: Tap;
  readonly #reject: (thrown: unknown) => void;
  #resolve: ((delivered: Delivered) => void) | null;

  constructor(
    shipment: Shipment,
    resolve: (delivered: Delivered) => void,
    reject: (thrown: unknown) => void,
  ) {
    this.#shipment = shipment;
    this.#visit = shipment.visit;
    this.#answer = shipment.attempt.answer;
    this.#tap = shipment.plan.door.openTap(shipment.plan.intent);
    this.#reject = reject;
    this.#resolve = resolve;
  }

  begin(): void {
    this.#visit.reply.listener = this;
    this.#answer.read(this);
  }

  onPiece(piece: Buffer): void {
    const tap = this.#tap;
    const bytes = tap.push(piece);
    if (tap.events > 0) this.#answer.sawEvent = true;
    if (bytes !== null) this.#send(bytes);
    if (tap.done) this.#complete();
    else if (tap.failure !== null) this.#endInTheirError(tap.failure.code);
    else this.#visit.reply.insideEvent = tap.insideEvent;
  }

  onEnd(): void {
    const rest = this.#tap.finish();
    if (rest !== null) this.#send(rest);
    if (this.#tap.done) {
      this.#complete();
      return;
    }
    if (this.#tap.failure !== null) {
      this.#endInTheirError(this.#tap.failure.code);
      return;
    }
    const error = new GatewayError(
      "upstream_truncated",
      // Not by its name: many a client takes any line that has the closing mark in it for the good end.
      "Ark ended its stream before its closing mark: the answer is not complete. It may have been billed.",
    );
    this.#endInOurError(error, `U${this.#answer.phase}`);
  }

  onFailure(failure: AnswerFailure): void {
    this.#endInOurError(failure.error, failure.cause);
  }

  onGone(): void {
    const cause = `C${this.#answer.phase}` as const;
    this.#answer.abandon();
    this.#settle(this.#broken(clientClosed(), cause, "abandoned"));
  }

  onDrain(): void {
    this.#answer.resume();
  }

  onStall(): void {
    this.#answer.abandon();
    this.#settle(this.#broken(clientClosed(), "CS", "partial"));
  }

  onDefect(thrown: unknown): void {
    this.#reject(thrown);
  }

  #send(bytes: Buffer): void {
    const { reply } = this.#visit;
    if (!reply.begun) reply.beginStream();
    if (!reply.write(bytes)) this.#answer.pause();
  }

  #complete(): void {
    this.#visit.reply.end();
    if (this.#tap.hasMore) this.#answer.abandon();
    else this.#answer.letGo();
    this.#settle(complete(this.#tap.usage));
  }

  /** The upstream's own error event has been passed on: nothing is added to it. */
  #endInTheirError(code: string | null): void {
    this.#visit.reply.endAndClose();
    this.#answer.abandon();
    this.#settle({
      outcome: "partial",
      cause: "US",
      errorCode: code ?? "upstream_error",
      errorSource: "upstream",
      usage: this.#tap.usage,
      provenance: this.#provenance(),
    });
  }

  #endInOurError(error: GatewayError, cause: Cause): void {
    const { visit, plan } = this.#shipment;
    this.#answer.abandon();
    if (!visit.reply.begun) {
      this.#resolve?.({ kind: "unsent", error, cause });
      this.#resolve = null;
      return;
    }
    logBreak(this.#shipment, error, cause);
    if (this.#tap.insideEvent) {
      visit.reply.destroy();
    } else {
      visit.reply.write(plan.door.dialect.renderErrorEvent(error, visit.id));
      visit.reply.endAndClose();
    }
    this.#settle(this.#broken(error, cause, this.#tap.events > 0 ? "partial" : "failed"));
  }

  #broken(error: GatewayError, cause: Cause, outcome: Outcome): Delivery {
    return broken(error, cause, outcome, this.#tap.usage, this.#provenance());
  }

  #provenance(): Provenance {
    const { usage, usageIsFinal } = this.#tap;
    if (usage === null) return "none";
    return usageIsFinal ? "upstream_final" : "upstream_partial";
  }

  #settle(delivery: Delivery): void {
    this.#resolve?.({ kind: "sent", delivery });
    this.#resolve = null;
  }
}
