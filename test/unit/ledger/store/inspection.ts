/** What a test sees of a ledger's file: its rows, and the sums kept of them against the sums made of them. */
import { DatabaseSync } from "node:sqlite";
import { ledgerPath } from "../../../../src/ledger/store/ledger-file.ts";

type Row = Record<string, unknown>;

/** The rows of a query on the ledger of a folder, on a connection of its own. */
export function select(folder: string, sql: string): Row[] {
  const database = new DatabaseSync(ledgerPath(folder), { readOnly: true, timeout: 5_000 });
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

/** A statement from another program. */
export function change(folder: string, sql: string): void {
  const database = new DatabaseSync(ledgerPath(folder));
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

const names = "key_id, alias, upstream, upstream_model, state, provenance";

function keptSums(table: string, column: string): string {
  return `
    SELECT ${column} AS period, ${names}, attempts, input_tokens, cached_input_tokens, output_tokens,
      reasoning_tokens, cost_micro_yuan, unknown_cost_attempts
    FROM ${table} JOIN usage_groups ON id = group_id ORDER BY 1, 2, 3, 4, 5, 6, 7`;
}

function sumsOfRows(period: string): string {
  return `
    SELECT CAST(floor(${period}) AS INTEGER) AS period, ${names}, count(*) AS attempts,
      coalesce(sum(input_tokens), 0) AS input_tokens,
      coalesce(sum(cached_input_tokens), 0) AS cached_input_tokens,
      coalesce(sum(output_tokens), 0) AS output_tokens,
      coalesce(sum(reasoning_tokens), 0) AS reasoning_tokens,
      coalesce(sum(cost_micro_yuan), 0) AS cost_micro_yuan,
      sum(cost_micro_yuan IS NULL) AS unknown_cost_attempts
    FROM attempts WHERE state <> 'open' GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7`;
}

const keptSpending = `
  SELECT day, kind, name, tokens, cost_micro_yuan FROM spending_days
  UNION ALL SELECT NULL, kind, name, tokens, cost_micro_yuan FROM spending_totals ORDER BY 1, 2, 3`;

function spendingOfRows(): string {
  const [day, tokens, cost] = [
    "CAST(floor((opened_at + 28800000) / 86400000.0) AS INTEGER)",
    "coalesce(input_tokens + output_tokens, 0)",
    "coalesce(cost_micro_yuan, 0)",
  ];
  const spenders = [
    [day, "'key'", "key_id"],
    [day, "'model'", "alias"],
    [day, "'all'", "''"],
    ["NULL", "'key'", "key_id"],
    ["NULL", "'model'", "alias"],
    ["NULL", "'all'", "''"],
  ];
  const parts = spenders.map(
    ([when, kind, name]) => `
      SELECT ${when} AS day, ${kind} AS kind, ${name} AS name, sum(${tokens}) AS tokens,
        sum(${cost}) AS cost_micro_yuan
      FROM attempts WHERE state <> 'open' AND (${tokens} > 0 OR ${cost} > 0) GROUP BY 1, 2, 3`,
  );
  return `${parts.join(" UNION ALL ")} ORDER BY 1, 2, 3`;
}

/** The sums kept, and what they must be; equal unless rows were retired or groups were too many. */
export function sums(folder: string): {
  kept: { hours: Row[]; days: Row[]; spending: Row[] };
  due: { hours: Row[]; days: Row[]; spending: Row[] };
} {
  return {
    kept: {
      hours: select(folder, keptSums("usage_hours", "hour")),
      days: select(folder, keptSums("usage_days", "day")),
      spending: select(folder, keptSpending),
    },
    due: {
      hours: select(folder, sumsOfRows("opened_at / 3600000.0")),
      days: select(folder, sumsOfRows("(opened_at + 28800000) / 86400000.0")),
      spending: select(folder, spendingOfRows()),
    },
  };
}
