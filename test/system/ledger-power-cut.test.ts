/** The power cut at any instant, a ledger of `durability: power` has each answer that it had let end. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Seeded } from "../support/seeded.ts";
import { type Mercy, PowerCuts } from "../support/storage/power-cut.ts";
import { brokenPromises, inParallel, recover } from "../support/storage/promises.ts";
import { readStorageTrace, type StorageEvent, TRACED_CALLS } from "../support/storage/storage-trace.ts";
import { requireStrace, runLedger } from "../support/storage/strace.ts";

const IMAGES = Number(process.env["VOLCANO_POWER_CUTS"] ?? 1_000);
const ATTEMPTS = 100;
const AT_ONCE = 4;
const SEED = 20_261_123;
const WRONG_SHOWN_MAX = 5;
const STRING_BYTES_MAX = 1_000_000;

let folder = "";
let events: readonly StorageEvent[] = [];

beforeAll(async () => {
  requireStrace();
  folder = mkdtempSync(join(tmpdir(), "ledger-power-"));
  const trace = `${folder}.trace`;
  const options = ["-y", "-xx", "-s", String(STRING_BYTES_MAX), "-o", trace];
  const run = { folder, durability: "power", attempts: ATTEMPTS } as const;
  const { output, error } = await runLedger([...options, "-e", `trace=${TRACED_CALLS.join(",")}`], run);
  expect(output, error).toContain("CLOSED");
  events = readStorageTrace(readFileSync(trace, "utf8"), folder);
  rmSync(folder, { recursive: true });
  rmSync(trace);
}, 120_000);

/** What is broken after cuts at so many moments, spread over the trace; each with chance of its own. */
async function cutOften(traced: readonly StorageEvent[], images: number): Promise<string[]> {
  const cuts = new PowerCuts(traced, folder);
  const lastAt = traced.at(-1)?.at ?? 0;
  const wrong: string[] = [];
  const numbers = Array.from({ length: images }, (_, index) => index);
  await inParallel(numbers, AT_ONCE, async (number) => {
    const random = new Seeded(SEED + number);
    const at = 1 + random.below(lastAt + 1);
    const mercy = random.pick<Mercy>(["none", "some", "some", "all"]);
    const into = mkdtempSync(join(tmpdir(), "ledger-image-"));
    cuts.writeImage(at, mercy, random, into);
    try {
      const rows = await recover(into);
      const broken = brokenPromises(cuts.promisesBefore(at), rows, { written: false });
      wrong.push(...broken.map((what) => `image ${number}, line ${at}, mercy ${mercy}: ${what}`));
    } catch (error) {
      wrong.push(`image ${number}, line ${at}, mercy ${mercy}: ${String(error)}`);
    }
    rmSync(into, { recursive: true });
  });
  return wrong;
}

describe("the power cut at any instant", () => {
  test("the trace is worth it: rows were kept, segments came and went", () => {
    const promises = events.filter((event) => event.kind === "promise");
    const kept = promises.filter(({ text }) => text.startsWith("K "));
    expect(kept.length).toBeGreaterThanOrEqual(ATTEMPTS);
    const removed = events.filter((event) => event.kind === "remove");
    expect(removed.some(({ file }) => file.path.includes("journal"))).toBe(true);
  });

  test(`${IMAGES} images of the disk: nothing kept is missing`, { timeout: 900_000 }, async () => {
    expect((await cutOften(events, IMAGES)).slice(0, WRONG_SHOWN_MAX)).toEqual([]);
  });

  test("the same test fails where the journal is never synced", { timeout: 300_000 }, async () => {
    const isJournal = (event: StorageEvent): boolean =>
      event.kind === "sync" && event.file.path.includes("journal");
    const unsynced = events.filter((event) => !isJournal(event));
    expect(unsynced.length).toBeLessThan(events.length);
    expect((await cutOften(unsynced, 60)).some((what) => what.includes("was kept"))).toBe(true);
  });
});
