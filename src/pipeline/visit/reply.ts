/** The answer to one client: its head once, its bytes with backpressure, its heartbeats, and its one end. */
import type { Clock } from "../../core/clock.ts";
import { chunkOf, type GatewayResponse, LAST_CHUNK, type ResponseOwner } from "./response.ts";
import { Stall } from "./stall.ts";
import type { Watch, Watched } from "./watch.ts";

/** Who is told what becomes of the client while a reply is going on. */
export interface ReplyListener {
  /** The client has left before the reply's end. */
  onGone(): void;
  /** The client reads again: more may be written. */
  onDrain(): void;
  /** The client has read nothing for too long; the connection is about to be destroyed. */
  onStall(): void;
  /** One of the calls above has thrown, or a heartbeat could not be sent. Must not throw. */
  onDefect(thrown: unknown): void;
}

export type Heartbeats = {
  readonly bytes: Buffer;
  readonly everyMs: number;
  /** Whether silence is bridged before the first byte, too: the first heartbeat commits status 200. */
  readonly beforeFirstByte: boolean;
};

const STREAM_HEADERS = [
  "content-type",
  "text/event-stream; charset=utf-8",
  "cache-control",
  "no-cache, no-transform",
  "x-accel-buffering",
  "no",
] as const;

const DEFAULT_WRITE_STALL_MS = 60_000;
/** Up to here copying a body costs less than a second piece in its write. */
const JOINED_BYTES_MAX = 16 * 1024;

export class Reply implements Watched, ResponseOwner {
  listener: ReplyListener | null = null;
  /** Told once the response is closed: its last byte is flushed, or the client is gone. */
  onClosed: { closed(): void } | null = null;
  /** Part of an event is out: heartbeats rest until all of it is. */
  insideEvent = false;
  /** For how long a client may read nothing while there is something to read. */
  writeStallMs = DEFAULT_WRITE_STALL_MS;
  readonly #response: GatewayResponse;
  readonly #clock: Clock;
  readonly #watch: Watch;
  readonly #stall: Stall;
  readonly #headers: string[] = [];
  #heartbeats: Heartbeats | null = null;
  #slot = -1;
  #status = 0;
  #attempts = 0;
  #chunked = false;
  #isStream = false;
  #ended = false;
  #gone = false;
  #bytesOut = 0;
  #lastWriteMs = 0;

  constructor(response: GatewayResponse, clock: Clock, watch: Watch) {
    this.#response = response;
    this.#clock = clock;
    this.#watch = watch;
    this.#stall = new Stall(response);
    response.belongTo(this);
  }

  /** The status that has been sent; 0 before the head. */
  get status(): number {
    return this.#status;
  }

  get begun(): boolean {
    return this.#status !== 0;
  }

