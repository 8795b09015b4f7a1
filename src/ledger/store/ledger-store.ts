/** The ledger's SQLite side: what the journal says, folded into one row for each attempt, and their sums. */
import { randomBytes } from "node:crypto";
import { type Stats, statSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AuditEntry } from "../../core/audit.ts";
import type { SpendingSums } from "../../core/limits.ts";
import type { Estimator } from "../estimator.ts";
import type { JournalRecord } from "../journal/record.ts";
import type { JournalPosition } from "../journal/segment.ts";
import type { AttemptOpened, AttemptSettled } from "../ledger.ts";
import { AttemptTable, type Ending, type OnceRow, type RowGroup } from "./attempt-table.ts";
import { EarlySettlements } from "./early-settlements.ts";
import { LedgerStoreError, openErrorOf, storeErrorOf } from "./failures.ts";
import { FolderLock } from "./folder-lock.ts";
import { interruption } from "./interruption.ts";
import { type KeptRecord, KeptRecords } from "./kept-records.ts";
import { type LedgerFileOptions, ledgerPath, openLedgerFile } from "./ledger-file.ts";
import { type FinishedRow, RollUps } from "./roll-ups.ts";
import { SpendingTable } from "./spending-table.ts";
import { inTransaction } from "./transaction.ts";

export type LedgerStoreOptions = LedgerFileOptions & {
  /** Groups of an hour or a day before the rest counts as `other`; PERIOD_GROUPS_MAX when left out. */
  readonly periodGroupsMax?: number;
  /** The caller has the folder's `FolderLock`, and keeps it for longer than the store is open. */
  readonly isLocked?: boolean;
};

const SALT_BYTES = 16;
const INTERRUPTED_ROWS_PER_TRANSACTION = 5_000;

/** What a batch says of one attempt; of two records of a kind the first counts. */
type Fold = { opened: AttemptOpened | null; settled: AttemptSettled | null };

/** Synchronous, so it belongs in the ledger's own thread. Every call is whole or not at all. */
export class LedgerStore {
  /** Null where it is the caller's. */
  readonly #lock: FolderLock | null;
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #file: Stats;
  readonly #attempts: AttemptTable;
  readonly #early: EarlySettlements;
  readonly #spending: SpendingTable;
  readonly #rollUps: RollUps;
  readonly #kept: KeptRecords;
  readonly #readMeta: StatementSync;
  readonly #writeMeta: StatementSync;
  readonly #dropMeta: StatementSync;
  readonly #salt: Buffer;

  private constructor(
    lock: FolderLock | null,
    database: DatabaseSync,
    path: string,
    options: LedgerStoreOptions,
  ) {
    this.#lock = lock;
    this.#database = database;
    this.#path = path;
    this.#file = statSync(path);
    this.#attempts = new AttemptTable(database);
    this.#early = new EarlySettlements(database);
    this.#spending = new SpendingTable(database);
    this.#rollUps = new RollUps(database, this.#spending, options.periodGroupsMax);
    this.#kept = new KeptRecords(database);
    this.#readMeta = database.prepare("SELECT value FROM meta WHERE name = ?");
    this.#writeMeta = database.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)");
    this.#dropMeta = database.prepare("DELETE FROM meta WHERE name = ?");
    this.#salt = this.#saltOfFile();
  }

  /**
   * Takes the folder's lock unless the caller has it, makes the file where it is missing, checks it and
   * brings it up to date.
   * @throws LedgerOpenError: in use, damaged, of a newer version, not writable, no space
   */
  static open(folder: string, options: LedgerStoreOptions = {}): LedgerStore {
    const lock = options.isLocked === true ? null : FolderLock.take(folder);
    try {
      const database = openLedgerFile(folder, options);
      try {
        return new LedgerStore(lock, database, ledgerPath(folder), options);
      } catch (thrown) {
        database.close();
        throw thrown;
      }
    } catch (thrown) {
      lock?.release();
      throw openErrorOf(thrown, ledgerPath(folder));
    }
  }

  /** Up to where the journal has been applied; null before the first batch. */
  position(): JournalPosition | null {
    const text = this.meta("journal_position");
    if (text === null) return null;
    const [segment, offset] = text.split(":").map(Number);
    return { segment: segment ?? 0, offset: offset ?? 0 };
  }

