/**
 * A process that keeps a ledger and says on standard output what the ledger has promised: `W id` once a row
 * is written, `K id tokens` once its figures are kept. Its words: folder, durability, number of attempts.
 */
import { writeSync } from "node:fs";
import { newRequestId } from "../../../src/core/ids.ts";
import { DurableLedger } from "../../../src/ledger/durable-ledger.ts";
import type { AttemptOpened } from "../../../src/ledger/ledger.ts";
import { openedRow, settledWith } from "../attempt-rows.ts";

const STANDARD_OUTPUT = 1;
/** Small, so that many are begun and removed. */
const SEGMENT_BYTES = 16_384;
/** Attempts that share a turn of the event loop, in turn. */
const AT_ONCE = [1, 1, 1, 4];
/** Long enough for the ledger's thread to do some of its work meanwhile. */
const PAUSE_MS = 4;

function say(text: string): void {
  writeSync(STANDARD_OUTPUT, `${text}\n`);
}

function opened(number: number): AttemptOpened {
  const wallMs = 1_795_000_000_000 + number;
  return openedRow(newRequestId(wallMs), {
    clientRequestId: `call-${number}`,
    openedAtWallMs: wallMs,
    upstreamModel: "ep-20250218144306-sshj5",
  });
}

const SILENT = { info() {}, warn() {}, error() {} };

async function attempt(ledger: DurableLedger, number: number): Promise<void> {
  const row = opened(number);
  const open = ledger.open(row);
  await ledger.written();
  say(`W ${row.attemptId}`);
  const tokens = 100 + number;
  open.settle(settledWith(row.attemptId, tokens));
  await ledger.kept();
  say(`K ${row.attemptId} ${tokens}`);
}

async function main([folder = "", durability = "", count = ""]: readonly string[]): Promise<void> {
  const ledger = await DurableLedger.open({
    folder,
    durability: durability === "power" ? "power" : "process",
    onFailure: "refuse",
    retentionMs: 90 * 86_400_000,
    log: SILENT,
    segmentBytes: SEGMENT_BYTES,
  });
  say("READY");
  let next = 0;
  for (let group = 0; next < Number(count); group++) {
    const atOnce = AT_ONCE[group % AT_ONCE.length] ?? 1;
    await Promise.all(Array.from({ length: atOnce }, () => attempt(ledger, next++)));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  await ledger.close();
  say("CLOSED");
}

await main(process.argv.slice(2));
