/** Sees batches to the disk, one sync at a time: those that were written meanwhile share the next one. */
import type { Batch } from "./batch.ts";

export type GroupCommitOptions = {
  /** Begins a sync of all that has been written by now. */
  readonly sync: (done: (error: Error | null) => void) => void;
  /** The disk has them. */
  readonly onSynced: (batches: readonly Batch[]) => void;
  /** The disk may have lost any of them: those of the sync that failed, and those written since. */
  readonly onFailed: (batches: readonly Batch[], error: Error) => void;
};

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: Batch[] = [];
  #syncing: readonly Batch[] = [];
  #beganMs = 0;
  #lineCount = 0;
  readonly #done = (error: Error | null): void => this.#end(error);

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** A batch that stands in a file. */
  add(batch: Batch): void {
    this.#waiting.push(batch);
    this.#lineCount += batch.lineCount;
  }

  get lineCount(): number {
    return this.#lineCount;
  }

  /** The youngest that the disk may not have; null where it has all. */
  get last(): Batch | null {
    return this.#waiting.at(-1) ?? this.#syncing.at(-1) ?? null;
  }

  /** From the oldest on. */
  get batches(): readonly Batch[] {
    return [...this.#syncing, ...this.#waiting];
  }

  /** How long the disk has been working on the sync under way. */
  busyMs(nowMs: number): number {
    return this.#syncing.length === 0 ? 0 : nowMs - this.#beganMs;
  }

  /** Begins a sync, unless one is under way or there is nothing to sync. */
  begin(): void {
    if (this.#syncing.length > 0 || this.#waiting.length === 0) return;
    this.#syncing = this.#waiting;
    this.#waiting = [];
    this.#beganMs = performance.now();
    this.#options.sync(this.#done);
  }

  #end(error: Error | null): void {
    const covered = this.#syncing;
    this.#syncing = [];
    if (error === null) {
      for (const batch of covered) this.#lineCount -= batch.lineCount;
      this.#options.onSynced(covered);
      this.begin();
      return;
    }
    const lost = [...covered, ...this.#waiting];
    this.#waiting = [];
    this.#lineCount = 0;
    this.#options.onFailed(lost, error);
  }
}
