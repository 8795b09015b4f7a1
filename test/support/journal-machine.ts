/** A journal's writer on a failing disk, and what it has promised, to be held against what is found. */
import { attemptIdOf, newRequestId } from "../../src/core/ids.ts";
import type { Opening } from "../../src/ledger/journal/batch.ts";
import { JournalWriter } from "../../src/ledger/journal/journal-writer.ts";
import { openedLine, readRecords, settledLine } from "../../src/ledger/journal/record.ts";
import type { JournalWriterOptions } from "../../src/ledger/journal/writer-settings.ts";
import { openedRow, settledWith } from "./attempt-rows.ts";
import { FailingDisk } from "./failing-disk.ts";

export const SEGMENT_BYTES = 16_384;

type Policy = Pick<JournalWriterOptions, "durability" | "onFailure">;

export class MachineRow implements Opening {
  readonly number: number;
  readonly id: string;
  isWaiting = false;
  isSettled = false;
  isRefused = false;
  isWritten = false;
  /** It was settled only once it was known to be written, as one is for which something was sent. */
  wasSent = false;
  isKept = false;
  keptRejections = 0;

  constructor(number: number) {
    this.number = number;
    this.id = attemptIdOf(newRequestId(number), 1);
  }

  refuse(): void {
    this.isRefused = true;
  }
}

/** What a start finds of one attempt. */
type Found = { opened: boolean; isEarly: boolean; readonly tokens: Set<number> };

export class JournalMachine {
  readonly disk = new FailingDisk();
  readonly writer: JournalWriter;
  readonly rows: MachineRow[] = [];
  readonly troubles: unknown[] = [];
  readonly #policy: Policy;
  #segment = 0;
  #number = 0;
  refusals = 0;

  constructor(policy: Policy, heldLinesMax = 1_000) {
    this.#policy = policy;
    this.writer = new JournalWriter({
      ...policy,
      folder: "/journal",
      segmentBytes: SEGMENT_BYTES,
      disk: this.disk,
      heldLinesMax,
      onProgress() {},
      onTrouble: (error) => this.troubles.push(error),
    });
  }

  addSpare(): void {
    this.disk.addSegment(++this.#segment, SEGMENT_BYTES);
    this.writer.addSpare(this.#segment);
  }

  open(): void {
    const row = new MachineRow(++this.#number);
    const requestId = newRequestId(row.number);
    Object.assign(row, { id: attemptIdOf(requestId, 1) });
    try {
      this.writer.open(openedLine(openedRow(requestId)), row);
    } catch {
      this.refusals++;
      return;
    }
    this.rows.push(row);
    const written = this.writer.written();
    if (written === null) row.isWritten = true;
    else written.then(() => Object.assign(row, { isWritten: true }), ignore);
  }

  /** Settles one of the open rows, and asks whether that is kept. */
  settle(which: number): void {
    const open = this.openRows;
    const row = open[which % Math.max(1, open.length)];
    if (row === undefined) return;
    row.isSettled = true;
    row.wasSent = row.isWritten;
    this.writer.settle(settledLine(settledWith(row.id as never, row.number)), row);
    const kept = this.writer.kept();
    if (kept === null) row.isKept = true;
    else
      kept.then(
        () => Object.assign(row, { isKept: true }),
        () => row.keptRejections++,
      );
  }

  get openRows(): MachineRow[] {
    return this.rows.filter(({ isSettled, isRefused }) => !isSettled && !isRefused);
  }

  /** What is wrong with what a start would find, after a kill or after a power cut. */
  brokenPromises(survives: (write: number) => boolean): string[] {
    const { durability, onFailure } = this.#policy;
    // Where the gateway goes on without its journal, nothing is promised while that fails.
    if (onFailure === "continue" && this.troubles.length > 0) return [];
    const killed = foundIn(this.disk.afterKill());
    const broken = this.#check(killed, (row) => row.isWritten, "a kill");
    if (durability === "process") return broken;
    const cut = foundIn(this.disk.afterPowerCut(survives));
    return [...broken, ...this.#check(cut, () => false, "a power cut")];
  }

  #check(
    found: ReadonlyMap<string, Found>,
    isWritten: (row: MachineRow) => boolean,
    fault: string,
  ): string[] {
    const broken: string[] = [];
    for (const row of this.rows) {
      const attempt = found.get(row.id);
      if (isWritten(row) && attempt?.opened !== true)
        broken.push(`${row.number} is not opened after ${fault}`);
      if (row.isKept && (attempt?.opened !== true || attempt.tokens.size !== 1)) {
        broken.push(`${row.number} is not settled after ${fault}`);
      }
      // Of a row that nobody was promised, a power cut may leave the end alone: it is in another segment.
      if (fault === "a kill" || row.isKept) broken.push(...contradictions(row, attempt));
    }
    return broken;
  }

  /** What is wrong with what is found once all is done: every row is what became of it. */
  wrongEnds(payloads: readonly Buffer[]): string[] {
    const found = foundIn(payloads);
    const wrong: string[] = [];
    for (const row of this.rows) {
      const attempt = found.get(row.id);
      if (!row.isRefused && attempt?.opened !== true) wrong.push(`${row.number} is missing`);
      if (row.isSettled && attempt?.tokens.size !== 1) wrong.push(`${row.number} is not settled`);
      if (attempt?.isEarly === true) wrong.push(`${row.number} is opened after it was settled`);
      wrong.push(...contradictions(row, attempt));
    }
    return wrong;
  }
}

/** What no start may ever find. */
function contradictions(row: MachineRow, attempt: Found | undefined): string[] {
  const wrong: string[] = [];
  if (row.isRefused && attempt !== undefined) wrong.push(`${row.number} was refused, and is there`);
  if (attempt !== undefined && !attempt.opened) wrong.push(`${row.number} was settled, and never opened`);
  if (attempt !== undefined && attempt.tokens.size > 1) wrong.push(`${row.number} was settled twice`);
  if (attempt?.tokens.has(row.number) === false && attempt.tokens.size > 0) {
    wrong.push(`${row.number} was settled with another's tokens`);
  }
  return wrong;
}

function ignore(): void {}

function foundIn(payloads: readonly Buffer[]): Map<string, Found> {
  const found = new Map<string, Found>();
  for (const record of payloads.flatMap(readRecords)) {
    const attempt = found.get(record.row.attemptId) ?? { opened: false, isEarly: false, tokens: new Set() };
    if (record.kind === "settled" && !attempt.opened) attempt.isEarly = true;
    if (record.kind === "opened") attempt.opened = true;
    else attempt.tokens.add(record.row.usage?.outputTokens ?? -1);
    found.set(record.row.attemptId, attempt);
  }
  return found;
}
