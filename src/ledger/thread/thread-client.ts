/** The main thread's side of the ledger's thread: tells it of the journal, and hears what became of it. */
import type { AuditEntry } from "../../core/audit.ts";
import type { SpendingSums } from "../../core/limits.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import type { OnceRow } from "../store/attempt-table.ts";
import { LedgerOpenError } from "../store/failures.ts";
import type { KeptRecord } from "../store/kept-records.ts";
import type { FromThread, JournalReport, ThreadStart } from "./messages.ts";
import { RecordRequests, unavailable } from "./record-requests.ts";
import { ThreadHost } from "./thread-host.ts";

type LogFields = { readonly [name: string]: unknown };

export type LedgerLog = {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
};

export type ThreadClientOptions = {
  /** The data folder; the caller has its lock, if others may want it. */
  readonly folder: string;
  readonly segmentBytes: number;
  readonly retentionMs: number;
  readonly writer: JournalWriter;
  readonly log: LedgerLog;
  /** Until a record is kept; 10 s when left out. */
  readonly recordWithinMs?: number;
};

/** What the ledger's file said when it was opened. */
export type OpenedFile = Omit<Extract<FromThread, { kind: "opened" }>, "kind">;

/** How far the thread may be behind, beside what it takes to do its work. */
const TELL_EVERY_MS = 250;
/** Rows of an earlier process are seen to before new ones are taken, unless there are very many. */
const RECOVER_WITHIN_MS = 2_000;
const DEATHS_AT_START_MAX = 3;
const CLOSED = "The ledger is closed";

type Promised = ReturnType<typeof Promise.withResolvers<void>>;
type PendingMeta = { readonly id: number; readonly value: string | null; readonly promised: Promised };

export class ThreadClient {
  readonly #options: ThreadClientOptions;
  readonly #host: ThreadHost;
  readonly #ready = Promise.withResolvers<OpenedFile>();
  readonly #closed = Promise.withResolvers<boolean>();
  /** By name, the last value that is not known to be kept. */
  readonly #metas = new Map<string, PendingMeta>();
  #metaId = 0;
  readonly #records: RecordRequests;
  readonly #spending = Promise.withResolvers<readonly SpendingSums[]>();
  #onceRows: readonly OnceRow[] = [];
  #opened: OpenedFile | null = null;
  #firstSegment: number | null = null;
  #isRecovered = false;
  #isRefused = false;
  #isClosing = false;
  #isEnded = false;
  #deaths = 0;
  #trouble: string | null = null;
  #tellTimer: NodeJS.Timeout | null = null;
  #recoverTimer: NodeJS.Timeout | null = null;
  readonly #tellNow = (): void => this.#tell();

