/** Lets a command read the ledger of the configured folder, beside a running gateway or without one. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { readConfig } from "../config/read-config.ts";
import { GatewayError } from "../core/errors.ts";
import { KEY_RECORDS, readKeyRecord } from "../keys/key-json.ts";
import type { KeyRecord } from "../keys/key-record.ts";
import type { LedgerReports } from "../ledger/reports.ts";
import { LedgerReader } from "../ledger/store/ledger-reader.ts";
import { openReports } from "../ledger/store/open-reports.ts";
import { printProblems } from "./check.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { ledgerPhrases } from "./ledger-messages.ts";

const LEDGER_FILE = "ledger.sqlite";

/**
 * The exit code of the work; 1, and a sentence that says why, where the configuration is broken, there is no
 * ledger yet, or it cannot be read.
 */
export async function readLedger(
  invocation: Invocation,
  work: (reports: LedgerReports, config: Config) => Promise<number>,
): Promise<number> {
  const { standardError, language } = invocation;
  const reading = readConfig(invocation);
  if (reading.kind === "broken") {
    printProblems(invocation, reading.problems);
    return exitCodes.failed;
  }
  const { folder } = reading.config.ledger;
  if (!existsSync(join(folder, LEDGER_FILE))) {
    standardError.write(`${ledgerPhrases.noLedger(folder)[language]}\n`);
    return exitCodes.failed;
  }
  let reports: LedgerReports | null = null;
  try {
    reports = openReports(folder);
    return await work(reports, reading.config);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    standardError.write(`${ledgerPhrases.unreadable(error.message)[language]}\n`);
    return exitCodes.failed;
  } finally {
    await reports?.close();
  }
}

/**
 * The gateway's own keys, as the ledger has them, beside a running gateway or without one.
 * @throws GatewayError ledger_unavailable
 */
export function keysIn(folder: string): readonly KeyRecord[] {
  const reader = LedgerReader.open(folder);
  try {
    return reader.records(KEY_RECORDS).map(({ body }) => readKeyRecord(body));
  } finally {
    reader.close();
  }
}
