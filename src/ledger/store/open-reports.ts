/** Reports read where they are asked for: the command line's, beside a running gateway or without one. */
import type { LedgerReports } from "../reports.ts";
import { AskedReports } from "./asked-reports.ts";
import { LedgerReader } from "./ledger-reader.ts";
import type { ReportsAnswer, ReportsQuestion } from "./reports-message.ts";

class OpenReports extends AskedReports {
  readonly #reader: LedgerReader;

  constructor(reader: LedgerReader) {
    super();
    this.#reader = reader;
  }

  override async ask(question: ReportsQuestion): Promise<ReportsAnswer> {
    return this.#reader.answer(question);
  }

  override async close(): Promise<void> {
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
