/** Keeps the idle connections to one origin, last used first; each is an undici Client with one exchange. */
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { type buildConnector, Client } from "undici";
import type { Connector, ConnectTimeouts } from "./connection.ts";

export type KeepSettings = {
  /** How long an idle connection stays open; a server's `keep-alive: timeout=` may only shorten it. */
  readonly idleMs: number;
  /** Idle connections kept at once. */
  readonly idleMax: number;
  /** Names and values of an answer's head together. */
  readonly headerBytesMax: number;
};

/** What undici reads of `dispatch`'s first argument; one per connection, filled anew for each exchange. */
export type DispatchOptions = {
  path: string;
  method: "GET" | "POST" | "DELETE";
  headers: string[];
  body: Buffer | Readable | null;
};

/** A connection, or what will be one once it has been dispatched on. */
export class KeptClient {
  readonly client: Client;
  readonly options: DispatchOptions = { path: "/", method: "GET", headers: [], body: null };
  readonly giveBack: () => void;
  #list: FreeList;
  #connector: Connector;
  #timeouts: ConnectTimeouts;
  #socket: Socket | null = null;
  #connecting: AbortController | null = null;
  #gone = false;

  constructor(list: FreeList, origin: string, connector: Connector, settings: KeepSettings) {
    this.#list = list;
    this.#connector = connector;
    this.#timeouts = { dnsMs: 0, connectMs: 0, tlsMs: 0 };
    this.giveBack = () => this.#list.giveBack(this);
    this.client = new Client(origin, {
      pipelining: 1,
      allowH2: false,
      useMilo: false,
      keepAliveTimeout: settings.idleMs,
      keepAliveMaxTimeout: settings.idleMs,
      headersTimeout: 0,
      bodyTimeout: 0,
      // undici refuses a head of exactly this size.
      maxHeaderSize: settings.headerBytesMax + 1,
      strictContentLength: true,
      connect: (_options, callback) => this.#connect(callback),
    });
  }

  /** The deadlines for connecting, should it come to that: those of the request that is to be dispatched. */
  setTimeouts(timeouts: ConnectTimeouts): void {
    this.#timeouts = timeouts;
  }

  get socket(): Socket | null {
    return this.#socket;
  }

  /** The last exchange left nothing behind: the socket stands and has no byte to send. */
  get isReusable(): boolean {
    return this.#socket !== null && !this.#socket.destroyed && this.#socket.writableLength === 0;
  }

  /** Closes whatever there is. Calls `onGone` once, however often it is called. */
  discard(onGone: () => void): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#connecting?.abort();
    // Not from inside undici's own callbacks: destroyed there, a client loses count of its queue and never
    // ends.
    queueMicrotask(() => this.client.destroy(null, onGone));
  }

  #connect(callback: buildConnector.Callback): void {
    const connecting = new AbortController();
    this.#connecting = connecting;
    this.#connector.open(this.#timeouts, connecting.signal).then(
      (socket) => {
        this.#connecting = null;
        this.#socket = socket;
        callback(null, socket);
        // After undici's own listeners, which must have let go of the socket first.
        socket.once("close", () => this.#closed(socket));
        if (this.#gone) socket.destroy();
      },
      (error: Error) => {
        this.#connecting = null;
        callback(error, null);
      },
    );
  }

  #closed(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#list.dropIdle(this);
  }
}

export class FreeList {
  readonly #origin: string;
  readonly #connector: Connector;
  readonly #settings: KeepSettings;
  /** The last one is the last used; the first ones run into their timeout first. */
  readonly #idle: KeptClient[] = [];
  readonly #onGone: () => void;
  #clients = 0;
  #closed = false;
  #onAllGone: (() => void) | null = null;

  /** @param origin scheme, host and port of an http or https URL */
  constructor(origin: string, connector: Connector, settings: KeepSettings) {
    this.#origin = origin;
    this.#connector = connector;
    this.#settings = settings;
    this.#onGone = () => {
      this.#clients--;
      if (this.#clients === 0) this.#onAllGone?.();
    };
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** The client that was used last, or a new one, which connects when it is dispatched on. */
  take(timeouts: ConnectTimeouts): KeptClient {
    let kept = this.#idle.pop();
    if (kept === undefined) {
      kept = new KeptClient(this, this.#origin, this.#connector, this.#settings);
      this.#clients++;
    }
    kept.setTimeouts(timeouts);
    return kept;
  }

  /** After an exchange that ended well: keeps the client if it can carry another one. */
  giveBack(kept: KeptClient): void {
    if (this.#closed || !kept.isReusable || this.#idle.length >= this.#settings.idleMax) this.discard(kept);
    else this.#idle.push(kept);
  }

  /** After an exchange that broke: closes the connection. */
  discard(kept: KeptClient): void {
    kept.discard(this.#onGone);
  }

  /** An idle connection was closed, by its timeout or by the other side. */
  dropIdle(kept: KeptClient): void {
    const at = this.#idle.indexOf(kept);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    this.discard(kept);
  }

  /** Closes the idle connections, and resolves once the running exchanges have ended too. */
  close(): Promise<void> {
    this.#closed = true;
    for (const kept of this.#idle.splice(0)) this.discard(kept);
    if (this.#clients === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#onAllGone;
      this.#onAllGone = () => {
        before?.();
        resolve();
      };
    });
  }
}
