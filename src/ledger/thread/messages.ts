/** What the gateway's main thread and the ledger's thread tell each other. */
import type { AuditEntry } from "../../core/audit.ts";
import type { SpendingSums } from "../../core/limits.ts";
import type { JournalPosition } from "../journal/segment.ts";
import type { OnceRow } from "../store/attempt-table.ts";
import type { LedgerFault } from "../store/failures.ts";
import type { KeptRecord } from "../store/kept-records.ts";

/** How far the journal is written. */
export type JournalReport = {
  /** Segments that will not grow, ascending, each with its end; at least those that are not applied yet. */
  readonly ended: readonly JournalPosition[];
  /** After the last frame; null before the first segment. */
  readonly current: JournalPosition | null;
  /** How many segments of zeros should stand ready. */
  readonly sparesWanted: number;
};

/** What a thread is started with. */
export type ThreadStart = {
  readonly folder: string;
  readonly segmentBytes: number;
  readonly retentionMs: number;
  /** Null for the first thread of a process; what it left otherwise. */
  readonly journal: {
    readonly report: JournalReport;
    /** All segments that the main thread knows of. */
    readonly segments: readonly number[];
    /** The first segment of this process: all before it are of earlier ones. */
    readonly firstSegment: number;
  } | null;
};

/** A record to be kept with its entry in the audit trail. */
export type RecordMessage = {
  readonly kind: "record";
  readonly id: number;
  readonly record: KeptRecord;
  readonly entry: AuditEntry;
  /** By `sharedMs`: later it is not to be kept, as nobody waits for it any more. */
  readonly untilMs: number;
};

export type ToThread =
  | { readonly kind: "journal"; readonly report: JournalReport }
  | { readonly kind: "meta"; readonly id: number; readonly name: string; readonly value: string | null }
  | RecordMessage
  /** The report is the last one: all of it is to be applied. */
  | { readonly kind: "close"; readonly report: JournalReport };

export type FromThread =
  /** The ledger's file is open. */
  | {
      readonly kind: "opened";
      readonly salt: Uint8Array;
      readonly calibration: string | null;
      readonly adminKeyHash: string | null;
      /** All of them for the first thread of a process, none later. */
      readonly records: readonly KeptRecord[];
    }
  /** It cannot be, and the thread ends. */
  | { readonly kind: "refused"; readonly fault: LedgerFault; readonly message: string }
  /**
   * What earlier processes left has been applied, and their open rows are interrupted. Nothing of this one
   * is in what they have spent, or among their rows.
   */
  | {
      readonly kind: "recovered";
      readonly interruptedRows: number;
      readonly spending: readonly SpendingSums[];
      readonly onceRows: readonly OnceRow[];
    }
  /** A segment of zeros stands ready. */
  | { readonly kind: "spare"; readonly segment: number }
  | { readonly kind: "applied"; readonly position: JournalPosition }
  /** Why it was not kept; null where it was. */
  | { readonly kind: "meta" | "record"; readonly id: number; readonly error: string | null }
  /**
   * Once for each change: what keeps the thread from its work, or null where nothing does; and whether the
   * next segment is on its way all the same.
   */
  | { readonly kind: "trouble"; readonly trouble: string | null; readonly preparesSpares: boolean }
  /** What cannot be mended and does not stop the work. */
  | { readonly kind: "damage"; readonly message: string }
  | { readonly kind: "closed" };

/** Milliseconds of a monotonic clock that all threads of a process share. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Names of the values that are kept with the ledger. */
export const CALIBRATION = "calibration";
export const ADMIN_KEY_HASH = "admin_key_hash";
