/**
 * One attempt at an upstream: its deadlines, its head, and its pieces on the way to whoever delivers them.
 */

import type { Clock } from "../../core/clock.ts";
import type { Cause, Party, Phase } from "../../core/ending.ts";
import { asGatewayError, GatewayError } from "../../core/errors.ts";
import type { Timeouts } from "../../core/timeouts.ts";
import type {
  Exchange,
  ExchangeError,
  ExchangeListener,
  Upstream,
  UpstreamHead,
  UpstreamRequest,
} from "../../upstreams/upstream.ts";
import type { Watch, Watched } from "../visit/watch.ts";
import { faultCause, faultError } from "./fault.ts";

/** Why an attempt ended without its own end, and whose doing it was. */
export type AnswerFailure = {
  readonly error: GatewayError;
  readonly cause: Cause;
  readonly dispatched: boolean;
  /** Never worth another try: a bad certificate. */
  readonly final: boolean;
};

/** Who delivers the answer. Nothing is called after `onEnd` or `onFailure`, but for `onDefect`. */
export interface AnswerReader {
  onPiece(piece: Buffer): void;
  onEnd(): void;
  onFailure(failure: AnswerFailure): void;
  /** It has thrown, and could not end by `onFailure` either. Must not throw. */
  onDefect(thrown: unknown): void;
}

type State = "waiting" | "headed" | "over";

/** How long an upstream may keep the connection open after its last event. */
const LINGER_MS = 1_000;

export class Answer implements ExchangeListener, Watched {
  /** Set once an event has come; until then the first-token deadline runs. */
  sawEvent = false;
  readonly startedMs: number;
  dispatchedMs: number | null = null;
  headMs: number | null = null;
  /** When the first piece of the body came: a thinking model sends its head long before. */
  firstPieceMs: number | null = null;
  endedMs: number | null = null;
  head: UpstreamHead | null = null;
  readonly #timeouts: Timeouts;
  readonly #clock: Clock;
  readonly #watch: Watch;
  readonly #slot: number;
  #exchange: Exchange | null = null;
  #state: State = "waiting";
  #reader: AnswerReader | null = null;
  #early: Buffer[] | null = null;
  #earlyEnd = false;
  #failure: AnswerFailure | null = null;
  #sentMs: number | null = null;
  #lastPieceMs = 0;
  #paused = false;
  #lingerUntilMs = Number.POSITIVE_INFINITY;
  #settle: (() => void) | null = null;

  constructor(timeouts: Timeouts, clock: Clock, watch: Watch) {
    this.#timeouts = timeouts;
    this.#clock = clock;
    this.#watch = watch;
    this.startedMs = clock.monotonicMs();
    this.#slot = watch.add(this);
  }

