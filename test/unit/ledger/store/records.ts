/** Records and folders for the tests of the ledger's store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { AttemptId, KeyId, RequestId } from "../../../../src/core/ids.ts";
import type { PriceList } from "../../../../src/core/money.ts";
import type { TextMeasure } from "../../../../src/core/text-measure.ts";
import type { Estimator } from "../../../../src/ledger/estimator.ts";
import type { JournalRecord } from "../../../../src/ledger/journal/record.ts";
import type { AttemptOpened, AttemptSettled } from "../../../../src/ledger/ledger.ts";
import { LedgerStore, type LedgerStoreOptions } from "../../../../src/ledger/store/ledger-store.ts";

/** Noon in Beijing on 2026-08-27. */
export const NOON = Date.parse("2026-08-27T12:00:00+08:00");
export const start = { segment: 1, offset: 0 };

export const price: PriceList = {
  version: "ark-2026-08-27",
  tiers: [
    { inputTokensMax: null, outputTokensMax: null, input: 1_000_000, cachedInput: null, output: 2_000_000 },
  ],
};

export const body: TextMeasure = {
  events: 1,
  narrowBytes: 400,
  marks: 0,
  middleCharacters: 0,
  wideCharacters: 0,
  thoughtBytes: 0,
};

export function openedRow(id: string, changes: Partial<AttemptOpened> = {}): AttemptOpened {
  return {
    attemptId: `${id}.1` as AttemptId,
    requestId: id as RequestId,
    clientRequestId: null,
    keyId: "key-1" as KeyId,
    door: "chat",
    alias: "fast",
    upstream: "ark",
    upstreamModel: "doubao-seed-1-6",
    stream: true,
    openedAtWallMs: NOON,
    queueMs: 1.5,
    body,
    outputTokensMax: null,
    price,
    ...changes,
  };
}

export function settledRow(id: string, changes: Partial<AttemptSettled> = {}): AttemptSettled {
  return {
    attemptId: `${id}.1` as AttemptId,
    state: "settled",
    cause: "-E",
    status: 200,
    errorCode: null,
    usage: { inputTokens: 100, cachedInputTokens: 20, outputTokens: 50, reasoningTokens: 10 },
    provenance: "upstream_final",
    cost: 200,
    dispatchedMs: 2.5,
    firstByteMs: 100.25,
    totalMs: 900.75,
    ...changes,
  };
}

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
