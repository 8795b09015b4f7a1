/** Writes the journal: gathers the lines of a turn, keeps their order, and outlives a disk that fails. */
import { type Batch, type Opening, unavailable } from "./batch.ts";
import { BatchQueue, BYTES_PER_CHARACTER } from "./batch-queue.ts";
import { type JournalDisk, systemDisk } from "./disk.ts";
import { GroupCommit } from "./group-commit.ts";
import { OPENED_BYTES_MAX, SETTLED_BYTES_MAX } from "./record.ts";
import { FRAME_HEAD_BYTES, type JournalPosition, PAYLOAD_BYTES_MAX, sealFrame } from "./segment.ts";
import { SegmentChain } from "./segment-chain.ts";

/** `process`: what is acknowledged outlives this process; `power`: and settlements a power cut. */
export type Durability = "process" | "power";
/** What becomes of new requests while the journal cannot be written. */
export type OnFailure = "refuse" | "continue";

export type JournalWriterOptions = {
  readonly folder: string;
  readonly segmentBytes: number;
  readonly durability: Durability;
  readonly onFailure: OnFailure;
  /** Something was written, or a segment has ended: the ledger's thread may want to know. */
  readonly onProgress: (hasEnded: boolean) => void;
  /** Once for each change: what is wrong, or null when it is right again. */
  readonly onTrouble: (error: unknown) => void;
  readonly disk?: JournalDisk;
  readonly heldLinesMax?: number;
};

export const SEGMENT_BYTES_MIN = 16_384;
/** Lines that are in memory alone: unwritten or, where that is asked for, not yet synced. */
export const HELD_LINES_MAX = 100_000;
export const RETRY_EVERY_MS = 250;
/** How long `kept()` waits for a disk that does not answer, or fails. */
export const KEPT_WITHIN_MS = 10_000;

const SETTLED_FRAME_BYTES_MAX = FRAME_HEAD_BYTES + SETTLED_BYTES_MAX;
const BATCH_BYTES_MAX = 196_608;
/** Does nothing, and is a line. */
const PROBE = "\n";

