/** The rows of a ledger's folder, as any reader of SQLite sees them. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export type StoredRow = {
  readonly attempt_id: string;
  readonly request_id: string;
  readonly client_request_id: string | null;
  readonly state: string;
  readonly cause: string | null;
  readonly provenance: string | null;
  readonly input_tokens: number | null;
  readonly cached_input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly cost_micro_yuan: number | null;
  readonly price_version: string | null;
};

/** Checks the file's integrity on the way. Throws where it is not sound. */
export function readStoredRows(folder: string): StoredRow[] {
  const database = new DatabaseSync(join(folder, "ledger.sqlite"), { readOnly: true, timeout: 5_000 });
  try {
    const check = database.prepare("PRAGMA integrity_check").get();
    if (check?.["integrity_check"] !== "ok")
      throw new Error(`the ledger is broken: ${JSON.stringify(check)}`);
    return database.prepare("SELECT * FROM attempts ORDER BY attempt_id").all() as StoredRow[];
  } finally {
    database.close();
  }
}
