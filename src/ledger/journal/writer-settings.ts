/** What the journal's writer is told, and the bounds that it keeps. */
import type { JournalDisk } from "./disk.ts";

/** `process`: what is acknowledged outlives this process; `power`: and settlements a power cut. */
export type Durability = "process" | "power";
/** What becomes of new requests while the journal cannot be written. */
export type OnFailure = "refuse" | "continue";

export type JournalWriterOptions = {
  readonly folder: string;
  readonly segmentBytes: number;
  readonly durability: Durability;
  readonly onFailure: OnFailure;
  /** Something was written, or a segment has ended: the ledger's thread may want to know. */
  readonly onProgress: (hasEnded: boolean) => void;
  /** Once for each change: what is wrong, or null when it is right again. */
  readonly onTrouble: (error: unknown) => void;
  readonly disk?: JournalDisk;
  readonly heldLinesMax?: number;
};

export const SEGMENT_BYTES_MIN = 16_384;
/** Lines that are in memory alone: unwritten or, where that is asked for, not yet synced. */
export const HELD_LINES_MAX = 100_000;
export const RETRY_EVERY_MS = 250;
/** How long `kept()` waits for a disk that does not answer, or fails. */
export const KEPT_WITHIN_MS = 10_000;

/** Rows that wait for a segment, and how long, before they are refused. */
export const WAITING_LINES_MAX = 10_000;
export const WAIT_WITHIN_MS = 2_000;
