/** A ledger's reports whose answer the test chooses, and which remembers what it was asked. */
import type { Settlement } from "../../src/core/ending.ts";
import type {
  AttemptRow,
  AttemptsQuery,
  AuditPage,
  AuditQuery,
  LedgerReports,
  RowsPage,
  RowsQuery,
  UsageQuery,
  UsageReport,
  UsageRow,
  UsageSums,
} from "../../src/ledger/reports.ts";

export const noUsage: UsageSums = {
  attempts: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  costMicroYuan: 0,
  unknownCostAttempts: 0,
  countedAttempts: 0,
  estimatedAttempts: 0,
};

export function usageRow(group: UsageRow["group"], sums: Partial<UsageSums> = {}): UsageRow {
  return { ...noUsage, attempts: 1, ...sums, group };
}

/** Three Beijing days: 2026-11-20 to 2026-11-22. */
export function usageReport(report: Partial<UsageReport> = {}): UsageReport {
  return {
    fromWallMs: Date.parse("2026-11-20T00:00:00+08:00"),
    toWallMs: Date.parse("2026-11-23T00:00:00+08:00"),
    groupBy: ["day", "alias"],
    rows: [],
    truncated: false,
    totals: noUsage,
    ...report,
  };
}

export function attemptRow(attemptId: string, row: Partial<AttemptRow> = {}): AttemptRow {
  const settled: Settlement = "settled";
  return {
    attemptId,
    requestId: attemptId.replace(/\.\d+$/, ""),
    clientRequestId: null,
    keyId: "ark-1",
    door: "chat",
    alias: "fast",
    upstream: "ark",
    upstreamModel: "ep-1",
    stream: false,
    state: settled,
    cause: "-E",
    status: 200,
    errorCode: null,
    openedAtWallMs: Date.parse("2026-11-21T12:00:00+08:00"),
    queueMs: 1,
    dispatchedMs: 1,
    firstByteMs: 2,
    totalMs: 3,
    inputTokens: 10,
    cachedInputTokens: 0,
    outputTokens: 5,
    reasoningTokens: 0,
    provenance: "upstream_final",
    costMicroYuan: 25,
    priceVersion: "test",
    ...row,
  };
}

export class StubReports implements LedgerReports {
  readonly usageQueries: UsageQuery[] = [];
  readonly attemptsQueries: AttemptsQuery[] = [];
  isClosed = false;
  readonly #answer: () => UsageReport;
  readonly #attempts: () => readonly AttemptRow[];

  constructor(
    answer: () => UsageReport = usageReport,
    attempts: readonly AttemptRow[] | (() => readonly AttemptRow[]) = [],
  ) {
    this.#answer = answer;
    this.#attempts = typeof attempts === "function" ? attempts : () => attempts;
  }

  usage(query: UsageQuery): Promise<UsageReport> {
    this.usageQueries.push(query);
    return new Promise((resolve) => resolve(this.#answer()));
  }

  async *attempts(query: AttemptsQuery): AsyncIterable<AttemptRow> {
    this.attemptsQueries.push(query);
    yield* this.#attempts();
  }

  page(_query: RowsQuery): Promise<RowsPage> {
    return Promise.resolve({ rows: this.#attempts(), next: null });
  }

  audit(_query: AuditQuery): Promise<AuditPage> {
    return Promise.resolve({ entries: [], next: null });
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}
