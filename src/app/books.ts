/** What a gateway remembers from call to call: its ledger, what it has learned, and the salt of its names. */
import { randomBytes } from "node:crypto";
import type { Config } from "../config/config.ts";
import { DurableLedger } from "../ledger/durable-ledger.ts";
import { CalibratedEstimator } from "../ledger/estimate/calibrated-estimator.ts";
import type { Estimator } from "../ledger/estimator.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { MemoryLedger } from "../ledger/memory.ts";
import type { LedgerReports } from "../ledger/reports.ts";
import { startReports } from "../ledger/store/start-reports.ts";
import { ADMIN_KEY_HASH } from "../ledger/thread/messages.ts";
import { adminKeyAtStart } from "../server/admin/admin-key.ts";
import type { EventLog } from "../telemetry/event-log.ts";

export type Books = {
  readonly ledger: Ledger;
  readonly estimator: Estimator;
  /** For the names that the ledger gives to keys. */
  readonly salt: Buffer;
  /** Who may read them, and how; null where nobody can. */
  readonly admin: { readonly keyHash: () => string | null; readonly reports: LedgerReports } | null;
};

export type OpenedBooks = {
  readonly books: Books;
  /** The admin key that was made for a new ledger, to be shown once; null where there was one. */
  readonly madeAdminKey: string | null;
};

const SALT_BYTES = 16;

/** Forgotten when the process ends: for tests, and for those who embed the gateway without a folder. */
export function booksInMemory(ledger: Ledger = new MemoryLedger()): Books {
  const salt = randomBytes(SALT_BYTES);
  return { ledger, estimator: new CalibratedEstimator(), salt, admin: null };
}

/**
 * The books of the configured data folder, which no other gateway may have open.
 * @throws LedgerOpenError whose message is for the operator
 */
export async function openBooks({ ledger: settings, control }: Config, log: EventLog): Promise<OpenedBooks> {
  const { folder, durability, onFailure, retentionMs } = settings;
  const ledger = await DurableLedger.open({ folder, durability, onFailure, retentionMs, log });
  const { hash, made } = adminKeyAtStart(control.adminKey, ledger.adminKeyHash);
  try {
    if (made !== null) await ledger.setMeta(ADMIN_KEY_HASH, hash);
  } catch (error) {
    await ledger.close();
    throw error;
  }
  const { estimator, salt } = ledger;
  const admin = { keyHash: () => hash, reports: startReports(folder) };
  return { books: { ledger, estimator, salt, admin }, madeAdminKey: made };
}

/** Once no call is left that could want them. */
export async function closeBooks({ ledger, admin }: Books): Promise<void> {
  await admin?.reports.close();
  await ledger.close();
}
