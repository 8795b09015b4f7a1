/** The port of a client protocol: what a door must be able to do so that the pipeline can serve it. */
import type { Change, Repair } from "../core/changes.ts";
import type { ErrorFacts, UpstreamErrorNote } from "../core/errors.ts";
import type { KeyId, RequestId } from "../core/ids.ts";
import type { Memories, StoredResponse } from "../core/memories.ts";
import type { Protocol } from "../core/protocols.ts";
import type { TextMeasure } from "../core/text-measure.ts";
import type { Usage } from "../core/usage.ts";
import type { Splice } from "../wire/json-splice.ts";

/** A row of the ledger and a label of the metrics each. */
export const doorNames = [
  "chat",
  "messages",
  "count_tokens",
  "responses",
  "compact",
  "input_tokens",
] as const;
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
  /** Part of it is billed at other prices than the list's: another service tier, a tool that Ark runs. */
  readonly isSpecialTier: boolean;
  /** What goes in may be far more than the body: a stored conversation, what a tool of Ark's finds. */
  readonly isOpenEnded: boolean;
};

/** What bounds a call, and what it costs. */
export type Bounds = Pick<Intent, "outputTokensMax" | "boundsThoughts" | "isSpecialTier" | "isOpenEnded">;

/** How the body that goes to Ark differs from the client's. */
export type Rewrite = {
  /** In ascending order, not overlapping. */
  readonly splices: readonly Splice[];
  /** The name of each kind of splice made, in the order of the closed list. */
  readonly changes: readonly Change[];
};

/** What a body's way depends on: the target that it goes to, and how the alias is configured. */
export type TargetTraits = {
  /** What the upstream reads in `model`. */
  readonly model: string;
  readonly speaks: ReadonlySet<Protocol>;
  readonly repairs: ReadonlySet<Repair>;
  /** Fills in, on the way back, what OpenAI's schema requires (`compat: openai`). */
  readonly fillsRequired: boolean;
  /** Its own error in the words of OpenAI; `status` is 200 for an error in the middle of a stream. */
  readonly readError: (status: number, body: Buffer) => UpstreamErrorNote | null;
};

/** Whose call it is, and what is kept for him between calls. */
export type CallContext = {
  readonly requestId: RequestId;
  readonly keyId: KeyId;
  readonly startedAtWallMs: number;
  readonly memories: Memories;
};

/** One client body that has been read: it says what it wants, and how to send it on. */
export interface Reading {
  readonly intent: Intent;
  /** @throws GatewayError invalid_request and its like, where it cannot be translated for this target */
  prepare(target: TargetTraits, context: CallContext): Passage;
}

export type Passage =
  | {
      readonly kind: "upstream";
      readonly destination: Destination;
      readonly cargo: Cargo;
      readonly answers: AnswerReader;
      /** Of a body of the gateway's own; else the client's intent has them. */
      readonly bounds?: Bounds;
    }
  /** Nothing is asked of Ark: the answer's JSON, from an estimate of the body's tokens. */
  | {
      readonly kind: "local";
      /** What the tokens are counted of. */
      readonly body: Buffer;
      readonly answer: (inputTokens: number) => Buffer;
    };

export type Destination = {
  /** Ark's data plane, or its base for Anthropic's protocol. */
  readonly base: "data" | "messages";
  /** Below that base, such as `/chat/completions`. */
  readonly path: string;
};

/** A body and what is changed in it; for a translation, a body of ours. */
export type Cargo = { readonly body: Buffer; readonly rewrite: Rewrite };

/** What comes back: how it is heard, and what the client is given. Holds nothing of the request's body. */
export interface AnswerReader {
  /** Errors of Ark pass as they are, too; else everything is put in the door's own words. */
  readonly isVerbatim: boolean;
  /** No model is asked, so nothing is billed. */
  readonly isFree: boolean;
  /** A whole answer is given to the client as `rewriteWhole` makes it; else as it came. */
  readonly rewritesWhole: boolean;
  openTap(): Tap;
  /** Listens to a whole answer; gives its usage, null where it has none that is valid. */
  hearWhole(body: Buffer): Usage | null;
  /**
   * What the client is given. Called once, before `hearWhole`, where `rewritesWhole`.
   * @throws GatewayError upstream_invalid, where it is not what Ark should send
   */
  rewriteWhole(body: Buffer): Buffer;
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
  /** The last valid usage that holds what has been put out. */
  readonly usage: Usage | null;
  /** What a stream tells of its input before it begins to answer; its output stands for nothing. */
  readonly openingUsage: Usage | null;
  /** That usage came in the chunk that closes the bill: whatever is cut after it, the figures stand. */
  readonly usageIsFinal: boolean;
  /** Whole events heard so far; comments are not events. */
  readonly events: number;
  /** Of the text in those events; it grows. The closing usage, the end mark and an error hold none. */
  readonly measure: TextMeasure;
  /** Part of an unfinished event has been given back: nothing of ours may follow it. */
  readonly insideEvent: boolean;
  /** The event or events that end this stream in an error of ours, once the client has begun to read. */
  failureEvent(error: ErrorFacts, requestId: string): Buffer;
}

/** How a family of clients wants to be told of errors and of waiting. */
export interface Dialect {
  /** The JSON body of an error answer. */
  renderError(error: ErrorFacts, requestId: string): Buffer;
  /** One whole event that ends in an error a stream that has held nothing but heartbeats. */
  renderErrorEvent(error: ErrorFacts, requestId: string): Buffer;
  /** The same for an error of the upstream's own, as it came; null where it cannot stand in an event. */
  relayErrorEvent(body: Buffer): Buffer | null;
  /** What bridges silence, placed between events. */
  readonly heartbeat: Buffer;
}

export const storedActs = ["retrieve", "delete", "input_items"] as const;
export type StoredAct = (typeof storedActs)[number];

/** What a client is shown of responses that the gateway keeps itself. */
export interface StoredPages {
  /** Whether the id is one of those that the gateway makes: nobody else has it. */
  isOurs(id: string): boolean;
  /** @throws GatewayError invalid_request, where the query cannot be */
  render(act: StoredAct, stored: StoredResponse, query: URLSearchParams): Buffer;
}

export interface Door {
  readonly name: DoorName;
  /** The paths it serves by POST, without any prefix such as `/v1`. */
  readonly paths: readonly string[];
  readonly dialect: Dialect;
  /**
   * Reads a body: RFC 8259, UTF-8, and the members that the gateway acts on.
   * @throws GatewayError invalid_json, ambiguous_body, missing_model, invalid_request
   */
  read(body: Buffer): Reading;
}
