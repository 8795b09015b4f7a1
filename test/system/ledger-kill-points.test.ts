/** Killed at any of its storage calls, a ledger has kept what it had promised. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { countPoints, STORAGE_CALLS } from "../support/storage/points.ts";
import { brokenPromises, inParallel, recover } from "../support/storage/promises.ts";
import { requireStrace, runLedger } from "../support/storage/strace.ts";

const POINTS_LEAST = 500;
const ATTEMPTS = 140;
const AT_ONCE = 3;
const WRONG_SHOWN_MAX = 5;

beforeAll(requireStrace);

test("at every storage call of a run", { timeout: 900_000 }, async () => {
  const points = [...(await countPoints("process", ATTEMPTS)), ...(await countPoints("power", ATTEMPTS))];
  const wrong: string[] = [];
  let killed = 0;
  await inParallel(points, AT_ONCE, async ({ durability, path, when }) => {
    const folder = mkdtempSync(join(tmpdir(), "ledger-kill-"));
    const inject = ["-P", folder + path, "-e", `inject=${STORAGE_CALLS}:signal=KILL:when=${when}`];
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
