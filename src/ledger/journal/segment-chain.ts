/** The segments being written: the current one, the spares behind it, and how much they still hold. */
import { join } from "node:path";
import type { JournalDisk } from "./disk.ts";
import {
  FRAME_HEAD_BYTES,
  type JournalPosition,
  PAYLOAD_BYTES_MAX,
  sealFrame,
  segmentName,
} from "./segment.ts";

export type SegmentChainOptions = {
  readonly folder: string;
  readonly disk: JournalDisk;
  readonly segmentBytes: number;
  /** No frame is longer; so much of a segment's end may stay unused. */
  readonly frameBytesMax: number;
  /** Whether what is written will be asked to be synced. */
  readonly syncs: boolean;
};

export type AppendOutcome = { readonly kind: "written" | "no_room" } | { kind: "failed"; error: unknown };

type WritableSegment = {
  readonly segment: number;
  readonly file: number;
  offset: number;
  isDirty: boolean;
  isSyncing: boolean;
};

const WRITTEN: AppendOutcome = { kind: "written" };
const NO_ROOM: AppendOutcome = { kind: "no_room" };
const NOTHING = Buffer.alloc(FRAME_HEAD_BYTES);

export class SegmentChain {
  readonly #options: SegmentChainOptions;
  readonly #frame = Buffer.alloc(FRAME_HEAD_BYTES + PAYLOAD_BYTES_MAX);
  #current: WritableSegment | null = null;
  readonly #spares: WritableSegment[] = [];
  /** Ended, and not yet closed. */
  #retired: WritableSegment[] = [];
  /** Ended, and perhaps not yet applied. */
  #ended: JournalPosition[] = [];
  #roomBytes = 0;

  constructor(options: SegmentChainOptions) {
    this.#options = options;
  }

  /**
   * Bytes of frames that are sure to fit, however they fall: of each segment, what is left but for one frame
   * that might not have fitted at its end.
   */
  get roomBytes(): number {
    return this.#roomBytes;
  }

  get sparesLeft(): number {
    return this.#spares.length;
  }

  /** After the last frame; null before the first segment came. */
  get position(): JournalPosition | null {
    const current = this.#current;
    return current === null ? null : { segment: current.segment, offset: current.offset };
  }

  /** Segments that will not grow, each with its end. */
  get ended(): readonly JournalPosition[] {
    return this.#ended;
  }

  /** Segments that still have their file: those that have ended, the current one, the spares. */
  get segments(): number[] {
    const writable = this.#current === null ? this.#spares : [this.#current, ...this.#spares];
    return [...this.#ended, ...writable].map(({ segment }) => segment);
  }

  /**
   * What has been applied up to there need not be remembered. The segment itself is remembered until the
   * position is in a later one: that all of it is applied does not mean that the thread knows of its end.
   */
  forget(applied: JournalPosition): void {
    this.#ended = this.#ended.filter(({ segment }) => segment >= applied.segment);
  }

  /** Takes in a segment of zeros. False where it cannot be opened; then it counts as ended. */
  addSpare(segment: number): boolean {
    const { disk, folder } = this.#options;
    try {
      const file = disk.open(join(folder, segmentName(segment)));
      this.#spares.push({ segment, file, offset: 0, isDirty: false, isSyncing: false });
    } catch {
      this.#ended.push({ segment, offset: 0 });
      return false;
    }
    if (this.#current === null) this.#advance();
    this.#count();
    return true;
  }

  /** Writes a frame of these lines to the current segment or, where that is full or fails, to the next. */
  append(lines: string): AppendOutcome {
    const current = this.#current;
    if (current === null) return NO_ROOM;
    const length = sealFrame(this.#frame, this.#frame.write(lines, FRAME_HEAD_BYTES));
    if (current.offset + length > this.#options.segmentBytes && !this.#advance()) return NO_ROOM;
    const first = this.#write(length);
    // The fault may be that of one place on the disk; where there is no other place, the next try is there.
    if (first.kind === "failed" && this.#advance()) return this.#write(length);
    return first;
  }

  /** Nothing more goes to the current segment. */
  renounce(): void {
    if (this.#current !== null && !this.#advance()) {
      this.#retire(this.#current);
      this.#current = null;
    }
    for (const retired of this.#retired) retired.isDirty = false;
    this.#count();
    this.#closeRetired();
  }

  /** Sees to the disk what was written before this call. */
  sync(done: (error: Error | null) => void): void {
    const dirty = this.#retired.filter(({ isDirty }) => isDirty);
    if (this.#current?.isDirty === true) dirty.push(this.#current);
    let failure: Error | null = null;
    let left = dirty.length;
    if (left === 0) done(null);
    for (const segment of dirty) {
      segment.isDirty = false;
      segment.isSyncing = true;
      this.#options.disk.sync(segment.file, (error) => {
        segment.isSyncing = false;
        failure ??= error;
        left--;
        if (left > 0) return;
        this.#closeRetired();
        done(failure);
      });
    }
  }

  /** Closes the files. No sync may be under way, or its segment stays open. */
  close(): void {
    if (this.#current !== null) this.#retire(this.#current);
    this.#current = null;
    for (const spare of this.#spares.splice(0)) this.#retire(spare);
    for (const retired of this.#retired) retired.isDirty = false;
    this.#closeRetired();
    this.#count();
  }

  #write(length: number): AppendOutcome {
    const current = this.#current;
    if (current === null) return NO_ROOM;
    try {
      const written = this.#options.disk.write(current.file, this.#frame, length, current.offset);
      if (written !== length) throw new Error(`only ${written} of ${length} bytes were written`);
    } catch (error) {
      this.#blank(current);
      return { kind: "failed", error };
    }
    this.#roomBytes -= Math.min(length, this.#roomIn(current));
    current.offset += length;
    current.isDirty = true;
    return WRITTEN;
  }

  /** A write that failed may have left its frame there, and nobody must read it. */
  #blank({ file, offset }: WritableSegment): void {
    try {
      this.#options.disk.write(file, NOTHING, NOTHING.length, offset);
    } catch {
      // The checksum says so too, unless the whole frame is there: then it is read twice, which is harmless.
    }
  }

  #advance(): boolean {
    const next = this.#spares.shift();
    if (next === undefined) return false;
    if (this.#current !== null) this.#retire(this.#current);
    this.#current = next;
    this.#closeRetired();
    this.#count();
    return true;
  }

  #retire(segment: WritableSegment): void {
    this.#retired.push(segment);
    this.#ended.push({ segment: segment.segment, offset: segment.offset });
  }

  #closeRetired(): void {
    const { disk, syncs } = this.#options;
    this.#retired = this.#retired.filter((segment) => {
      if (segment.isSyncing || (syncs && segment.isDirty)) return true;
      try {
        disk.close(segment.file);
      } catch {
        // All that matters has been written, or is written again elsewhere.
      }
      return false;
    });
  }

  #roomIn({ offset }: WritableSegment): number {
    return Math.max(0, this.#options.segmentBytes - offset - this.#options.frameBytesMax);
  }

  #count(): void {
    let bytes = this.#current === null ? 0 : this.#roomIn(this.#current);
    for (const spare of this.#spares) bytes += this.#roomIn(spare);
    this.#roomBytes = bytes;
  }
}
