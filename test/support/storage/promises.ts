/** What a ledger has promised, held against what it has after it was opened again. */
import { DurableLedger } from "../../../src/ledger/durable-ledger.ts";
import { readStoredRows, type StoredRow } from "./ledger-rows.ts";

const SILENT = { info() {}, warn() {}, error() {} };
const FINAL_STATES = ["settled", "interrupted"];

/** Opens the folder as the next start would, closes it, and gives the rows. */
export async function recover(folder: string): Promise<StoredRow[]> {
  const ledger = await DurableLedger.open({
    folder,
    durability: "process",
    onFailure: "refuse",
    retentionMs: 3_650 * 86_400_000,
    log: SILENT,
    segmentBytes: 16_384,
  });
  await ledger.close();
  return readStoredRows(folder);
}

/**
 * What is broken of `W id` (the row is there) and `K id tokens` (it is settled with those tokens). Where only
 * a power cut is to be outlived, and the process had no time to say more, rows that were just written may go.
 */
export function brokenPromises(
  promises: readonly string[],
  rows: readonly StoredRow[],
  kinds: { readonly written: boolean },
): string[] {
  const byId = new Map(rows.map((row) => [row.attempt_id, row]));
  const broken: string[] = [];
  if (byId.size !== rows.length) broken.push("an attempt has two rows");
  for (const row of rows) {
    if (!FINAL_STATES.includes(row.state)) broken.push(`${row.attempt_id} is still ${row.state}`);
    if (row.state === "interrupted" && row.provenance !== "estimated")
      broken.push(`${row.attempt_id} is bare`);
  }
  for (const promise of promises) {
    const [kind, id = "", tokens] = promise.split(" ");
    const row = byId.get(id);
    if (kind === "W" && kinds.written && row === undefined) broken.push(`${id} was written, and is gone`);
    if (kind !== "K") continue;
    if (row === undefined) broken.push(`${id} was kept, and is gone`);
    else if (row.state !== "settled" || String(row.output_tokens) !== tokens) {
      broken.push(`${id} was kept with ${tokens} tokens, and is ${row.state} with ${row.output_tokens}`);
    }
  }
  return broken;
}

/** Runs the tasks, so many at once; the first that fails ends it. */
export async function inParallel<Item>(
  items: readonly Item[],
  atOnce: number,
  task: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) await task(item, index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
