/** The journal is applied in order and once, whatever its files have been through. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { attemptIdOf, newRequestId } from "../../../../src/core/ids.ts";
import { type JournalRecord, openedLine, settledLine } from "../../../../src/ledger/journal/record.ts";
import {
  FRAME_HEAD_BYTES,
  type JournalPosition,
  listSegments,
  prepareSegment,
  sealFrame,
  segmentName,
  tidyFolder,
} from "../../../../src/ledger/journal/segment.ts";
import { JournalApplier } from "../../../../src/ledger/thread/journal-applier.ts";
import { openedRow, settledWith } from "../../../support/attempt-rows.ts";

const SEGMENT_BYTES = 16_384;

/** A store in memory that fails when it is told to. */
class Sink {
  readonly records: JournalRecord[] = [];
  #position: JournalPosition | null = null;
  fails = false;

  position(): JournalPosition | null {
    return this.#position;
  }

  apply(records: readonly JournalRecord[], position: JournalPosition): void {
    if (this.fails) throw new Error("the store is locked");
    this.records.push(...records);
    this.#position = position;
  }

  get tokens(): (number | undefined)[] {
    return this.records.flatMap((record) =>
      record.kind === "settled" ? [record.row.usage?.outputTokens] : [],
    );
  }
}

let folder = "";
let sink = new Sink();
let damage: string[] = [];
let applied: JournalPosition[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
  sink = new Sink();
  damage = [];
  applied = [];
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function applierWith(recordsPerStepMax = 3): JournalApplier {
  return new JournalApplier({
    folder,
    store: sink,
    onApplied: (position) => applied.push(position),
    onDamage: (message) => damage.push(message),
    recordsPerStepMax,
  });
}

/** A row that is opened and settled in one frame. */
function linesOf(number: number): string {
  const requestId = newRequestId(number);
  return openedLine(openedRow(requestId)) + settledLine(settledWith(attemptIdOf(requestId, 1), number));
}

/** Appends frames to a segment, and gives its new end. */
function write(segment: number, offset: number, payloads: readonly string[]): number {
  const path = join(folder, segmentName(segment));
  if (!existsSync(path)) prepareSegment(folder, segment, SEGMENT_BYTES);
  const bytes = readFileSync(path);
  let at = offset;
  for (const payload of payloads) {
    const frame = Buffer.alloc(FRAME_HEAD_BYTES + Buffer.byteLength(payload));
    at += sealFrame(frame, frame.write(payload, FRAME_HEAD_BYTES));
    frame.copy(bytes, at - frame.length);
  }
  writeFileSync(path, bytes);
  return at;
}

function drain(applier: JournalApplier): void {
  for (let step = 0; applier.step(); step++) if (step > 1_000) throw new Error("the journal has no end");
}

describe("the journal behind its writer", () => {
  test("is applied as far as it is said to be written, and no further", () => {
    const applier = applierWith();
    const first = write(1, 0, [linesOf(1), linesOf(2)]);
    const second = write(1, first, [linesOf(3)]);
    applier.extend([], { segment: 1, offset: first });
    drain(applier);
    expect(sink.tokens).toEqual([1, 2]);
    expect(applier.isDone).toBe(true);
    applier.extend([], { segment: 1, offset: second });
    drain(applier);
    expect(sink.tokens).toEqual([1, 2, 3]);
    expect(applied.at(-1)).toEqual({ segment: 1, offset: second });
    expect(listSegments(folder)).toEqual([1]);
    applier.close();
  });

  test("loses a segment's file once the segment has ended and is applied", () => {
    const applier = applierWith();
    const first = write(1, 0, [linesOf(1)]);
    const second = write(2, 0, [linesOf(2)]);
    prepareSegment(folder, 3, SEGMENT_BYTES);
    applier.extend([{ segment: 1, offset: first }], { segment: 2, offset: second });
    expect(applier.segmentsLeft).toBe(2);
    drain(applier);
    expect(sink.tokens).toEqual([1, 2]);
    expect(listSegments(folder)).toEqual([2, 3]);
    // Heard again, as the main thread may not have heard of it yet.
    applier.extend([{ segment: 1, offset: first }], { segment: 2, offset: second });
    drain(applier);
    expect(sink.tokens).toEqual([1, 2]);
    applier.close();
  });

  test("is applied again from where the store stands, when the store has failed", () => {
    const applier = applierWith();
    const end = write(1, 0, [1, 2, 3, 4, 5].map(linesOf));
    applier.extend([{ segment: 1, offset: end }], null);
    applier.step();
    sink.fails = true;
    expect(() => applier.step()).toThrow("locked");
    expect(() => applier.step()).toThrow("locked");
    expect(listSegments(folder)).toEqual([1]);
    sink.fails = false;
    drain(applier);
    expect(sink.tokens).toEqual([1, 2, 3, 4, 5]);
    expect(listSegments(folder)).toEqual([]);
  });

  test("is kept aside where a segment cannot be read to its end, and the rest is applied", () => {
    const applier = applierWith();
    const first = write(1, 0, [linesOf(1)]);
    const second = write(1, first, [linesOf(2)]);
    const bytes = readFileSync(join(folder, segmentName(1)));
    bytes[first + 20] = 0;
    writeFileSync(join(folder, segmentName(1)), bytes);
    const third = write(2, 0, [linesOf(3)]);
    applier.extend([{ segment: 1, offset: second }], { segment: 2, offset: third });
    drain(applier);
    expect(sink.tokens).toEqual([1, 3]);
    expect(damage).toEqual([expect.stringContaining(`from byte ${first};`)]);
    expect(readdirSync(folder).sort()).toEqual([`${segmentName(1)}.damaged`, segmentName(2)]);
    applier.close();
  });

  test("waits where the current segment cannot be read, as it may be written again", () => {
    const applier = applierWith();
    const first = write(1, 0, [linesOf(1)]);
    applier.extend([], { segment: 1, offset: first + 300 });
    expect(() => drain(applier)).toThrow(`cannot be read at byte ${first}`);
    const second = write(1, first, [linesOf(2)]);
    applier.extend([], { segment: 1, offset: second });
    drain(applier);
    expect(sink.tokens).toEqual([1, 2]);
    applier.close();
  });

  test("tells of a line that nobody can read, and applies those around it", () => {
    const applier = applierWith(100);
    const end = write(1, 0, [`${linesOf(1)}Z\tno line\n\n${linesOf(2)}`]);
    applier.extend([{ segment: 1, offset: end }], null);
    drain(applier);
    expect(sink.tokens).toEqual([1, 2]);
    expect(damage).toHaveLength(1);
  });

  test("tells of a segment that somebody removed", () => {
    const applier = applierWith();
    write(2, 0, [linesOf(2)]);
    applier.extend(
      [
        { segment: 1, offset: 500 },
        { segment: 2, offset: 16_000 },
      ],
      null,
    );
    rmSync(join(folder, segmentName(2)));
    drain(applier);
    expect(damage).toHaveLength(2);
    expect(applier.segmentsLeft).toBe(0);
  });
});

describe("what an earlier process left", () => {
  test("is applied as far as its frames are whole, and removed", () => {
    const end = write(1, 0, [linesOf(1), linesOf(2)]);
    write(2, 0, [linesOf(3)]);
    const bytes = readFileSync(join(folder, segmentName(1)));
    bytes.fill(7, end, end + 100);
    writeFileSync(join(folder, segmentName(1)), bytes);
    const applier = applierWith();
    for (const segment of listSegments(folder)) applier.addLeftover(segment);
    drain(applier);
    expect(sink.tokens).toEqual([1, 2, 3]);
    expect(listSegments(folder)).toEqual([]);
    expect(damage).toEqual([]);
  });

  test("is kept aside where frames stand behind damage, and those are applied too", () => {
    const first = write(1, 0, [linesOf(1)]);
    const second = write(1, first, [linesOf(2)]);
    write(1, second, [linesOf(3), linesOf(4)]);
    const bytes = readFileSync(join(folder, segmentName(1)));
    bytes[first + 20] = 0;
    writeFileSync(join(folder, segmentName(1)), bytes);
    const applier = applierWith();
    applier.addLeftover(1);
    drain(applier);
    expect(sink.tokens).toEqual([1, 3, 4]);
    expect(damage).toEqual([expect.stringContaining(`from byte ${first};`)]);
    expect(readdirSync(folder)).toEqual([`${segmentName(1)}.damaged`]);
  });

  test("is applied from where the store stands", () => {
    const first = write(1, 0, [linesOf(1)]);
    write(1, first, [linesOf(2)]);
    sink.apply([], { segment: 1, offset: first });
    const applier = applierWith();
    applier.addLeftover(1);
    drain(applier);
    expect(sink.tokens).toEqual([2]);
  });

  test("comes before what this process writes, and half-prepared segments are removed", () => {
    write(1, 0, [linesOf(1)]);
    writeFileSync(join(folder, `${segmentName(2)}.preparing`), "half");
    tidyFolder(folder);
    expect(readdirSync(folder)).toEqual([segmentName(1)]);
    const end = write(2, 0, [linesOf(2)]);
    const applier = applierWith();
    applier.extend([], { segment: 2, offset: end });
    applier.addLeftover(1);
    expect(applier.nextSegment).toBe(1);
    drain(applier);
    expect(sink.tokens).toEqual([1, 2]);
    expect(applier.nextSegment).toBe(2);
    applier.close();
  });
});
