/** Whatever is put, found, renewed and removed, a shelf holds what a plain list with the same rules holds. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyId } from "../../src/core/ids.ts";
import { ExpiringShelf, type ShelfBounds, type Shelved } from "../../src/memory/expiring-shelf.ts";
import { Choices } from "../support/choices.ts";
import { HandClock } from "../support/hand-clock.ts";
import { NaiveShelf } from "../support/naive-shelf.ts";

const RUNS = Number(process.env["VOLCANO_PROPERTY_RUNS"] ?? 3_000);
const OWNERS = ["a", "b", "c"] as KeyId[];
const IDS = ["1", "2", "3", "4", "5", "6"];
const KEEP_MS = 100;
const bounds: ShelfBounds = { idsMax: 8, bytesMax: 90, ownerIdsMax: 5, ownerBytesMax: 60 };

function runHistory(choices: Choices): void {
  const clock = new HandClock();
  const gone: Shelved[] = [];
  const put: Shelved[] = [];
  const shelf = new ExpiringShelf<Shelved>({
    clock,
    keepMs: KEEP_MS,
    bounds,
    onGone: (item) => gone.push(item),
  });
  const naive = new NaiveShelf<Shelved>(bounds, KEEP_MS);
  for (let steps = 4 + choices.below(40); steps > 0; steps--) {
    const owner = choices.pick(OWNERS);
    const id = choices.pick(IDS);
    const nowMs = clock.monotonicMs();
    switch (choices.below(6)) {
      case 0:
        clock.advance(choices.pick([1, 30, 99, 100, 101]));
        break;
      case 1:
        shelf.renew(owner, id);
        naive.renew(owner, id, nowMs);
        break;
      case 2:
        expect(shelf.remove(owner, id)).toBe(naive.remove(owner, id, nowMs));
        break;
      default: {
        const ids = new Set([id]);
        for (let more = choices.below(4); more > 0; more--) ids.add(choices.pick(IDS));
        const item = { owner, ids: [...ids], bytes: choices.pick([1, 10, 25, 59, 60, 61]) };
        const wasPut = shelf.put(item);
        expect(wasPut).toBe(naive.put(item, nowMs));
        if (wasPut) put.push(item);
      }
    }
    shelf.dropExpired();
    naive.expire(clock.monotonicMs());
    expect([shelf.ids, shelf.bytes]).toEqual([naive.ids, naive.bytes]);
    expect(shelf.ids).toBeLessThanOrEqual(bounds.idsMax);
    expect(shelf.bytes).toBeLessThanOrEqual(bounds.bytesMax);
    for (const each of OWNERS) {
      const held = IDS.map((any) => shelf.find(each, any));
      expect(held).toEqual(IDS.map((any) => naive.find(each, any, clock.monotonicMs())));
      expect(shelf.holdsAnyOf(each)).toBe(held.some((item) => item !== null));
    }
  }
  const left = shelf.entries().map(({ item }) => item);
  expect(new Set([...left, ...gone])).toEqual(new Set(put));
  expect(left.length + gone.length).toBe(put.length);
  clock.advance(KEEP_MS);
  shelf.dropExpired();
  expect([shelf.ids, shelf.bytes, shelf.entries()]).toEqual([0, 0, []]);
}

test("a shelf acts as its naive twin, and tells of each thing that goes once", {
  timeout: 20_000 + RUNS,
}, () => {
  const property = fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), (bytes) => {
    runHistory(new Choices(bytes));
  });
  fc.assert(property, { numRuns: RUNS, seed: 1 });
});
