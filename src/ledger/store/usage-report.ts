/** Sums for reports: added up from the hourly or daily sums, never from the rows. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import {
  beijingDayNumber,
  beijingDayOf,
  beijingMinuteOf,
  HOUR_MS,
  startOfDayNumber,
} from "../../core/beijing-day.ts";
import {
  USAGE_ROWS_MAX,
  type UsageDimension,
  type UsageQuery,
  type UsageReport,
  type UsageRow,
  type UsageSums,
} from "../reports.ts";
import {
  type Condition,
  checkUsageQuery,
  conditionOf,
  filterColumns,
  type Span,
  spanOf,
} from "./report-query.ts";

type Row = Record<string, SQLOutputValue>;

/** Of which table sums are made, and the range of its hours or days. */
type Source = {
  readonly table: "usage_hours" | "usage_days";
  readonly column: "hour" | "day";
  readonly from: number;
  readonly to: number;
  readonly span: Span;
};

const sumColumns = [
  "attempts",
  "input_tokens",
  "cached_input_tokens",
  "output_tokens",
  "reasoning_tokens",
  "cost_micro_yuan",
  "unknown_cost_attempts",
];
const provenanceSums =
  "sum(attempts) FILTER (WHERE provenance = 'counted') AS counted, " +
  "sum(attempts) FILTER (WHERE provenance = 'estimated') AS estimated";
const noSums: UsageSums = {
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

/** @throws GatewayError invalid_request; SQLite's errors as they are */
export function readUsage(database: DatabaseSync, query: UsageQuery): UsageReport {
  const span = spanOf(query.period);
  checkUsageQuery(query, span);
  const { groupBy } = query;
  const source = sourceOf(span, groupBy.includes("hour"));
  const condition = conditionOf(query.filters ?? {});
  const rowsMax = query.rowsMax ?? USAGE_ROWS_MAX;
  const found = sumsOf(database, source, condition, groupBy, rowsMax + 1);
  const truncated = found.length > rowsMax;
  if (truncated) found.length = rowsMax;
  const totals = truncated ? sumsOf(database, source, condition, [], 1)[0] : found.reduce(add, noSums);
  return { ...source.span, groupBy, rows: found, truncated, totals: sumsIn(totals ?? noSums) };
}

/** Whole days are read from the daily sums; a month of them is a twenty-fourth of the work. */
function sourceOf({ fromWallMs, toWallMs }: Span, byHour: boolean): Source {
  const isWholeDays = [fromWallMs, toWallMs].every((at) => startOfDayNumber(beijingDayNumber(at)) === at);
  if (isWholeDays && !byHour) {
    const from = beijingDayNumber(fromWallMs);
    const to = beijingDayNumber(toWallMs);
    return { table: "usage_days", column: "day", from, to, span: { fromWallMs, toWallMs } };
  }
  const from = Math.floor(fromWallMs / HOUR_MS);
  const to = Math.ceil(toWallMs / HOUR_MS);
  const span = { fromWallMs: from * HOUR_MS, toWallMs: to * HOUR_MS };
  return { table: "usage_hours", column: "hour", from, to, span };
}

/** What a dimension is in SQL: the hour, the day by its number, or a column of the groups. */
function expressionOf(dimension: UsageDimension, column: Source["column"]): string {
  switch (dimension) {
    case "hour":
      return "period";
    case "day":
      // Hours of UTC are numbered from midnight there, eight hours after Beijing's; the division rounds down.
      return column === "day" ? "period" : "((period + 8) - ((period + 8) % 24 + 24) % 24) / 24";
    default:
      return filterColumns[dimension];
  }
}

function sumsOf(
  database: DatabaseSync,
  { table, column, from, to }: Source,
  condition: Condition,
  groupBy: readonly UsageDimension[],
  rowsMax: number,
): UsageRow[] {
  const keepsPeriod = groupBy.includes("day") || groupBy.includes("hour");
  const groups = groupBy.map((dimension) => expressionOf(dimension, column));
  const numbers = groups.map((_, index) => String(index + 1)).join(", ");
  // First by number, over the many rows of the period; then by name, over the few that are left.
  const sql = `
    WITH by_id AS (
      SELECT group_id, ${keepsPeriod ? `${column} AS period,` : ""}
        ${sumColumns.map((name) => `sum(${name}) AS ${name}`).join(", ")}
      FROM ${table} WHERE ${column} >= ? AND ${column} < ?
      GROUP BY ${keepsPeriod ? `${column}, group_id` : "group_id"})
    SELECT ${groups.map((expression, index) => `${expression} AS g${index}, `).join("")}
      ${sumColumns.map((name) => `sum(${name}) AS ${name}`).join(", ")}, ${provenanceSums}
    FROM by_id JOIN usage_groups ON id = group_id
    WHERE 1${condition.sql}
    ${groups.length === 0 ? "" : `GROUP BY ${numbers} ORDER BY ${numbers}`} LIMIT ?`;
  const rows = database.prepare(sql).all(from, to, ...condition.values, rowsMax);
  return rows.flatMap((row) => (row["attempts"] === null ? [] : [rowOf(row, groupBy)]));
}

function rowOf(row: Row, groupBy: readonly UsageDimension[]): UsageRow {
  const group: { [Dimension in UsageDimension]?: string } = {};
  for (const [index, dimension] of groupBy.entries()) {
    const value = row[`g${index}`] ?? null;
    group[dimension] = nameOf(dimension, value);
  }
  return {
    group,
    attempts: Number(row["attempts"]),
    inputTokens: Number(row["input_tokens"]),
    cachedInputTokens: Number(row["cached_input_tokens"]),
    outputTokens: Number(row["output_tokens"]),
    reasoningTokens: Number(row["reasoning_tokens"]),
    costMicroYuan: Number(row["cost_micro_yuan"]),
    unknownCostAttempts: Number(row["unknown_cost_attempts"]),
    countedAttempts: Number(row["counted"]),
    estimatedAttempts: Number(row["estimated"]),
  };
}

function nameOf(dimension: UsageDimension, value: SQLOutputValue): string {
  if (dimension === "day") return beijingDayOf(startOfDayNumber(Number(value)));
  if (dimension === "hour") return beijingMinuteOf(Number(value) * HOUR_MS);
  return String(value);
}

function sumsIn(row: UsageSums): UsageSums {
  return add(noSums, row);
}

function add(one: UsageSums, other: UsageSums): UsageSums {
  return {
    attempts: one.attempts + other.attempts,
    inputTokens: one.inputTokens + other.inputTokens,
    cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
    costMicroYuan: one.costMicroYuan + other.costMicroYuan,
    unknownCostAttempts: one.unknownCostAttempts + other.unknownCostAttempts,
    countedAttempts: one.countedAttempts + other.countedAttempts,
    estimatedAttempts: one.estimatedAttempts + other.estimatedAttempts,
  };
}
