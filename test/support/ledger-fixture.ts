/** A ledger on the disk with the rows that a test names, written as a gateway would write them. */
import type { AttemptId, KeyId, RequestId } from "../../src/core/ids.ts";
import type { JournalRecord } from "../../src/ledger/journal/record.ts";
import type { AttemptOpened, AttemptSettled } from "../../src/ledger/ledger.ts";
import { LedgerStore } from "../../src/ledger/store/ledger-store.ts";

export type FixtureRow = {
  readonly attemptId: string;
  readonly opened?: Partial<AttemptOpened>;
  readonly settled?: Partial<AttemptSettled>;
};

const NOTHING = {
  events: 0,
  narrowBytes: 0,
  marks: 0,
  middleCharacters: 0,
  wideCharacters: 0,
  thoughtBytes: 0,
};

function openedOf({ attemptId, opened }: FixtureRow): AttemptOpened {
  return {
    attemptId: attemptId as AttemptId,
    requestId: attemptId.replace(/\.\d+$/, "") as RequestId,
    clientRequestId: null,
    keyId: "ark-1" as KeyId,
    door: "chat",
    alias: "fast",
    upstream: "ark",
    upstreamModel: "ep-1",
    stream: false,
    openedAtWallMs: Date.parse("2026-11-21T12:00:00+08:00"),
    queueMs: 1,
    body: NOTHING,
    outputTokensMax: null,
    price: null,
    ...opened,
  };
}

function settledOf({ attemptId, settled }: FixtureRow): AttemptSettled {
  return {
    attemptId: attemptId as AttemptId,
    state: "settled",
    cause: "-E",
    status: 200,
    errorCode: null,
    usage: { inputTokens: 10, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 1 },
    provenance: "upstream_final",
    cost: 25,
    dispatchedMs: 1,
    firstByteMs: 2,
    totalMs: 3,
    ...settled,
  };
}

export function openedRecord(row: FixtureRow): JournalRecord {
  return { kind: "opened", row: openedOf(row) };
}

/** From its opening to its end. */
export function recordsOf(row: FixtureRow): readonly JournalRecord[] {
  return [openedRecord(row), { kind: "settled", row: settledOf(row) }];
}

/** The store is left open, as a running gateway's is; it holds the folder's lock until it is closed. */
export function ledgerWith(folder: string, rows: readonly FixtureRow[]): LedgerStore {
  const store = LedgerStore.open(folder);
  store.apply(rows.flatMap(recordsOf), { segment: 1, offset: 1 });
  return store;
}
