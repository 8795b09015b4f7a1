/** The port of the ledger's reports: sums by key, model, day and ending, and the rows underneath. */
import type { AuditEntry } from "../core/audit.ts";
import type { BeijingDay } from "../core/beijing-day.ts";
import type { Cause, Settlement } from "../core/ending.ts";
import type { MicroYuan } from "../core/money.ts";
import type { Provenance } from "../core/usage.ts";

/**
 * By Beijing days, both included; or from one moment up to, not including, another, in wall milliseconds:
 * sums widen it to whole hours. A row belongs to the moment it was opened.
 */
export type UsagePeriod =
  | { readonly firstDay: BeijingDay; readonly lastDay: BeijingDay }
  | { readonly fromWallMs: number; readonly toWallMs: number };

/** What sums may be grouped by; `alias` is the model as clients name it, `state` how the attempt ended. */
export const usageDimensions = [
  "day",
  "hour",
  "keyId",
  "alias",
  "upstream",
  "upstreamModel",
  "state",
  "provenance",
] as const;
export type UsageDimension = (typeof usageDimensions)[number];

/** Values that a row must have one of; a name that is left out takes all. At most FILTER_VALUES_MAX each. */
export type UsageFilters = {
  readonly keyId?: readonly string[];
  readonly alias?: readonly string[];
  readonly upstream?: readonly string[];
  readonly upstreamModel?: readonly string[];
  readonly state?: readonly Settlement[];
  readonly provenance?: readonly Provenance[];
};

/** As many as there may be keys: whoever owns all of them still sees all of their rows. */
export const FILTER_VALUES_MAX = 200_000;
/** More groups than this are cut off, and the report says so. */
export const USAGE_ROWS_MAX = 10_000;
/** The longest period of sums; of sums by the hour HOURLY_DAYS_MAX. */
export const PERIOD_DAYS_MAX = 3_700;
export const HOURLY_DAYS_MAX = 93;

export type UsageQuery = {
  readonly period: UsagePeriod;
  /** In the order in which the rows are sorted; none gives one row. */
  readonly groupBy: readonly UsageDimension[];
  readonly filters?: UsageFilters;
  /** From 1 to USAGE_ROWS_MAX, which it is when left out. */
  readonly rowsMax?: number;
};

/** Only attempts that are over are in it. Input tokens include the cached, output tokens the reasoning. */
export type UsageSums = {
  readonly attempts: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** Of the attempts whose price is known. */
  readonly costMicroYuan: MicroYuan;
  readonly unknownCostAttempts: number;
  /** Whose tokens were counted from the text that was delivered. */
  readonly countedAttempts: number;
  /** Whose tokens were estimated, as no text was seen. */
  readonly estimatedAttempts: number;
};

/**
 * The value of each dimension asked for: `day` as `2026-08-27`, `hour` as `2026-08-27T13:00+08:00`, the
 * others as rows have them. Where one hour or day has too many groups, the rest of its keys and models count
 * as `other`.
 */
export type UsageGroup = { readonly [Dimension in UsageDimension]?: string };

export type UsageRow = UsageSums & { readonly group: UsageGroup };

export type UsageReport = {
  /** What the sums cover: whole Beijing days or whole hours. */
  readonly fromWallMs: number;
  readonly toWallMs: number;
  readonly groupBy: readonly UsageDimension[];
  /** Sorted by their groups, in the order of `groupBy`. */
  readonly rows: readonly UsageRow[];
  /** There are more rows than were asked for. */
  readonly truncated: boolean;
  /** Of all groups, those that were cut off too. */
  readonly totals: UsageSums;
};

/** A row as the ledger keeps it. Null: not reached, not sent, or not known. */
export type AttemptRow = {
  readonly attemptId: string;
  readonly requestId: string;
  readonly clientRequestId: string | null;
  readonly keyId: string;
  readonly door: string;
  readonly alias: string;
  readonly upstream: string;
  readonly upstreamModel: string;
  readonly stream: boolean;
  readonly state: Settlement | "open";
  readonly cause: Cause | null;
  readonly status: number | null;
  readonly errorCode: string | null;
  readonly openedAtWallMs: number;
  readonly queueMs: number;
  readonly dispatchedMs: number | null;
  readonly firstByteMs: number | null;
  readonly totalMs: number | null;
  readonly inputTokens: number | null;
  readonly cachedInputTokens: number | null;
  readonly outputTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly provenance: Provenance | null;
  /** 0 where it was free. */
  readonly costMicroYuan: MicroYuan | null;
  readonly priceVersion: string | null;
};

/** Rows of a period, exactly, or of some requests. Rows older than the ledger's retention are gone. */
export type AttemptsQuery =
  | { readonly period: UsagePeriod; readonly filters?: UsageFilters; readonly includeOpen?: boolean }
  | { readonly requestIds: readonly string[] };

/** In one query by ids. */
export const REQUEST_IDS_MAX = 1_000;

/** Where a page ended: the id of its last attempt. The next begins behind it. */
export type RowCursor = string;

export type RowFilters = Omit<UsageFilters, "state"> & { readonly state?: readonly AttemptRow["state"][] };

export type RowsQuery = {
  /** Opened at this moment or later, and before that one; null: whenever. */
  readonly fromWallMs: number | null;
  readonly toWallMs: number | null;
  readonly filters?: RowFilters;
  /** Rows before the end of the page before; null: the newest. */
  readonly before: RowCursor | null;
  /** From 1 to PAGE_ROWS_MAX. */
  readonly rowsMax: number;
};

/** The newest row first, by its attempt's id; `next` is null where there is no further row. */
export type RowsPage = { readonly rows: readonly AttemptRow[]; readonly next: RowCursor | null };

export type AuditQuery = {
  /** Of this thing alone; all when left out. */
  readonly subject?: string;
  /** Entries with smaller ids; null: the newest. */
  readonly before: number | null;
  /** From 1 to PAGE_ROWS_MAX. */
  readonly rowsMax: number;
};
export type KeptAuditEntry = AuditEntry & { readonly id: number };
/** The newest entry first; `next` is null where there is no further one. */
export type AuditPage = { readonly entries: readonly KeptAuditEntry[]; readonly next: number | null };

export const PAGE_ROWS_MAX = 1_000;

/**
 * Every call may fail with a GatewayError: `invalid_request` (the query makes no sense, or passes a bound),
 * `ledger_unavailable` (no ledger there, not readable, or it took too long), `overloaded` (too many wait).
 */
export interface LedgerReports {
  usage(query: UsageQuery): Promise<UsageReport>;
  /**
   * In the order of their ids, which begin with the time; pages are read as they are asked for, so a million
   * rows need no more memory than a thousand. Rows that are written meanwhile may be missed.
   */
  attempts(query: AttemptsQuery): AsyncIterable<AttemptRow>;
  /** The newest rows, open ones too, a page at a time. */
  page(query: RowsQuery): Promise<RowsPage>;
  /** What operators have changed, the newest first, a page at a time. */
  audit(query: AuditQuery): Promise<AuditPage>;
  close(): Promise<void>;
}
