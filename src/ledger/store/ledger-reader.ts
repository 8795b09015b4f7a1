/** A read-only connection to a ledger, beside a gateway that writes to it or without one. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { GatewayError, unreachable } from "../../core/errors.ts";
import { readAttempts, readPage } from "./attempt-rows.ts";
import { readAudit } from "./audit-rows.ts";
import { adviceOn, type LedgerFault, LedgerOpenError, openErrorOf } from "./failures.ts";
import { checkIdentity, ledgerPath } from "./ledger-file.ts";
import { schemaVersionOf } from "./migrate.ts";
import type { ReportsAnswer, ReportsQuestion } from "./reports-message.ts";
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

  answer(question: ReportsQuestion): ReportsAnswer {
    try {
      return answerTo(this.#database, question);
    } catch (thrown) {
      throw unavailable(thrown, this.#path);
    }
  }

  /** The records of one kind, in the order of their ids. */
  records(kind: string): readonly { readonly id: string; readonly body: string }[] {
    try {
      const rows = this.#database
        .prepare("SELECT id, body FROM records WHERE kind = ? ORDER BY id")
        .all(kind);
      return rows.map(({ id, body }) => ({ id: String(id), body: String(body) }));
    } catch (thrown) {
      throw unavailable(thrown, this.#path);
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function answerTo(database: DatabaseSync, question: ReportsQuestion): ReportsAnswer {
  switch (question.kind) {
    case "usage":
      return { kind: "usage", report: readUsage(database, question.query) };
    case "attempts":
      return { kind: "attempts", page: readAttempts(database, question.query, question.after) };
    case "page":
      return { kind: "page", page: readPage(database, question.query) };
    case "audit":
      return { kind: "audit", page: readAudit(database, question.query) };
    default:
      return unreachable(question);
  }
}

function refusal(fault: LedgerFault, path: string): LedgerOpenError {
  return new LedgerOpenError(fault, adviceOn(fault, path));
}

function unavailable(thrown: unknown, path: string): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError("ledger_unavailable", openErrorOf(thrown, path).message, { cause: thrown });
}
