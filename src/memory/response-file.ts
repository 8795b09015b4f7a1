/** The file of stored responses: appended to in the background, and written anew when mostly dead. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { readRecords } from "./read-records.ts";
import { encodeFrame, type FileRecord } from "./response-frames.ts";
import type { SealedBox } from "./sealed-box.ts";

const OWNER_ONLY = 0o600;
const WRITE_BYTES = 1_048_576;
/** Frames that wait for the disk; with more of them, they are left out and the file is written anew later. */
const WAITING_BYTES_MAX = 32 * 1_048_576;
const RETRY_MS = 60_000;
const PREPARING_SUFFIX = ".preparing";

/** What it needs of the file system; `node:fs/promises` where nothing is said. */
export type FileSystem = {
  readonly open: (path: string, flags: string, mode: number) => Promise<FileHandle>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
};

const system: FileSystem = { open, rename, remove: (path) => rm(path, { force: true }) };

export type ResponseFileSettings = {
  readonly path: string;
  readonly box: SealedBox;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** All that the file is to hold, as it is now. */
  readonly live: () => readonly FileRecord[];
  /** Told once of a disk that fails, and again only if it has worked in between. */
  readonly onFailure: (error: unknown) => void;
  readonly files?: FileSystem;
  readonly waitingBytesMax?: number;
};

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written);
    if (bytesWritten === 0) throw new Error("the disk took no bytes");
    written += bytesWritten;
  }
}

export class ResponseFile {
  readonly #settings: ResponseFileSettings;
  readonly #files: FileSystem;
  readonly #waitingBytesMax: number;
  #file: FileHandle | null = null;
  #bytes = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #work: Promise<void> | null = null;
  /** What is in the file is not what should be: nothing is appended before it has been written anew. */
  #isStale = true;
  #isWritingAnew = false;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #isClosed = false;

  constructor(settings: ResponseFileSettings) {
    this.#settings = settings;
    this.#files = settings.files ?? system;
    this.#waitingBytesMax = settings.waitingBytesMax ?? WAITING_BYTES_MAX;
  }

  /** Bytes in the file, and of what waits to go there. */
  get bytes(): number {
    return this.#bytes + this.#waitingBytes;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * Gives what the file holds, record by record, with the bytes that each takes; nothing where there is no
   * file, or it cannot be read.
   */
  async read(take: (record: FileRecord, bytes: number) => void): Promise<void> {
    let file: FileHandle | null = null;
    try {
      file = await this.#files.open(this.#settings.path, "r", OWNER_ONLY);
      for await (const { record, bytes } of readRecords(file, this.#settings.box)) take(record, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#tell(error);
    } finally {
      await file?.close().catch(() => {});
    }
  }

  /** Appends soon, in order; gives the bytes that it takes in the file. Never waits, never throws. */
  append(record: FileRecord): number {
    const frame = encodeFrame(this.#settings.box, record);
    if (frame === null || this.#isClosed) return 0;
    if (this.#waitingBytes + frame.length > this.#waitingBytesMax) {
      this.#dropWaiting();
      this.#isStale = true;
      this.#tell(new Error(`more than ${this.#waitingBytesMax} bytes of responses wait for the disk`));
    } else if (!this.#isStale || this.#work !== null) {
      this.#waiting.push(frame);
      this.#waitingBytes += frame.length;
    }
    this.#start();
    return frame.length;
  }

  /** Writes the file anew, with what is live alone. */
  compact(): void {
    if (this.#isWritingAnew) return;
    this.#isStale = true;
    this.#start();
  }

  /** Tries again what could not be done, if it is time. */
  resume(): void {
    this.#start();
  }

  /** Everything that was appended is in the file, or the disk has failed. */
  async flush(): Promise<void> {
    while (this.#work !== null) await this.#work;
  }

  /** Flushes, with one more try where the disk has failed, and appends nothing after it. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.flush();
    this.#retryAtMs = Number.NEGATIVE_INFINITY;
    this.#start();
    await this.flush();
    await this.#letGo();
  }

  #start(): void {
    if (this.#work !== null || !this.#hasWork) return;
    this.#work = this.#run().finally(() => {
      this.#work = null;
      this.#start();
    });
  }

  get #hasWork(): boolean {
    return this.#isStale ? this.#settings.nowMs() >= this.#retryAtMs : this.#waiting.length > 0;
  }

  async #run(): Promise<void> {
    try {
      while (this.#hasWork) {
        if (this.#isStale || this.#file === null) {
          await this.#writeAnew();
          continue;
        }
        const bytes = Buffer.concat(this.#waiting);
        this.#dropWaiting();
        this.#bytes += bytes.length;
        await writeAll(this.#file, bytes);
      }
    } catch (error) {
      this.#isStale = true;
      this.#retryAtMs = this.#settings.nowMs() + RETRY_MS;
      this.#dropWaiting();
      this.#tell(error);
    }
  }

  /** In a file beside it, which takes its place once it is whole: a power cut leaves the one or the other. */
  async #writeAnew(): Promise<void> {
    const { path, live, box } = this.#settings;
    const preparing = `${path}${PREPARING_SUFFIX}`;
    this.#isWritingAnew = true;
    let file: FileHandle | null = null;
    try {
      await this.#files.remove(preparing);
      file = await this.#files.open(preparing, "ax", OWNER_ONLY);
      // From here on, what is appended comes behind what is live now.
      const records = live();
      this.#dropWaiting();
      this.#isStale = false;
      const bytes = await writeRecords(file, box, records);
      await file.datasync();
      await this.#files.rename(preparing, path);
      await this.#letGo();
      this.#file = file;
      this.#bytes = bytes;
      this.#hasFailed = false;
    } catch (error) {
      await file?.close().catch(() => {});
      await this.#files.remove(preparing).catch(() => {});
      throw error;
    } finally {
      this.#isWritingAnew = false;
    }
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close().catch(() => {});
  }

  #dropWaiting(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #tell(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#settings.onFailure(error);
  }
}

/** A piece at a time, so that sealing them all never holds up the event loop. Gives the bytes written. */
async function writeRecords(
  file: FileHandle,
  box: SealedBox,
  records: readonly FileRecord[],
): Promise<number> {
  let written = 0;
  let piece: Buffer[] = [];
  let pieceBytes = 0;
  for (const record of records) {
    const frame = encodeFrame(box, record);
    if (frame === null) continue;
    piece.push(frame);
    pieceBytes += frame.length;
    if (pieceBytes < WRITE_BYTES) continue;
    await writeAll(file, Buffer.concat(piece));
    written += pieceBytes;
    piece = [];
    pieceBytes = 0;
  }
  if (pieceBytes > 0) await writeAll(file, Buffer.concat(piece));
  return written + pieceBytes;
}
