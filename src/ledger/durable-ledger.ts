/**
 * The ledger that outlives its process: rows go to a journal on this thread, and from there to SQLite on a
 * thread of its own.
 */
import type { AuditEntry } from "../core/audit.ts";
import { GatewayError } from "../core/errors.ts";
import type { SpendingSums } from "../core/limits.ts";
import { CalibratedEstimator } from "./estimate/calibrated-estimator.ts";
import type { Estimator } from "./estimator.ts";
import type { Opening } from "./journal/batch.ts";
import type { JournalDisk } from "./journal/disk.ts";
import { JournalWriter } from "./journal/journal-writer.ts";
import { openedLine, settledLine } from "./journal/record.ts";
import { journalFolder, SEGMENT_BYTES } from "./journal/segment.ts";
import type { Durability, OnFailure } from "./journal/writer-settings.ts";
import type { AttemptOpened, AttemptSettled, Ledger, OpenAttempt } from "./ledger.ts";
import type { OnceRow } from "./store/attempt-table.ts";
import { FolderLock } from "./store/folder-lock.ts";
import type { KeptRecord } from "./store/kept-records.ts";
import { ADMIN_KEY_HASH, CALIBRATION } from "./thread/messages.ts";
import { type LedgerLog, type OpenedFile, ThreadClient } from "./thread/thread-client.ts";

export type DurableLedgerOptions = {
  /** The data folder; it is made where it is missing. */
  readonly folder: string;
  readonly durability: Durability;
  readonly onFailure: OnFailure;
  /** How long rows are kept; their sums are kept for ever. */
  readonly retentionMs: number;
  readonly log: LedgerLog;
  /** Of one file of the journal. */
  readonly segmentBytes?: number;
  /** What the journal is written with. */
  readonly disk?: JournalDisk;
  /** Until it is known that a record is kept; 10 s when left out. */
  readonly recordWithinMs?: number;
};

const SAVE_EVERY_MS = 60_000;
const WRITE_WITHIN_MS = 4_000;
const APPLY_WITHIN_MS = 5_000;

class DurableRow implements OpenAttempt, Opening {
  readonly #writer: JournalWriter;
  isWaiting = false;
  #state: "open" | "settled" | "refused" = "open";

  constructor(writer: JournalWriter) {
    this.#writer = writer;
  }

  get isSettled(): boolean {
    return this.#state === "settled";
  }

  settle(row: AttemptSettled): void {
    if (this.#state !== "open") return;
    this.#state = "settled";
    this.#writer.settle(settledLine(row), this);
  }

  refuse(): void {
    this.#state = "refused";
  }
}

/** What stands between the two threads; the journal's news are known only once there is a journal. */
type Works = { readonly writer: JournalWriter; readonly thread: ThreadClient };

/** The folder is this process's, whatever becomes of its threads. */
type LockedWorks = Works & { readonly lock: FolderLock };

export class DurableLedger implements Ledger {
  readonly #log: LedgerLog;
  readonly #lock: FolderLock;
  readonly #writer: JournalWriter;
  readonly #thread: ThreadClient;
  readonly #salt: Buffer;
  readonly #records: readonly KeptRecord[];
  readonly #estimator: CalibratedEstimator;
  #calibration: string;
  #adminKeyHash: string | null;
  readonly #saveTimer: NodeJS.Timeout;
  #closing: Promise<void> | null = null;

  private constructor(log: LedgerLog, { writer, thread, lock }: LockedWorks, file: OpenedFile) {
    this.#log = log;
    this.#lock = lock;
    this.#writer = writer;
    this.#thread = thread;
    this.#salt = Buffer.from(file.salt);
    this.#records = file.records;
    this.#calibration = file.calibration ?? "";
    this.#estimator = CalibratedEstimator.restore(this.#calibration);
    this.#adminKeyHash = file.adminKeyHash;
    this.#saveTimer = setInterval(() => this.#save(), SAVE_EVERY_MS).unref();
  }

