/** Reports read where they are asked for: the command line's, beside a running gateway or without one. */
import type { AttemptRow, AttemptsQuery, LedgerReports, UsageQuery, UsageReport } from "../reports.ts";
import type { PageEnd } from "./attempt-rows.ts";
import { LedgerReader } from "./ledger-reader.ts";

class OpenReports implements LedgerReports {
  readonly #reader: LedgerReader;

  constructor(reader: LedgerReader) {
    this.#reader = reader;
  }

  async usage(query: UsageQuery): Promise<UsageReport> {
    return this.#reader.usage(query);
  }

  async *attempts(query: AttemptsQuery): AsyncGenerator<AttemptRow> {
    let end: PageEnd | null = null;
    do {
      const page = this.#reader.attempts(query, end);
      yield* page.rows;
      end = page.end;
    } while (end !== null);
  }

  async close(): Promise<void> {
    this.#reader.close();
  }
}

/**
 * Opens a data folder's ledger to read. It blocks while it reads, so a gateway uses `startReports` instead.
 * @throws GatewayError ledger_unavailable: no ledger there, damaged, of another version, not readable
 */
export function openReports(folder: string): LedgerReports {
  return new OpenReports(LedgerReader.open(folder));
}
