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

  get last(): Batch | null {
    return this.#queue.last;
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

  /** Rows that have settled in the meantime go on waiting. @returns how many are refused */
  refuse(error: unknown): number {
    this.#sinceMs = performance.now();
    return this.isEmpty ? 0 : this.#queue.refuseOpenings(error);
  }

  get batches(): readonly Batch[] {
    return this.#queue.batches;
  }
}
