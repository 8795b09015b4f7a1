/** The load: keep-alive clients on raw sockets that check every byte that they receive. */
import { connect, type Socket } from "node:net";
import { AnswerReader, type AnswerSink, EventCounter } from "./answer-reader.ts";
import { eventsIn, type Pace, streamBody, streamRequest, unaryBody, unaryRequest } from "./workload.ts";

/** All connections read into one buffer: each read is over before the next begins. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/** One request and the only body that is a right answer to it. */
export type Work = { readonly request: Buffer; readonly body: Buffer };

export const unaryWork: Work = { request: unaryRequest, body: unaryBody };

export function streamWork(pace: Pace): Work {
  return { request: streamRequest(pace), body: streamBody(pace.events) };
}

/** What a client tells its owner. */
export type ClientOwner = {
  /** The first byte of an answer's body has come, so long after its request was written. */
  clientFirstByte(client: Client, elapsedMs: number): void;
  /** A frame of a chunked body has begun. */
  clientFrame(client: Client): void;
  /** So many events of a stream have ended. */
  clientEvents(client: Client, events: number): void;
  /** An answer is complete and is, byte for byte, what it had to be. */
  clientAnswer(client: Client, elapsedMs: number): void;
  /** The answer was wrong or did not come; the client is closed. */
  clientFault(client: Client, reason: string): void;
};

/** One keep-alive connection that sends one piece of work at a time. */
export class Client implements AnswerSink {
  readonly #owner: ClientOwner;
  readonly #socket: Socket;
  readonly #reader = new AnswerReader(this);
  #counter = new EventCounter();
  #work: Work | null = null;
  #received = 0;
  #sentAt = 0;
  #closed = false;

