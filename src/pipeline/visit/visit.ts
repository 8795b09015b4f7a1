/** One request of a client, from its arrival until its answer is flushed. */
import type { IncomingMessage } from "node:http";
import type { GatewayError } from "../../core/errors.ts";
import { newRequestId, type RequestId } from "../../core/ids.ts";
import type { Tap } from "../../protocols/door.ts";
import { refuseBody, tooManyBytes } from "../../wire/bounded-body.ts";
import type { Answer } from "../answer/answer.ts";
import type { Drain } from "../delivery/drain.ts";
import type { House } from "../house.ts";
import { clientClosed } from "./client-closed.ts";
import type { Stoppable } from "./in-flight.ts";
import { Reply } from "./reply.ts";
import type { GatewayResponse } from "./response.ts";

export class Visit implements Stoppable {
  readonly id: RequestId;
  readonly request: IncomingMessage;
  readonly reply: Reply;
  readonly startedAtWallMs: number;
  readonly startedMs: number;
  /** The attempt that is going on, so that a stop can reach it. */
  answer: Answer | null = null;
  /** Of the stream that is on its way to the client: it knows how to end it in an error. */
  tap: Tap | null = null;
  /** The client has left, and the answer is read on for its usage. */
  drain: Drain | null = null;
  /** The line for a limit that it stands in, so that a stop can take it out. */
  line: { leave(): void } | null = null;
  readonly #house: House;
  readonly #slot: number;
  #stopped: GatewayError | null;
  #bodyBytes = 0;
  /** Its last byte, and its accounts. */
  #stillToCome = 2;

  constructor(house: House, request: IncomingMessage, response: GatewayResponse) {
    this.#house = house;
    this.request = request;
    this.startedAtWallMs = house.clock.wallMs();
    this.startedMs = house.clock.monotonicMs();
    this.id = newRequestId(this.startedAtWallMs);
    this.reply = new Reply(response, house.clock, house.watch);
    this.reply.addHeader("x-request-id", this.id);
    this.reply.addHeader("request-id", this.id);
    if (house.inFlight.presence === "draining") this.reply.closeAfter();
    this.#stopped = house.inFlight.stopped;
    this.#slot = house.inFlight.enter(this);
    house.occupancy.enter();
    this.reply.onClosed = this;
  }

  /** The body is here, and counts until it is let go. */
  holdBody(bytes: number): void {
    this.#bodyBytes = bytes;
  }

  /**
   * What is made of the body stays as long as it does.
   * @throws GatewayError overloaded, where there is no room for it
   */
  holdMore(bytes: number): void {
    if (!this.#house.bodies.take(bytes)) throw tooManyBytes();
    this.#bodyBytes += bytes;
  }

  /** The body is not needed any more; once is enough, more do no harm. */
  letBodyGo(): void {
    this.#house.bodies.give(this.#bodyBytes);
    this.#bodyBytes = 0;
  }

  stop(error: GatewayError): void {
    this.#stopped = error;
    refuseBody(this.request, error);
    this.line?.leave();
    this.answer?.fail(error, "G");
  }

  /** Throws where nothing more should be begun: the client has gone, or the process is stopping. */
  checkPresent(): void {
    if (this.#stopped !== null) throw this.#stopped;
    if (this.reply.gone) throw clientClosed();
  }

  /** For the reply: the response is closed. */
  closed(): void {
    this.#leave();
  }

  /** For the pipeline: the accounts are settled. */
  accounted(): void {
    this.#leave();
  }

  #leave(): void {
    this.#stillToCome--;
    if (this.#stillToCome > 0) return;
    this.#house.inFlight.leave(this.#slot);
    this.#house.occupancy.leave();
  }
}
