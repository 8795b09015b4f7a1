/** One write transaction of SQLite: all of it, or nothing. */
import type { DatabaseSync } from "node:sqlite";

/** Commits what `work` did; whatever is thrown, by it or by the commit, leaves the file as it was. */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (thrown) {
    rollBack(database);
    throw thrown;
  }
}

function rollBack(database: DatabaseSync): void {
  // On a full disk and some I/O errors SQLite has rolled back already.
  if (!database.isTransaction) return;
  try {
    database.exec("ROLLBACK");
  } catch {
    // The first error tells what happened; SQLite undoes the rest when the file is next opened.
  }
}
