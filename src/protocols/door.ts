/** The port of a client protocol: what a door must be able to do so that the pipeline can serve it. */
import type { Change, Repair } from "../core/changes.ts";
import type { GatewayError } from "../core/errors.ts";
import type { TextMeasure } from "../core/text-measure.ts";
import type { Usage } from "../core/usage.ts";
import type { Splice } from "../wire/json-splice.ts";

export const doorNames = ["chat"] as const;
export type DoorName = (typeof doorNames)[number];

/** What the gateway must know of a body before it may pass it on. */
export type Intent = {
  /** The name as the client wrote it, decoded. */
  readonly model: string;
  readonly stream: boolean;
  /** Whether the client itself asked for the chunk that holds the usage. */
  readonly wantsUsage: boolean;
  /** The output bound that the client set, in tokens; null where it set none. */
  readonly outputTokensMax: number | null;
  /** That bound holds thoughts too; else it is for the answer alone (ark-api 4.1). */
  readonly boundsThoughts: boolean;
  /** How many answers it asks for; that bound holds for each of them. */
  readonly answers: number;
  /** It asks for a service tier beside the plain ones, whose prices are not the list's. */
  readonly isSpecialTier: boolean;
};

/** How the body that goes to Ark differs from the client's. */
export type Rewrite = {
  /** In ascending order, not overlapping. */
  readonly splices: readonly Splice[];
  /** The name of each kind of splice made, in the order of the closed list. */
  readonly changes: readonly Change[];
};

/** One client body that has been read: it says what it wants, and how to send it on. */
export interface Reading {
  readonly intent: Intent;
  rewrite(model: string, repairs: ReadonlySet<Repair>): Rewrite;
}

/** An error that the upstream sent as an event in the middle of its stream. */
export type StreamFailure = { readonly code: string | null };

/**
 * Listens to a stream on its way to the client. However the bytes are cut, what it gives back, put together,
 * is the same. It holds back an unfinished event (at most 1 MiB, then it lets it flow), and takes out the
 * usage chunk where the client had not asked for it.
 */
export interface Tap {
  /** Takes the next piece of the answer; gives what may go to the client now, or null. */
  push(piece: Buffer): Buffer | null;
  /** The answer ended cleanly: gives what is left to send (a last line without its end), or null. */
  finish(): Buffer | null;
  /** The protocol's last event has been given back; whatever comes after it is ignored. */
  readonly done: boolean;
  /** Bytes came behind the last event in the same piece: the upstream has more to say than it may. */
  readonly hasMore: boolean;
  /** The upstream's own error event, once it has been given back. */
  readonly failure: StreamFailure | null;
  /** The last valid usage. */
  readonly usage: Usage | null;
  /** That usage came in the chunk that closes the bill: whatever is cut after it, the figures stand. */
  readonly usageIsFinal: boolean;
  /** Whole events given back or taken out so far; comments are not events. */
  readonly events: number;
  /** Of the text in those events; it grows. The closing usage, the end mark and an error hold none. */
  readonly measure: TextMeasure;
  /** Part of an unfinished event has been given back: nothing of ours may follow it. */
  readonly insideEvent: boolean;
}

/** How a family of clients wants to be told of errors and of waiting. */
export interface Dialect {
  /** The JSON body of an error answer. */
  renderError(error: GatewayError, requestId: string): Buffer;
  /** One whole event that ends a stream in an error. */
  renderErrorEvent(error: GatewayError, requestId: string): Buffer;
  /** What bridges silence, placed between events. */
  readonly heartbeat: Buffer;
}

export interface Door {
  readonly name: DoorName;
  /** The paths it serves, without any prefix such as `/v1`. */
  readonly paths: readonly string[];
  /** Where its bodies go, below the upstream's base URL. */
  readonly upstreamPath: string;
  readonly dialect: Dialect;
  /**
   * Reads a body: RFC 8259, UTF-8, and the members that the gateway acts on.
   * @throws GatewayError invalid_json, ambiguous_body, missing_model, invalid_request
   */
  read(body: Buffer): Reading;
  openTap(intent: Intent): Tap;
  /** The usage in a whole (not streamed) answer, null where it has none that is valid. */
  readUsage(body: Buffer): Usage | null;
}
