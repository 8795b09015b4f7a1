/** Records and folders for the tests of the ledger's store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Estimator } from "../../../../src/ledger/estimator.ts";
import type { JournalRecord } from "../../../../src/ledger/journal/record.ts";
import type { AttemptOpened, AttemptSettled } from "../../../../src/ledger/ledger.ts";
import { LedgerStore, type LedgerStoreOptions } from "../../../../src/ledger/store/ledger-store.ts";
import { NOON, openedRow, settledRow } from "../../../support/attempt-rows.ts";

export const start = { segment: 1, offset: 0 };

export function opened(id: string, changes: Partial<AttemptOpened> = {}): JournalRecord {
  return { kind: "opened", row: openedRow(id, changes) };
}

export function settled(id: string, changes: Partial<AttemptSettled> = {}): JournalRecord {
  return { kind: "settled", row: settledRow(id, changes) };
}

/** As many whole attempts, opened a millisecond apart. */
export function wholeAttempts(count: number, firstWallMs = NOON, name = "req_"): JournalRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `${name}${String(index).padStart(8, "0")}`;
    return [opened(id, { openedAtWallMs: firstWallMs + index }), settled(id)];
  }).flat();
}

export const fourBytesAToken: Estimator = {
  inputTokens: (_model, measure) => measure.narrowBytes / 4,
  cautiousInputTokens: () => 0,
  outputTokens: () => 0,
  unseenOutputTokens: (_model, outputTokensMax) => outputTokensMax ?? 25,
  learn: () => undefined,
};

/** A folder that is gone when the test is over. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ledger-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store that is closed when the test is over. */
export function openStore(folder: string, options: LedgerStoreOptions = {}): LedgerStore {
  const store = LedgerStore.open(folder, options);
  onTestFinished(() => store.close());
  return store;
}

/** Whatever was thrown. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  return null;
}

export async function gathered<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
