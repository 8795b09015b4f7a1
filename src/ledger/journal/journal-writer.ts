/** Writes the journal: gathers the lines of a turn, keeps their order, and outlives a disk that fails. */
import { type Batch, type Opening, unavailable } from "./batch.ts";
import { BatchQueue, BYTES_PER_CHARACTER } from "./batch-queue.ts";
import { systemDisk } from "./disk.ts";
import { GroupCommit } from "./group-commit.ts";
import { OPENED_BYTES_MAX, SETTLED_BYTES_MAX } from "./record.ts";
import { FRAME_HEAD_BYTES } from "./segment.ts";
import { SegmentChain } from "./segment-chain.ts";
import { WaitingRoom } from "./waiting-room.ts";
import { WriteFailures } from "./write-failures.ts";
import {
  HELD_LINES_MAX,
  type JournalWriterOptions,
  KEPT_WITHIN_MS,
  RETRY_EVERY_MS,
  SEGMENT_BYTES_MIN,
} from "./writer-settings.ts";

const SETTLED_FRAME_BYTES_MAX = FRAME_HEAD_BYTES + SETTLED_BYTES_MAX;
const BATCH_BYTES_MAX = 196_608;
/** A line that says nothing. */
const PROBE = "\n";

export class JournalWriter {
  readonly #options: JournalWriterOptions;
  readonly chain: SegmentChain;
  readonly #failures: WriteFailures;
  readonly #heldLinesMax: number;
  readonly #commits: GroupCommit | null;
  /** In no file yet. */
  readonly #queue: BatchQueue;
  readonly #waiting: WaitingRoom;
  /** Another segment is being prepared, as far as is known: it is worth waiting for. */
  expectsSpares = true;
  /** Rows whose settling must find room. */
  #openRows = 0;
  /** The row that settled last waits for room. */
  #settledWaits = false;
  #isScheduled = false;
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
    const { segmentBytes, folder } = options;
    const syncs = options.durability === "power";
    if (segmentBytes < SEGMENT_BYTES_MIN) {
      throw new RangeError(`a segment of the journal has at least ${SEGMENT_BYTES_MIN} bytes`);
    }
    const batchBytesMax = Math.min(BATCH_BYTES_MAX, Math.floor(segmentBytes / 2) - FRAME_HEAD_BYTES);
    const frameBytesMax = FRAME_HEAD_BYTES + Math.max(batchBytesMax, OPENED_BYTES_MAX);
    this.#options = options;
    this.#failures = new WriteFailures(options.onTrouble);
    const batchCharactersMax = Math.floor(batchBytesMax / BYTES_PER_CHARACTER);
    this.#queue = new BatchQueue(batchCharactersMax);
    this.#waiting = new WaitingRoom(batchCharactersMax);
    this.#heldLinesMax = options.heldLinesMax ?? HELD_LINES_MAX;
    const disk = options.disk ?? systemDisk;
    this.chain = new SegmentChain({ folder, disk, segmentBytes, frameBytesMax, syncs });
    this.#commits = syncs ? this.#groupCommit() : null;
  }

  get openRows(): number {
    return this.#openRows;
  }

  /** Lines that are in memory alone. */
  get heldLines(): number {
    return this.#queue.lineCount + this.#waiting.lineCount + (this.#commits?.lineCount ?? 0);
  }

  /** Why the journal cannot be written; null where it can. */
  get trouble(): string | null {
    return this.#failures.text;
  }

  /** Spares that would let every open row settle, and as many again be opened. */
  get sparesWanted(): number {
    const bytes = 2 * (this.#neededBytes() + this.#waiting.frameBytesMax);
    return 2 + Math.ceil(bytes / (this.#options.segmentBytes / 2));
  }

  /**
   * Takes the line of a row that is opened: it is written once it is sure that its settling finds room too.
   * @throws GatewayError ledger_unavailable
   */
  open(line: string, opening: Opening): void {
    if (this.heldLines >= this.#heldLinesMax) throw unavailable(this.#failures.current);
    const lineBytesMax = FRAME_HEAD_BYTES + BYTES_PER_CHARACTER * line.length;
    if (this.#goesOn || this.#hasRoomFor(lineBytesMax + SETTLED_FRAME_BYTES_MAX)) {
      if (this.#failures.any && !this.#goesOn) throw unavailable(this.#failures.current);
      this.#openRows++;
      this.#add(line, opening);
    } else {
      this.#wait(line, opening);
    }
  }

  /** Takes the line of a row that settles; there is room for it. */
  settle(line: string, opening: Opening): void {
    this.#openRows--;
    this.#settledWaits = opening.isWaiting;
    if (opening.isWaiting) this.#waiting.settle(line);
    else this.#add(line, null);
  }

  /** See `Ledger.written`; to be asked in the turn of the opening. */
  written(): Promise<void> | null {
    // Where the gateway goes on without its journal, nobody waits for it.
    if (this.#failures.any) return null;
    return (this.#waiting.lastOpening ?? this.#queue.lastOpening)?.written() ?? null;
  }

  /** See `Ledger.kept`; to be asked in the turn of the settling. */
  kept(): Promise<void> | null {
    const last =
      (this.#settledWaits ? this.#waiting.last : null) ?? this.#queue.last ?? this.#commits?.last ?? null;
    if (last === null || (this.#goesOn && this.#failures.any)) return null;
    if (this.#isClosed) return Promise.reject(unavailable());
    return last.kept(performance.now() + KEPT_WITHIN_MS);
  }

  addSpare(segment: number): void {
    if (this.#isClosed) return;
    this.chain.addSpare(segment);
    if (this.#failures.write !== null) this.#flush();
    else this.#admitWaiting();
  }

  /** Writes what waits, for as long as there is time. @returns whether all of it is kept */
  async close(withinMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + withinMs;
    this.#refuseWaiting(null);
    this.#waiting.admit(() => true, this.#queue);
    this.#flush();
    while (this.heldLines > 0 && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.#isClosed = true;
    this.#stopTicker();
    this.chain.close();
    return this.heldLines === 0;
  }

  get #goesOn(): boolean {
    return this.#options.onFailure === "continue";
  }

  /** Bytes that the queue, and what will settle, can take at most. */
  #neededBytes(): number {
    return this.#queue.frameBytesMax + SETTLED_FRAME_BYTES_MAX * this.#openRows;
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#waiting.isEmpty && this.#neededBytes() + bytes <= this.chain.roomBytes;
  }

  #add(line: string, opening: Opening | null): void {
    this.#queue.add(line, opening);
    this.#schedule();
  }

  #wait(line: string, opening: Opening): void {
    if (this.#failures.any || !this.expectsSpares || this.#waiting.isFull) {
      throw unavailable(this.#failures.current);
    }
    if (this.#waiting.isEmpty) {
      this.#startTicker();
      this.#options.onProgress(true);
    }
    this.#openRows++;
    this.#waiting.open(line, opening);
  }

  #admitWaiting(): void {
    if (this.#waiting.isEmpty) return;
    this.#waiting.admit((bytes) => this.#neededBytes() + bytes <= this.chain.roomBytes, this.#queue);
    this.#schedule();
  }

  #refuseWaiting(error: unknown): void {
    this.#openRows -= this.#waiting.refuse(error);
  }

  #schedule(): void {
    if (this.#queue.last === null) return;
    if (this.#isScheduled || this.#failures.write !== null) return;
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
    if (failure === null) this.#failures.write = null;
    else this.#failWriting(failure);
    const segment = this.chain.position?.segment ?? 0;
    this.#options.onProgress(segment !== this.#segment);
    this.#segment = segment;
    this.#sync();
    this.#admitWaiting();
    this.#failures.tell();
  }

  /** @returns why it could not be written; null where it was */
  #write(batch: Batch): unknown {
    const outcome = this.chain.append(batch.text);
    if (outcome.kind === "failed") return outcome.error;
    if (outcome.kind === "no_room") return new Error("the journal is full, and there is no other segment");
    batch.markWritten();
    if (this.#commits === null) batch.markKept();
    else this.#commits.add(batch);
    return null;
  }

  #failWriting(error: unknown): void {
    this.#failures.write = error;
    this.#startTicker();
    if (this.#goesOn) {
      this.#queue.letGo();
    } else {
      this.#openRows -= this.#queue.refuseOpenings(error);
      this.#refuseWaiting(error);
    }
  }

  #groupCommit(): GroupCommit {
    return new GroupCommit({
      sync: (done) => this.chain.sync(done),
      onSynced: (batches) => {
        this.#failures.sync = null;
        for (const batch of batches) batch.markKept();
        this.#failures.tell();
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
    const wasFailing = this.#failures.any;
    this.#failures.sync = error;
    this.#queue.putBack(batches);
    this.chain.renounce();
    this.#startTicker();
    if (this.#goesOn) this.#queue.letGo();
    if (wasFailing) this.#failures.write ??= error;
    else this.#flush();
    this.#failures.tell();
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
    if (this.#failures.write !== null) {
      // Whether the disk is well again is only known by writing to it.
      if (this.#queue.last === null) this.#queue.add(PROBE, null);
      this.#flush();
    }
    if (this.#waiting.isLate(nowMs) || !this.expectsSpares) this.#refuseWaiting(null);
    if (this.#commits !== null && this.#commits.busyMs(nowMs) > KEPT_WITHIN_MS) {
      this.#failures.sync ??= new Error("the disk has not answered a sync in time");
      this.#failures.tell();
    }
    const written = this.#commits?.batches ?? [];
    for (const batch of [...written, ...this.#queue.batches, ...this.#waiting.batches]) {
      if (nowMs < batch.keptDeadlineMs) continue;
      if (this.#goesOn) batch.markKept();
      else batch.expire(this.#failures.current);
    }
    if (this.heldLines === 0 && !this.#failures.any) this.#stopTicker();
  }
}
