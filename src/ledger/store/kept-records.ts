/** What operators change, such as keys, and the trail of who changed it: the tables `records` and `audit`. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AuditEntry } from "../../core/audit.ts";

export type KeptRecord = {
  /** What it is, such as `key`; its body is as those who keep it write it. */
  readonly kind: string;
  readonly id: string;
  readonly body: string;
};

export class KeptRecords {
  readonly #all: StatementSync;
  readonly #put: StatementSync;
  readonly #addEntry: StatementSync;

  constructor(database: DatabaseSync) {
    this.#all = database.prepare("SELECT kind, id, body FROM records ORDER BY kind, id");
    this.#put = database.prepare("INSERT OR REPLACE INTO records (kind, id, body) VALUES (?, ?, ?)");
    // Asked again after the answer was lost, the very same entry is there already.
    this.#addEntry = database.prepare(
      `INSERT INTO audit (at, actor, action, subject, detail) SELECT ?1, ?2, ?3, ?4, ?5
       WHERE NOT EXISTS (SELECT 1 FROM audit
         WHERE subject = ?4 AND at = ?1 AND actor = ?2 AND action = ?3 AND detail = ?5)`,
    );
  }

  all(): KeptRecord[] {
    return this.#all.all().map(({ kind, id, body }) => ({
      kind: String(kind),
      id: String(id),
      body: String(body),
    }));
  }

  /** Belongs inside a transaction, so that neither is kept without the other. */
  keep({ kind, id, body }: KeptRecord, { atWallMs, actor, action, subject, detail }: AuditEntry): void {
    this.#put.run(kind, id, body);
    this.#addEntry.run(atWallMs, actor, action, subject, JSON.stringify(detail));
  }
}