  constructor(options: ThreadClientOptions) {
    this.#options = options;
    this.#host = new ThreadHost({
      start: () => this.#start(),
      hear: (message) => this.#hear(message),
      onDeath: (error) => this.#hearDeath(error),
    });
    this.#records = new RecordRequests((message) => this.#host.post(message), options.recordWithinMs);
  }

  /**
   * Starts the thread. Resolves once rows may be taken: there is a segment to write to, or it is known why
   * not, and what an earlier process left is seen to, or takes long.
   * @throws LedgerOpenError
   */
  async begin(): Promise<OpenedFile> {
    this.#host.begin();
    try {
      return await this.#ready.promise;
    } catch (error) {
      await this.#host.stop();
      throw error;
    } finally {
      if (this.#recoverTimer !== null) clearTimeout(this.#recoverTimer);
    }
  }

  /** What keeps the thread from its work; null where nothing does. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** What earlier processes have spent; pending until all they left is seen to. */
  get spending(): Promise<readonly SpendingSums[]> {
    return this.#spending.promise;
  }

  /** Of earlier processes; none until all they left is seen to. */
  get onceRows(): readonly OnceRow[] {
    return this.#onceRows;
  }

  /** The journal has grown. @param hasEnded a segment has ended, so that another one is wanted soon */
  progress(hasEnded: boolean): void {
    if (this.#isClosing) return;
    if (hasEnded) this.#tell();
    else this.#tellTimer ??= setTimeout(this.#tellNow, TELL_EVERY_MS);
  }

  /** Rejects with GatewayError ledger_unavailable where it could not be kept within its time. */
  keepRecord(record: KeptRecord, entry: AuditEntry): Promise<void> {
    if (this.#isEnded) return Promise.reject(unavailable(CLOSED));
    return this.#records.keep(record, entry);
  }

  /**
   * Rejects with GatewayError ledger_unavailable where the value could not be kept, or a later one of its
   * name came before it was.
   */
  setMeta(name: string, value: string | null): Promise<void> {
    if (this.#isEnded) return Promise.reject(unavailable(CLOSED));
    const id = ++this.#metaId;
    const promised = Promise.withResolvers<void>();
    this.#metas.get(name)?.promised.reject(unavailable("A later value of the same name took its place"));
    this.#metas.set(name, { id, value, promised });
    if (this.#opened !== null) this.#host.post({ kind: "meta", id, name, value });
    return promised.promise;
  }

  /**
   * Once the writer is closed: lets the thread apply all that was written, and end.
   * @returns whether it could in that time; what it could not stays in the journal
   */
  async close(withinMs: number): Promise<boolean> {
    this.#isClosing = true;
    this.#tell();
    const timer = setTimeout(() => this.#closed.resolve(false), withinMs);
    const isDone = await this.#closed.promise;
    clearTimeout(timer);
    if (this.#tellTimer !== null) clearTimeout(this.#tellTimer);
    await this.#host.stop();
    this.#isEnded = true;
    for (const { promised } of this.#metas.values()) promised.reject(unavailable(CLOSED));
    this.#records.end();
    return isDone;
  }

  #start(): ThreadStart {
    const { folder, segmentBytes, retentionMs, writer } = this.#options;
    const firstSegment = this.#firstSegment;
    const journal =
      firstSegment === null
        ? null
        : { report: this.#report(), segments: writer.chain.segments, firstSegment };
    return { folder, segmentBytes, retentionMs, journal };
  }

  #report(): JournalReport {
    const { chain, sparesWanted } = this.#options.writer;
    return { ended: chain.ended, current: chain.position, sparesWanted };
  }

  #tell(): void {
    if (this.#tellTimer !== null) clearTimeout(this.#tellTimer);
    this.#tellTimer = null;
    // Before it has opened its file, a thread may have been told too little of the journal to begin with.
    if (this.#opened === null) return;
    this.#host.post({ kind: this.#isClosing ? "close" : "journal", report: this.#report() });
  }

  #hear(message: FromThread): void {
    const { writer, log } = this.#options;
    switch (message.kind) {
      case "opened":
        this.#hearOpened(message);
        break;
      case "refused":
        this.#hearRefused(message);
        break;
      case "recovered":
        this.#hearRecovered(message);
        break;
      case "spare":
        this.#firstSegment ??= message.segment;
        writer.addSpare(message.segment);
        this.#checkReady();
        break;
      case "applied":
        writer.chain.forget(message.position);
        break;
      case "meta":
        this.#hearMeta(message.id, message.error);
        break;
      case "record":
        this.#records.hear(message.id, message.error);
        break;
      case "trouble":
        writer.expectsSpares = message.preparesSpares;
        this.#hearTrouble(message.trouble);
        if (message.trouble !== null && this.#opened !== null) this.#ready.resolve(this.#opened);
        break;
      case "damage":
        log.error({}, message.message);
        break;
      case "closed":
        // At once: its end may be reported before anybody who awaits this.
        void this.#host.stop();
        this.#closed.resolve(true);
        break;
    }
  }

  #hearOpened({ salt, calibration, adminKeyHash, records }: OpenedFile): void {
    if (this.#opened === null) {
      const opened = { salt, calibration, adminKeyHash, records };
      this.#opened = opened;
      this.#recoverTimer = setTimeout(() => this.#ready.resolve(opened), RECOVER_WITHIN_MS);
    } else {
      this.#hearTrouble(null);
    }
    this.#options.writer.expectsSpares = true;
    for (const [name, { id, value }] of this.#metas) this.#host.post({ kind: "meta", id, name, value });
    this.#records.repost();
    this.#tell();
  }

  #hearRefused({ fault, message }: Extract<FromThread, { kind: "refused" }>): void {
    this.#isRefused = true;
    if (this.#opened === null) this.#ready.reject(new LedgerOpenError(fault, message));
    else this.#hearTrouble(message);
  }

  #checkReady(): void {
    const opened = this.#opened;
    if (opened !== null && this.#isRecovered && this.#firstSegment !== null) this.#ready.resolve(opened);
  }

  #hearRecovered({ interruptedRows, spending, onceRows }: Extract<FromThread, { kind: "recovered" }>): void {
    const { log } = this.#options;
    this.#isRecovered = true;
    this.#onceRows = onceRows;
    this.#spending.resolve(spending);
    if (interruptedRows > 0) {
      log.warn({ rows: interruptedRows }, "calls that an earlier run left open are marked as interrupted");
    }
    this.#checkReady();
  }

  #hearMeta(id: number, error: string | null): void {
    for (const [name, meta] of this.#metas) {
      if (meta.id !== id) continue;
      this.#metas.delete(name);
      if (error === null) meta.promised.resolve();
      else meta.promised.reject(unavailable(error));
    }
  }

  #hearTrouble(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const { log } = this.#options;
    if (trouble === null) log.info({}, "the ledger is well again");
    else log.error({ trouble }, "the ledger's thread cannot do its work, and tries again each second");
  }

  #hearDeath(error: Error): void {
    this.#deaths++;
    // Until the next thread has opened its file, which it may be refused.
    this.#options.writer.expectsSpares = false;
    if (this.#opened === null && this.#deaths >= DEATHS_AT_START_MAX) this.#ready.reject(error);
    // Of a thread that was refused its file it is known why it ended.
    if (!this.#isRefused) this.#hearTrouble(error.message);
    this.#isRefused = false;
  }
}
