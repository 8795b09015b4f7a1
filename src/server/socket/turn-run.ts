/** Runs one `response.create`: its call, the frames that come of it, and what is remembered of it. */
import type { Duplex } from "node:stream";
import type { ErrorFacts, GatewayError } from "../../core/errors.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { scanObject } from "../../wire/json-scan.ts";
import type { EventFields } from "../../wire/sse-events.ts";
import type { CreateEvent } from "./client-event.ts";
import { bodyOf, itemsOf, takesItems } from "./create-body.ts";
import { readFinished } from "./finished-turn.ts";
import { brokenAnswer, errorFrame, inLane, readErrorEvent } from "./frames.ts";
import { InnerCall, type InnerCallListener } from "./inner-call.ts";
import { type Turn, withItems } from "./turn-memory.ts";

export interface TurnRunListener {
  send(frame: string): void;
  /** What the lane is at from now on; null: what somebody else keeps. Before the end of it is sent. */
  onTurn(run: TurnRun, turn: Turn | null): void;
  /**
   * Last, and once; not after `abort`.
   * @param isBroken nothing more of the answer can be told, although it was not over
   */
  onTurnOver(run: TurnRun, isBroken: boolean): void;
}

export type TurnDial = {
  /** The client's end of a new connection to the pipeline. */
  readonly connect: () => Duplex;
  /** Names and values, alternating. */
  readonly headers: readonly string[];
  readonly eventBytesMax: number;
};

const TYPE = wantedNames(["type"]);
const TYPE_SEARCHED_CHARACTERS_MAX = 256;

export class TurnRun implements InnerCallListener {
  readonly create: Pick<CreateEvent, "lane">;
  /** Bytes of the message, which are held as long as it runs. */
  readonly bytes: number;
  readonly #listener: TurnRunListener;
  /** The items of its own input, and what came before them. */
  readonly #before: readonly Buffer[];
  readonly #base: string | null;
  readonly #call: InnerCall;
  #isToldEnd = false;

  /** @param previous the turn that it goes on from, where this connection remembers it */
  constructor(dial: TurnDial, create: CreateEvent, previous: Turn | null, listener: TurnRunListener) {
    const turn = takesItems(create) ? previous : null;
    this.create = { lane: create.lane };
    this.bytes = create.message.length;
    this.#listener = listener;
    this.#before = withItems(turn?.items ?? [], itemsOf(create));
    this.#base = turn === null ? create.previousId : turn.base;
    this.#call = new InnerCall(dial.connect(), dial.headers, bodyOf(create, turn), dial.eventBytesMax, this);
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  abort(): void {
    this.#call.abort();
  }

  onEvent({ name, data }: EventFields): void {
    // Behind its end the client takes whatever comes for the next turn's.
    if (data === null || this.#isToldEnd || !isObject(data)) return;
    switch (name ?? typeOf(data)) {
      case "error":
        // Clients of WebSockets know an error by its status; the stream's own event has none.
        this.#fail(readErrorEvent(data));
        return;
      case "response.completed":
      case "response.incomplete":
        this.#remember(data);
        this.#isToldEnd = true;
        break;
      case "response.failed":
        this.#isToldEnd = true;
        break;
    }
    this.#listener.send(inLane(data, this.create.lane));
  }

  onRefused(error: ErrorFacts, headers: Readonly<Record<string, string>>): void {
    this.#fail(error, headers);
  }

  onOver(fault: GatewayError | null): void {
    // On a connection that stays open, silence would leave the client waiting.
    if (!this.#isToldEnd) this.#fail(fault ?? brokenAnswer());
    this.#listener.onTurnOver(this, fault !== null);
  }

  #fail(error: ErrorFacts, headers: Readonly<Record<string, string>> = {}): void {
    this.#isToldEnd = true;
    this.#listener.send(errorFrame(this.create.lane, error, headers));
  }

  #remember(data: string): void {
    const finished = readFinished(data);
    if (finished === null) return;
    const { id, output, isStored } = finished;
    const turn = isStored ? null : { id, base: this.#base, items: withItems(this.#before, output) };
    this.#listener.onTurn(this, turn);
  }
}

/** A message must be one; `[DONE]` is not, nor is what a fault has glued together. */
function isObject(data: string): boolean {
  const text = data.trim();
  return text.startsWith("{") && text.endsWith("}");
}

/** Of an event that has no name of its own: the start of its JSON nearly always tells. */
function typeOf(data: string): string | null {
  const [, early] =
    /^\s*\{\s*"type"\s*:\s*"([a-z_.]+)"/.exec(data.slice(0, TYPE_SEARCHED_CHARACTERS_MAX)) ?? [];
  if (early !== undefined) return early;
  const bytes = Buffer.from(data);
  try {
    const [type] = scanObject(bytes, 0, bytes.length, TYPE);
    return type?.kind === "string"
      ? JSON.parse(bytes.toString("utf8", type.valueStart, type.valueEnd))
      : null;
  } catch {
    return null;
  }
}
