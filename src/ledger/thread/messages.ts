/** What the gateway's main thread and the ledger's thread tell each other. */
import type { JournalPosition } from "../journal/segment.ts";
import type { LedgerFault } from "../store/failures.ts";

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

export type ToThread =
  | { readonly kind: "journal"; readonly report: JournalReport }
  | { readonly kind: "meta"; readonly id: number; readonly name: string; readonly value: string | null }
  /** The report is the last one: all of it is to be applied. */
  | { readonly kind: "close"; readonly report: JournalReport };

export type FromThread =
  /** The ledger's file is open. */
  | {
      readonly kind: "opened";
      readonly salt: Uint8Array;
      readonly calibration: string | null;
      readonly adminKeyHash: string | null;
    }
  /** It cannot be, and the thread ends. */
  | { readonly kind: "refused"; readonly fault: LedgerFault; readonly message: string }
  /** What earlier processes left has been applied, and their open rows are interrupted. */
  | { readonly kind: "recovered"; readonly interruptedRows: number }
  /** A segment of zeros stands ready. */
  | { readonly kind: "spare"; readonly segment: number }
  | { readonly kind: "applied"; readonly position: JournalPosition }
  | { readonly kind: "meta"; readonly id: number; readonly error: string | null }
  /**
   * Once for each change: what keeps the thread from its work, or null where nothing does; and whether the
   * next segment is on its way all the same.
   */
  | { readonly kind: "trouble"; readonly trouble: string | null; readonly preparesSpares: boolean }
  /** What cannot be mended and does not stop the work. */
  | { readonly kind: "damage"; readonly message: string }
  | { readonly kind: "closed" };

/** Names of the values that are kept with the ledger. */
export const CALIBRATION = "calibration";
export const ADMIN_KEY_HASH = "admin_key_hash";
