/**
 * The gateway as one thing: builds the house, opens its two ports, takes over new configurations, and stops.
 */
import { adminOptionsOf } from "./app/admin.ts";
import { type Books, booksInMemory, closeBooks } from "./app/books.ts";
import { type Foundation, layFoundation, refit } from "./app/foundation.ts";
import { type BuiltHouse, buildHouse, holdsKey, modelLabels } from "./app/house.ts";
import type { Config } from "./config/config.ts";
import { isLoopbackHost } from "./config/loopback.ts";
import type { Clock } from "./core/clock.ts";
import { systemClock } from "./core/clock.ts";
import { GatewayError } from "./core/errors.ts";
import type { BudgetPeriod, SpenderKind, Spending } from "./core/limits.ts";
import { openaiDialect } from "./protocols/openai-dialect.ts";
import type { ReloadResult } from "./server/admin/admin-options.ts";
import { type ControlServer, createControlServer } from "./server/control.ts";
import { createDataServer, type DataServer } from "./server/data.ts";
import { AccessLog, type LineSink } from "./telemetry/access-log.ts";
import type { EventLog } from "./telemetry/event-log.ts";
import { LiveFigures } from "./telemetry/live-figures.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { observeAll } from "./telemetry/observers.ts";

export type GatewayParts = {
  readonly config: Config;
  readonly log: EventLog;
  /** Where the access log's lines go; null: nowhere. */
  readonly accessLog: LineSink | null;
  /** Lines that the log's reader was too slow for, as a metric. */
  readonly droppedLogLines?: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What the gateway remembers; it closes them when it stops. Absent: in memory. */
  readonly books?: Books;
  readonly clock?: Clock;
  /** Reads the configuration again and takes it over, for the admin API. Absent: there is no file. */
  readonly reload?: () => Promise<ReloadResult>;
};

export type Address = { readonly host: string; readonly port: number };

/** How long a stop still takes new requests, and how long it lets those in flight go on. */
export type StopSettings = { readonly lagMs: number; readonly deadlineMs: number };

/** After the error event, a client has this long to take it. */
const FAREWELL_MS = 1_000;

export class Gateway {
  readonly #books: Books;
  readonly #foundation: Foundation;
  readonly #metrics: Metrics;
  readonly #accessLog: AccessLog | null;
  readonly #log: EventLog;
  readonly #data: DataServer;
  /** Another way into the same house, on loopback: for tests of those who embed the gateway. */
  #inner: DataServer | null = null;
  readonly #control: ControlServer;
  /** Where the port is open, whatever later configurations say. */
  readonly #boundHost: string;
  #config: Config;
  #built: BuiltHouse;
  #stopping: Promise<void> | null = null;
  #deadline: NodeJS.Timeout | null = null;
  #deadlineAtMs = Number.POSITIVE_INFINITY;
  readonly #lag = Promise.withResolvers<void>();
  /** Nobody is left to wait for: no deadline is needed any more. */
  #isEmpty = false;

