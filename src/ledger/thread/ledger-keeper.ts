/**
 * The work of the ledger's thread: spares before they are needed, the journal into the store, old rows out of
 * it, each in small steps and each tried again where it fails.
 */
import { CalibratedEstimator } from "../estimate/calibrated-estimator.ts";
import {
  journalFolder,
  listSegments,
  prepareSegment,
  removeSegment,
  tidyFolder,
} from "../journal/segment.ts";
import type { LedgerStore } from "../store/ledger-store.ts";
import { JournalApplier } from "./journal-applier.ts";
import { CALIBRATION, type FromThread, type JournalReport, type ThreadStart } from "./messages.ts";
import { RetentionClock } from "./retention-clock.ts";

/** Of the journal at most, spares included; 256 MB of the usual size. */
export const SEGMENTS_MAX = 32;
const RETRY_AFTER_MS = 1_000;
/** Until there is news from the main thread, there is only retention to see to. */
const IDLE_MS = 250;
const RETIRED_ROWS_PER_STEP = 500;
const RETIRE_PAUSE_MS = 20;
const FIRST_SPARES = 2;
/** How long requests are remembered that were to be done once, and how many. */
const ONCE_MS = 86_400_000;
const ONCE_ROWS_MAX = 100_000;

type Post = (message: FromThread) => void;

/** Something that may fail for a while. */
class Chore {
  readonly #work: () => boolean;
  #retryAtMs = 0;
  trouble: string | null = null;

  /** @param work whether there is more of it to do at once; throws where it cannot be done now */
  constructor(work: () => boolean) {
    this.#work = work;
  }

  run(nowMs: number): boolean {
    if (nowMs < this.#retryAtMs) return false;
    try {
      const hasMore = this.#work();
      this.trouble = null;
      this.#retryAtMs = 0;
      return hasMore;
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error);
      this.#retryAtMs = nowMs + RETRY_AFTER_MS;
      return false;
    }
  }
}

export class LedgerKeeper {
  readonly #start: ThreadStart;
  readonly #store: LedgerStore;
  readonly #post: Post;
  readonly #folder: string;
  readonly #applier: JournalApplier;
  readonly #spareChore = new Chore(() => this.#prepareSpare());
  readonly #foldChore = new Chore(() => this.#fold());
  readonly #retireChore = new Chore(() => this.#retire());
  #report: JournalReport;
  #nextSegment: number;
  /** Ready, and not yet written to as far as is known here. */
  #spares: number[] = [];
  #isRecovered: boolean;
  #leftovers = 0;
  readonly #retention = new RetentionClock();
  #trouble: string | null = null;
  #preparesSpares = true;
  #isClosing = false;

  constructor(start: ThreadStart, store: LedgerStore, post: Post) {
    this.#start = start;
    this.#store = store;
    this.#post = post;
    this.#folder = journalFolder(start.folder);
    tidyFolder(this.#folder);
    this.#applier = new JournalApplier({
      folder: this.#folder,
      store,
      onApplied: (position) => post({ kind: "applied", position }),
      onDamage: (message) => post({ kind: "damage", message }),
    });
    this.#report = start.journal?.report ?? { ended: [], current: null, sparesWanted: FIRST_SPARES };
    const applied = store.position()?.segment ?? 0;
    // Nothing of this process is applied before what earlier ones left has been seen to.
    this.#isRecovered = start.journal !== null && applied >= start.journal.firstSegment;
    this.#nextSegment = 1 + Math.max(applied, ...this.#takeOver());
    this.hear(this.#report);
  }

  /** @returns all segments that there are */
  #takeOver(): number[] {
    const present = listSegments(this.#folder);
    const { journal } = this.#start;
    const own = new Set(journal?.segments);
    for (const segment of present) {
      if (own.has(segment)) continue;
      // Of this process, but never handed over: nobody writes to it.
      if (journal !== null && segment >= journal.firstSegment) removeSegment(this.#folder, segment);
      else this.#addLeftover(segment);
    }
    this.#spares = [...own];
    return [...present, ...own];
  }

  #addLeftover(segment: number): void {
    this.#applier.addLeftover(segment);
    this.#leftovers = Math.max(this.#leftovers, segment);
  }

  /** News of how far the journal is written. */
  hear(report: JournalReport): void {
    this.#report = report;
    this.#applier.extend(report.ended, report.current);
    const written = Math.max(0, report.current?.segment ?? 0, ...report.ended.map(({ segment }) => segment));
    this.#spares = this.#spares.filter((segment) => segment > written);
  }

  /** The last report: from now on there are no more spares. */
  close(report: JournalReport): void {
    this.#isClosing = true;
    this.hear(report);
    // Those that are on their way to a writer who takes no more.
    for (const spare of this.#spares.splice(0)) removeSegment(this.#folder, spare);
  }

  /** Everything has been applied. */
  get isDone(): boolean {
    return this.#isRecovered && this.#applier.isDone && this.#applier.segmentsLeft === 0;
  }

  /** Does a little of what is due. @returns milliseconds until there may be more to do */
  step(): number {
    const nowMs = performance.now();
    const wantsSpares = this.#spareChore.run(nowMs);
    const wantsFold = this.#foldChore.run(nowMs);
    const wantsRetire = !wantsFold && this.#isRecovered && !this.#isClosing && this.#retireChore.run(nowMs);
    this.#tellTrouble();
    if (wantsSpares || wantsFold) return 0;
    return wantsRetire ? RETIRE_PAUSE_MS : IDLE_MS;
  }

  get #isFull(): boolean {
    return this.#applier.segmentsLeft + this.#spares.length >= SEGMENTS_MAX;
  }

  #prepareSpare(): boolean {
    const wanted = this.#isClosing ? 0 : this.#report.sparesWanted;
    if (this.#spares.length >= wanted || this.#isFull) return false;
    const segment = this.#nextSegment;
    prepareSegment(this.#folder, segment, this.#start.segmentBytes);
    this.#nextSegment++;
    this.#spares.push(segment);
    this.#post({ kind: "spare", segment });
    return this.#spares.length < wanted;
  }

  #fold(): boolean {
    // Before anything of this process is applied, all rows that are open are orphans.
    if (!this.#isRecovered && this.#applier.nextSegment > this.#leftovers) {
      const estimator = CalibratedEstimator.restore(this.#store.meta(CALIBRATION) ?? "");
      const interruptedRows = this.#store.interruptOpenRows(estimator);
      const wallMs = Date.now();
      const spending = this.#store.spendingAt(wallMs);
      const onceRows = this.#store.onceRows(wallMs - ONCE_MS, ONCE_ROWS_MAX);
      this.#isRecovered = true;
      this.#post({ kind: "recovered", interruptedRows, spending, onceRows });
    }
    return this.#applier.step() || !this.#isRecovered;
  }

  #retire(): boolean {
    const wallMs = this.#retention.dueAtWallMs();
    if (wallMs === null) return false;
    const retired = this.#store.retire(wallMs, this.#start.retentionMs, RETIRED_ROWS_PER_STEP);
    if (retired >= RETIRED_ROWS_PER_STEP) return true;
    this.#retention.rest();
    return false;
  }

  #tellTrouble(): void {
    const trouble = this.#foldChore.trouble ?? this.#spareChore.trouble ?? this.#retireChore.trouble;
    const preparesSpares = this.#spareChore.trouble === null && (trouble === null || !this.#isFull);
    if (trouble === this.#trouble && preparesSpares === this.#preparesSpares) return;
    this.#trouble = trouble;
    this.#preparesSpares = preparesSpares;
    this.#post({ kind: "trouble", trouble, preparesSpares });
  }
}
