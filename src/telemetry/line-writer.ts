/** Writes log lines to a descriptor in blocks, and drops them rather than wait for whoever reads them. */
import { fstatSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";

/** Writes some of the bytes and says how many, or why none. */
export type BlockWrite = (
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, bytesWritten: number) => void,
) => void;

export type LineWriterOptions = {
  readonly write: BlockWrite;
  /** For the last lines of a process that cannot wait; gives the bytes written. */
  readonly writeNow: (bytes: Buffer) => number;
  /** Gives up the write under way. */
  readonly abandon?: () => void;
  readonly blockBytes?: number;
  readonly flushAfterMs?: number;
  /** Lines that wait for a reader who is slow; more are dropped. */
  readonly waitingBytesMax?: number;
};

const BLOCK_BYTES = 131_072;
const FLUSH_AFTER_MS = 100;
const WAITING_BYTES_MAX = 1_048_576;

/**
 * To pipes and sockets as a stream, since they may be full for ever: a thread that waits in such a write
 * would hold the process at its exit. To files and terminals on the thread pool. Never through
 * `process.stdout`, whose errors belong to whoever prints there.
 */
export function descriptorWriter(descriptor: number): LineWriter {
  const writeNow = (bytes: Buffer): number => writeSync(descriptor, bytes);
  if (!mayBeFull(descriptor)) {
    return new LineWriter({
      write: (bytes, done) => write(descriptor, bytes, 0, bytes.length, null, done),
      writeNow,
    });
  }
  const stream = new Socket({ fd: descriptor, readable: false, writable: true });
  stream.on("error", ignoreError);
  return new LineWriter({
    write: (bytes, done) => {
      stream.write(bytes, (error) => done(error ?? null, bytes.length));
    },
    writeNow,
    abandon: () => stream.destroy(),
  });
}

function mayBeFull(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

/** A write's own callback has heard of it. */
function ignoreError(): void {}

export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #blockBytes: number;
  readonly #flushAfterMs: number;
  readonly #waitingBytesMax: number;
  #text = "";
  #lines = 0;
  /** What the write under way has not yet written. */
  #block: Buffer | null = null;
  #blockLines = 0;
  #isWriting = false;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  #droppedLines = 0;

  constructor(options: LineWriterOptions) {
    this.#options = options;
    this.#blockBytes = options.blockBytes ?? BLOCK_BYTES;
    this.#flushAfterMs = options.flushAfterMs ?? FLUSH_AFTER_MS;
    this.#waitingBytesMax = options.waitingBytesMax ?? WAITING_BYTES_MAX;
  }

  /** Lines that nobody will read: the reader was too slow, or is gone. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** Takes one line with its newline. Never throws, never waits. */
  write(line: string): void {
    // Characters, not bytes: the bound is for memory, and need not be exact for text beyond ASCII.
    if (this.#isClosed || this.#text.length + line.length > this.#waitingBytesMax) {
      this.#droppedLines++;
      return;
    }
    this.#text += line;
    this.#lines++;
    if (this.#text.length >= this.#blockBytes) this.#begin();
    else this.#schedule();
  }

  /** Writes what waits at once, if nothing is under way: for the end of the process. */
  flush(): void {
    if (this.#isClosed || this.#isWriting) return;
    this.#fillBlock();
    while (this.#block !== null && !this.#isClosed) {
      try {
        this.#wrote(this.#options.writeNow(this.#block));
      } catch (error) {
        this.#fault(error as NodeJS.ErrnoException);
        return;
      }
    }
  }

  /** Resolves once all lines are written, or cannot be; for a slow reader it waits at most `deadlineMs`. */
  async drain(deadlineMs: number): Promise<void> {
    const giveUpAt = performance.now() + deadlineMs;
    while (!this.#isClosed && (this.#isWriting || this.#block !== null || this.#text !== "")) {
      if (performance.now() >= giveUpAt) return;
      this.#begin();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** The last call: drains, then takes nothing more and lets go of a reader who has not come back. */
  async close(deadlineMs: number): Promise<void> {
    await this.drain(deadlineMs);
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#isWriting) this.#options.abandon?.();
  }

  #begin(): void {
    if (this.#isClosed || this.#isWriting) return;
    if (this.#block === null) this.#fillBlock();
    if (this.#block === null) return;
    this.#isWriting = true;
    this.#options.write(this.#block, (error, bytesWritten) => {
      this.#isWriting = false;
      if (this.#isClosed) return;
      if (error !== null) {
        this.#fault(error);
        return;
      }
      this.#wrote(bytesWritten);
      if (this.#block !== null || this.#text.length >= this.#blockBytes) this.#begin();
      else if (this.#text !== "") this.#schedule();
    });
  }

  /** The lines that wait join what is left of the last block. */
  #fillBlock(): void {
    if (this.#text !== "") {
      const lines = Buffer.from(this.#text);
      this.#block = this.#block === null ? lines : Buffer.concat([this.#block, lines]);
      this.#blockLines += this.#lines;
    }
    this.#text = "";
    this.#lines = 0;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wrote(bytes: number): void {
    const rest = this.#block?.subarray(bytes) ?? null;
    this.#block = rest === null || rest.length === 0 ? null : rest;
    if (this.#block === null) this.#blockLines = 0;
  }

  #fault({ code }: NodeJS.ErrnoException): void {
    if (code === "EAGAIN" || code === "EINTR" || code === "ENOSPC") {
      // The reader is slow, or the disk full: what waits may still get out.
      this.#schedule();
      return;
    }
    this.#fillBlock();
    this.#isClosed = true;
    this.#droppedLines += this.#blockLines;
    this.#block = null;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#begin();
    }, this.#flushAfterMs).unref();
  }
}
