/** Responses stay for an hour and within bounds, each with its own key, and so does who owns Ark's. */
import { describe, expect, test } from "vitest";
import type { KeyId } from "../../../src/core/ids.ts";
import type { ShelfBounds } from "../../../src/memory/expiring-shelf.ts";
import { MemoryResponseStore } from "../../../src/memory/response-store.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { storedResponse } from "../../support/stored-responses.ts";

const ALICE = "alice" as KeyId;
const BOB = "bob" as KeyId;
const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

type Opened = { readonly clock: HandClock; readonly store: MemoryResponseStore };

function open(
  bounds: Partial<ShelfBounds> = {},
  owned: { idsMax?: number; perKeyMax?: number } = {},
): Opened {
  const clock = new HandClock();
  const wide = { idsMax: 100, bytesMax: 1_000_000, ownerIdsMax: 100, ownerBytesMax: 1_000_000 };
  const store = new MemoryResponseStore({
    clock,
    bounds: { ...wide, ...bounds },
    ownedIdsMax: owned.idsMax ?? 100,
    ownedIdsPerKeyMax: owned.perKeyMax ?? 100,
  });
  return { clock, store };
}

function held(store: MemoryResponseStore, keyId: KeyId, ids: readonly string[]): string[] {
  return ids.filter((id) => store.find(keyId, id) !== null);
}

describe("a response", () => {
  test("is found, and removed once, by its own key", () => {
    const { store } = open();
    const response = storedResponse("r1");
    store.keep(ALICE, response);
    expect(store.find(ALICE, "r1")).toBe(response);
    expect([store.find(BOB, "r1"), store.find(ALICE, "r2")]).toEqual([null, null]);
    expect([store.remove(BOB, "r1"), store.remove(ALICE, "r1"), store.remove(ALICE, "r1")]).toEqual([
      false,
      true,
      false,
    ]);
    expect([store.find(ALICE, "r1"), store.size, store.bytes]).toEqual([null, 0, 0]);
  });

  test("stays for an hour, whether it is asked for or not, and whatever the wall clock does", () => {
    const { clock, store } = open();
    store.keep(ALICE, storedResponse("r1"));
    clock.nowWallMs += WEEK_MS;
    clock.advance(HOUR_MS - 1);
    expect(store.find(ALICE, "r1")).not.toBeNull();
    clock.advance(1);
    expect([store.find(ALICE, "r1"), store.remove(ALICE, "r1"), store.size]).toEqual([null, false, 0]);
  });

  test("stays as long as those that go on from it", () => {
    const { clock, store } = open();
    store.keep(ALICE, storedResponse("r1"));
    store.keep(ALICE, storedResponse("r2", "r1"));
    store.keep(ALICE, storedResponse("other"));
    clock.advance(HOUR_MS - 1);
    store.keep(ALICE, storedResponse("r3", "r2"));
    store.keep(BOB, storedResponse("r4", "other"));
    clock.advance(HOUR_MS - 1);
    expect(held(store, ALICE, ["r1", "r2", "r3", "other"])).toEqual(["r1", "r2", "r3"]);
    clock.advance(1);
    expect(held(store, ALICE, ["r1", "r2", "r3"])).toEqual([]);
  });

  test("that goes on from itself, or from what is gone, is kept like any other", () => {
    const { store } = open();
    store.keep(ALICE, storedResponse("r1", "r1"));
    store.keep(ALICE, storedResponse("r1", "r1"));
    store.keep(ALICE, storedResponse("r2", "gone"));
    expect([held(store, ALICE, ["r1", "r2"]), store.size]).toEqual([["r1", "r2"], 2]);
  });
});

describe("bounds", () => {
  test("a key's n-th response pushes out none, the next one its oldest", () => {
    const { store } = open({ ownerIdsMax: 3 });
    store.keep(BOB, storedResponse("b"));
    for (const id of ["r1", "r2", "r3"]) store.keep(ALICE, storedResponse(id));
    expect(store.size).toBe(4);
    store.keep(ALICE, storedResponse("r4"));
    expect(held(store, ALICE, ["r1", "r2", "r3", "r4"])).toEqual(["r2", "r3", "r4"]);
    expect(held(store, BOB, ["b"])).toEqual(["b"]);
  });

  test("all keys' n-th response pushes out none, the next one the oldest", () => {
    const { store } = open({ idsMax: 3 });
    store.keep(BOB, storedResponse("b"));
    for (const id of ["r1", "r2"]) store.keep(ALICE, storedResponse(id));
    expect(store.size).toBe(3);
    store.keep(ALICE, storedResponse("r3"));
    expect([held(store, BOB, ["b"]), store.size]).toEqual([[], 3]);
  });

  test("bytes count too, and a response larger than a key's share is not kept", () => {
    const probe = open().store;
    probe.keep(ALICE, storedResponse("r1"));
    const { store } = open({ ownerBytesMax: 2 * probe.bytes });
    for (const id of ["r1", "r2"]) store.keep(ALICE, storedResponse(id));
    expect(store.size).toBe(2);
    store.keep(ALICE, storedResponse("r3"));
    expect(held(store, ALICE, ["r1", "r2", "r3"])).toEqual(["r2", "r3"]);
    store.keep(ALICE, storedResponse("large", null, "x".repeat(probe.bytes)));
    expect(held(store, ALICE, ["r2", "r3", "large"])).toEqual(["r2", "r3"]);
  });
});

describe("what Ark stores", () => {
  test("is its owner's, and nobody else's; what is not known is nobody's", () => {
    const { store } = open();
    store.own(ALICE, "resp_1");
    store.own(BOB, "resp_1");
    expect([store.isAnothers(ALICE, "resp_1"), store.isAnothers(BOB, "resp_1")]).toEqual([false, true]);
    expect([store.isAnothers(ALICE, "resp_2"), store.isAnothers(BOB, "resp_2")]).toEqual([false, false]);
  });

  test("is known for the week that Ark can store it, from when it was last said", () => {
    const { clock, store } = open();
    store.own(ALICE, "resp_1");
    clock.advance(WEEK_MS - 1);
    store.own(ALICE, "resp_1");
    clock.advance(WEEK_MS - 1);
    expect(store.isAnothers(BOB, "resp_1")).toBe(true);
    clock.advance(1);
    expect(store.isAnothers(BOB, "resp_1")).toBe(false);
  });

  test("has bounds: the n-th id of a key pushes out none, the next one its oldest", () => {
    const { store } = open({}, { perKeyMax: 2 });
    for (const id of ["1", "2"]) store.own(ALICE, id);
    store.own(BOB, "b");
    expect(["1", "2"].map((id) => store.isAnothers(BOB, id))).toEqual([true, true]);
    store.own(ALICE, "3");
    expect(["1", "2", "3"].map((id) => store.isAnothers(BOB, id))).toEqual([false, true, true]);
    expect(store.isAnothers(ALICE, "b")).toBe(true);
  });

  test("has bounds in all, and for an id's length", () => {
    const { store } = open({}, { idsMax: 2 });
    store.own(ALICE, "1");
    store.own(BOB, "2");
    expect([store.isAnothers(BOB, "1"), store.isAnothers(ALICE, "2")]).toEqual([true, true]);
    store.own(BOB, "3");
    expect([store.isAnothers(BOB, "1"), store.isAnothers(ALICE, "3")]).toEqual([false, true]);
    store.own(BOB, "x".repeat(256));
    store.own(BOB, "x".repeat(257));
    expect([256, 257].map((length) => store.isAnothers(ALICE, "x".repeat(length)))).toEqual([true, false]);
  });
});
