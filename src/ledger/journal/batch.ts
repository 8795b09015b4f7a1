/** A batch: the lines of about one turn of the event loop, which reach the disk together or not at all. */
import { GatewayError } from "../../core/errors.ts";

/** Whoever opened a row, for as long as it is not certain that the row may be kept. */
export interface Opening {
  /** Its settling stands in the journal's queue already, so the row is kept in any case. */
  readonly isSettled: boolean;
  /** Its line waits for room; those who settle such a row wait with it. */
  isWaiting: boolean;
  /** The row is not kept: nothing may be sent for it, and it is never settled. */
  refuse(): void;
}

type Promised = ReturnType<typeof Promise.withResolvers<void>>;

/** A promise that nobody may be waiting for any more. */
function promised(): Promised {
  const made = Promise.withResolvers<void>();
  made.promise.catch(ignore);
  return made;
}

function ignore(): void {}

export function unavailable(cause?: unknown): GatewayError {
  return new GatewayError(
    "ledger_unavailable",
    "The gateway cannot record requests at the moment, so it takes none. Try again shortly.",
    { retryAfterSeconds: 1, cause },
  );
}

export class Batch {
  #lines: string[] = [];
  #openings: Opening[] = [];
  /** Where in the lines each opening stands. */
  #places: number[] = [];
  #text: string | null = null;
  /** Of the lines, in UTF-16 units. */
  characters = 0;
  lineCount = 0;
  #written: Promised | null = null;
  #kept: Promised | null = null;
  /** By the monotonic clock; those who wait for `kept` wait no longer than this. */
  keptDeadlineMs = Number.POSITIVE_INFINITY;

  add(line: string, opening: Opening | null): void {
    if (opening !== null) {
      this.#openings.push(opening);
      this.#places.push(this.#lines.length);
    }
    this.#lines.push(line);
    this.#text = null;
    this.characters += line.length;
    this.lineCount++;
  }

  get text(): string {
    this.#text ??= this.#lines.join("");
    return this.#text;
  }

  get openingCount(): number {
    return this.#openings.length;
  }

  /** For those whose rows are opened in this batch. */
  written(): Promise<void> {
    this.#written ??= promised();
    return this.#written.promise;
  }

  /** For those whose rows are settled in this batch or before it. */
  kept(deadlineMs: number): Promise<void> {
    if (this.#kept === null) {
      this.#kept = promised();
      this.keptDeadlineMs = deadlineMs;
    }
    return this.#kept.promise;
  }

  /** There is room for it now. */
  admit(): void {
    for (const opening of this.#openings) opening.isWaiting = false;
  }

  /** The batch stands in a file: whoever opened a row in it may go on. */
  markWritten(): void {
    this.#lines = [this.text];
    this.#openings = [];
    this.#places = [];
    this.#written?.resolve();
    this.#written = null;
  }

  markKept(): void {
    this.#kept?.resolve();
    this.#kept = null;
    this.keptDeadlineMs = Number.POSITIVE_INFINITY;
  }

  /** Too late for those who wait; the batch itself is written once it can be. */
  expire(cause: unknown): void {
    this.#kept?.reject(unavailable(cause));
    this.#kept = null;
    this.keptDeadlineMs = Number.POSITIVE_INFINITY;
  }

  /** Takes out the rows that were only opened, and tells those who opened them. @returns how many */
  refuseOpenings(cause: unknown): number {
    let refused = 0;
    for (const [index, opening] of this.#openings.entries()) {
      if (opening.isSettled) continue;
      opening.refuse();
      refused++;
      const place = this.#places[index] ?? -1;
      this.characters -= this.#lines[place]?.length ?? 0;
      this.lineCount--;
      this.#lines[place] = "";
    }
    this.#openings = [];
    this.#places = [];
    this.#text = null;
    this.#written?.reject(unavailable(cause));
    this.#written = null;
    return refused;
  }
}
