/**
 * The port of an upstream: one exchange at a time goes down as a request and comes up as head, pieces and
 * end.
 */
import type { UpstreamErrorNote } from "../core/errors.ts";
import type { Timeouts } from "../core/timeouts.ts";

/** Ark's data plane, or its base for Anthropic's protocol (ark-api 1.1). */
export type UpstreamBase = "data" | "messages";

/** A request as it leaves for the upstream. */
export type UpstreamRequest = {
  readonly method: "GET" | "POST" | "DELETE";
  /** Which of the upstream's base URLs the path is below. */
  readonly base: UpstreamBase;
  /** A constant of the route, or an id that has been checked: never a client's text as it came. */
  readonly path: string;
  /**
   * Names in lower case and values, alternating. Only what the allow-list lets through; no framing headers.
   */
  readonly headers: readonly string[];
  /** The caller's own credential; null: the upstream's own keys, in turn. */
  readonly credential: string | null;
  readonly body: readonly Buffer[];
  readonly bodyBytes: number;
  readonly timeouts: Pick<Timeouts, "dnsMs" | "connectMs" | "tlsMs">;
};

export type UpstreamHead = {
  readonly status: number;
  /** Names and values as they came, alternating. */
  readonly rawHeaders: readonly Buffer[];
};

/** Where an exchange broke. `name` to `tls` happen before a byte of the request has been sent. */
export const exchangeFaults = [
  "name",
  "name_timeout",
  "connect",
  "connect_timeout",
  "tls",
  "tls_timeout",
  "certificate",
  "reset",
  "protocol",
  "aborted",
] as const;
export type ExchangeFault = (typeof exchangeFaults)[number];

export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly fault: ExchangeFault;
  /** Whether a byte of the request may have reached the upstream. */
  readonly dispatched: boolean;

  constructor(fault: ExchangeFault, dispatched: boolean, cause?: unknown) {
    super(`exchange ended: ${fault}`, { cause });
    this.fault = fault;
    this.dispatched = dispatched;
  }
}

/** Who listens to an exchange. After `onEnd` or `onError` nothing more is called. */
export interface ExchangeListener {
  /** The connection stands and the request's first byte is about to be written. */
  onDispatch(): void;
  /** The request's last byte has been handed to the kernel. */
  onRequestSent(): void;
  /** The answer's head; never for a 1xx. */
  onHead(head: UpstreamHead): void;
  onPiece(piece: Buffer): void;
  onEnd(): void;
  onError(error: ExchangeError): void;
}

/** A running exchange. Each call is a no-op once the exchange is over. */
export interface Exchange {
  pause(): void;
  resume(): void;
  /** Closes the connection; the listener hears `aborted` unless the exchange was over. */
  abort(): void;
}

export interface Upstream {
  readonly name: string;
  /** True where it has keys of its own. */
  readonly holdsKey: boolean;
  /** False where it has no base for Anthropic's protocol: then nothing may be sent there. */
  readonly hasMessagesBase: boolean;
  /**
   * Starts an exchange. Never throws for a request that it cannot send: the listener hears `protocol`, and
   * the next exchange is not harmed.
   */
  start(request: UpstreamRequest, listener: ExchangeListener): Exchange;
  /** Reads an error answer; null where the body is not one of this upstream's JSON errors. */
  readError(status: number, body: Buffer): UpstreamErrorNote | null;
  /** Lets running exchanges end and closes the idle connections. */
  close(): Promise<void>;
}
