/** Openings that wait for the next segment, for the moment in which one is full and none is ready. */
import type { Batch, Opening } from "./batch.ts";
import { BatchQueue, BYTES_PER_CHARACTER } from "./batch-queue.ts";
import { FRAME_HEAD_BYTES } from "./segment.ts";
import { WAIT_WITHIN_MS, WAITING_LINES_MAX } from "./writer-settings.ts";

export class WaitingRoom {
  readonly #queue: BatchQueue;
  /** When it last got shorter, or began to fill. */
  #sinceMs = 0;

  constructor(batchCharactersMax: number) {
    this.#queue = new BatchQueue(batchCharactersMax);
  }

  get isEmpty(): boolean {
    return this.#queue.last === null;
  }

  get isFull(): boolean {
    return this.#queue.lineCount >= WAITING_LINES_MAX;
  }

  isLate(nowMs: number): boolean {
    return !this.isEmpty && nowMs - this.#sinceMs > WAIT_WITHIN_MS;
  }

  get lineCount(): number {
    return this.#queue.lineCount;
  }

  get frameBytesMax(): number {
    return this.#queue.frameBytesMax;
  }

  get lastOpening(): Batch | null {
    return this.#queue.lastOpening;
  }

  /** For those who wait for settlements of rows that wait here; null where none has settled. */
  get lastSettled(): Batch | null {
    return this.#queue.hasSettlements ? this.#queue.last : null;
  }

  open(line: string, opening: Opening): void {
    if (this.isEmpty) this.#sinceMs = performance.now();
    opening.isWaiting = true;
    this.#queue.add(line, opening);
  }

  settle(line: string): void {
    this.#queue.add(line, null);
  }

  /** Lets batches go on into the queue, the oldest first, while they fit. */
  admit(fits: (frameBytesMax: number) => boolean, queue: BatchQueue): void {
    for (let batch = this.#queue.first; batch !== null; batch = this.#queue.first) {
      if (!fits(FRAME_HEAD_BYTES + BYTES_PER_CHARACTER * batch.characters)) return;
      this.#queue.drop(1);
      this.#sinceMs = performance.now();
      batch.admit();
      queue.append(batch);
    }
  }

  /**
   * Rows that were settled in the meantime go on into the queue all the same.
   * @returns how many are refused
   */
  refuse(error: unknown, queue: BatchQueue): number {
    if (this.isEmpty) return 0;
    const refused = this.#queue.refuseOpenings(error);
    for (const batch of this.#queue.batches) queue.append(batch);
    this.#queue.drop(this.#queue.batches.length);
    return refused;
  }
}
