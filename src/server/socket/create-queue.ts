/** In which order the responses of one connection run: one after the other in a lane, lanes side by side. */

export type Queued = {
  /** Null: the lane of those that name none. */
  readonly lane: string | null;
  readonly message: { readonly length: number };
};

export type QueueBounds = {
  /** Responses that run at once, over all lanes. */
  readonly runningMax: number;
  readonly waitingMax: number;
  /** Of the messages that wait. */
  readonly waitingBytesMax: number;
  /** Different names of lanes, over the connection's life. */
  readonly lanesMax: number;
};

export type Verdict = "queued" | "full" | "too_many_lanes";

export class CreateQueue<Create extends Queued> {
  readonly #bounds: QueueBounds;
  readonly #named = new Set<string>();
  readonly #busy = new Set<string | null>();
  #waiting: Create[] = [];
  #waitingBytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#busy.size === 0 && this.#waiting.length === 0;
  }

  /** One that need not wait is never too many. */
  add(create: Create): Verdict {
    const { lanesMax, waitingMax, waitingBytesMax } = this.#bounds;
    const { lane, message } = create;
    if (lane !== null && !this.#named.has(lane) && this.#named.size >= lanesMax) return "too_many_lanes";
    if (!this.#mayRun(lane)) {
      const isFull = this.#waiting.length >= waitingMax;
      if (isFull || this.#waitingBytes + message.length > waitingBytesMax) return "full";
    }
    if (lane !== null) this.#named.add(lane);
    this.#waiting.push(create);
    this.#waitingBytes += message.length;
    return "queued";
  }

  /** The first that may run, which takes its lane; null where all must wait. */
  next(): Create | null {
    const index = this.#waiting.findIndex(({ lane }) => this.#mayRun(lane));
    const create = index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
    if (create === undefined) return null;
    this.#waitingBytes -= create.message.length;
    this.#busy.add(create.lane);
    return create;
  }

  /** The one that ran in this lane is over. */
  done(lane: string | null): void {
    this.#busy.delete(lane);
  }

  /** All that wait; they are out of it. */
  takeAll(): Create[] {
    const all = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return all;
  }

  #mayRun(lane: string | null): boolean {
    return this.#busy.size < this.#bounds.runningMax && !this.#busy.has(lane);
  }
}