  /** A stream is going on, and is between two events. */
  get takesEvents(): boolean {
    return this.#isStream && !this.#ended && !this.insideEvent;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Bytes of the body, without framing. */
  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** Adds a header to the head that is still to be sent; after it, says nothing. */
  addHeader(name: string, value: string): void {
    this.#headers.push(name, value);
  }

  /** Names and values, alternating. */
  addHeaders(headers: readonly string[]): void {
    for (const field of headers) this.#headers.push(field);
  }

  /** For `x-volcano-attempts`, which a heartbeat may send before the last attempt. */
  countAttempt(): void {
    this.#attempts++;
  }

  /** The connection ends with this reply: part of the request is unread, or the process is stopping. */
  closeAfter(): void {
    this.#response.shouldKeepAlive = false;
  }

  sendContinue(): void {
    this.#response.writeContinue();
  }

  /** A whole answer, or the head and the first bytes of one of a known length. */
  sendWhole(status: number, body: Buffer): void {
    if (this.#gone || this.begun) return;
    this.#headers.push("content-length", String(body.length));
    this.#writeHead(status);
    this.#bytesOut += body.length;
    this.#ended = true;
    // node:http joins a string to its head in one write; a Buffer costs a vectored one. Latin-1 keeps each
    // byte.
    if (body.length <= JOINED_BYTES_MAX) this.#response.end(body.toString("latin1"), "latin1");
    else this.#response.end(body);
    this.#watchFlush();
  }

  /** An answer that is its head alone. */
  sendEmpty(status: 204): void {
    if (this.#gone || this.begun) return;
    this.#writeHead(status);
    this.end();
  }

  /** The head of an answer whose body flows; without a length it is chunked. */
  beginFlow(status: number, contentLength: number | null): void {
    if (this.#gone || this.begun) return;
    if (contentLength === null) this.#openChunks();
    else this.#headers.push("content-length", String(contentLength));
    this.#writeHead(status);
    this.#attend();
  }

  /** Gets ready for a stream: from now on silence is bridged, if heartbeats are on. */
  prepareStream(heartbeats: Heartbeats): void {
    this.#heartbeats = heartbeats;
    this.#lastWriteMs = this.#clock.monotonicMs();
    this.#attend();
  }

  beginStream(): void {
    if (this.#gone || this.begun) return;
    this.#isStream = true;
    for (const field of STREAM_HEADERS) this.#headers.push(field);
    this.#openChunks();
    this.#writeHead(200);
  }

  /** False asks the caller to stop until `onDrain`. */
  write(bytes: Buffer): boolean {
    if (this.#gone || this.#ended) return true;
    this.#bytesOut += bytes.length;
    this.#lastWriteMs = this.#clock.monotonicMs();
    const flowing = this.#response.write(this.#chunked ? chunkOf(bytes) : bytes);
    if (!flowing && !this.#stall.isWaiting) {
      this.#stall.begin(this.#lastWriteMs);
      this.#response.awaitDrain();
    }
    return flowing;
  }

  end(): void {
    if (this.#gone || this.#ended) return;
    this.#ended = true;
    if (this.#chunked) this.#response.end(LAST_CHUNK);
    else this.#response.end();
    this.#watchFlush();
  }

  /** Ends cleanly, and the connection with it: an error event has been the last thing said. */
  endAndClose(): void {
    // The request's socket: the response has none while answers before it are still on their way.
    const { socket } = this.#response.req;
    this.closeAfter();
    this.#response.once("finish", () => socket.destroySoon());
    this.end();
  }

  /**
   * Breaks the connection, so that the client cannot take what it has for the whole: by a reset, because to a
   * client of HTTP/1.0 a FIN is a good end, and because the kernel would keep unread bytes for minutes.
   */
  destroy(): void {
    this.#ended = true;
    this.#response.socket?.resetAndDestroy();
    this.#response.destroy();
  }

  /** No heartbeat may come any more: the answer is no stream. */
  stopHeartbeats(): void {
    this.#heartbeats = null;
  }

  tick(nowMs: number): void {
    try {
      if (this.#stall.isWaiting) this.#checkStall(nowMs);
      else if (this.#heartbeats !== null && !this.#ended && !this.insideEvent) {
        this.#bridge(this.#heartbeats, nowMs);
      }
    } catch (thrown) {
      this.#fall(thrown);
    }
  }

  /** For the response's own events; not for rooms. */
  closed(): void {
    if (this.#slot >= 0) this.#watch.remove(this.#slot);
    this.#slot = -1;
    const left = !this.#ended;
    this.#gone = true;
    try {
      if (left) this.listener?.onGone();
    } catch (thrown) {
      this.listener?.onDefect(thrown);
    }
    this.onClosed?.closed();
  }

  /** For the response's own events; not for rooms. */
  drained(): void {
    this.#stall.end();
    try {
      if (!this.#ended) this.listener?.onDrain();
    } catch (thrown) {
      this.#fall(thrown);
    }
  }

  /** A defect of ours: the client sees a broken connection, and whoever listens ends the request. */
  #fall(thrown: unknown): void {
    this.listener?.onDefect(thrown);
    this.destroy();
  }

  #writeHead(status: number): void {
    this.#status = status;
    if (this.#attempts > 0) this.#headers.push("x-volcano-attempts", String(this.#attempts));
    this.#lastWriteMs = this.#clock.monotonicMs();
    this.#response.writeHead(status, this.#headers);
    // Our own chunks go out as they are; node:http would frame them again (pinned by a test).
    if (this.#chunked) this.#response.chunkedEncoding = false;
  }

  #openChunks(): void {
    if (this.#response.req.httpVersion === "1.0") {
      this.#response.shouldKeepAlive = false;
      return;
    }
    this.#headers.push("transfer-encoding", "chunked");
    this.#chunked = true;
  }

  #attend(): void {
    if (this.#slot < 0 && !this.#gone) this.#slot = this.#watch.add(this);
  }

  #bridge({ bytes, everyMs, beforeFirstByte }: Heartbeats, nowMs: number): void {
    if (nowMs - this.#lastWriteMs < everyMs) return;
    if (!this.begun) {
      if (!beforeFirstByte) return;
      this.beginStream();
    }
    this.write(bytes);
  }

  #watchFlush(): void {
    if (this.#response.writableFinished || this.#flushable() === 0) return;
    this.#attend();
    if (!this.#stall.isWaiting) this.#stall.begin(this.#clock.monotonicMs());
  }

  #flushable(): number {
    return this.#response.socket?.writableLength ?? 0;
  }

  #checkStall(nowMs: number): void {
    if (this.#stall.lengthMs(nowMs) < this.writeStallMs) return;
    this.#ended = true;
    this.listener?.onStall();
    this.destroy();
  }
}
