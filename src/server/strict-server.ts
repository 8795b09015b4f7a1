/** node:http's server with every default set on purpose, and a guard between its parser and the handler. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { GatewayError } from "../core/errors.ts";
import type { RequestId } from "../core/ids.ts";
import { refuseBody } from "../wire/bounded-body.ts";
import { LeanRequest } from "./lean-request.ts";
import { lingerThenClose, type RenderRefusal, refusalOf, refuseSocket } from "./refusal.ts";

type ResponseClass = typeof ServerResponse<IncomingMessage>;

export type StrictServerOptions<Response extends ResponseClass> = {
  readonly ServerResponse: Response;
  /** From the first byte (or the connection's start) to the end of the head. */
  readonly requestHeadersTimeoutMs: number;
  /** The reader of the body keeps this; the server only stands behind it for bodies that nobody reads. */
  readonly requestBodyTimeoutMs: number;
  readonly connectionsMax?: number;
  /** Requests of one connection in progress at once; one more is refused. */
  readonly pipelinedMax?: number;
  readonly headersMax?: number;
  /** Bytes of the target and of all header names and values together. */
  readonly headerBytesMax?: number;
  readonly keepAliveTimeoutMs?: number;
  /** Told of each refusal that no request stands for. */
  readonly onRefusal?: (error: GatewayError, requestId: RequestId) => void;
  /** Told of each connection that is turned away at the cap. */
  readonly onDrop?: () => void;
  /** Absent: no connection becomes another protocol's. */
  readonly upgrade?: Upgrade;
};

export type Upgrade = {
  /** Whether this request changes the protocol; any other is answered as the request it is without. */
  readonly accepts: (request: IncomingMessage) => boolean;
  /** @param firstBytes that came behind the request */
  readonly take: (request: IncomingMessage, socket: Socket, firstBytes: Buffer) => void;
};

export type RequestHandler<Response extends ResponseClass> = (
  request: IncomingMessage,
  response: InstanceType<Response>,
  /** The client waits: `writeContinue` once it is known and its body is welcome. */
  expectsContinue: boolean,
) => void;

/** Longer than the usual 60 s of load balancers, so that it is never us who close under their request. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const DEAD_PEER_PROBE_MS = 60_000;
const DEADLINE_CHECK_MS = 1_000;
const PIECE_BYTES_MAX = 65_536;
const BODY_TIMEOUT_SLACK_MS = 5_000;

/** What is known of one connection. */
class Connection {
  /** Nothing that still comes on this connection may reach the handler. */
  refused = false;
  inProgress = 0;
  request: IncomingMessage | null = null;
  response: ServerResponse | null = null;
  /** What is still to be said once the answers in progress are out. */
  afterwards: (() => void) | null = null;
  /** What had been read when its last answer was out; -1 before that. */
  bytesReadWhenIdle = -1;
  /** Its place in the list of the server's connections. */
  index = -1;

  /** An answer that closes the connection comes before: what follows it can never be answered. */
  get isClosing(): boolean {
    return this.refused || (this.response !== null && !this.response.shouldKeepAlive);
  }
}

const CONNECTION = Symbol("connection");
type KnownSocket = Socket & { [CONNECTION]?: Connection };

function connectionOf(socket: KnownSocket): Connection {
  socket[CONNECTION] ??= new Connection();
  return socket[CONNECTION];
}

/**
 * The server of the data plane. An upgrade that is not accepted is taken for the request it is without.
 * `render` gives the JSON of refusals that node:http would otherwise answer bare; the handler answers
 * everything else.
 */
