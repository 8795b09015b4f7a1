/** Killed at any of its storage calls, a ledger has kept what it had promised. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { brokenPromises, inParallel, recover } from "../support/storage/promises.ts";
import { requireStrace, runLedger } from "../support/storage/strace.ts";

const CALLS = "openat,mkdir,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink";
const POINTS_LEAST = 500;
const ATTEMPTS = 140;
const AT_ONCE = 3;
const WRONG_SHOWN_MAX = 5;

type Durability = "process" | "power";
type Point = { readonly durability: Durability; readonly path: string; readonly when: number };

beforeAll(requireStrace);

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "ledger-kill-"));
}

/** The storage calls of one whole run: for each file the highest count of any thread, as strace counts. */
async function countPoints(durability: Durability): Promise<Point[]> {
  const folder = newFolder();
  const trace = join(folder, "..", `${folder.split("/").at(-1)}.trace`);
  const run = { folder, durability, attempts: ATTEMPTS };
  const { output, error } = await runLedger(["-y", "-o", trace, "-e", `trace=${CALLS}`], run);
  expect(output, error).toContain("CLOSED");
  const counts = new Map<string, number>();
  for (const line of readFileSync(trace, "utf8").split("\n")) {
    const call = /^(\d+) +\w+\((?:\d+<([^>]+)>|"([^"]+)")/.exec(line);
    const path = call?.[2] ?? call?.[3];
    if (path?.startsWith(folder) !== true) continue;
    const key = `${call?.[1]} ${path.slice(folder.length)}`;
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

test("at every storage call of a run", { timeout: 600_000 }, async () => {
  const points = [...(await countPoints("process")), ...(await countPoints("power"))];
  expect(points.length).toBeGreaterThanOrEqual(POINTS_LEAST);
  const wrong: string[] = [];
  let killed = 0;
  await inParallel(points, AT_ONCE, async ({ durability, path, when }) => {
    const folder = newFolder();
    const inject = ["-P", folder + path, "-e", `inject=${CALLS}:signal=KILL:when=${when}`];
    const run = { folder, durability, attempts: ATTEMPTS };
    const { output } = await runLedger(["-o", "/dev/null", ...inject], run);
    if (!output.includes("CLOSED")) killed++;
    const broken = brokenPromises(output.split("\n"), await recover(folder), { written: true });
    wrong.push(...broken.map((what) => `${path} call ${when}: ${what}`));
    rmSync(folder, { recursive: true });
  });
  expect(wrong.slice(0, WRONG_SHOWN_MAX)).toEqual([]);
  // Not every run makes the same calls in the same number: some end before their point.
  expect(killed).toBeGreaterThanOrEqual(POINTS_LEAST);
});
