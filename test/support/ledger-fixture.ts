/** A ledger on the disk with the rows that a test names, written as a gateway would write them. */
import type { KeyId } from "../../src/core/ids.ts";
import type { JournalRecord } from "../../src/ledger/journal/record.ts";
import type { AttemptOpened, AttemptSettled } from "../../src/ledger/ledger.ts";
import { LedgerStore } from "../../src/ledger/store/ledger-store.ts";
import { openedRow, settledRow } from "./attempt-rows.ts";

export type FixtureRow = {
  readonly attemptId: string;
  readonly opened?: Partial<AttemptOpened>;
  readonly settled?: Partial<AttemptSettled>;
};

const opening: Partial<AttemptOpened> = {
  keyId: "ark-1" as KeyId,
  upstreamModel: "ep-1",
  stream: false,
  openedAtWallMs: Date.parse("2026-11-21T12:00:00+08:00"),
  price: null,
};
const ending: Partial<AttemptSettled> = {
  usage: { inputTokens: 10, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 1 },
  cost: 25,
};

export function openedRecord({ attemptId, opened }: FixtureRow): JournalRecord {
  return { kind: "opened", row: openedRow(attemptId, { ...opening, ...opened }) };
}

/** From its opening to its end. */
export function recordsOf(row: FixtureRow): readonly JournalRecord[] {
  const { attemptId, settled } = row;
  return [openedRecord(row), { kind: "settled", row: settledRow(attemptId, { ...ending, ...settled }) }];
}

/** The store is left open, as a running gateway's is; it holds the folder's lock until it is closed. */
export function ledgerWith(folder: string, rows: readonly FixtureRow[]): LedgerStore {
  const store = LedgerStore.open(folder);
  store.apply(rows.flatMap(recordsOf), { segment: 1, offset: 1 });
  return store;
}
