/** The storage calls of a ledger's run, as the points at which something may go wrong. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runLedger } from "./strace.ts";

export const STORAGE_CALLS = "openat,mkdir,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink";

export type Durability = "process" | "power";

/** The n-th call on a file, as strace counts: by thread. The path begins behind the data folder's. */
export type Point = { readonly durability: Durability; readonly path: string; readonly when: number };

/** Of one whole run: for each file as many as the busiest thread has made. Throws where the run fails. */
export async function countPoints(durability: Durability, attempts: number): Promise<Point[]> {
  const folder = mkdtempSync(join(tmpdir(), "ledger-points-"));
  const trace = `${folder}.trace`;
  const options = ["-y", "-o", trace, "-e", `trace=${STORAGE_CALLS}`];
  const { output, error } = await runLedger(options, { folder, durability, attempts });
  if (!output.includes("CLOSED")) throw new Error(`the run has failed: ${error}`);
  const counts = new Map<string, number>();
  for (const line of readFileSync(trace, "utf8").split("\n")) {
    const [, thread, descriptor, name] = /^(\d+) +\w+\((?:\d+<([^>]+)>|[^"]*"([^"]+)")/.exec(line) ?? [];
    const path = descriptor ?? name;
    if (path?.startsWith(`${folder}/`) !== true) continue;
    const key = `${thread} ${path.slice(folder.length)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  rmSync(folder, { recursive: true });
  rmSync(trace);
  const highest = new Map<string, number>();
  for (const [key, count] of counts) {
    const path = key.slice(key.indexOf(" ") + 1);
    highest.set(path, Math.max(count, highest.get(path) ?? 0));
  }
  return [...highest].flatMap(([path, count]) =>
    Array.from({ length: count }, (_, index) => ({ durability, path, when: index + 1 })),
  );
}