export function createStrictServer<Response extends ResponseClass>(
  options: StrictServerOptions<Response>,
  onRequest: RequestHandler<Response>,
  render: RenderRefusal,
): Server<typeof IncomingMessage, Response> {
  const { requestHeadersTimeoutMs, requestBodyTimeoutMs } = options;
  const server = createServer<typeof IncomingMessage, Response>({
    IncomingMessage: LeanRequest,
    ServerResponse: options.ServerResponse,
    headersTimeout: requestHeadersTimeoutMs,
    requestTimeout: requestHeadersTimeoutMs + requestBodyTimeoutMs + BODY_TIMEOUT_SLACK_MS,
    connectionsCheckingInterval: DEADLINE_CHECK_MS,
    keepAliveTimeout: options.keepAliveTimeoutMs ?? KEEP_ALIVE_TIMEOUT_MS,
    // The parser refuses at its limit, not beyond it.
    maxHeaderSize: (options.headerBytesMax ?? 16_384) + 1,
    // A missing Host would be refused without any event; the head's reader sees to it.
    requireHostHeader: false,
    insecureHTTPParser: false,
    joinDuplicateHeaders: false,
    highWaterMark: PIECE_BYTES_MAX,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: DEAD_PEER_PROBE_MS,
    shouldUpgradeCallback: (request) => guard.mayUpgrade(request),
  });
  server.maxHeadersCount = options.headersMax ?? 100;
  server.maxRequestsPerSocket = 0;
  server.timeout = 0;
  server.maxConnections = options.connectionsMax ?? 20_000;
  const guard = new Guard(options, onRequest, render);
  server.on("request", (request, response) => guard.pass(request, response, false));
  server.on("checkContinue", (request, response) => guard.pass(request, response, true));
  // Expectations that nobody knows: the head's reader refuses them.
  server.on("checkExpectation", (request, response) => guard.pass(request, response, false));
  server.on("connect", (request) => guard.refuseConnect(request.socket));
  const { upgrade } = options;
  // Before 22.21 Node does not ask, and would hand over every request that offers any protocol.
  if (upgrade !== undefined && "shouldUpgradeCallback" in server) {
    server.on("upgrade", (request, _socket, firstBytes) => upgrade.take(request, request.socket, firstBytes));
  }
  server.on("clientError", (error, socket) => guard.refuseBroken(error, socket));
  const connections = new OpenConnections();
  server.on("connection", (socket) => attend(socket, connections));
  // node:http's own would tear an answer that has been written but not yet read, and `close` calls it.
  server.closeIdleConnections = () => connections.closeIdle();
  if (options.onDrop !== undefined) server.on("drop", options.onDrop);
  return server;
}

function attend(socket: KnownSocket, connections: OpenConnections): void {
  socket[CONNECTION] = new Connection();
  socket.destroySoon = destroySoon;
  socket.on("end", onPeerEnd);
  connections.add(socket);
  socket.once("close", () => connections.remove(socket));
}

/** A list without gaps, since a Set that lives long keeps the dead alive. */
class OpenConnections {
  readonly #sockets: KnownSocket[] = [];

  add(socket: KnownSocket): void {
    connectionOf(socket).index = this.#sockets.push(socket) - 1;
  }

  remove(socket: KnownSocket): void {
    const { index } = connectionOf(socket);
    const last = this.#sockets.pop();
    if (last === undefined || last === socket) return;
    this.#sockets[index] = last;
    connectionOf(last).index = index;
  }

  /** Closes those that have had an answer, all of it, and have not begun another request. */
  closeIdle(): void {
    for (const socket of [...this.#sockets]) {
      const { inProgress, bytesReadWhenIdle } = connectionOf(socket);
      if (inProgress === 0 && socket.bytesRead === bytesReadWhenIdle) socket.destroy();
    }
  }
}

/**
 * A client that ends its side has left. node:http sees to that, but would first wait until all that has been
 * written is read: by a client that reads no more, never.
 */
function onPeerEnd(this: KnownSocket): void {
  const isAnswering = this[CONNECTION]?.response?.writableEnded === false;
  if (isAnswering && this.writableLength > 0) this.resetAndDestroy();
}

/** node:http calls this after an answer that closes: politely, where part of a request is still unread. */
function destroySoon(this: KnownSocket): void {
  const request = this[CONNECTION]?.request;
  if (request !== null && request !== undefined && !request.complete) lingerThenClose(this);
  else Socket.prototype.destroySoon.call(this);
}

function onResponseClose(this: ServerResponse): void {
  const { socket } = this.req;
  const connection = connectionOf(socket);
  connection.inProgress--;
  if (!this.shouldKeepAlive) connection.refused = true;
  if (connection.inProgress > 0) return;
  connection.bytesReadWhenIdle = socket.bytesRead;
  // An idle connection keeps nothing of its last request alive.
  connection.response = null;
  if (connection.request?.complete === true) connection.request = null;
  connection.afterwards?.();
}

function ignoreError(): void {}

/** Stands between node:http and the handler. */
class Guard<Response extends ResponseClass> {
  readonly #options: StrictServerOptions<Response>;
  readonly #onRequest: RequestHandler<Response>;
  readonly #render: RenderRefusal;
  readonly #pipelinedMax: number;

