/** What stands in the file of a ledger that is closed, read and reckoned without any of the ledger's code. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LedgerRow } from "../../../src/ledger/memory.ts";
import { readStoredRows } from "../storage/ledger-rows.ts";
import type { FullRow } from "./verdict.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BEIJING_MS = 8 * HOUR_MS;
/** Durations are written with so much of a millisecond. */
const ROUNDED_MS = 0.006;
const SHOWN_MAX = 10;

/** Throws where the file is not sound. */
export function readRows(folder: string): FullRow[] {
  return readStoredRows(folder) as FullRow[];
}

const SUMS = `count(*) AS attempts, sum(coalesce(input_tokens, 0)) AS input_tokens,
  sum(coalesce(cached_input_tokens, 0)) AS cached_input_tokens,
  sum(coalesce(output_tokens, 0)) AS output_tokens,
  sum(coalesce(reasoning_tokens, 0)) AS reasoning_tokens,
  sum(coalesce(cost_micro_yuan, 0)) AS cost_micro_yuan,
  sum(cost_micro_yuan IS NULL) AS unknown_cost_attempts`;
const KEPT_SUMS = `attempts, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
  cost_micro_yuan, unknown_cost_attempts`;
const GROUP = "key_id, alias, upstream, upstream_model, state, provenance";

/** Sums of the rows against the sums that the ledger has kept, by hour and by day; the first that differ. */
export function rollUpFlaws(folder: string): string[] {
  const database = new DatabaseSync(join(folder, "ledger.sqlite"), { readOnly: true, timeout: 5_000 });
  const flaws: string[] = [];
  try {
    for (const [table, column, length, offset] of [
      ["usage_hours", "hour", HOUR_MS, 0],
      ["usage_days", "day", DAY_MS, BEIJING_MS],
    ] as const) {
      const own = database.prepare(`SELECT (opened_at + ${offset}) / ${length} AS period, ${GROUP}, ${SUMS}
        FROM attempts GROUP BY period, ${GROUP} ORDER BY period, ${GROUP}`);
      const kept = database.prepare(`SELECT ${column} AS period, ${GROUP}, ${KEPT_SUMS}
        FROM ${table} JOIN usage_groups ON id = group_id ORDER BY period, ${GROUP}`);
      const expected = own.all().map((row) => JSON.stringify(row));
      const found = new Set(kept.all().map((row) => JSON.stringify(row)));
      for (const line of expected) if (!found.delete(line)) flaws.push(`${table} has not ${line}`);
      for (const line of found) flaws.push(`${table} has ${line}`);
    }
  } finally {
    database.close();
  }
  return flaws.slice(0, SHOWN_MAX);
}

/** Where the file says other than the ledger was told; the first that differ. */
export function untrueRows(rows: readonly FullRow[], told: readonly LedgerRow[]): string[] {
  const byId = new Map(rows.map((row) => [row.attempt_id, row]));
  const wrong: string[] = [];
  for (const row of told) {
    const { attemptId } = row.opened;
    const stored = byId.get(attemptId);
    if (stored === undefined) wrong.push(`${attemptId} is not in the file`);
    else if (!isTrue(stored, row)) wrong.push(`${JSON.stringify(stored)} was told as ${JSON.stringify(row)}`);
    byId.delete(attemptId);
  }
  for (const attemptId of byId.keys()) wrong.push(`${attemptId} is in the file, and nobody has told it`);
  return wrong.slice(0, SHOWN_MAX);
}

function isTrue(stored: FullRow, { opened, settled }: LedgerRow): boolean {
  if (settled === null) return stored.state === "open";
  const { usage } = settled;
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [stored.request_id, opened.requestId],
    [stored.client_request_id, opened.clientRequestId],
    [stored.key_id, opened.keyId],
    [stored.alias, opened.alias],
    [stored.upstream, opened.upstream],
    [stored.upstream_model, opened.upstreamModel],
    [stored.stream, opened.stream ? 1 : 0],
    [stored.opened_at, opened.openedAtWallMs],
    [stored.price_version, opened.price?.version ?? null],
    [stored.state, settled.state],
    [stored.cause, settled.cause],
    [stored.status, settled.status],
    [stored.error_code, settled.errorCode],
    [stored.provenance, settled.provenance],
    [stored.cost_micro_yuan, settled.cost],
    [stored.input_tokens, usage?.inputTokens ?? null],
    [stored.cached_input_tokens, usage?.cachedInputTokens ?? null],
    [stored.output_tokens, usage?.outputTokens ?? null],
    [stored.reasoning_tokens, usage?.reasoningTokens ?? null],
  ];
  const durations: readonly (readonly [number | null, number | null])[] = [
    [stored.queue_ms, opened.queueMs],
    [stored.connect_ms, settled.dispatchedMs],
    [stored.first_byte_ms, settled.firstByteMs],
    [stored.total_ms, settled.totalMs],
  ];
  return (
    pairs.every(([left, right]) => left === right) &&
    durations.every(([left, right]) =>
      left === null || right === null ? left === right : Math.abs(left - right) <= ROUNDED_MS,
    )
  );
}
