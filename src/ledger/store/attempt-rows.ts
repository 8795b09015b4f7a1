/** Raw rows for reports, a page at a time. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { AttemptRow, AttemptsQuery, RowCursor, RowsPage, RowsQuery } from "../reports.ts";
import { idRangeOf } from "./id-times.ts";
import {
  checkMoment,
  checkRequestIds,
  checkRowsMax,
  conditionOf,
  type Span,
  spanOf,
  WALL_MS_MAX,
} from "./report-query.ts";

/** `end` is null on the last page. */
export type AttemptsPage = { readonly rows: readonly AttemptRow[]; readonly end: RowCursor | null };

export const PAGE_ROWS = 1_000;
/** More than any request's attempts. */
const ATTEMPTS_PER_REQUEST_MAX = 100;

const columns = `
  attempt_id AS attemptId, request_id AS requestId, client_request_id AS clientRequestId, key_id AS keyId,
  door, alias, upstream, upstream_model AS upstreamModel, stream, state, cause, status,
  error_code AS errorCode, opened_at AS openedAtWallMs, queue_ms AS queueMs, connect_ms AS dispatchedMs,
  first_byte_ms AS firstByteMs, total_ms AS totalMs, input_tokens AS inputTokens,
  cached_input_tokens AS cachedInputTokens, output_tokens AS outputTokens,
  reasoning_tokens AS reasoningTokens, provenance, cost_micro_yuan AS costMicroYuan,
  price_version AS priceVersion`;

/** @throws GatewayError invalid_request; SQLite's errors as they are */
export function readAttempts(
  database: DatabaseSync,
  query: AttemptsQuery,
  after: RowCursor | null,
  pageRows = PAGE_ROWS,
): AttemptsPage {
  if ("requestIds" in query) return { rows: rowsOfRequests(database, query.requestIds), end: null };
  const span = spanOf(query.period);
  const condition = conditionOf(query.filters ?? {});
  const ids = idsIn(database, span);
  const isFirst = after === null || after < ids.from;
  const sql = `
    SELECT ${columns} FROM attempts
    WHERE attempt_id ${isFirst ? ">=" : ">"} ? AND attempt_id <= ? AND opened_at >= ? AND opened_at < ?
      ${query.includeOpen === true ? "" : "AND state <> 'open'"}${condition.sql}
    ORDER BY attempt_id LIMIT ?`;
  const rows = database
    .prepare(sql)
    .all(isFirst ? ids.from : after, ids.to, span.fromWallMs, span.toWallMs, ...condition.values, pageRows)
    .map(rowOf);
  const last = rows.at(-1);
  if (last === undefined || rows.length < pageRows) return { rows, end: null };
  return { rows, end: last.attemptId };
}

/**
 * The first and the last id that a row of the period may have. Hardly any row has strayed; where the clock
 * was set, those that have may be far away, and many rows of other periods are then looked at.
 */
function idsIn(database: DatabaseSync, { fromWallMs, toWallMs }: Span): { from: string; to: string } {
  const { from, to } = idRangeOf(fromWallMs, toWallMs);
  const strayed = database
    .prepare(
      `SELECT min(attempt_id) AS first, max(attempt_id) AS last FROM attempts INDEXED BY attempts_strayed
       WHERE strayed = 1 AND opened_at >= ? AND opened_at < ?`,
    )
    .get(fromWallMs, toWallMs);
  const ids = [from, to, strayed?.["first"] ?? from, strayed?.["last"] ?? to].map(String).sort();
  return { from: ids[0] ?? from, to: ids[3] ?? to };
}

/** @throws GatewayError invalid_request; SQLite's errors as they are */
export function readPage(database: DatabaseSync, query: RowsQuery): RowsPage {
  const { before, rowsMax, fromWallMs, toWallMs } = query;
  checkRowsMax(rowsMax);
  for (const wallMs of [fromWallMs, toWallMs]) if (wallMs !== null) checkMoment(wallMs);
  const span = { fromWallMs: fromWallMs ?? -WALL_MS_MAX, toWallMs: toWallMs ?? WALL_MS_MAX };
  const ids = idsIn(database, span);
  const isFirst = before === null || before > ids.to;
  const condition = conditionOf(query.filters ?? {});
  const sql = `
    SELECT ${columns} FROM attempts
    WHERE attempt_id >= ? AND attempt_id ${isFirst ? "<=" : "<"} ? AND opened_at >= ? AND opened_at < ?
      ${condition.sql}
    ORDER BY attempt_id DESC LIMIT ?`;
  const found = database
    .prepare(sql)
    .all(
      ids.from,
      isFirst ? ids.to : before,
      span.fromWallMs,
      span.toWallMs,
      ...condition.values,
      rowsMax + 1,
    );
  const rows = found.slice(0, rowsMax).map(rowOf);
  const last = rows.at(-1);
  return { rows, next: last === undefined || found.length <= rowsMax ? null : last.attemptId };
}

/** An attempt's id is its request's, a dot and a number, so those of a request lie side by side. */
function rowsOfRequests(database: DatabaseSync, requestIds: readonly string[]): AttemptRow[] {
  checkRequestIds(requestIds);
  const statement = database.prepare(
    `SELECT ${columns} FROM attempts WHERE attempt_id >= ? AND attempt_id < ? LIMIT ?`,
  );
  return [...new Set(requestIds)]
    .flatMap((id) => statement.all(`${id}.`, `${id}/`, ATTEMPTS_PER_REQUEST_MAX).map(rowOf))
    .sort(
      (one, other) => one.openedAtWallMs - other.openedAtWallMs || (one.attemptId < other.attemptId ? -1 : 1),
    );
}

/** The columns are named as the row's members are; only the truth value has another form in SQLite. */
function rowOf(row: Record<string, SQLOutputValue>): AttemptRow {
  return { ...row, stream: row["stream"] === 1 } as unknown as AttemptRow;
}
