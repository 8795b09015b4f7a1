/** Delivers a stream: whole events as they come, with backpressure, to an end that cannot lie. */
import type { Cause, Outcome } from "../../core/ending.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Tap } from "../../protocols/door.ts";
import type { Answer, AnswerFailure, AnswerReader } from "../answer/answer.ts";
import { clientClosed } from "../visit/client-closed.ts";
import type { ReplyListener } from "../visit/reply.ts";
import type { Visit } from "../visit/visit.ts";
import {
  broken,
  complete,
  consumptionOf,
  type Delivered,
  type Delivery,
  logBreak,
  type Shipment,
} from "./delivery.ts";
import { Drain } from "./drain.ts";
import type { Farewell } from "./farewell.ts";

export function deliverStream(shipment: Shipment): Promise<Delivered> {
  return new Promise((resolve, reject) => {
    new StreamDelivery(shipment, resolve, reject).begin();
  });
}

type Break = Pick<AnswerFailure, "error" | "cause">;

class StreamDelivery implements AnswerReader, ReplyListener {
  readonly #shipment: Shipment;
  readonly #visit: Visit;
  readonly #answer: Answer;
  readonly #tap: Tap;
  readonly #reject: (thrown: unknown) => void;
  #resolve: ((delivered: Delivered) => void) | null;
  /** The client has left, and the rest is read for its usage alone. */
  #drain: Drain | null;
  #lostAs: Outcome = "abandoned";
  #eventsAtLoss = 0;

  constructor(
    shipment: Shipment,
    resolve: (delivered: Delivered) => void,
    reject: (thrown: unknown) => void,
  ) {
    this.#shipment = shipment;
    this.#visit = shipment.visit;
    this.#answer = shipment.attempt.answer;
    this.#tap = shipment.plan.answers.openTap();
    shipment.visit.tap = this.#tap;
    this.#reject = reject;
    this.#resolve = resolve;
    this.#drain = shipment.visit.drain;
  }

  begin(): void {
    this.#visit.reply.listener = this;
    this.#answer.read(this);
  }

  onPiece(piece: Buffer): void {
    const tap = this.#tap;
    const bytes = tap.push(piece);
    if (tap.events > 0) this.#answer.sawEvent = true;
    if (this.#drain !== null) {
      this.#readOn(this.#drain);
      return;
    }
    // What ends the stream waits for the ledger.
    if (tap.done) this.#complete(bytes);
    else if (tap.failure !== null) this.#endInTheirError(tap.failure.code, bytes);
    else {
      if (bytes !== null) this.#send(bytes);
      this.#visit.reply.insideEvent = tap.insideEvent;
    }
  }

  onEnd(): void {
    const { insideEvent } = this.#tap;
    const error = new GatewayError(
      "upstream_truncated",
      // Not by its name: many a client takes any line that has the closing mark in it for the good end.
      "Ark ended its stream before its closing mark: the answer is not complete. It may have been billed.",
    );
    this.#end(this.#tap.finish(), { error, cause: `U${this.#answer.phase}` }, insideEvent);
  }

  onFailure(failure: AnswerFailure): void {
    const { insideEvent } = this.#tap;
    this.#end(this.#hearLastEvent(), failure, insideEvent);
  }

  onGone(): void {
    this.#lose("abandoned", `C${this.#answer.phase}`);
  }

  onDrain(): void {
    this.#answer.resume();
  }

  onStall(): void {
    this.#lose("partial", "CS");
  }

  onDefect(thrown: unknown): void {
    this.#reject(thrown);
  }

  /** The usage, or the end, may have come to its last byte but for the blank line behind it. */
  #hearLastEvent(): Buffer | null {
    try {
      return this.#tap.finish();
    } catch (thrown) {
      // Why the stream has failed is known; what else is wrong with it changes nothing.
      if (!(thrown instanceof GatewayError)) throw thrown;
      return null;
    }
  }

  #send(bytes: Buffer): void {
    const { reply } = this.#visit;
    if (!reply.begun) reply.beginStream();
    if (!reply.write(bytes)) this.#answer.pause();
  }

  /**
   * Nothing more comes. What had come but for the blank line behind it counts as if it had come with it.
   * @param error what is said where the answer has no end
   */
  #end(rest: Buffer | null, { error, cause }: Break, insideEvent: boolean): void {
    const { done, failure } = this.#tap;
    if (this.#drain !== null) this.#leave(this.#drain.cause);
    else if (done) this.#complete(rest);
    else if (failure !== null) this.#endInTheirError(failure.code, rest);
    else {
      if (rest !== null) this.#send(rest);
      // It is an event, though it came at the very end.
      this.#endInOurError(error, rest !== null && cause === "UF" ? "US" : cause, insideEvent);
    }
  }

  #complete(bytes: Buffer | null): void {
    if (this.#tap.hasMore) this.#answer.abandon();
    else this.#answer.letGo();
    this.#settle(complete(this.#tap.usage, this.#tap), { kind: "end", bytes });
  }

  /** The upstream's own error event has been passed on: nothing is added to it. */
  #endInTheirError(code: string | null, bytes: Buffer | null): void {
    this.#answer.abandon();
    const delivery: Delivery = {
      outcome: "partial",
      cause: "US",
      errorCode: code ?? "upstream_error",
      errorSource: "upstream",
      consumption: consumptionOf(this.#tap),
      delivered: null,
    };
    this.#settle(delivery, { kind: "close", bytes });
  }

  #endInOurError(error: GatewayError, cause: Cause, insideEvent = this.#tap.insideEvent): void {
    const { visit } = this.#shipment;
    this.#answer.abandon();
    const consumption = consumptionOf(this.#tap);
    if (!visit.reply.begun) {
      this.#resolve?.({ kind: "unsent", error, cause, consumption });
      this.#resolve = null;
      return;
    }
    logBreak(this.#shipment, error, cause);
    const outcome = this.#tap.events > 0 ? "partial" : "failed";
    const bytes = insideEvent ? null : this.#tap.failureEvent(error, visit.id);
    const farewell: Farewell = bytes === null ? { kind: "break" } : { kind: "close", bytes };
    this.#settle(broken(error, cause, outcome, consumption), farewell);
  }

  /** Nobody is there any more: hangs up, or reads on for the usage. */
  #lose(outcome: Outcome, cause: Cause): void {
    if (this.#resolve === null || this.#drain !== null) return;
    this.#lostAs = outcome;
    this.#eventsAtLoss = this.#tap.events;
    this.#drain = Drain.begin(this.#shipment.house, this.#answer);
    this.#visit.drain = this.#drain;
    if (this.#drain !== null) return;
    this.#answer.abandon();
    this.#leave(cause);
  }

  #readOn(drain: Drain): void {
    const { done, failure, events } = this.#tap;
    // Not by the usage: another may follow it, and the last one counts.
    if (done || failure !== null) {
      this.#answer.abandon();
      this.#leave(drain.cause);
    } else if (events - this.#eventsAtLoss > drain.eventsMax) {
      drain.stop();
    }
  }

  #leave(cause: Cause): void {
    const delivery = broken(clientClosed(), cause, this.#lostAs, consumptionOf(this.#tap));
    this.#settle(delivery, { kind: "nothing" });
  }

  #settle(delivery: Delivery, farewell: Farewell): void {
    this.#resolve?.({ kind: "sent", delivery, farewell });
    this.#resolve = null;
  }
}