  constructor(port: number, owner: ClientOwner) {
    this.#owner = owner;
    const onread = { buffer: READ_BUFFER, callback: (length: number) => this.#read(length) };
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
    this.#socket.on("error", (error) => this.#fault(error.message));
    this.#socket.on("close", () => this.#fault("the connection was closed"));
  }

  /** Throws where the last answer is not complete yet. */
  send(work: Work): void {
    if (this.#work !== null) throw new Error("one request at a time");
    this.#work = work;
    this.#received = 0;
    this.#sentAt = performance.now();
    this.#socket.write(work.request);
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  answerHead(status: number): void {
    if (status !== 200) throw new Error(`status ${status}`);
    if (this.#work === null) throw new Error("an answer that nobody asked for");
  }

  answerFrame(): void {
    this.#owner.clientFrame(this);
  }

  answerPiece(piece: Buffer): void {
    const body = this.#work?.body;
    const end = this.#received + piece.length;
    if (
      body === undefined ||
      end > body.length ||
      body.compare(piece, 0, piece.length, this.#received, end)
    ) {
      throw new Error(`the body differs within its bytes ${this.#received} to ${end}`);
    }
    if (this.#received === 0) this.#owner.clientFirstByte(this, performance.now() - this.#sentAt);
    this.#received = end;
    const events = this.#counter.count(piece);
    if (events > 0) this.#owner.clientEvents(this, events);
  }

  answerEnd(): void {
    const length = this.#work?.body.length;
    if (this.#received !== length)
      throw new Error(`the body ended after ${this.#received} of ${length} bytes`);
    this.#work = null;
    this.#counter = new EventCounter();
    this.#owner.clientAnswer(this, performance.now() - this.#sentAt);
  }

  #read(length: number): boolean {
    try {
      this.#reader.read(READ_BUFFER.subarray(0, length));
    } catch (error) {
      this.#fault(error instanceof Error ? error.message : String(error));
    }
    return !this.#closed;
  }

  #fault(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#owner.clientFault(this, reason);
  }
}

/** A set of clients on one server, what they have received, and the faults that they met. */
abstract class Load implements ClientOwner {
  readonly faults: string[] = [];
  readonly firstByteMs: number[] = [];
  readonly answerMs: number[] = [];
  answers = 0;
  events = 0;
  frames = 0;
  protected readonly clients: Client[] = [];
  #watchers: (() => void)[] = [];

  /** Resolves once `reached` holds. Rejects at the first fault, and after `deadlineMs`. */
  async until(reached: () => boolean, deadlineMs: number, what: string): Promise<void> {
    const deadline = setTimeout(() => {
      this.faults.push(`${what}: not within ${deadlineMs} ms`);
      this.changed();
    }, deadlineMs);
    try {
      while (!reached() && this.faults.length === 0) {
        await new Promise<void>((resolve) => this.#watchers.push(resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
    this.verify();
  }

  /** Throws where any answer was wrong, cut or missing: a figure from unequal work is none. */
  verify(): void {
    if (this.faults.length > 0) throw new Error(`${this.faults.length} faults, the first: ${this.faults[0]}`);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  clientFirstByte(_client: Client, elapsedMs: number): void {
    this.firstByteMs.push(elapsedMs);
    this.changed();
  }

  clientFrame(_client: Client): void {
    this.frames += 1;
  }

  clientEvents(_client: Client, events: number): void {
    this.events += events;
  }

  clientAnswer(_client: Client, elapsedMs: number): void {
    this.answers += 1;
    this.answerMs.push(elapsedMs);
    this.changed();
  }

  clientFault(_client: Client, reason: string): void {
    this.faults.push(reason);
    this.changed();
  }

  protected changed(): void {
    if (this.#watchers.length === 0) return;
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }
}

/** So many clients that each send the next work once the last is answered, at once or after a pause. */
export class RepeatedLoad extends Load {
  readonly #works: readonly Work[];
  #next = 0;
  readonly #pausesMs: readonly number[];
  #busy = 0;
  #stopping = false;

  /**
   * Works and pauses are taken in turn, one after each answer; without pauses, a client sends again at once.
   */
  constructor(
    port: number,
    concurrency: number,
    work: Work | readonly Work[],
    pausesMs: readonly number[] = [],
  ) {
    super();
    this.#works = "request" in work ? [work] : work;
    this.#pausesMs = pausesMs;
    for (let index = 0; index < concurrency; index += 1) {
      const client = new Client(port, this);
      this.clients.push(client);
      this.#busy += 1;
      client.send(this.#work());
    }
  }

  #work(): Work {
    const work = this.#works[this.#next];
    if (work === undefined) throw new Error("there is nothing to send");
    this.#next = (this.#next + 1) % this.#works.length;
    return work;
  }

  override clientAnswer(client: Client, elapsedMs: number): void {
    super.clientAnswer(client, elapsedMs);
    const pauseMs = this.#pausesMs[this.answers % this.#pausesMs.length];
    if (pauseMs === undefined) this.#again(client);
    else setTimeout(() => this.#again(client), pauseMs);
  }

  #again(client: Client): void {
    if (!this.#stopping) {
      client.send(this.#work());
      return;
    }
    this.#busy -= 1;
    this.changed();
  }

  /** Forgets the times taken so far. */
  restartTimes(): void {
    this.firstByteMs.length = 0;
    this.answerMs.length = 0;
  }

  /** Lets the running requests be answered, then closes. Rejects where any answer of the run was wrong. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.until(() => this.#busy === 0, 10_000, "last answers");
    this.close();
  }
}

const OPENED_AT_ONCE = 50;

/** So many streams, each on a connection of its own, all open together. */
export class StreamLoad extends Load {
  readonly #count: number;
  readonly #events: number;

  constructor(count: number, events: number) {
    super();
    this.#count = count;
    this.#events = events;
  }

  /** Opens the streams, fifty at a time, and resolves when each has had its first event. */
  static async open(port: number, count: number, pace: Pace): Promise<StreamLoad> {
    const load = new StreamLoad(count, pace.events);
    const work = streamWork(pace);
    for (let opened = 0; opened < count; ) {
      for (const stop = Math.min(count, opened + OPENED_AT_ONCE); opened < stop; opened += 1) {
        const client = new Client(port, load);
        load.clients.push(client);
        client.send(work);
      }
      const target = opened;
      await load.until(() => load.firstByteMs.length >= target, 20_000, "first events");
    }
    return load;
  }

  /** Waits until every stream has ended, each with every byte that it had to have, then closes. */
  async finish(deadlineMs: number): Promise<void> {
    await this.until(() => this.answers === this.#count, deadlineMs, "ends of the streams");
    this.close();
    const expected = this.#count * eventsIn(this.#events);
    if (this.events !== expected) throw new Error(`${this.events} events counted, ${expected} were due`);
  }
}
