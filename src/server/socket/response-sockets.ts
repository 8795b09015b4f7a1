/** All WebSockets of the data plane: opens them, looks after their bounds, and ends them with the gateway. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { ByteBudget } from "../../wire/byte-budget.ts";
import { carriedHeaders } from "./carried-headers.ts";
import { type InnerSocket, innerConnection } from "./inner-connection.ts";
import { type SocketBounds, SocketConnection } from "./socket-connection.ts";

/** What may change with the configuration; a connection keeps what it began with. */
export type SocketSettings = {
  readonly bodies: ByteBudget;
  readonly bodyBytesMax: number;
  readonly requestBodyTimeoutMs: number;
};

export type ResponseSocketsOptions = {
  readonly settings: () => SocketSettings;
  /** Takes a connection as if a client had made it. */
  readonly accept: (connection: InnerSocket) => void;
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
  readonly onFault: (error: unknown) => void;
  /** Over the common ones; for tests. */
  readonly bounds?: Partial<SocketBounds>;
  readonly tickMs?: number;
  readonly memoryBytesMax?: number;
};

/** Those of OpenAI's own service, as far as it tells them. */
const COMMON_BOUNDS = {
  runningMax: 16,
  waitingMax: 32,
  lanesMax: 32,
  lifetimeMs: 60 * 60_000,
  pingEveryMs: 30_000,
  silenceMaxMs: 150_000,
  closingMs: 1_000,
  eventBytesMax: 64 * 1_048_576,
} as const;

const TICK_MS = 1_000;
/** What all connections together remember of their turns; who is forgotten sends all of it again. */
const MEMORY_BYTES_MAX = 256 * 1_048_576;

export class ResponseSockets {
  readonly #options: ResponseSocketsOptions;
  readonly #memories: ByteBudget;
  readonly #connections = new Set<SocketConnection>();
  #timer: NodeJS.Timeout | null = null;
  #isDraining = false;
  #waiters: (() => void)[] = [];

  constructor(options: ResponseSocketsOptions) {
    this.#options = options;
    this.#memories = new ByteBudget(options.memoryBytesMax ?? MEMORY_BYTES_MAX);
  }

  get count(): number {
    return this.#connections.size;
  }

  /** Bytes of turns that are remembered. */
  get bytesRemembered(): number {
    return this.#memories.held;
  }

  /**
   * Makes a WebSocket of it.
   * @param key the `Sec-WebSocket-Key` of a handshake that has been found good
   */
  open(key: string, request: IncomingMessage, socket: Socket, firstBytes: Buffer): void {
    const { bodyBytesMax } = this.#options.settings();
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: bodyBytesMax,
    });
    const headers = { upgrade: "websocket", "sec-websocket-key": key, "sec-websocket-version": "13" };
    // No subprotocol and no extension: what else the client has offered is not taken up.
    Object.defineProperty(request, "headers", { value: headers });
    const { rawHeaders } = request;
    server.handleUpgrade(request, socket, firstBytes, (webSocket) =>
      this.#add(webSocket, socket, rawHeaders),
    );
  }

  /** None is opened any more; those that are close once what they run is over. */
  drain(): void {
    this.#isDraining = true;
    for (const connection of this.#connections) connection.drain();
  }

  terminate(): void {
    for (const connection of this.#connections) connection.terminate();
  }

  /** Resolves once none is left. */
  async gone(): Promise<void> {
    while (this.#connections.size > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #add(webSocket: WebSocket, socket: Socket, rawHeaders: readonly string[]): void {
    const { monotonicMs, wallMs, onFault, bounds } = this.#options;
    const { bodies, bodyBytesMax, requestBodyTimeoutMs } = this.#options.settings();
    const { remoteAddress } = socket;
    const connection = new SocketConnection({
      webSocket,
      socket,
      bounds: {
        ...COMMON_BOUNDS,
        messageMs: requestBodyTimeoutMs,
        messageBytesMax: bodyBytesMax,
        ...bounds,
      },
      dial: {
        connect: () => this.#connect(remoteAddress),
        headers: carriedHeaders(rawHeaders),
        eventBytesMax: bounds?.eventBytesMax ?? COMMON_BOUNDS.eventBytesMax,
      },
      bodies,
      memories: this.#memories,
      monotonicMs,
      wallMs,
      onFault,
      onClosed: (closed) => this.#remove(closed),
    });
    this.#connections.add(connection);
    this.#timer ??= setInterval(() => this.#tick(), this.#options.tickMs ?? TICK_MS).unref();
    if (this.#isDraining) connection.drain();
  }

  #connect(remoteAddress: string | undefined): InnerSocket {
    const { client, server } = innerConnection(remoteAddress);
    this.#options.accept(server);
    return client;
  }

  #remove(connection: SocketConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #tick(): void {
    const nowMs = this.#options.monotonicMs();
    for (const connection of this.#connections) connection.tick(nowMs);
  }
}
