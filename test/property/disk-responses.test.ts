/** Whatever is kept, removed, damaged and restarted, a store on a disk tells what one in memory tells. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyId } from "../../src/core/ids.ts";
import { DiskResponseStore } from "../../src/memory/disk-response-store.ts";
import type { ShelfBounds } from "../../src/memory/expiring-shelf.ts";
import { MemoryResponseStore } from "../../src/memory/response-store.ts";
import { Choices } from "../support/choices.ts";
import { HandClock } from "../support/hand-clock.ts";
import { storedResponse } from "../support/stored-responses.ts";

const RUNS = Math.min(2_000, Number(process.env["VOLCANO_PROPERTY_RUNS"] ?? 120));
const OWNERS = ["a", "b"] as KeyId[];
const IDS = ["1", "2", "3", "4"];
const SECRET = Buffer.alloc(32, "s");
const KEEP_MS = 1_000;
const bounds: ShelfBounds = { idsMax: 6, bytesMax: 100_000, ownerIdsMax: 4, ownerBytesMax: 100_000 };

async function runHistory(choices: Choices, path: string): Promise<void> {
  const clock = new HandClock();
  const settings = { path, secret: SECRET, clock, keepMs: KEEP_MS, bounds, alarm: clock.alarm };
  const onFailure = (error: unknown): never => {
    throw error;
  };
  let disk = await DiskResponseStore.open({ ...settings, onFailure });
  const memory = new MemoryResponseStore({ clock, keepMs: KEEP_MS, bounds });
  for (let steps = 3 + choices.below(24); steps > 0; steps--) {
    const owner = choices.pick(OWNERS);
    const id = choices.pick(IDS);
    switch (choices.below(6)) {
      case 0:
        await disk.close();
        disk = await DiskResponseStore.open({ ...settings, onFailure });
        break;
      case 1:
        clock.advance(choices.pick([1, 300, 999, 1_000]));
        break;
      case 2:
        expect(disk.remove(owner, id)).toBe(memory.remove(owner, id));
        break;
      default: {
        const response = storedResponse(id, choices.pick([null, ...IDS]), choices.pick(["", "嗯", "x"]));
        disk.keep(owner, response);
        memory.keep(owner, response);
      }
    }
    for (const each of OWNERS) {
      expect(IDS.map((any) => disk.find(each, any))).toEqual(IDS.map((any) => memory.find(each, any)));
    }
  }
  await disk.close();
}

test("over random histories with restarts", { timeout: 30_000 + 100 * RUNS }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "responses-"));
  let histories = 0;
  const property = fc.asyncProperty(fc.uint8Array({ maxLength: 160, size: "max" }), async (bytes) => {
    await runHistory(new Choices(bytes), join(folder, `${histories++}.sealed`));
  });
  try {
    await fc.assert(property, { numRuns: RUNS, seed: 1 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
