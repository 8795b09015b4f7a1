/** What a model thought comes back by any of its calls' ids: to its own key, for an hour, within bounds. */
import { describe, expect, test } from "vitest";
import type { KeyId } from "../../../src/core/ids.ts";
import type { ShelfBounds } from "../../../src/memory/expiring-shelf.ts";
import {
  RememberedThoughts,
  TOOL_CALL_ID_CHARACTERS_MAX,
  TOOL_CALL_IDS_MAX,
} from "../../../src/memory/reasoning-memory.ts";
import { HandClock } from "../../support/hand-clock.ts";

const ALICE = "alice" as KeyId;
const BOB = "bob" as KeyId;
const HOUR_MS = 3_600_000;
const THOUGHT = { text: "嗯", encrypted: null };
const OTHER = { text: "嗯", encrypted: "sealed" };

function memory(bounds?: Partial<ShelfBounds>): { clock: HandClock; thoughts: RememberedThoughts } {
  const clock = new HandClock();
  const wide = { idsMax: 100, bytesMax: 1_000_000, ownerIdsMax: 100, ownerBytesMax: 1_000_000 };
  return { clock, thoughts: new RememberedThoughts({ clock, bounds: { ...wide, ...bounds } }) };
}

describe("thoughts", () => {
  test("come back by each id of their answer, to their own key alone", () => {
    const { thoughts } = memory();
    expect(thoughts.holdsAnyOf(ALICE)).toBe(false);
    thoughts.remember(ALICE, ["call_1", "call_2"], THOUGHT);
    expect(thoughts.recall(ALICE, "call_1")).toBe(THOUGHT);
    expect(thoughts.recall(ALICE, "call_2")).toBe(THOUGHT);
    expect(thoughts.recall(ALICE, "call_3")).toBeNull();
    expect(thoughts.recall(BOB, "call_1")).toBeNull();
    expect([thoughts.holdsAnyOf(ALICE), thoughts.holdsAnyOf(BOB)]).toEqual([true, false]);
  });

  test("go an hour after they were last asked for", () => {
    const { clock, thoughts } = memory();
    thoughts.remember(ALICE, ["call_1"], THOUGHT);
    thoughts.remember(ALICE, ["call_2"], OTHER);
    clock.advance(HOUR_MS - 1);
    expect(thoughts.recall(ALICE, "call_1")).toBe(THOUGHT);
    clock.advance(1);
    expect(thoughts.recall(ALICE, "call_2")).toBeNull();
    clock.advance(HOUR_MS - 2);
    expect(thoughts.recall(ALICE, "call_1")).toBe(THOUGHT);
    clock.advance(HOUR_MS);
    expect(thoughts.recall(ALICE, "call_1")).toBeNull();
    expect([thoughts.ids, thoughts.bytes, thoughts.holdsAnyOf(ALICE)]).toEqual([0, 0, false]);
  });

  test("are not kept where there are none, or no id to keep them by", () => {
    const { thoughts } = memory();
    thoughts.remember(ALICE, ["call_1"], { text: null, encrypted: null });
    thoughts.remember(ALICE, [], THOUGHT);
    thoughts.remember(ALICE, [""], THOUGHT);
    thoughts.remember(ALICE, ["x".repeat(TOOL_CALL_ID_CHARACTERS_MAX + 1)], THOUGHT);
    expect(thoughts.ids).toBe(0);
    thoughts.remember(ALICE, ["x".repeat(TOOL_CALL_ID_CHARACTERS_MAX)], THOUGHT);
    expect(thoughts.ids).toBe(1);
  });

  test("have so many ids and no more", () => {
    const { thoughts } = memory();
    const ids = Array.from({ length: TOOL_CALL_IDS_MAX + 1 }, (_, index) => `call_${index}`);
    thoughts.remember(ALICE, ids, THOUGHT);
    expect(thoughts.recall(ALICE, `call_${TOOL_CALL_IDS_MAX - 1}`)).toBe(THOUGHT);
    expect(thoughts.recall(ALICE, `call_${TOOL_CALL_IDS_MAX}`)).toBeNull();
  });
});

describe("an id that a model gives more than once", () => {
  test("with the same thoughts stays what it is", () => {
    const { thoughts } = memory();
    thoughts.remember(ALICE, ["f:0", "f:0"], THOUGHT);
    thoughts.remember(ALICE, ["f:0"], { ...THOUGHT });
    expect(thoughts.recall(ALICE, "f:0")).toEqual(THOUGHT);
    expect(thoughts.ids).toBe(1);
  });

  test("with other thoughts tells none, and the ids beside it stay", () => {
    const { thoughts } = memory();
    thoughts.remember(ALICE, ["f:0", "g:1"], THOUGHT);
    thoughts.remember(ALICE, ["f:0", "h:1"], OTHER);
    expect(["f:0", "g:1", "h:1"].map((id) => thoughts.recall(ALICE, id))).toEqual([null, THOUGHT, OTHER]);
    thoughts.remember(ALICE, ["f:0"], THOUGHT);
    expect(thoughts.recall(ALICE, "f:0")).toBeNull();
    thoughts.remember(BOB, ["f:0"], OTHER);
    expect(thoughts.recall(BOB, "f:0")).toBe(OTHER);
  });
});

describe("bounds", () => {
  const fill = (thoughts: RememberedThoughts, keyId: KeyId, count: number): void => {
    for (let index = 0; index < count; index++) thoughts.remember(keyId, [`call_${index}`], THOUGHT);
  };

  test("a key's n-th id pushes out none, the next one its own first", () => {
    const { thoughts } = memory({ ownerIdsMax: 5 });
    fill(thoughts, BOB, 1);
    fill(thoughts, ALICE, 5);
    expect(thoughts.recall(ALICE, "call_0")).toBe(THOUGHT);
    // What was just asked for is the youngest.
    thoughts.remember(ALICE, ["call_5"], THOUGHT);
    expect(["call_0", "call_1", "call_5"].map((id) => thoughts.recall(ALICE, id) !== null)).toEqual([
      true,
      false,
      true,
    ]);
    expect(thoughts.recall(BOB, "call_0")).toBe(THOUGHT);
  });

  test("all keys' n-th id pushes out none, the next one the oldest", () => {
    const { thoughts } = memory({ idsMax: 6 });
    fill(thoughts, BOB, 1);
    fill(thoughts, ALICE, 5);
    expect(thoughts.ids).toBe(6);
    thoughts.remember(ALICE, ["call_5"], THOUGHT);
    expect([thoughts.ids, thoughts.recall(BOB, "call_0")]).toEqual([6, null]);
  });

  test("bytes count as ids do, and a thought larger than a key's share is not kept", () => {
    const one = memory();
    one.thoughts.remember(ALICE, ["call_0"], THOUGHT);
    const bytes = one.thoughts.bytes;
    const { thoughts } = memory({ ownerBytesMax: 2 * bytes });
    fill(thoughts, ALICE, 2);
    expect(thoughts.ids).toBe(2);
    fill(thoughts, ALICE, 3);
    expect([thoughts.ids, thoughts.bytes]).toEqual([2, 2 * bytes]);
    thoughts.remember(BOB, ["call_0"], { text: "嗯".repeat(1 + bytes / 2), encrypted: null });
    expect(thoughts.holdsAnyOf(BOB)).toBe(true);
    thoughts.remember(BOB, ["call_1"], { text: "嗯".repeat(2 + bytes / 2), encrypted: null });
    expect(thoughts.recall(BOB, "call_1")).toBeNull();
  });
});
