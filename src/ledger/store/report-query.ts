/** Checks what is asked of the ledger's reports, and puts periods into milliseconds. */
import { type BeijingDay, DAY_MS, readBeijingDay, startOfBeijingDay } from "../../core/beijing-day.ts";
import { GatewayError } from "../../core/errors.ts";
import {
  FILTER_VALUES_MAX,
  HOURLY_DAYS_MAX,
  PAGE_ROWS_MAX,
  PERIOD_DAYS_MAX,
  REQUEST_IDS_MAX,
  type RowFilters,
  USAGE_ROWS_MAX,
  type UsageDimension,
  type UsagePeriod,
  type UsageQuery,
  usageDimensions,
} from "../reports.ts";

/** From one moment up to, not including, another. */
export type Span = { readonly fromWallMs: number; readonly toWallMs: number };

/** Each dimension that may be filtered by, and its column; queries are made of these texts alone. */
export const filterColumns = {
  keyId: "key_id",
  alias: "alias",
  upstream: "upstream",
  upstreamModel: "upstream_model",
  state: "state",
  provenance: "provenance",
} as const satisfies Record<Exclude<UsageDimension, "day" | "hour">, string>;

/** A condition with a placeholder for each filter, and each filter's values as one JSON text. */
export type Condition = { readonly sql: string; readonly values: readonly string[] };

/** The last moment that a date can have. */
export const WALL_MS_MAX = 8_640_000_000_000_000;

function refuse(message: string): never {
  throw new GatewayError("invalid_request", message);
}

/** @throws GatewayError invalid_request */
export function spanOf(period: UsagePeriod): Span {
  if ("firstDay" in period) {
    const fromWallMs = startOf(period.firstDay);
    const toWallMs = startOf(period.lastDay) + DAY_MS;
    if (toWallMs <= fromWallMs) refuse(`The period ends on ${period.lastDay}, before ${period.firstDay}.`);
    return bounded(fromWallMs, toWallMs);
  }
  const { fromWallMs, toWallMs } = period;
  for (const wallMs of [fromWallMs, toWallMs]) checkMoment(wallMs);
  if (toWallMs <= fromWallMs) refuse("The period ends before it begins.");
  return bounded(fromWallMs, toWallMs);
}

/** @throws GatewayError invalid_request */
export function checkMoment(wallMs: number): void {
  if (!Number.isInteger(wallMs) || Math.abs(wallMs) > WALL_MS_MAX) {
    refuse("A period runs from one moment to another in whole milliseconds since 1970.");
  }
}

/** @throws GatewayError invalid_request */
export function checkRowsMax(rowsMax: number): void {
  if (!Number.isInteger(rowsMax) || rowsMax < 1 || rowsMax > PAGE_ROWS_MAX) {
    refuse(`A page has from 1 to ${PAGE_ROWS_MAX} rows.`);
  }
}

function bounded(fromWallMs: number, toWallMs: number): Span {
  if (toWallMs - fromWallMs > PERIOD_DAYS_MAX * DAY_MS) {
    refuse(`A period has at most ${PERIOD_DAYS_MAX} days. Ask for a shorter one.`);
  }
  return { fromWallMs, toWallMs };
}

function startOf(day: BeijingDay): number {
  const read = readBeijingDay(String(day));
  return read === null ? refuse("A day is written as 2026-08-27.") : startOfBeijingDay(read);
}

/** @throws GatewayError invalid_request */
export function checkUsageQuery({ groupBy, rowsMax }: UsageQuery, { fromWallMs, toWallMs }: Span): void {
  for (const dimension of groupBy) {
    if (!usageDimensions.includes(dimension)) {
      refuse(`Sums may be grouped by ${usageDimensions.join(", ")}.`);
    }
  }
  if (new Set(groupBy).size !== groupBy.length) refuse("Sums are grouped by each name once.");
  if (rowsMax !== undefined && !(Number.isInteger(rowsMax) && rowsMax >= 1 && rowsMax <= USAGE_ROWS_MAX)) {
    refuse(`A report has from 1 to ${USAGE_ROWS_MAX} rows.`);
  }
  if (groupBy.includes("hour") && toWallMs - fromWallMs > HOURLY_DAYS_MAX * DAY_MS) {
    refuse(`Sums by the hour cover at most ${HOURLY_DAYS_MAX} days. Ask for a shorter period, or by day.`);
  }
}

/** @throws GatewayError invalid_request */
export function conditionOf(filters: RowFilters): Condition {
  const parts: string[] = [];
  const values: string[] = [];
  for (const [name, wanted] of Object.entries(filters)) {
    if (wanted === undefined) continue;
    if (!isFilter(name)) refuse(`Rows may be chosen by ${Object.keys(filterColumns).join(", ")}.`);
    if (wanted.length > FILTER_VALUES_MAX) {
      refuse(`At most ${FILTER_VALUES_MAX} values of ${name} may be chosen.`);
    }
    parts.push(` AND ${filterColumns[name]} IN (SELECT value FROM json_each(?))`);
    values.push(JSON.stringify(wanted.map(String)));
  }
  return { sql: parts.join(""), values };
}

function isFilter(name: string): name is keyof typeof filterColumns {
  return Object.hasOwn(filterColumns, name);
}

/** @throws GatewayError invalid_request */
export function checkRequestIds(requestIds: readonly string[]): void {
  if (requestIds.length > REQUEST_IDS_MAX) refuse(`At most ${REQUEST_IDS_MAX} requests may be asked for.`);
}
