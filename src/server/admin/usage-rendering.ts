/** Writes the ledger's sums for programs: as JSON and as CSV, with the same columns in both. */
import { beijingDayOf } from "../../core/beijing-day.ts";
import { fullYuanText, type MicroYuan, yuanOf } from "../../core/money.ts";
import type { UsageReport, UsageRow, UsageSums } from "../../ledger/reports.ts";
import { csvLine, withoutFormula } from "../../wire/csv.ts";
import { type UsageGroupName, usageGroupNames, usageGroups } from "./usage-query.ts";

export const usageFormats = ["json", "csv"] as const;
export type UsageFormat = (typeof usageFormats)[number];

type CostSums = Pick<UsageSums, "attempts" | "unknownCostAttempts" | "costMicroYuan">;

/** What is known of the cost; null where nothing is, which is not the same as nothing. */
export function knownCost({ attempts, unknownCostAttempts, costMicroYuan }: CostSums): MicroYuan | null {
  return attempts > 0 && unknownCostAttempts === attempts ? null : costMicroYuan;
}

/** The groups of a report by the names that users know them by, in the order they were asked for. */
export function groupNamesOf({ groupBy }: UsageReport): readonly UsageGroupName[] {
  return groupBy.flatMap((dimension) => usageGroupNames.filter((name) => usageGroups[name] === dimension));
}

export function groupValue(row: UsageRow, name: UsageGroupName): string {
  return row.group[usageGroups[name]] ?? "";
}

function sumsOf(sums: UsageSums): Readonly<Record<string, number | null>> {
  const cost = knownCost(sums);
  return {
    attempts: sums.attempts,
    input_tokens: sums.inputTokens,
    cached_input_tokens: sums.cachedInputTokens,
    output_tokens: sums.outputTokens,
    reasoning_tokens: sums.reasoningTokens,
    cost_cny: cost === null ? null : yuanOf(cost),
    unknown_cost_attempts: sums.unknownCostAttempts,
    counted_attempts: sums.countedAttempts,
    estimated_attempts: sums.estimatedAttempts,
  };
}

function jsonOf(report: UsageReport): string {
  const names = groupNamesOf(report);
  const rows = report.rows.map((row) => ({
    ...Object.fromEntries(names.map((name) => [name, groupValue(row, name)])),
    ...sumsOf(row),
  }));
  const { fromWallMs, toWallMs, totals, truncated } = report;
  const period = { from: beijingDayOf(fromWallMs), to: beijingDayOf(toWallMs - 1), utc_offset: "+08:00" };
  return `${JSON.stringify({ ...period, by: names, rows, totals: sumsOf(totals), truncated }, null, 2)}\n`;
}

function csvOf(report: UsageReport): string {
  const names = groupNamesOf(report);
  const lines = report.rows.map((row) => {
    const cost = knownCost(row);
    const sums = { ...sumsOf(row), cost_cny: cost === null ? "" : fullYuanText(cost) };
    return csvLine([
      ...names.map((name) => withoutFormula(groupValue(row, name))),
      ...Object.values(sums).map(String),
    ]);
  });
  return csvLine([...names, ...Object.keys(sumsOf(report.totals))]) + lines.join("");
}

/** JSON is one object with `rows` and `totals`; CSV has one line for each row, and none for the totals. */
export function renderUsage(report: UsageReport, format: UsageFormat): string {
  return format === "json" ? jsonOf(report) : csvOf(report);
}
