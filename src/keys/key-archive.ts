/** The port of where keys are kept. */
import type { AuditEntry } from "../core/audit.ts";
import type { KeyRecord } from "./key-record.ts";

export interface KeyArchive {
  /**
   * Keeps a record, new or changed, together with the entry that says who changed it: both or neither.
   * Resolves once they are on the disk; rejects with GatewayError ledger_unavailable.
   */
  keep(record: KeyRecord, entry: AuditEntry): Promise<void>;
}
