/** The ledger's records for the command line, while no gateway has the data folder. */
import type { AuditEntry } from "../../core/audit.ts";
import { GatewayError } from "../../core/errors.ts";
import { LedgerStoreError } from "./failures.ts";
import { LedgerStore } from "./ledger-store.ts";

export interface OfflineRecords {
  /** In the order of their ids. */
  records(kind: string): readonly { readonly id: string; readonly body: string }[];
  /** On the disk, with its entry in the audit trail; rejects with GatewayError ledger_unavailable. */
  keepRecord(kind: string, id: string, body: string, entry: AuditEntry): Promise<void>;
  close(): void;
}

class StoredRecords implements OfflineRecords {
  readonly #store: LedgerStore;

  constructor(store: LedgerStore) {
    this.#store = store;
  }

  records(kind: string): readonly { readonly id: string; readonly body: string }[] {
    return this.#store.records().filter((record) => record.kind === kind);
  }

  async keepRecord(kind: string, id: string, body: string, entry: AuditEntry): Promise<void> {
    try {
      this.#store.keepRecord({ kind, id, body }, entry);
    } catch (cause) {
      if (!(cause instanceof LedgerStoreError)) throw cause;
      throw new GatewayError("ledger_unavailable", cause.message, { cause });
    }
  }

  close(): void {
    this.#store.close();
  }
}

/**
 * Takes the folder's lock, and makes the folder and its ledger where they are missing.
 * @throws LedgerOpenError: `in_use` where a gateway runs, or what is wrong with the file
 */
export function openRecords(folder: string): OfflineRecords {
  return new StoredRecords(LedgerStore.open(folder));
}
