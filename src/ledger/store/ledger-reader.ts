/** A read-only connection to a ledger, beside a gateway that writes to it or without one. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { GatewayError } from "../../core/errors.ts";
import type { AttemptsQuery, UsageQuery, UsageReport } from "../reports.ts";
import { type AttemptsPage, type PageEnd, readAttempts } from "./attempt-rows.ts";
import { adviceOn, type LedgerFault, LedgerOpenError, openErrorOf } from "./failures.ts";
import { checkIdentity, ledgerPath } from "./ledger-file.ts";
import { schemaVersionOf } from "./migrate.ts";
import { schemaSteps } from "./schema.ts";
import { readUsage } from "./usage-report.ts";

/** A reader waits for a writer only while the file is opened or recovered. */
const BUSY_TIMEOUT_MS = 2_000;
const CACHE_KIBIBYTES = 16 * 1024;

/** Every call throws GatewayError: invalid_request, or ledger_unavailable with what to do. */
export class LedgerReader {
  readonly #database: DatabaseSync;
  readonly #path: string;

  private constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
  }

  static open(folder: string): LedgerReader {
    const path = ledgerPath(folder);
    let database: DatabaseSync | null = null;
    try {
      if (!existsSync(path)) throw refusal("missing", path);
      database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
      const version = schemaVersionOf(database);
      if (version === 0) throw refusal("missing", path);
      checkIdentity(database, path, schemaSteps.length);
      if (version < schemaSteps.length) throw refusal("older_schema", path);
      database.exec(`PRAGMA cache_size = -${CACHE_KIBIBYTES}; PRAGMA query_only = ON`);
      return new LedgerReader(database, path);
    } catch (thrown) {
      database?.close();
      throw unavailable(thrown, path);
    }
  }

  usage(query: UsageQuery): UsageReport {
    return this.#read(() => readUsage(this.#database, query));
  }

  attempts(query: AttemptsQuery, after: PageEnd | null): AttemptsPage {
    return this.#read(() => readAttempts(this.#database, query, after));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #read<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (thrown) {
      throw unavailable(thrown, this.#path);
    }
  }
}

function refusal(fault: LedgerFault, path: string): LedgerOpenError {
  return new LedgerOpenError(fault, adviceOn(fault, path));
}

function unavailable(thrown: unknown, path: string): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError("ledger_unavailable", openErrorOf(thrown, path).message, { cause: thrown });
}
