/**
 * Reads on after the client has left, so that the usage still comes: for so long, for so many tokens, and for
 * so many answers at once.
 */
import type { Cause } from "../../core/ending.ts";
import type { Grant } from "../../limits/limiter.ts";
import type { Answer } from "../answer/answer.ts";
import type { House } from "../house.ts";
import { clientClosed } from "../visit/client-closed.ts";
import type { Watched } from "../visit/watch.ts";

export class Drain implements Watched {
  /** How the client left: what the row says, however the reading ends. */
  readonly cause: Cause;
  /** Events that may still come: each holds a token at least, so these are the tokens of the setting. */
  readonly eventsMax: number;
  readonly #house: House;
  readonly #answer: Answer;
  readonly #place: Grant;
  readonly #untilMs: number;
  readonly #slot: number;
  #isOver = false;

  private constructor(
    house: House,
    answer: Answer,
    place: Grant,
    limits: { readonly forMs: number; readonly tokensMax: number },
  ) {
    this.cause = `C${answer.phase}`;
    this.eventsMax = limits.tokensMax;
    this.#house = house;
    this.#answer = answer;
    this.#place = place;
    this.#untilMs = house.clock.monotonicMs() + limits.forMs;
    this.#slot = house.watch.add(this);
  }

  /**
   * Begins where the setting says so (`ledger.client_loss`), the request has gone out, and there is a place;
   * null says to hang up.
   */
  static begin(house: House, answer: Answer): Drain | null {
    const { clientLoss } = house.settings;
    if (clientLoss.kind !== "drain" || answer.dispatchedMs === null || answer.isOver) return null;
    const admission = house.drains.admit();
    if (admission.kind === "refused") return null;
    const drain = new Drain(house, answer, admission.grant, clientLoss);
    answer.resume();
    return drain;
  }

  /** It has taken too long; the answer's reader, or whoever awaits its head, is told. */
  tick(nowMs: number): void {
    if (nowMs >= this.#untilMs) this.stop();
  }

  stop(): void {
    this.#answer.fail(clientClosed(), "C");
  }

  /** Once, however often it is called. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#house.watch.remove(this.#slot);
    this.#place.release();
  }
}