  /**
   * Folds records into rows and sums, and notes how far the journal has been read, in one transaction that is
   * on the disk when this returns. Any batch may come again, in any order: an attempt goes from open to its
   * final state once, and its sums are added with it.
   * @throws LedgerStoreError: nothing of the batch was kept, and it may be given again
   */
  apply(records: readonly JournalRecord[], position: JournalPosition): void {
    this.#change(() => {
      for (const [attemptId, { opened, settled }] of foldsOf(records)) {
        if (opened !== null) this.#open(opened, settled);
        else if (settled !== null) this.#settle(attemptId, settled);
      }
      this.#rollUps.flush();
      this.#writeMeta.run("journal_position", `${position.segment}:${position.offset}`);
    });
  }

  /**
   * Ends every open row, as nobody will settle it any more: `interrupted`, with an estimate of its tokens,
   * and its cost by the price it was opened with.
   * @param exceptAttemptIds rows that somebody will settle still
   * @returns how many
   */
  interruptOpenRows(estimator: Estimator, exceptAttemptIds?: ReadonlySet<string>): number {
    let interrupted = 0;
    let after = "";
    for (;;) {
      const rows = this.#read(() => this.#attempts.openRowsAfter(after, INTERRUPTED_ROWS_PER_TRANSACTION));
      const last = rows.at(-1);
      if (last === undefined) return interrupted;
      after = last.attemptId;
      const orphans = rows.filter(({ attemptId }) => exceptAttemptIds?.has(attemptId) !== true);
      this.#change(() => {
        for (const row of orphans) this.#finish(row.attemptId, interruption(row, estimator));
        this.#rollUps.flush();
      });
      interrupted += orphans.length;
    }
  }

  /**
   * Deletes rows opened longer ago than the retention, the oldest first; open rows and sums stay.
   * @returns how many were deleted: fewer than `rowsMax` when no more are due
   */
  retire(nowWallMs: number, retentionMs: number, rowsMax: number): number {
    return this.#change(() => {
      this.#spending.retire(nowWallMs);
      return this.#attempts.retire(nowWallMs - retentionMs, rowsMax);
    });
  }

  /** What everybody has spent over the periods that this moment lies in. */
  spendingAt(wallMs: number): SpendingSums[] {
    return this.#read(() => this.#spending.sumsAt(wallMs));
  }

  /** Rows of requests that were to be done once and that a model may have seen; the newest first. */
  onceRows(fromWallMs: number, rowsMax: number): OnceRow[] {
    return this.#read(() => this.#attempts.onceRows(fromWallMs, rowsMax));
  }

  /** Of all kinds, in the order of their ids. */
  records(): KeptRecord[] {
    return this.#read(() => this.#kept.all());
  }

  /** Keeps a record, new or changed, together with the entry that says who changed it. */
  keepRecord(record: KeptRecord, entry: AuditEntry): void {
    this.#change(() => this.#kept.keep(record, entry));
  }

  /** Sixteen random bytes, made once for each ledger. */
  get salt(): Buffer {
    return this.#salt;
  }

  /** A small value kept with the ledger; null where there is none of that name. */
  meta(name: string): string | null {
    const row = this.#read(() => this.#readMeta.get(name));
    return row === undefined ? null : String(row["value"]);
  }

  /** Keeps a small value with the ledger; null takes it away. */
  setMeta(name: string, value: string | null): void {
    this.#change(() => {
      if (value === null) this.#dropMeta.run(name);
      else this.#writeMeta.run(name, value);
    });
  }

  /** Open rows in the file: those whose settlement has not been applied yet. */
  get openRows(): number {
    return this.#read(() => this.#attempts.openRows);
  }

  /** Settlements that wait for an opening that has not come; more than none tells of a damaged journal. */
  get earlySettlements(): number {
    return this.#early.count;
  }

  /** Gives the folder free. Closing twice is harmless. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
    this.#lock?.release();
  }

  #open(opened: AttemptOpened, settled: AttemptSettled | null): void {
    const ending = this.#early.take(opened.attemptId) ?? settled;
    if (ending === null) {
      this.#attempts.insertOpen(opened);
    } else if (this.#attempts.insertFinished(opened, ending)) {
      this.#rollUps.add(finished(opened, ending));
    } else {
      this.#finish(opened.attemptId, ending);
    }
  }

  #settle(attemptId: string, settled: AttemptSettled): void {
    if (this.#finish(attemptId, settled) || this.#attempts.has(attemptId)) return;
    this.#early.keep(settled);
  }

  /** False where no open row has that id. */
  #finish(attemptId: string, ending: Ending): boolean {
    const group = this.#attempts.finish(attemptId, ending);
    if (group === null) return false;
    this.#rollUps.add(finished(group, ending));
    return true;
  }

  #read<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (thrown) {
      throw storeErrorOf(thrown, this.#path);
    }
  }

  #change<Result>(work: () => Result): Result {
    this.#expectFile();
    try {
      return inTransaction(this.#database, work);
    } catch (thrown) {
      this.#rollUps.forget();
      this.#early.recount();
      throw storeErrorOf(thrown, this.#path);
    }
  }

  /** SQLite would go on writing to a file that was deleted or replaced, and all of it would be lost. */
  #expectFile(): void {
    const file = statSync(this.#path, { throwIfNoEntry: false });
    if (file !== undefined && file.ino === this.#file.ino && file.dev === this.#file.dev) return;
    const advice = "Put it back, or restart the gateway to begin with the file that is there.";
    throw new LedgerStoreError("missing", `${this.#path} was deleted or replaced. ${advice}`);
  }

  #saltOfFile(): Buffer {
    const kept = this.meta("salt");
    if (kept !== null) return Buffer.from(kept, "hex");
    const made = randomBytes(SALT_BYTES);
    this.setMeta("salt", made.toString("hex"));
    return made;
  }
}

function foldsOf(records: readonly JournalRecord[]): Map<string, Fold> {
  const folds = new Map<string, Fold>();
  for (const record of records) {
    const fold = folds.get(record.row.attemptId);
    if (record.kind === "opened") {
      if (fold === undefined) folds.set(record.row.attemptId, { opened: record.row, settled: null });
      else fold.opened ??= record.row;
    } else if (fold === undefined) {
      folds.set(record.row.attemptId, { opened: null, settled: record.row });
    } else {
      fold.settled ??= record.row;
    }
  }
  return folds;
}

function finished(group: RowGroup, { state, provenance, usage, cost }: Ending): FinishedRow {
  const { keyId, alias, upstream, upstreamModel, openedAtWallMs } = group;
  return { keyId, alias, upstream, upstreamModel, state, provenance, openedAtWallMs, usage, cost };
}
