/** One client's WebSocket: takes its messages, runs its responses, and ends within its bounds. */
import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import { type ErrorFacts, GatewayError } from "../../core/errors.ts";
import type { ByteBudget } from "../../wire/byte-budget.ts";
import { type CreateEvent, readClientEvent } from "./client-event.ts";
import { itemsOf } from "./create-body.ts";
import { CreateQueue } from "./create-queue.ts";
import { errorFrame, socketError, steeringRefusal, warmUpFrames } from "./frames.ts";
import { Intake } from "./intake.ts";
import { OwnAnswers } from "./own-answers.ts";
import { SocketClosing } from "./socket-closing.ts";
import { type Turn, TurnMemory, withItems } from "./turn-memory.ts";
import { type TurnDial, TurnRun, type TurnRunListener } from "./turn-run.ts";

export type SocketBounds = {
  readonly runningMax: number;
  readonly waitingMax: number;
  readonly lanesMax: number;
  readonly lifetimeMs: number;
  readonly pingEveryMs: number;
  /** For how long nothing may come, not even a pong, while no response runs. */
  readonly silenceMaxMs: number;
  /** For how long one message may take to come. */
  readonly messageMs: number;
  /** For how long a client may take to close, once all that was written has gone out. */
  readonly closingMs: number;
  readonly messageBytesMax: number;
  /** Of one event of an answer, which becomes one message. */
  readonly eventBytesMax: number;
};

export type SocketParts = {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  readonly bounds: SocketBounds;
  readonly dial: TurnDial;
  /** Of request bodies. */
  readonly bodies: ByteBudget;
  /** Of what all connections remember. */
  readonly memories: ByteBudget;
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
  readonly onFault: (error: unknown) => void;
  readonly onClosed: (connection: SocketConnection) => void;
};

/** With more unread, the answers that run wait; with less, they go on. */
const UNREAD_BYTES_MAX = 262_144;
const UNREAD_BYTES_LOW = 65_536;

const GOING_AWAY = 1001;
const POLICY = 1008;
const INTERNAL = 1011;
const TRY_AGAIN = 1013;

export class SocketConnection implements TurnRunListener {
  readonly #parts: SocketParts;
  readonly #webSocket: WebSocket;
  readonly #queue: CreateQueue<CreateEvent>;
  readonly #memory: TurnMemory;
  readonly #intake: Intake;
  readonly #answers: OwnAnswers;
  readonly #closing: SocketClosing;
  readonly #runs = new Set<TurnRun>();
  readonly #openedMs: number;
  #receivedMs: number;
  #pingedMs: number;
  /** Why no response is begun any more. */
  #last: { readonly reason: string; readonly error: ErrorFacts } | null = null;
  #isPaused = false;