export class JournalWriter {
  readonly #options: JournalWriterOptions;
  readonly #chain: SegmentChain;
  readonly #frame: Buffer;
  readonly #heldLinesMax: number;
  /** Null where what is in a file is safe enough. */
  readonly #commits: GroupCommit | null;
  readonly #queue: BatchQueue;
  /** Rows whose settling must find room. */
  #openRows = 0;
  #isScheduled = false;
  #writeFailure: unknown = null;
  #syncFailure: unknown = null;
  #hasTrouble = false;
  #ticker: NodeJS.Timeout | null = null;
  #segment = 0;
  #isClosed = false;
  readonly #flushNow = (): void => {
    this.#isScheduled = false;
    this.#flush();
  };
  readonly #tickNow = (): void => this.#tick();

  /** @throws RangeError where a segment could not hold the longest lines */
  constructor(options: JournalWriterOptions) {
    const { segmentBytes, folder, durability } = options;
    if (segmentBytes < SEGMENT_BYTES_MIN) {
      throw new RangeError(`a segment of the journal has at least ${SEGMENT_BYTES_MIN} bytes`);
    }
    const batchBytesMax = Math.min(BATCH_BYTES_MAX, Math.floor(segmentBytes / 2) - FRAME_HEAD_BYTES);
    const frameBytesMax = FRAME_HEAD_BYTES + Math.max(batchBytesMax, OPENED_BYTES_MAX);
    this.#options = options;
    this.#queue = new BatchQueue(Math.floor(batchBytesMax / BYTES_PER_CHARACTER));
    this.#heldLinesMax = options.heldLinesMax ?? HELD_LINES_MAX;
    this.#frame = Buffer.alloc(FRAME_HEAD_BYTES + PAYLOAD_BYTES_MAX);
    const disk = options.disk ?? systemDisk;
    const syncs = durability === "power";
    this.#chain = new SegmentChain({ folder, disk, segmentBytes, frameBytesMax, syncs });
    this.#commits = syncs ? this.#groupCommit() : null;
  }

  get openRows(): number {
    return this.#openRows;
  }

  /** Lines that are in memory alone. */
  get heldLines(): number {
    return this.#queue.lineCount + (this.#commits === null ? 0 : this.#commits.lineCount);
  }

  /** Why the journal cannot be written; null where it can. */
  get trouble(): string | null {
    const failure = this.#failure;
    if (failure === null) return null;
    return `The journal cannot be written: ${failure instanceof Error ? failure.message : String(failure)}.`;
  }

  get position(): JournalPosition | null {
    return this.#chain.position;
  }

  get ended(): readonly JournalPosition[] {
    return this.#chain.ended;
  }

  get segments(): readonly number[] {
    return this.#chain.segments;
  }

  /** Spares that would let every open row settle, and as many again be opened. */
  get sparesWanted(): number {
    const spareBytes = this.#options.segmentBytes / 2;
    return 2 + Math.ceil((2 * this.#neededBytes()) / spareBytes);
  }

  /**
   * Takes the line of a row that is opened, if its settling is sure to find room too.
   * @throws GatewayError ledger_unavailable
   */
  open(line: string, opening: Opening): void {
    if (this.heldLines >= this.#heldLinesMax) throw unavailable(this.#failure);
    const lineBytesMax = FRAME_HEAD_BYTES + BYTES_PER_CHARACTER * line.length;
    const hasRoom = this.#neededBytes() + lineBytesMax + SETTLED_FRAME_BYTES_MAX <= this.#chain.roomBytes;
    if (this.#options.onFailure === "refuse" && (!hasRoom || this.#failure !== null)) {
      throw unavailable(this.#failure);
    }
    this.#openRows++;
    this.#add(line, opening);
  }

  /** Takes the line of a row that settles; there is room for it. */
  settle(line: string): void {
    this.#openRows--;
    this.#add(line, null);
  }

  /** See `Ledger.written`; to be asked in the turn of the opening. */
  written(): Promise<void> | null {
    // Where the gateway goes on without its journal, nobody waits for it.
    return this.#failure === null ? (this.#queue.lastOpening?.written() ?? null) : null;
  }

  /** See `Ledger.kept`. */
  kept(): Promise<void> | null {
    const last = this.#queue.last ?? this.#commits?.last ?? null;
    if (last === null || (this.#goesOn && this.#failure !== null)) return null;
    if (this.#isClosed) return Promise.reject(unavailable());
    return last.kept(performance.now() + KEPT_WITHIN_MS);
  }

  addSpare(segment: number): void {
    this.#chain.addSpare(segment);
    if (this.#writeFailure !== null) this.#flush();
  }

  forget(applied: JournalPosition): void {
    this.#chain.forget(applied);
  }

  /** Writes what waits, for as long as there is time. @returns whether all of it is kept */
  async close(withinMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + withinMs;
    this.#flush();
    while (this.heldLines > 0 && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.#isClosed = true;
    this.#stopTicker();
    this.#chain.close();
    return this.heldLines === 0;
  }

  get #goesOn(): boolean {
    return this.#options.onFailure === "continue";
  }

  get #failure(): unknown {
    return this.#writeFailure ?? this.#syncFailure;
  }

  /** Bytes that what waits and what will settle can take at most. */
  #neededBytes(): number {
    return this.#queue.frameBytesMax + SETTLED_FRAME_BYTES_MAX * this.#openRows;
  }

  #add(line: string, opening: Opening | null): void {
    this.#queue.add(line, opening);
    if (this.#isScheduled || this.#writeFailure !== null) return;
    this.#isScheduled = true;
    setImmediate(this.#flushNow);
  }

  #flush(): void {
    let done = 0;
    let failure: unknown = null;
    for (const batch of this.#queue.batches) {
      failure = this.#write(batch);
      if (failure !== null) break;
      done++;
    }
    this.#queue.drop(done);
    if (failure === null) this.#writeFailure = null;
    else this.#failWriting(failure);
    const segment = this.#chain.position?.segment ?? 0;
    this.#options.onProgress(segment !== this.#segment);
    this.#segment = segment;
    this.#sync();
    this.#tellTrouble();
  }

  /** @returns why it could not be written; null where it was */
  #write(batch: Batch): unknown {
    const length = sealFrame(this.#frame, this.#frame.write(batch.text, FRAME_HEAD_BYTES));
    const outcome = this.#chain.append(this.#frame, length);
    if (outcome.kind === "failed") return outcome.error;
    if (outcome.kind === "no_room") return new Error("the journal is full, and there is no other segment");
    batch.markWritten();
    if (this.#commits === null) batch.markKept();
    else this.#commits.add(batch);
    return null;
  }

  #failWriting(error: unknown): void {
    this.#writeFailure = error;
    this.#startTicker();
    if (this.#goesOn) this.#queue.letGo();
    else this.#openRows -= this.#queue.refuseOpenings(error);
  }

  #groupCommit(): GroupCommit {
    return new GroupCommit({
      sync: (done) => this.#chain.sync(done),
      onSynced: (batches) => {
        this.#syncFailure = null;
        for (const batch of batches) batch.markKept();
        this.#tellTrouble();
      },
      onFailed: (batches, error) => this.#writeAgain(batches, error),
    });
  }

  #sync(): void {
    if (this.#commits === null) return;
    this.#commits.begin();
    // It looks after a disk that does not answer.
    if (this.#commits.last !== null) this.#startTicker();
  }

  /** After a failed fsync the pages may be gone, and a second one would say that all is well. */
  #writeAgain(batches: readonly Batch[], error: Error): void {
    const wasFailing = this.#failure !== null;
    this.#syncFailure = error;
    this.#queue.putBack(batches);
    this.#chain.renounce();
    this.#startTicker();
    if (this.#goesOn) this.#queue.letGo();
    if (wasFailing) this.#writeFailure ??= error;
    else this.#flush();
    this.#tellTrouble();
  }

  #tellTrouble(): void {
    const failure = this.#failure;
    if ((failure !== null) === this.#hasTrouble) return;
    this.#hasTrouble = failure !== null;
    this.#options.onTrouble(failure);
  }

  #startTicker(): void {
    if (!this.#isClosed) this.#ticker ??= setInterval(this.#tickNow, RETRY_EVERY_MS);
  }

  #stopTicker(): void {
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#ticker = null;
  }

  #tick(): void {
    const nowMs = performance.now();
    if (this.#writeFailure !== null) {
      // Whether the disk is well again is only known by writing to it.
      if (this.#queue.last === null) this.#queue.add(PROBE, null);
      this.#flush();
    }
    if (this.#commits !== null && this.#commits.busyMs(nowMs) > KEPT_WITHIN_MS) {
      this.#syncFailure ??= new Error("the disk has not answered a sync in time");
      this.#tellTrouble();
    }
    this.#expire([...(this.#commits?.batches ?? []), ...this.#queue.batches], nowMs);
    if (this.heldLines === 0 && this.#failure === null) this.#stopTicker();
  }

  #expire(batches: readonly Batch[], nowMs: number): void {
    for (const batch of batches) {
      if (nowMs < batch.keptDeadlineMs) continue;
      if (this.#goesOn) batch.markKept();
      else batch.expire(this.#failure);
    }
  }
}
