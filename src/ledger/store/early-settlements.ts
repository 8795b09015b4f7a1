/** Settlements that came before their attempt was opened, as a journal written twice may have them. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AttemptSettled } from "../ledger.ts";

/** More than these, and the oldest are given up: their openings were lost with a damaged segment. */
export const EARLY_SETTLEMENTS_MAX = 10_000;

export class EarlySettlements {
  readonly #insert: StatementSync;
  readonly #trim: StatementSync;
  readonly #take: StatementSync;
  readonly #counted: StatementSync;
  #count: number;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      "INSERT INTO early_settlements (attempt_id, settled) VALUES (?, ?) ON CONFLICT DO NOTHING",
    );
    this.#trim = database.prepare(
      `DELETE FROM early_settlements WHERE id <= (SELECT max(id) FROM early_settlements) - ?`,
    );
    this.#take = database.prepare("DELETE FROM early_settlements WHERE attempt_id = ? RETURNING settled");
    this.#counted = database.prepare("SELECT count(*) AS n FROM early_settlements");
    this.#count = this.#read();
  }

  keep(settled: AttemptSettled): void {
    const { changes } = this.#insert.run(settled.attemptId, JSON.stringify(settled));
    if (changes === 0) return;
    this.#count += 1 - Number(this.#trim.run(EARLY_SETTLEMENTS_MAX).changes);
  }

  /** Null where none waits for that attempt; it is then forgotten. */
  take(attemptId: string): AttemptSettled | null {
    // There are none but after a fault, and then nothing is asked of the file.
    if (this.#count === 0) return null;
    const row = this.#take.get(attemptId);
    if (row === undefined) return null;
    this.#count--;
    return JSON.parse(String(row["settled"])) as AttemptSettled;
  }

  get count(): number {
    return this.#count;
  }

  /** After a transaction that was rolled back. */
  recount(): void {
    try {
      this.#count = this.#read();
    } catch {
      // A file that cannot be read now is asked each time, until it can.
      this.#count = Number.POSITIVE_INFINITY;
    }
  }

  #read(): number {
    return Number(this.#counted.get()?.["n"]);
  }
}