  constructor(parts: GatewayParts) {
    const { config, log, environment } = parts;
    const clock = parts.clock ?? systemClock;
    const books = parts.books ?? booksInMemory();
    this.#books = books;
    this.#log = log;
    this.#metrics = new Metrics({
      models: modelLabels(config),
      ledgerOpenRows: () => books.ledger.openRows,
      droppedLogLines: parts.droppedLogLines ?? (() => 0),
    });
    this.#accessLog = parts.accessLog === null ? null : new AccessLog(parts.accessLog);
    const live = new LiveFigures();
    const accessLog = this.#accessLog === null ? [] : [this.#accessLog];
    const onFault = (error: unknown) => log.error({ error }, "an observer failed");
    const observer = observeAll([live, this.#metrics, ...accessLog], onFault);
    this.#foundation = layFoundation({ config, books, clock, observer, log, environment });
    this.#config = config;
    this.#boundHost = config.server.host;
    this.#built = buildHouse(config, this.#foundation);
    this.#data = this.#createDataServer(config.server.host, config.server.port);
    this.#control = createControlServer({
      host: config.control.host,
      port: config.control.port,
      metrics: () => this.#metrics.render(),
      admin: adminOptionsOf({
        books,
        foundation: this.#foundation,
        live,
        config: () => this.#config,
        house: () => this.#built.house,
        reload: parts.reload ?? null,
      }),
      onFault: (error) => log.error({ error }, "the control plane failed to answer"),
    });
  }

  get config(): Config {
    return this.#config;
  }

  /** Requests whose last byte is not flushed, or whose accounts are not settled. */
  get requestsInFlight(): number {
    return this.#foundation.inFlight.count;
  }

  /** Only keys of the gateway's own open it, and there is none that does. */
  get isShutToAll(): boolean {
    const { desk } = this.#books;
    return this.#config.auth.mode === "keys" && !desk.ring.usable(this.#foundation.clock.wallMs());
  }

  /** Calls that stand in line for a limit. */
  get callsWaiting(): number {
    return this.#foundation.limits.waiting;
  }

  /** What budgets hold for calls that are not over: nothing, where none is in flight. */
  get reserved(): { readonly tokens: number; readonly cost: number } {
    const { reservedTokens, reservedCost } = this.#foundation.limits;
    return { tokens: reservedTokens, cost: reservedCost };
  }

  /** What budgets count as spent. */
  spendingOf(kind: SpenderKind, name: string): Readonly<Record<BudgetPeriod, Spending>> {
    return this.#foundation.limits.spendingOf(kind, name);
  }

  /** Bytes of request bodies that are held until Ark has begun to answer. */
  get bodyBytesHeld(): number {
    return this.#foundation.bodies.held;
  }

  /**
   * What waits on a deadline: attempts at an upstream, bodies on their way in, replies that are not flushed.
   */
  get deadlinesWatched(): number {
    return this.#foundation.watch.size;
  }

  /** Opens both ports. @throws Error where one is taken; then neither stays open */
  async listen(): Promise<{ data: Address; control: Address }> {
    const data = await this.#data.listen();
    try {
      return { data, control: await this.#control.listen() };
    } catch (error) {
      this.#data.stopListening();
      throw error;
    }
  }

  /** Opens a port of its own on loopback, whatever the configuration says. */
  async listenInside(): Promise<Address> {
    this.#inner ??= this.#createDataServer("127.0.0.1", 0);
    return this.#inner.listen();
  }

  /**
   * Takes a new configuration over for the requests that come from now on; those in the house keep theirs.
   * Ports and hosts stay as they are until a restart.
   * @throws Error where the house cannot be built from it; then the old one stays in force
   */
  reload(config: Config): void {
    const lendsKey = config.auth.mode === "passthrough" && holdsKey(config);
    if (lendsKey && !isLoopbackHost(this.#boundHost)) {
      throw new Error(
        "A gateway that lends its Ark key to everybody listens on loopback only, and it is open on " +
          `${this.#boundHost}: restart it, or ask for keys (auth.mode: keys).`,
      );
    }
    const old = this.#built;
    this.#built = buildHouse(config, this.#foundation);
    this.#config = config;
    refit(this.#foundation, config);
    this.#metrics.setModels(modelLabels(config));
    old.close().catch((error: unknown) => this.#log.warn({ error }, "an old upstream did not close"));
  }

  countFailedReload(): void {
    this.#metrics.configReloadFailed();
  }

  /**
   * Not ready at once; new requests are taken for the lag, each closing its connection; then those in flight
   * may go on until the deadline, and the rest end in an error that their clients can see. A second call
   * only moves the ends of the lag and of the deadline closer.
   */
  stop({ lagMs, deadlineMs }: StopSettings): Promise<void> {
    this.#foundation.inFlight.presence = "draining";
    this.#setDeadline(deadlineMs);
    if (lagMs > 0) setTimeout(this.#lag.resolve, lagMs).unref();
    else this.#lag.resolve();
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #createDataServer(host: string, port: number): DataServer {
    const { requestHeadersTimeoutMs, requestBodyTimeoutMs } = this.#config.server;
    return createDataServer({
      host,
      port,
      requestHeadersTimeoutMs,
      requestBodyTimeoutMs,
      dialect: openaiDialect,
      house: () => this.#built.house,
      onRefusal: (error) => this.#metrics.connectionRefused(error.code),
      onDrop: () => this.#metrics.connectionRefused("overloaded"),
    });
  }

  async #stop(): Promise<void> {
    await this.#lag.promise;
    this.#data.stopListening();
    this.#inner?.stopListening();
    await this.#foundation.inFlight.empty();
    await Promise.all([this.#data.socketsGone(), this.#inner?.socketsGone()]);
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#isEmpty = true;
    this.#destroyConnections();
    // Whoever is still watched is an upstream that keeps its connection open after an answer's end.
    this.#foundation.watch.expire();
    await Promise.all([this.#built.close(), this.#control.close()]);
    this.#foundation.limits.close();
    await closeBooks(this.#books);
    this.#foundation.watch.close();
    this.#accessLog?.close();
    this.#metrics.close();
  }

  /** Only ever moves closer, however often it is set. */
  #setDeadline(deadlineMs: number): void {
    const atMs = this.#foundation.clock.monotonicMs() + deadlineMs;
    if (this.#isEmpty || atMs >= this.#deadlineAtMs) return;
    this.#deadlineAtMs = atMs;
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      this.#deadlineAtMs = Number.NEGATIVE_INFINITY;
      const message = "The gateway is stopping, so this call was cut. Send it again to a gateway that is up.";
      this.#foundation.inFlight.stopAll(new GatewayError("shutting_down", message));
      this.#lag.resolve();
      this.#deadline = setTimeout(() => this.#destroyConnections(), FAREWELL_MS);
    }, deadlineMs);
  }

  #destroyConnections(): void {
    this.#data.destroyConnections();
    this.#inner?.destroyConnections();
  }
}
