/**
 * What a gateway remembers from call to call: its ledger, its keys, what it has learned, and the salt of its
 * names.
 */
import { randomBytes } from "node:crypto";
import type { Config } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import type { RequestId } from "../core/ids.ts";
import type { SpendingSums } from "../core/limits.ts";
import { KeyDesk } from "../keys/key-desk.ts";
import { KEY_RECORDS, keyRecordText, readKeyRecord } from "../keys/key-json.ts";
import { KeyRing } from "../keys/key-ring.ts";
import { SharedParts } from "../keys/shared-parts.ts";
import { DurableLedger } from "../ledger/durable-ledger.ts";
import { CalibratedEstimator } from "../ledger/estimate/calibrated-estimator.ts";
import type { Estimator } from "../ledger/estimator.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { MemoryLedger } from "../ledger/memory.ts";
import type { LedgerReports } from "../ledger/reports.ts";
import { startReports } from "../ledger/store/start-reports.ts";
import { ADMIN_KEY_HASH } from "../ledger/thread/messages.ts";
import { adminKeyAtStart, adminKeyHash } from "../server/admin/admin-key.ts";
import type { EventLog } from "../telemetry/event-log.ts";
import { newLocalToken } from "./control-file.ts";
import { memoriesInMemory, type OpenMemories, openMemories } from "./memories.ts";

export type Books = {
  readonly ledger: Ledger;
  readonly estimator: Estimator;
  /** For the names that the ledger gives to keys. */
  readonly salt: Buffer;
  /** What is kept for callers between their calls. */
  readonly kept: OpenMemories;
  /** The gateway's own keys, and how they are changed. */
  readonly desk: KeyDesk;
  /** What earlier runs have left, once the ledger has seen to their end. */
  readonly earlier: Promise<EarlierRuns>;
  /** Who may read and change them, and how; null where nobody can. */
  readonly admin: BooksAdmin | null;
};

export type EarlierRuns = {
  /** As of this start. */
  readonly spending: readonly SpendingSums[];
  /** Requests that are not to be done again. */
  readonly doneOnce: readonly DoneOnce[];
};

export type DoneOnce = {
  /** What the ledger keeps of it: digests only. */
  readonly text: string;
  readonly requestId: RequestId;
  readonly openedAtWallMs: number;
};

export type BooksAdmin = {
  /** Of the keys in force, each as `adminKeyHash` gives it. */
  readonly adminHash: string;
  readonly readOnlyHash: string | null;
  /** Opens the admin API to the command line of this machine, for as long as this gateway runs. */
  readonly localToken: string;
  readonly reports: LedgerReports;
};

export type OpenedBooks = {
  readonly books: Books;
  /** The admin key that was made for a new ledger, to be shown once; null where there was one. */
  readonly madeAdminKey: string | null;
};

const SALT_BYTES = 16;

/** Forgotten when the process ends: for tests, and for those who embed the gateway without a folder. */
export function booksInMemory(ledger: Ledger = new MemoryLedger()): Books {
  const archive = { keep: () => Promise.resolve() };
  const salt = randomBytes(SALT_BYTES);
  return {
    ledger,
    estimator: new CalibratedEstimator(),
    salt,
    kept: memoriesInMemory(salt),
    desk: new KeyDesk({ ring: new KeyRing([]), archive, clock: systemClock }),
    earlier: Promise.resolve({ spending: [], doneOnce: [] }),
    admin: null,
  };
}

/** What a ledger that is open says of everything but itself. */
export function booksOver(
  ledger: DurableLedger,
  admin: BooksAdmin | null,
  kept: OpenMemories = memoriesInMemory(ledger.salt),
): Books {
  const shared = new SharedParts();
  const records = ledger.records(KEY_RECORDS).map(({ body }) => shared.in(readKeyRecord(body)));
  const desk = new KeyDesk({
    ring: new KeyRing(records),
    archive: {
      keep: (record, entry) => ledger.keepRecord(KEY_RECORDS, record.id, keyRecordText(record), entry),
    },
    clock: systemClock,
  });
  const { estimator, salt } = ledger;
  const earlier = ledger.spendingAtStart.then((spending) => {
    return { spending, doneOnce: ledger.idempotencyAtStart };
  });
  return { ledger, estimator, salt, kept, desk, earlier, admin };
}

/**
 * The books of the configured data folder, which no other gateway may have open.
 * @throws LedgerOpenError whose message is for the operator
 */
export async function openBooks(config: Config, log: EventLog): Promise<OpenedBooks> {
  const { ledger: settings, control } = config;
  const { folder, durability, onFailure, retentionMs } = settings;
  const ledger = await DurableLedger.open({ folder, durability, onFailure, retentionMs, log });
  const { hash, made } = adminKeyAtStart(control.adminKey, ledger.adminKeyHash);
  try {
    if (made !== null) await ledger.setMeta(ADMIN_KEY_HASH, hash);
    const admin = {
      adminHash: hash,
      readOnlyHash: control.readKey === null ? null : adminKeyHash(control.readKey),
      localToken: newLocalToken(),
      reports: startReports(folder),
    };
    const books = booksOver(ledger, admin, await openMemories(config, ledger.salt, log));
    return { books, madeAdminKey: made };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

/** Once no call is left that could want them. */
export async function closeBooks({ ledger, admin, kept }: Books): Promise<void> {
  await kept.close();
  await admin?.reports.close();
  await ledger.close();
}
