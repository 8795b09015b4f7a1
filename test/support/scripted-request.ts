/**
 * One request through the seven rooms with everything around it in the test's hand: client, upstream, clock.
 */

import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Clock } from "../../src/core/clock.ts";
import { UNLIMITED } from "../../src/core/limits.ts";
import type { Timeouts } from "../../src/core/timeouts.ts";
import { Fingerprints } from "../../src/keys/fingerprint.ts";
import { IdempotencyBook } from "../../src/keys/idempotency.ts";
import { PassthroughGate } from "../../src/keys/passthrough.ts";
import { CalibratedEstimator } from "../../src/ledger/estimate/calibrated-estimator.ts";
import { MemoryLedger } from "../../src/ledger/memory.ts";
import { GatewayLimits } from "../../src/limits/gateway-limits.ts";
import { InFlightLimiter } from "../../src/limits/in-flight.ts";
import type { House } from "../../src/pipeline/house.ts";
import { RouteTable } from "../../src/pipeline/route.ts";
import { Cors } from "../../src/pipeline/visit/cors.ts";
import { InFlight, Occupancy } from "../../src/pipeline/visit/in-flight.ts";
import { GatewayResponse } from "../../src/pipeline/visit/response.ts";
import { Watch, type Watched } from "../../src/pipeline/visit/watch.ts";
import { chatDoor } from "../../src/protocols/chat/index.ts";
import type { Door } from "../../src/protocols/door.ts";
import type { Observer, RequestRecord } from "../../src/telemetry/observer.ts";
import { readArkError } from "../../src/upstreams/ark/error-codes.ts";
import {
  type Exchange,
  ExchangeError,
  type ExchangeFault,
  type ExchangeListener,
  type Upstream,
  type UpstreamRequest,
} from "../../src/upstreams/upstream.ts";
import { ByteBudget } from "../../src/wire/byte-budget.ts";
import { chatTraits, noMemories } from "./call-context.ts";

/** Stands still until it is told to move. */
class ManualClock implements Clock {
  nowMs = 1_000;

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return 1_790_000_000_000 + this.nowMs;
  }
}

/** Ticks when it is told to. */
class ManualWatch extends Watch {
  readonly #watched = new Map<number, Watched>();

  override add(watched: Watched): number {
    const slot = super.add(watched);
    this.#watched.set(slot, watched);
    return slot;
  }

  override remove(slot: number): void {
    this.#watched.delete(slot);
    super.remove(slot);
  }

  tick(nowMs: number): void {
    for (const watched of [...this.#watched.values()]) watched.tick(nowMs);
  }
}

/** The client's end of the connection: takes bytes, or does not. */
export class ScriptedSocket extends Duplex {
  readonly pieces: Buffer[] = [];
  bytesWritten = 0;
  isReset = false;
  isBlocked = false;
  #waiting: (() => void) | null = null;

  constructor() {
    super({ writableHighWaterMark: 2_000, allowHalfOpen: false });
    this.on("error", () => {});
  }

  override _read(): void {}

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    const take = (): void => {
      this.pieces.push(piece);
      this.bytesWritten += piece.length;
      done();
    };
    if (this.isBlocked) this.#waiting = take;
    else take();
  }

  block(): void {
    this.isBlocked = true;
  }

  unblock(): void {
    this.isBlocked = false;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }

  destroySoon(): void {
    if (this.writableFinished) this.destroy();
    else this.end(() => this.destroy());
  }

  resetAndDestroy(): void {
    this.isReset = true;
    this.destroy();
  }
}

/** An exchange that keeps the port's promises, whatever it is told to do. */
export class ScriptedExchange implements Exchange {
  readonly #listener: ExchangeListener;
  isDispatched = false;
  isHeaded = false;
  isOver = false;
  isPaused = false;

  constructor(listener: ExchangeListener) {
    this.#listener = listener;
  }

  dispatch(): void {
    if (this.isOver || this.isDispatched) return;
    this.isDispatched = true;
    this.#listener.onDispatch();
    if (!this.isOver) this.#listener.onRequestSent();
  }

  head(status: number, contentType: string): void {
    if (this.isOver || this.isHeaded) return;
    this.dispatch();
    if (this.isOver) return;
    this.isHeaded = true;
    const rawHeaders = [Buffer.from("content-type"), Buffer.from(contentType)];
    this.#listener.onHead({ status, rawHeaders });
  }

  piece(bytes: Buffer): void {
    if (!this.isOver && this.isHeaded) this.#listener.onPiece(bytes);
  }

  end(): void {
    if (this.isOver || !this.isHeaded) return;
    this.isOver = true;
    this.#listener.onEnd();
  }