  constructor(
    options: StrictServerOptions<Response>,
    onRequest: RequestHandler<Response>,
    render: RenderRefusal,
  ) {
    this.#options = options;
    this.#onRequest = onRequest;
    this.#render = render;
    this.#pipelinedMax = options.pipelinedMax ?? 8;
  }

  pass(request: IncomingMessage, response: InstanceType<Response>, expectsContinue: boolean): void {
    const connection = connectionOf(request.socket);
    // The parser goes on after a refusal, with what came in the same packet.
    if (connection.isClosing) return;
    if (connection.inProgress >= this.#pipelinedMax) {
      this.#refuse(request.socket, tooManyPipelined());
      return;
    }
    connection.inProgress++;
    connection.request = request;
    connection.response = response;
    response.on("close", onResponseClose);
    this.#onRequest(request, response, expectsContinue);
  }

  /** Only between answers: behind one that is due, there is no place for another protocol yet. */
  mayUpgrade(request: IncomingMessage): boolean {
    const { upgrade } = this.#options;
    const { inProgress, isClosing } = connectionOf(request.socket);
    return upgrade !== undefined && inProgress === 0 && !isClosing && upgrade.accepts(request);
  }

  refuseConnect(socket: Socket): void {
    // node:http has let go of this socket, and of its errors.
    socket.on("error", ignoreError);
    this.#refuse(socket, new GatewayError("method_not_allowed", "CONNECT is not served here."));
  }

  refuseBroken(error: NodeJS.ErrnoException, duplex: unknown): void {
    if (!(duplex instanceof Socket)) {
      // A connection of our own making: whoever has made it sees it close.
      if (duplex instanceof Duplex) duplex.destroy();
      return;
    }
    // The client has ended its side in the middle of a body: that is leaving, not malformed HTTP.
    const hasLeft = error.code === "HPE_INVALID_EOF_STATE" && connectionOf(duplex).inProgress > 0;
    const refusal = hasLeft ? null : refusalOf(error, duplex);
    if (refusal === null) duplex.destroy();
    else this.#refuse(duplex, refusal);
  }

  /**
   * In order: the answers before it go out first. In the middle of an answer there is no place for another.
   */
  #refuse(socket: Socket, error: GatewayError): void {
    const connection = connectionOf(socket);
    if (connection.refused) return;
    const { inProgress, request, response, isClosing } = connection;
    connection.refused = true;
    if (inProgress === 0) {
      this.#tell(error, refuseSocket(socket, error, this.#render));
    } else if (request?.complete === true) {
      if (isClosing) return;
      connection.afterwards = () => this.#tell(error, refuseSocket(socket, error, this.#render));
    } else if (inProgress === 1 && response?.headersSent === false) {
      // Whoever reads this body answers and books its request.
      if (request !== null && refuseBody(request, error)) return;
      this.#tell(error, refuseSocket(socket, error, this.#render));
      // Whoever waits for the rest of this body hears at once that it will not come.
      Socket.prototype.destroySoon.call(socket);
    } else {
      socket.destroy();
    }
  }

  #tell(error: GatewayError, requestId: RequestId): void {
    this.#options.onRefusal?.(error, requestId);
  }
}

function tooManyPipelined(): GatewayError {
  const message = "Too many requests wait on this connection. Wait for answers, or open more connections.";
  return new GatewayError("overloaded", message, { retryAfterSeconds: 1 });
}
