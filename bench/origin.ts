/** A mock Ark that costs next to nothing: raw sockets, precomputed bytes, paced streams. */
import { createServer, type Server, type Socket } from "node:net";
import { endFrames, eventFrame, paceOf, streamHead, unaryAnswer } from "./workload.ts";

const HEAD_BYTES_MAX = 64 * 1024;
const SLOTS = 10;

/**
 * Sends each of its streams one event per interval. Streams are spread over ten slots of the interval, so
 * that they do not all fall due at once, and the clock is absolute, so that a late turn is caught up.
 */
class Pacer {
  readonly #slots: Set<Stream>[] = Array.from({ length: SLOTS }, () => new Set());
  readonly #slotMs: number;
  #timer: NodeJS.Timeout | null = null;
  #next = 0;
  #joined = 0;
  #dueAt = 0;

  constructor(intervalMs: number) {
    this.#slotMs = intervalMs / SLOTS;
  }

  join(stream: Stream): void {
    stream.slot = this.#slots[this.#joined++ % SLOTS] ?? null;
    stream.slot?.add(stream);
    if (this.#timer !== null) return;
    this.#dueAt = performance.now() + this.#slotMs;
    this.#timer = setInterval(() => this.#turn(), Math.max(1, this.#slotMs));
  }

  #turn(): void {
    const now = performance.now();
    for (; this.#dueAt <= now; this.#dueAt += this.#slotMs) {
      for (const stream of this.#slots[this.#next] ?? []) stream.step();
      this.#next = (this.#next + 1) % SLOTS;
    }
    if (this.#timer === null || this.#slots.some((slot) => slot.size > 0)) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

/** One streamed answer that has its head and first event, and is owed the rest. */
class Stream {
  slot: Set<Stream> | null = null;
  readonly #socket: Socket;
  readonly #end: Buffer;
  #left: number;

  constructor(socket: Socket, eventsLeft: number, end: Buffer) {
    this.#socket = socket;
    this.#left = eventsLeft;
    this.#end = end;
  }

  step(): void {
    if (this.#left-- > 0) {
      this.#socket.write(eventFrame);
      return;
    }
    this.leave();
    this.#socket.write(this.#end);
  }

  leave(): void {
    this.slot?.delete(this);
  }
}

/** One connection: whole requests in, with a content length as every relay sends it, answers out in order. */
class Connection {
  readonly #socket: Socket;
  readonly #pacers: Map<number, Pacer>;
  #held: Buffer | null = null;
  #stream: Stream | null = null;

  constructor(socket: Socket, pacers: Map<number, Pacer>) {
    this.#socket = socket;
    this.#pacers = pacers;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#stream?.leave());
  }

  #read(bytes: Buffer): void {
    const all = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
    const bodyAt = all.indexOf("\r\n\r\n") + 4;
    if (bodyAt < 4) {
      this.#held = all;
      if (all.length > HEAD_BYTES_MAX) this.#socket.destroy();
      return;
    }
    const length = /\r\ncontent-length: *(\d{1,9})\r/i.exec(all.toString("latin1", 0, bodyAt));
    const end = bodyAt + Number(length?.[1] ?? Number.NaN);
    if (!all.toString("latin1", 0, bodyAt).startsWith("POST ") || !(all.length <= end)) {
      this.#socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
      return;
    }
    this.#held = all.length < end ? all : null;
    if (this.#held === null) this.#answer(all.toString("latin1", bodyAt));
  }

  #answer(body: string): void {
    const pace = paceOf(body);
    if (pace === null) {
      this.#socket.write(unaryAnswer);
      return;
    }
    const end = body.includes('"include_usage":true') ? endFrames.withUsage : endFrames.without;
    if (pace.events === 1) {
      this.#socket.write(Buffer.concat([streamHead, eventFrame, end]));
      return;
    }
    this.#socket.write(Buffer.concat([streamHead, eventFrame]));
    this.#stream?.leave();
    this.#stream = new Stream(this.#socket, pace.events - 1, end);
    this.#pacerOf(pace.intervalMs).join(this.#stream);
  }

  #pacerOf(intervalMs: number): Pacer {
    const pacer = this.#pacers.get(intervalMs) ?? new Pacer(intervalMs);
    this.#pacers.set(intervalMs, pacer);
    return pacer;
  }
}

/** An origin that is not yet listening. */
export function createOrigin(): Server {
  const pacers = new Map<number, Pacer>();
  return createServer((socket) => {
    new Connection(socket, pacers);
  });
}

/** As a process of its own it listens on a free port of the loopback and tells its parent which. */
if (import.meta.main) {
  const server = createOrigin();
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
    const address = server.address();
    if (address !== null && typeof address === "object") process.send?.({ port: address.port });
  });
  process.on("disconnect", () => process.exit(0));
}
