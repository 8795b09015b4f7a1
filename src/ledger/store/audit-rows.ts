/** The trail of what operators changed, newest first, a page at a time. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { AuditPage, AuditQuery, KeptAuditEntry } from "../reports.ts";
import { checkRowsMax } from "./report-query.ts";

/** @throws GatewayError invalid_request; SQLite's errors as they are */
export function readAudit(database: DatabaseSync, { subject, before, rowsMax }: AuditQuery): AuditPage {
  checkRowsMax(rowsMax);
  const values: SQLInputValue[] = [before ?? Number.MAX_SAFE_INTEGER];
  if (subject !== undefined) values.push(subject);
  const found = database
    .prepare(
      `SELECT id, at, actor, action, subject, detail FROM audit
       WHERE id < ?${subject === undefined ? "" : " AND subject = ?"} ORDER BY id DESC LIMIT ?`,
    )
    .all(...values, rowsMax + 1)
    .map(entryOf);
  const entries = found.slice(0, rowsMax);
  return { entries, next: found.length > rowsMax ? (entries.at(-1)?.id ?? null) : null };
}

function entryOf(row: Record<string, SQLOutputValue>): KeptAuditEntry {
  return {
    id: Number(row["id"]),
    atWallMs: Number(row["at"]),
    actor: String(row["actor"]),
    action: String(row["action"]),
    subject: String(row["subject"]),
    detail: JSON.parse(String(row["detail"])) as KeptAuditEntry["detail"],
  };
}