  break(fault: ExchangeFault): void {
    if (this.isOver) return;
    this.isOver = true;
    const error = new ExchangeError(fault, this.isDispatched);
    queueMicrotask(() => this.#listener.onError(error));
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  abort(): void {
    this.break("aborted");
  }
}

class ScriptedUpstream implements Upstream {
  readonly name = "ark";
  readonly holdsKey = false;
  readonly hasMessagesBase = true;
  readonly exchanges: ScriptedExchange[] = [];

  start(_request: UpstreamRequest, listener: ExchangeListener): Exchange {
    const exchange = new ScriptedExchange(listener);
    this.exchanges.push(exchange);
    return exchange;
  }

  readError(status: number, body: Buffer): ReturnType<typeof readArkError> {
    return readArkError(status, body);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class CountingObserver implements Observer {
  started = 0;
  readonly ended: RequestRecord[] = [];
  attempts = 0;

  requestStarted(): void {
    this.started++;
  }

  requestEnded(record: RequestRecord): void {
    this.ended.push(record);
  }

  requestSkipped(): void {}

  attemptEnded(): void {
    this.attempts++;
  }
}

const timeouts: Timeouts = {
  dnsMs: 1_000,
  connectMs: 1_000,
  tlsMs: 1_000,
  bodyWriteMs: 2_000,
  firstByteMs: 3_000,
  firstTokenMs: 3_000,
  betweenChunksMs: 4_000,
  totalMs: 20_000,
  writeStallMs: 2_500,
};

export type ScriptedOptions = { readonly stream: boolean; readonly door?: Door };

export class ScriptedRequest {
  readonly clock = new ManualClock();
  readonly watch = new ManualWatch(this.clock);
  readonly socket = new ScriptedSocket();
  readonly upstream = new ScriptedUpstream();
  readonly observer = new CountingObserver();
  readonly ledger = new MemoryLedger();
  readonly inFlight = new InFlight();
  readonly places = new InFlightLimiter(10);
  readonly bodies = new ByteBudget(1_000_000);
  readonly request: IncomingMessage;
  readonly response: GatewayResponse;
  readonly house: House;
  heads = 0;

  constructor({ stream, door = chatDoor }: ScriptedOptions) {
    const body = Buffer.from(JSON.stringify({ model: "m", messages: [], ...(stream ? { stream } : {}) }));
    this.request = this.#receive(body);
    this.response = this.#answerTo(this.request);
    this.house = this.#build(door);
  }

  get exchange(): ScriptedExchange | undefined {
    return this.upstream.exchanges.at(-1);
  }

  get received(): Buffer {
    return Buffer.concat(this.socket.pieces);
  }

  advance(ms: number): void {
    this.clock.nowMs += ms;
    this.watch.tick(this.clock.nowMs);
  }

  #receive(body: Buffer): IncomingMessage {
    const request = new IncomingMessage(this.socket as unknown as Socket);
    request.method = "POST";
    request.url = "/v1/chat/completions";
    request.httpVersion = "1.1";
    request.httpVersionMajor = 1;
    request.httpVersionMinor = 1;
    const headers = { host: "h", authorization: "Bearer k", "content-type": "application/json" };
    const all = { ...headers, "content-length": String(body.length) };
    request.rawHeaders.push(...Object.entries(all).flat());
    request.push(body);
    request.push(null);
    request.complete = true;
    return request;
  }

  /** As node:http's server does it. */
  #answerTo(request: IncomingMessage): GatewayResponse {
    const response = new GatewayResponse(request);
    response.assignSocket(this.socket as unknown as Socket);
    this.socket.on("drain", () => response.emit("drain"));
    response.on("finish", () => {
      if (this.socket.destroyed) return;
      response.detachSocket(this.socket as unknown as Socket);
      process.nextTick(() => response.emit("close"));
    });
    return response;
  }

  #build(door: Door): House {
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    const route = {
      alias: "m",
      modelLabel: "m",
      target: {
        upstream: this.upstream,
        model: "ep",
        traits: chatTraits("ep"),
        label: "ark/ep",
        metricLabel: "ark/ep",
      },
      timeouts,
      price: null,
      window: { contextTokens: null, reasoningTokensMax: null },
      isExample: false,
    };
    return {
      clock: this.clock,
      doors: new Map([["/chat/completions", door]]),
      dialect: door.dialect,
      gate: new PassthroughGate(new Fingerprints(Buffer.alloc(16))),
      authMode: "passthrough",
      lendsKey: false,
      routes: new RouteTable({
        routes: [route],
        passthrough: [],
        passthroughRoute: () => route,
        defaultAlias: null,
      }),
      places: this.places,
      limits: unlimited(this.clock),
      idempotency: new IdempotencyBook({ clock: this.clock }),
      memories: noMemories,
      storedPages: { isOurs: () => false, render: () => Buffer.alloc(0) },
      ledger: this.ledger,
      estimator: new CalibratedEstimator(),
      drains: new InFlightLimiter(0),
      observer: this.observer,
      log: silent,
      pages: { root: Buffer.alloc(0), models: () => Buffer.alloc(0), model: () => null },
      cors: new Cors([]),
      settings: {
        bodyBytesMax: 100_000,
        requestBodyTimeoutMs: 5_000,
        heartbeat: { everyMs: 1_000, beforeFirstByte: true },
        attemptsMax: 1,
        clientLoss: { kind: "cancel" },
      },
      occupancy: new Occupancy(),
      watch: this.watch,
      bodies: this.bodies,
      inFlight: this.inFlight,
    };
  }
}

function unlimited(clock: Clock): GatewayLimits {
  const config = { keyDefaults: UNLIMITED, total: UNLIMITED, models: new Map(), queue: null };
  const limits = new GatewayLimits({ config, clock });
  limits.restore([], clock.wallMs());
  return limits;
}
