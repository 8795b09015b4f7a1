/** Whichever storage call fails, with whatever error: the ledger goes on or says so, and loses nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { Seeded } from "../support/seeded.ts";
import { countPoints, type Point, STORAGE_CALLS } from "../support/storage/points.ts";
import { brokenPromises, inParallel, recover } from "../support/storage/promises.ts";
import { requireStrace, runLedger } from "../support/storage/strace.ts";

const ERRORS = ["EIO", "ENOSPC", "EROFS", "EDQUOT"] as const;
const POINTS_PER_ERROR = 60;
const ATTEMPTS = 60;
const AT_ONCE = 3;
const WRONG_SHOWN_MAX = 5;
/** One call, some in a row, or all from there on. */
const REACHES = ["", "..+3", "+"] as const;

beforeAll(requireStrace);

type Case = { readonly point: Point; readonly error: string; readonly reach: string };

function casesOf(points: readonly Point[]): Case[] {
  const random = new Seeded(7);
  const [first, ...more] = points;
  if (first === undefined) throw new Error("a run has made no storage call");
  return ERRORS.flatMap((error) =>
    Array.from({ length: POINTS_PER_ERROR }, () => ({
      point: random.pick([first, ...more]),
      error,
      reach: random.pick([...REACHES]),
    })),
  );
}

test("errors at storage calls, once, for a while, and for good", { timeout: 600_000 }, async () => {
  const points = [...(await countPoints("process", ATTEMPTS)), ...(await countPoints("power", ATTEMPTS))];
  const wrong: string[] = [];
  let failed = 0;
  let unharmed = 0;
  await inParallel(casesOf(points), AT_ONCE, async ({ point, error, reach }) => {
    const folder = mkdtempSync(join(tmpdir(), "ledger-error-"));
    const { durability, path, when } = point;
    const name = `${durability} ${path} call ${when}${reach} ${error}`;
    const inject = ["-P", folder + path, "-e", `inject=${STORAGE_CALLS}:error=${error}:when=${when}${reach}`];
    const run = { folder, durability, attempts: ATTEMPTS };
    const { output, error: complaint, signal } = await runLedger(["-o", "/dev/null", ...inject], run);
    if (signal !== null) wrong.push(`${name}: hung`);
    if (output.includes("CLOSED")) unharmed++;
    else failed++;
    // Whoever cannot go on says why.
    if (!output.includes("CLOSED") && !/Error|error/.test(complaint)) wrong.push(`${name}: ended in silence`);
    const broken = brokenPromises(output.split("\n"), await recover(folder), { written: true });
    wrong.push(...broken.map((what) => `${name}: ${what}`));
    rmSync(folder, { recursive: true });
  });
  expect(wrong.slice(0, WRONG_SHOWN_MAX)).toEqual([]);
  expect(unharmed).toBeGreaterThan(failed);
});
