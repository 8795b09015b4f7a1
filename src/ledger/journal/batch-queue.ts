/** The batches that are in no file yet, the oldest first; lines are added to the youngest. */
import { Batch, type Opening } from "./batch.ts";
import { FRAME_HEAD_BYTES } from "./segment.ts";

/** In UTF-8, of a character of UTF-16. */
export const BYTES_PER_CHARACTER = 3;

export class BatchQueue {
  readonly #batchCharactersMax: number;
  #batches: Batch[] = [];
  #characters = 0;
  #lineCount = 0;

  constructor(batchCharactersMax: number) {
    this.#batchCharactersMax = batchCharactersMax;
  }

  get batches(): readonly Batch[] {
    return this.#batches;
  }

  get lineCount(): number {
    return this.#lineCount;
  }

  get first(): Batch | null {
    return this.#batches[0] ?? null;
  }

  get last(): Batch | null {
    return this.#batches.at(-1) ?? null;
  }

  /** The youngest in which a row was opened; null where there is none. */
  get lastOpening(): Batch | null {
    return this.#batches.findLast(({ openingCount }) => openingCount > 0) ?? null;
  }

  /** What the frames of all of them can take at most. */
  get frameBytesMax(): number {
    return BYTES_PER_CHARACTER * this.#characters + FRAME_HEAD_BYTES * this.#batches.length;
  }

  add(line: string, opening: Opening | null): void {
    let batch = this.last;
    if (batch === null || batch.characters + line.length > this.#batchCharactersMax) {
      batch = new Batch();
      this.#batches.push(batch);
    }
    batch.add(line, opening);
    this.#characters += line.length;
    this.#lineCount++;
  }

  append(batch: Batch): void {
    this.#count(batch, 1);
    this.#batches.push(batch);
  }

  /** In front of all others, as they are older. */
  putBack(batches: readonly Batch[]): void {
    for (const batch of batches) this.#count(batch, 1);
    this.#batches = [...batches, ...this.#batches];
  }

  /** So many of the oldest have been written. */
  drop(count: number): void {
    if (count === 0) return;
    for (let index = 0; index < count; index++) {
      const batch = this.#batches[index];
      if (batch !== undefined) this.#count(batch, -1);
    }
    this.#batches = count === this.#batches.length ? [] : this.#batches.slice(count);
  }

  /** Rows that could not be written are not kept, so that nothing is sent for them. @returns how many */
  refuseOpenings(error: unknown): number {
    let refused = 0;
    for (const batch of this.#batches) {
      this.#count(batch, -1);
      refused += batch.refuseOpenings(error);
      this.#count(batch, 1);
      if (batch.lineCount === 0) batch.markKept();
    }
    this.#batches = this.#batches.filter(({ lineCount }) => lineCount > 0);
    return refused;
  }

  /** Nobody waits for them any more; they are written when they can be. */
  letGo(): void {
    for (const batch of this.#batches) {
      batch.markWritten();
      batch.markKept();
    }
  }

  #count(batch: Batch, sign: 1 | -1): void {
    this.#characters += sign * batch.characters;
    this.#lineCount += sign * batch.lineCount;
  }
}