  constructor(parts: SocketParts) {
    const { webSocket, socket, bounds } = parts;
    this.#parts = parts;
    this.#webSocket = webSocket;
    this.#queue = new CreateQueue({ ...bounds, waitingBytesMax: bounds.messageBytesMax });
    this.#memory = new TurnMemory(bounds.messageBytesMax, parts.memories);
    this.#intake = new Intake(parts.bodies);
    this.#answers = new OwnAnswers(webSocket, bounds.messageBytesMax);
    this.#closing = new SocketClosing(webSocket, bounds.closingMs, parts.monotonicMs);
    this.#openedMs = parts.monotonicMs();
    this.#receivedMs = this.#openedMs;
    this.#pingedMs = this.#openedMs;
    // Before the message that a piece completes is told of.
    socket.prependListener("data", (piece: Buffer) => this.#guard(() => this.#onPiece(piece)));
    webSocket.on("message", (data, isBinary) => this.#guard(() => this.#onMessage(data, isBinary)));
    webSocket.on("ping", (data) => this.#intake.skipControl(data.length));
    webSocket.on("pong", (data) => this.#intake.skipControl(data.length));
    webSocket.on("error", () => this.#closing.begin());
    webSocket.on("close", () => this.#onClose());
  }

  /** Takes no more, lets what runs go on to its end, and then closes. */
  drain(): void {
    const message = "The gateway is stopping. Send it again over a new connection.";
    this.#wind("shutting_down", new GatewayError("shutting_down", message));
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  tick(nowMs: number): void {
    const { lifetimeMs, messageMs, pingEveryMs, silenceMaxMs } = this.#parts.bounds;
    if (this.#closing.isBegun) {
      this.#closing.check(nowMs);
      return;
    }
    if (nowMs - this.#openedMs >= lifetimeMs) this.#wind("websocket_connection_limit_reached", tooOld());
    const { sinceMs } = this.#intake;
    if (this.#closing.isBegun) return;
    if (sinceMs !== null && nowMs - sinceMs >= messageMs)
      this.#closing.close(POLICY, "a message came too slowly");
    if (nowMs - this.#pingedMs >= pingEveryMs && this.#webSocket.bufferedAmount === 0) {
      this.#pingedMs = nowMs;
      this.#webSocket.ping();
    }
    if (this.#runs.size === 0 && nowMs - this.#receivedMs >= silenceMaxMs) this.terminate();
  }

  send(frame: string): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#webSocket.send(frame, () => this.#resumeIfRead());
    if (this.#isPaused || this.#webSocket.bufferedAmount <= UNREAD_BYTES_MAX) return;
    this.#isPaused = true;
    for (const run of this.#runs) run.pause();
  }

  onTurn(run: TurnRun, turn: Turn | null): void {
    this.#memory.keep(run.create.lane, turn);
  }

  onTurnOver(run: TurnRun, isBroken: boolean): void {
    this.#finish(run);
    // Its answer was cut because the client does not read.
    if (isBroken && this.#isPaused) this.terminate();
    else this.#guard(() => this.#runNext());
  }

  #onPiece(piece: Buffer): void {
    this.#receivedMs = this.#parts.monotonicMs();
    if (this.#intake.take(piece.length, this.#receivedMs)) return;
    this.#closing.close(TRY_AGAIN, "too many request bodies are held");
    // What still comes is not to be held either.
    this.#parts.socket.pause();
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const message = data as Buffer;
    if (!this.#intake.finish(message.length))
      this.#closing.close(TRY_AGAIN, "too many request bodies are held");
    else if (!this.#take(message, isBinary)) this.#parts.bodies.give(message.length);
  }

  /** Whether the message's bytes are held from now on. */
  #take(message: Buffer, isBinary: boolean): boolean {
    if (this.#closing.isBegun) return false;
    if (isBinary) {
      this.#refuse(null, new GatewayError("invalid_request", "Send JSON in text messages, not binary ones."));
      return false;
    }
    const event = readClientEvent(message);
    switch (event.kind) {
      case "receipt":
        return false;
      case "steer":
        this.#answers.send(steeringRefusal(event.previousId, event.inputJson));
        return false;
      case "refused":
        this.#refuse(event.lane, event.error);
        return false;
      case "create":
        return this.#enqueue(event.create);
    }
  }

  #enqueue(create: CreateEvent): boolean {
    const refusal = this.#last?.error ?? this.#refusalOf(create);
    if (refusal === null) {
      this.#runNext();
      return true;
    }
    this.#refuse(create.lane, refusal);
    return false;
  }

  #refusalOf(create: CreateEvent): ErrorFacts | null {
    const { lanesMax } = this.#parts.bounds;
    switch (this.#queue.add(create)) {
      case "queued":
        return null;
      case "full":
        return new GatewayError(
          "rate_limit_exceeded",
          "Too many responses wait on this connection. Wait for one to end, or open another connection.",
        );
      case "too_many_lanes":
        return socketError(
          "websocket_stream_limit_reached",
          `This connection has as many stream ids as it may have (${lanesMax}). Reuse one, or open another connection.`,
          "stream_id",
        );
    }
  }

  #runNext(): void {
    for (let create = this.#queue.next(); create !== null; create = this.#queue.next()) {
      if (create.isWarmUp) this.#warmUp(create);
      else this.#run(create);
    }
    this.#closeIfDone();
  }

  #run(create: CreateEvent): void {
    const previous = create.previousId === null ? null : this.#memory.find(create.previousId);
    const run = new TurnRun(this.#parts.dial, create, previous, this);
    this.#runs.add(run);
    if (this.#isPaused) run.pause();
  }

  #warmUp(create: CreateEvent): void {
    const { lane, model, previousId, message } = create;
    const previous = previousId === null ? null : this.#memory.find(previousId);
    const { id, frames } = warmUpFrames(lane, model, previousId, this.#parts.wallMs());
    const items = withItems(previous?.items ?? [], itemsOf(create));
    this.#memory.keep(lane, { id, base: previous === null ? previousId : previous.base, items });
    this.#parts.bodies.give(message.length);
    this.#queue.done(lane);
    for (const frame of frames) this.#answers.send(frame);
  }

  #finish(run: TurnRun): void {
    this.#runs.delete(run);
    this.#queue.done(run.create.lane);
    this.#parts.bodies.give(run.bytes);
  }

  #wind(reason: string, error: ErrorFacts): void {
    if (this.#last !== null) return;
    this.#last = { reason, error };
    this.#dropWaiting();
    this.#closeIfDone();
  }

  /** Tells those that wait that they will not be run. */
  #dropWaiting(): void {
    for (const { lane, message } of this.#queue.takeAll()) {
      this.#parts.bodies.give(message.length);
      if (this.#last !== null) this.#refuse(lane, this.#last.error);
    }
  }

  #closeIfDone(): void {
    if (this.#last !== null && this.#queue.isEmpty) this.#closing.close(GOING_AWAY, this.#last.reason);
  }

  #refuse(lane: string | null, error: ErrorFacts): void {
    this.#answers.send(errorFrame(lane, error));
  }

  #resumeIfRead(): void {
    if (!this.#isPaused || this.#webSocket.bufferedAmount > UNREAD_BYTES_LOW) return;
    this.#isPaused = false;
    for (const run of this.#runs) run.resume();
  }

  #onClose(): void {
    for (const run of this.#runs) {
      run.abort();
      this.#finish(run);
    }
    for (const { message } of this.#queue.takeAll()) this.#parts.bodies.give(message.length);
    this.#intake.close();
    this.#memory.clear();
    this.#parts.onClosed(this);
  }

  /** A defect of ours ends the connection, and nothing else. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#parts.onFault(error);
      this.#closing.close(INTERNAL, "the gateway failed");
    }
  }
}

function tooOld(): ErrorFacts {
  return socketError(
    "websocket_connection_limit_reached",
    "This connection has reached its limit of age (60 minutes). Open a new one and go on there.",
  );
}
