/** Brings a ledger's file up to the schema of this program, one whole step at a time. */
import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "./transaction.ts";

/** The version of a file's schema: how many steps it has taken. */
export function schemaVersionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}

/**
 * Takes the steps that are missing. Each is one transaction together with the number of its version, so a
 * process killed half-way leaves the file at a whole version, and the next start goes on from there.
 * @param steps the n-th, from 1, leads to version n
 */
export function migrate(database: DatabaseSync, steps: readonly string[]): void {
  for (const [index, step] of steps.entries()) {
    if (index < schemaVersionOf(database)) continue;
    inTransaction(database, () => {
      database.exec(step);
      database.exec(`PRAGMA user_version = ${index + 1}`);
    });
  }
}