  get failure(): AnswerFailure | null {
    return this.#failure;
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  /** Sends the request; resolves once there is a head or a failure. */
  ask(upstream: Upstream, request: UpstreamRequest): Promise<void> {
    const settled = new Promise<void>((resolve) => {
      this.#settle = resolve;
    });
    this.#exchange = upstream.start(request, this);
    if (this.isOver) this.#exchange.abort();
    return settled;
  }

  /** Hands what has come, and all that is still to come, to the reader. */
  read(reader: AnswerReader): void {
    this.#reader = reader;
    const early = this.#early;
    this.#early = null;
    if (early !== null) {
      for (const piece of early) if (this.#reader === reader) this.#hand(reader, piece);
    }
    if (this.#reader !== reader) return;
    if (this.#earlyEnd) this.#handEnd(reader);
    else if (this.#failure !== null) this.#handFailure(reader, this.#failure);
  }

  pause(): void {
    this.#paused = true;
    this.#exchange?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#lastPieceMs = this.#clock.monotonicMs();
    this.#exchange?.resume();
  }

  /** Ends the attempt in its present phase; the reader, or whoever awaits the head, is told. */
  fail(error: GatewayError, party: Party): void {
    const cause: Cause = `${party}${this.phase}`;
    this.#end({ error, cause, dispatched: this.dispatchedMs !== null, final: true });
    this.#exchange?.abort();
  }

  /** The answer has been delivered: what the upstream still has to say is not listened to. */
  letGo(): void {
    this.#reader = null;
    if (this.#state === "over") return;
    this.#lingerUntilMs = this.#clock.monotonicMs() + LINGER_MS;
    this.resume();
  }

  /** Closes the connection to the upstream at once, telling nobody. */
  abandon(): void {
    this.#reader = null;
    this.#over();
    this.#exchange?.abort();
  }

  onDispatch(): void {
    this.dispatchedMs = this.#clock.monotonicMs();
  }

  onRequestSent(): void {
    this.#sentMs = this.#clock.monotonicMs();
  }

  onHead(head: UpstreamHead): void {
    if (this.isOver) return;
    this.#state = "headed";
    this.head = head;
    this.headMs = this.#clock.monotonicMs();
    this.#lastPieceMs = this.headMs;
    this.#wake();
  }

  onPiece(piece: Buffer): void {
    if (this.isOver) return;
    this.#lastPieceMs = this.#clock.monotonicMs();
    this.firstPieceMs ??= this.#lastPieceMs;
    if (this.#reader !== null) {
      this.#hand(this.#reader, piece);
    } else if (this.#lingerUntilMs === Number.POSITIVE_INFINITY) {
      this.#early ??= [];
      this.#early.push(piece);
    } else {
      // More after the end: whatever it is, nothing of it may come near another answer.
      this.abandon();
    }
  }

  onEnd(): void {
    if (this.isOver) return;
    this.#over();
    if (this.#reader === null) this.#earlyEnd = true;
    else this.#handEnd(this.#reader);
  }

  onError(error: ExchangeError): void {
    if (this.isOver) return;
    const { phase } = this;
    this.#end({
      error: faultError(error, phase),
      cause: faultCause(error.fault, phase),
      dispatched: error.dispatched,
      final: error.fault === "certificate",
    });
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#lingerUntilMs) {
      this.abandon();
      return;
    }
    const late = this.#lateFor(nowMs);
    if (late === null) return;
    const repeat = this.dispatchedMs === null ? "safe" : "unsafe";
    // While the client does not read, it is the client who is late.
    this.fail(new GatewayError("upstream_timeout", late, { repeat }), this.#paused ? "C" : "U");
  }

  /** The phase that the attempt is in, as the ledger's second letter. */
  get phase(): Phase {
    if (this.headMs !== null) return this.sawEvent ? "S" : "F";
    if (this.dispatchedMs === null) return "C";
    return this.#sentMs === null ? "B" : "H";
  }

  #lateFor(nowMs: number): string | null {
    const { totalMs, bodyWriteMs, firstByteMs, firstTokenMs, betweenChunksMs } = this.#timeouts;
    if (nowMs - this.startedMs >= totalMs) return lateMessage("finish its answer", "total", totalMs);
    if (this.headMs !== null) {
      // While the client does not read, it is not the upstream that is late.
      if (this.#paused) return null;
      if (firstTokenMs !== null && !this.sawEvent && nowMs - this.headMs >= firstTokenMs) {
        return lateMessage("send its first token", "first_token", firstTokenMs);
      }
      if (nowMs - this.#lastPieceMs < betweenChunksMs) return null;
      return lateMessage("send more of its answer", "between_chunks", betweenChunksMs);
    }
    if (this.#sentMs !== null) {
      if (nowMs - this.#sentMs < firstByteMs) return null;
      return lateMessage("begin to answer", "first_byte", firstByteMs);
    }
    if (this.dispatchedMs === null || nowMs - this.dispatchedMs < bodyWriteMs) return null;
    return lateMessage("take the request", "body_write", bodyWriteMs);
  }

  #hand(reader: AnswerReader, piece: Buffer): void {
    try {
      reader.onPiece(piece);
    } catch (thrown) {
      const error = asGatewayError(thrown);
      if (this.isOver) this.#breakOff(reader, error);
      else this.fail(error, partyOf(error));
    }
  }

  /** All has come, but what has not been handed on is not, nor is the end. */
  #breakOff(reader: AnswerReader, error: GatewayError): void {
    this.#reader = null;
    const cause: Cause = `${partyOf(error)}${this.phase}`;
    this.#handFailure(reader, { error, cause, dispatched: true, final: true });
  }

  #handEnd(reader: AnswerReader): void {
    try {
      reader.onEnd();
    } catch (thrown) {
      this.#breakOff(reader, asGatewayError(thrown));
    }
  }

  #handFailure(reader: AnswerReader, failure: AnswerFailure): void {
    try {
      reader.onFailure(failure);
    } catch (thrown) {
      reader.onDefect(thrown);
    }
  }

  #end(failure: AnswerFailure): void {
    if (this.isOver) return;
    this.#failure = failure;
    this.#over();
    this.#wake();
    const reader = this.#reader;
    this.#reader = null;
    if (reader !== null) this.#handFailure(reader, failure);
  }

  #over(): void {
    if (this.isOver) return;
    this.#state = "over";
    this.endedMs = this.#clock.monotonicMs();
    this.#watch.remove(this.#slot);
  }

  #wake(): void {
    const settle = this.#settle;
    this.#settle = null;
    settle?.();
  }
}

/** Whose doing it is that a reader has thrown: a defect of ours must not pass for a fault of Ark's. */
function partyOf({ source }: GatewayError): Party {
  return source === "upstream" ? "U" : "G";
}

function lateMessage(what: string, setting: string, limitMs: number): string {
  return (
    `Ark did not ${what} within ${limitMs / 1000} s (timeouts.${setting}). ` +
    "Ask for less in one call, stream the answer, or raise the timeout for this model."
  );
}
