/** Reads the journal behind its writer, applies it to the store in batches, and removes what is applied. */
import { closeSync, existsSync, openSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type JournalRecord, readRecord, readRecords } from "../journal/record.ts";
import { FrameReader, type JournalPosition, removeSegment, segmentName } from "../journal/segment.ts";

/** Whatever takes in records: the store. */
export interface RecordSink {
  position(): JournalPosition | null;
  apply(records: readonly JournalRecord[], position: JournalPosition): void;
}

export type JournalApplierOptions = {
  readonly folder: string;
  readonly store: RecordSink;
  readonly onApplied: (position: JournalPosition) => void;
  /** Something in the journal cannot be read, and is left out. */
  readonly onDamage: (message: string) => void;
  readonly recordsPerStepMax?: number;
};

/** A batch takes some ten milliseconds; meanwhile the thread does nothing else. */
const RECORDS_PER_STEP_MAX = 2_000;

/** Up to where a segment may be read; `Infinity`: to its last whole frame. */
type Source = {
  readonly segment: number;
  end: number;
  isEnded: boolean;
  /** From where something of it cannot be read; null where all can. */
  damagedFrom: number | null;
};

export class JournalApplier {
  readonly #options: JournalApplierOptions;
  readonly #recordsMax: number;
  /** Ascending; the first is being read. */
  #sources: Source[] = [];
  #reader: FrameReader | null = null;
  #file: number | null = null;
  #position: JournalPosition | null;
  /** The last segment that was done with: of those before it nothing more is expected. */
  #doneSegment: number;

  constructor(options: JournalApplierOptions) {
    this.#options = options;
    this.#recordsMax = options.recordsPerStepMax ?? RECORDS_PER_STEP_MAX;
    this.#position = options.store.position();
    this.#doneSegment = (this.#position?.segment ?? 0) - 1;
  }

  /** Segments that stand in the way of new ones. */
  get segmentsLeft(): number {
    return this.#sources.length;
  }

  /** The segment that is read next; `Infinity` where none is known. */
  get nextSegment(): number {
    return this.#sources[0]?.segment ?? Number.POSITIVE_INFINITY;
  }

  /** Whether all that is known to be written has been applied, but for what comes in `current`. */
  get isDone(): boolean {
    const [source] = this.#sources;
    return source === undefined || (!source.isEnded && this.#offsetIn(source) >= source.end);
  }

  /** A segment of an earlier process: it is read as far as its frames are whole. */
  addLeftover(segment: number): void {
    this.#sourceOf(segment, Number.POSITIVE_INFINITY).isEnded = true;
  }

  /** How far this process has written. */
  extend(ended: readonly JournalPosition[], current: JournalPosition | null): void {
    for (const { segment, offset } of ended) {
      if (segment <= this.#doneSegment) continue;
      const source = this.#sourceOf(segment, offset);
      source.end = offset;
      source.isEnded = true;
    }
    if (current === null || current.segment <= this.#doneSegment) return;
    const source = this.#sourceOf(current.segment, current.offset);
    if (!source.isEnded) source.end = current.offset;
  }

  /**
   * Applies one batch, and removes the segment that it ends.
   * @returns whether there may be more to do at once
   * @throws of the store and of the file system: nothing is lost, and the step may be tried again
   */
  step(): boolean {
    const [source] = this.#sources;
    if (source === undefined || this.isDone) return false;
    try {
      const isThrough = this.#applyFrom(source);
      if (isThrough && source.isEnded) this.#finish(source);
      return true;
    } catch (error) {
      // What was read and not applied is read again.
      this.close();
      throw error;
    }
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    this.#reader = null;
  }

  /** @returns whether the segment has been read as far as it goes */
  #applyFrom(source: Source): boolean {
    const reader = this.#readerOf(source);
    if (reader === null) return true;
    const records: JournalRecord[] = [];
    const before = reader.offset;
    let isThrough = false;
    while (records.length < this.#recordsMax) {
      const payload = reader.next(source.end);
      if (payload === null) {
        const { offset } = reader;
        if (source.isEnded && reader.skipToNext(source.end)) {
          source.damagedFrom ??= offset;
          continue;
        }
        isThrough = true;
        break;
      }
      this.#read(payload, records);
    }
    if (reader.offset > before) {
      const position = { segment: source.segment, offset: reader.offset };
      this.#options.store.apply(records, position);
      this.#position = position;
      this.#options.onApplied(position);
    }
    if (isThrough && !source.isEnded && reader.offset < source.end) {
      throw new Error(`${segmentName(source.segment)} cannot be read at byte ${reader.offset}`);
    }
    return isThrough;
  }

  #read(payload: Buffer, records: JournalRecord[]): void {
    try {
      for (const record of readRecords(payload)) records.push(record);
    } catch {
      for (const line of payload.toString().split("\n")) this.#readLine(line, records);
    }
  }

  #readLine(line: string, records: JournalRecord[]): void {
    if (line === "") return;
    try {
      records.push(readRecord(line));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.onDamage(`A line of the journal is left out: ${message}.`);
    }
  }

  #finish(source: Source): void {
    const { folder, onDamage, onApplied } = this.#options;
    const offset = this.#offsetIn(source);
    this.close();
    const name = segmentName(source.segment);
    // A leftover may end in a torn frame, which nobody was told of; what this process wrote may not.
    const isCut = Number.isFinite(source.end) && offset < source.end;
    const damagedFrom = source.damagedFrom ?? (isCut ? offset : null);
    if (damagedFrom === null) {
      removeSegment(folder, source.segment);
    } else {
      renameSync(join(folder, name), join(folder, `${name}.damaged`));
      onDamage(`${name} cannot be read from byte ${damagedFrom}; it is kept as ${name}.damaged.`);
    }
    this.#sources.shift();
    this.#doneSegment = source.segment;
    onApplied({ segment: source.segment + 1, offset: 0 });
  }

  #offsetIn({ segment }: Source): number {
    if (this.#reader !== null) return this.#reader.offset;
    return this.#position?.segment === segment ? this.#position.offset : 0;
  }

  #readerOf(source: Source): FrameReader | null {
    if (this.#reader !== null) return this.#reader;
    try {
      this.#file = openSync(join(this.#options.folder, segmentName(source.segment)), "r");
    } catch (error) {
      // A folder that is away, as a file system that is not mounted, may come back.
      if (!isMissing(error) || !existsSync(this.#options.folder)) throw error;
      // Empty ones were perhaps removed before a crash; of others it is told when they are done with.
      if (Number.isFinite(source.end) && source.end > 0) {
        this.#options.onDamage(`${segmentName(source.segment)} is gone, and with it what it held.`);
      }
      source.isEnded = true;
      source.end = 0;
      return null;
    }
    this.#reader = FrameReader.overFile(this.#file, this.#offsetIn(source));
    return this.#reader;
  }

  #sourceOf(segment: number, end: number): Source {
    const known = this.#sources.find((source) => source.segment === segment);
    if (known !== undefined) return known;
    const source = { segment, end, isEnded: false, damagedFrom: null };
    this.#sources.push(source);
    this.#sources.sort((one, other) => one.segment - other.segment);
    return source;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