  /**
   * Opens the ledger of a data folder, and ends what an earlier process left open.
   * @throws LedgerOpenError whose message is for the operator
   */
  static async open(options: DurableLedgerOptions): Promise<DurableLedger> {
    const works = worksOf(options);
    const lock = FolderLock.take(options.folder);
    try {
      return new DurableLedger(options.log, { ...works, lock }, await works.thread.begin());
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Sixteen bytes, the same for as long as the ledger is kept. */
  get salt(): Buffer {
    return this.#salt;
  }

  /** Knows what earlier runs have learned; what it learns is kept with the ledger. */
  get estimator(): Estimator {
    return this.#estimator;
  }

  get adminKeyHash(): string | null {
    return this.#adminKeyHash;
  }

  /** What was kept of a kind when the ledger was opened, in the order of the ids. */
  records(kind: string): readonly KeptRecord[] {
    return this.#records.filter((record) => record.kind === kind);
  }

  /**
   * Keeps a record, new or changed, together with the entry that says who changed it: both or neither.
   * Resolves once they are on the disk; rejects with GatewayError ledger_unavailable where they could not be
   * kept within ten seconds.
   */
  keepRecord(kind: string, id: string, body: string, entry: AuditEntry): Promise<void> {
    return this.#thread.keepRecord({ kind, id, body }, entry);
  }

  /**
   * What earlier runs have spent over the periods that this start lies in. It takes as long as what they left
   * in the journal; where that cannot be applied, until it can.
   */
  get spendingAtStart(): Promise<readonly SpendingSums[]> {
    return this.#thread.spending;
  }

  /**
   * Requests of earlier runs that were to be done once and that a model may have seen: of the last 24 hours,
   * the newest first. Complete once `spendingAtStart` has resolved, and none before; as a rule that is when
   * the ledger is open.
   */
  get idempotencyAtStart(): readonly OnceRow[] {
    return this.#thread.onceRows;
  }

  get openRows(): number {
    return this.#writer.openRows;
  }

  /** @throws GatewayError ledger_unavailable, shutting_down */
  open(row: AttemptOpened): OpenAttempt {
    if (this.#closing !== null) throw new GatewayError("shutting_down", "The gateway is shutting down.");
    const open = new DurableRow(this.#writer);
    this.#writer.open(openedLine(row), open);
    return open;
  }

  written(): Promise<void> | null {
    return this.#writer.written();
  }

  kept(): Promise<void> | null {
    return this.#writer.kept();
  }

  /**
   * Keeps a small value with the ledger; null takes it away. Rejects with GatewayError ledger_unavailable
   * where it could not be kept, or a later one of its name came before it was.
   */
  async setMeta(name: string, value: string | null): Promise<void> {
    await this.#thread.setMeta(name, value);
    if (name === ADMIN_KEY_HASH) this.#adminKeyHash = value;
  }

  /**
   * Writes what waits, has all of it applied, and gives the folder free, within ten seconds. What could not
   * be applied by then stays in the journal for the next start.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#saveTimer);
    this.#save();
    if (!(await this.#writer.close(WRITE_WITHIN_MS))) {
      this.#log.error(
        { lines: this.#writer.heldLines },
        "the last lines of the journal could not be written",
      );
    }
    if (!(await this.#thread.close(APPLY_WITHIN_MS))) {
      this.#log.warn(
        {},
        "the ledger is closed before all of its journal was applied; the next start does it",
      );
    }
    this.#lock.release();
  }

  #save(): void {
    const calibration = this.#estimator.save();
    if (calibration === this.#calibration) return;
    this.#calibration = calibration;
    this.#thread.setMeta(CALIBRATION, calibration).catch((error: unknown) => {
      // Of what was learned only the last is wanted.
      if (this.#calibration !== calibration) return;
      this.#calibration = "";
      this.#log.warn({ error }, "what was learned about tokens could not be kept");
    });
  }
}

function worksOf(options: DurableLedgerOptions): Works {
  const { folder, durability, onFailure, retentionMs, log, disk, recordWithinMs } = options;
  const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
  const writer = new JournalWriter({
    folder: journalFolder(folder),
    segmentBytes,
    durability,
    onFailure,
    onProgress: (hasEnded) => thread.progress(hasEnded),
    onTrouble: (error) => tellOfTrouble(log, onFailure, error),
    ...(disk === undefined ? {} : { disk }),
  });
  const thread = new ThreadClient({
    folder,
    segmentBytes,
    retentionMs,
    writer,
    log,
    ...(recordWithinMs === undefined ? {} : { recordWithinMs }),
  });
  return { writer, thread };
}

function tellOfTrouble(log: LedgerLog, onFailure: OnFailure, error: unknown): void {
  if (error === null) log.info({}, "the journal is written again");
  else if (onFailure === "refuse")
    log.error({ error }, "the journal cannot be written; requests are refused");
  else log.error({ error }, "the journal cannot be written; rows are held in memory");
}
