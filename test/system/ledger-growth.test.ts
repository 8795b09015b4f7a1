/** 20,000 requests a second for a minute: the ledger takes them all, and its journal stays small. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { newRequestId } from "../../src/core/ids.ts";
import { DurableLedger } from "../../src/ledger/durable-ledger.ts";
import { openedRow, settledWith } from "../support/attempt-rows.ts";

const SECONDS = Number(process.env["VOLCANO_GROWTH_SECONDS"] ?? 60);
const ROWS_PER_SECOND = 20_000;
const TURN_MS = 5;
const DAYS_90_MS = 90 * 86_400_000;
/** Of 8 MiB each: what is being written, spares, and what waits to be applied. */
const SEGMENTS_MAX = 16;
const SILENT = { info() {}, warn() {}, error() {} };

function segmentsIn(folder: string): number {
  return readdirSync(join(folder, "journal")).length;
}

async function takeRows(ledger: DurableLedger, rows: number): Promise<void> {
  const opened = Array.from({ length: rows }, () => openedRow(newRequestId(Date.now())));
  const open = opened.map((row) => ledger.open(row));
  await ledger.written();
  for (const [index, row] of opened.entries()) open[index]?.settle(settledWith(row.attemptId, 100));
  await ledger.kept();
}

test(`${ROWS_PER_SECOND} rows a second for ${SECONDS} s`, { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "ledger-growth-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const ledger = await DurableLedger.open({
    folder,
    durability: "process",
    onFailure: "refuse",
    retentionMs: DAYS_90_MS,
    log: SILENT,
  });
  const startedAtMs = performance.now();
  let taken = 0;
  let segmentsMax = 0;
  for (let turn = 0; ; turn++) {
    const elapsedMs = performance.now() - startedAtMs;
    if (elapsedMs >= SECONDS * 1_000) break;
    const due = Math.floor((elapsedMs / 1_000) * ROWS_PER_SECOND) - taken;
    if (due > 0) await takeRows(ledger, due);
    taken += Math.max(0, due);
    if (turn % 100 === 0) segmentsMax = Math.max(segmentsMax, segmentsIn(folder));
    await delay(TURN_MS);
  }
  expect(taken).toBeGreaterThan(0.98 * ROWS_PER_SECOND * SECONDS);
  expect(segmentsMax).toBeLessThanOrEqual(SEGMENTS_MAX);
  await ledger.close();
  const database = new DatabaseSync(join(folder, "ledger.sqlite"), { readOnly: true, timeout: 5_000 });
  const row = database.prepare("SELECT count(*) AS rows FROM attempts WHERE state = 'settled'").get();
  database.close();
  expect(row?.["rows"]).toBe(taken);
  expect(segmentsIn(folder)).toBe(0);
});
