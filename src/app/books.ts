/** What a gateway remembers from call to call: its ledger, what it has learned, and the salt of its names. */
import { randomBytes } from "node:crypto";
import { CalibratedEstimator } from "../ledger/estimate/calibrated-estimator.ts";
import type { Estimator } from "../ledger/estimator.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { MemoryLedger } from "../ledger/memory.ts";

export type Books = {
  readonly ledger: Ledger;
  readonly estimator: Estimator;
  /** For the names that the ledger gives to keys. */
  readonly salt: Buffer;
};

const SALT_BYTES = 16;

/** Forgotten when the process ends: for tests, and for those who embed the gateway without a folder. */
export function booksInMemory(ledger: Ledger = new MemoryLedger()): Books {
  return { ledger, estimator: new CalibratedEstimator(), salt: randomBytes(SALT_BYTES) };
}
