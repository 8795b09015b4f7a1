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
const MODEL = "doubao-seed-2-1-pro-260628";
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
    thoughts.remember(ALICE, ["call_1", "call_2"], THOUGHT, MODEL);
    expect(thoughts.recall(ALICE, "call_1", MODEL)).toBe(THOUGHT);
    expect(thoughts.recall(ALICE, "call_2", MODEL)).toBe(THOUGHT);
    expect(thoughts.recall(ALICE, "call_3", MODEL)).toBeNull();
    expect(thoughts.recall(BOB, "call_1", MODEL)).toBeNull();
    expect([thoughts.holdsAnyOf(ALICE), thoughts.holdsAnyOf(BOB)]).toEqual([true, false]);
  });

  test("come back to another model as their text alone", () => {
    const { thoughts } = memory();
    thoughts.remember(ALICE, ["call_1"], OTHER, MODEL);
    thoughts.remember(ALICE, ["call_2"], THOUGHT, MODEL);
    thoughts.remember(ALICE, ["call_3"], { text: null, encrypted: "sealed" }, MODEL);
    const plain = thoughts.recall(ALICE, "call_1", "another");
    expect(plain).toEqual({ text: "嗯", encrypted: null });
    expect(thoughts.recall(ALICE, "call_1", "another")).toBe(plain);
    expect(thoughts.recall(ALICE, "call_1", MODEL)).toBe(OTHER);
    expect(thoughts.recall(ALICE, "call_2", "another")).toBe(THOUGHT);
    expect(thoughts.recall(ALICE, "call_3", "another")).toBeNull();
  });

  test("go an hour after they were last asked for", () => {
    const { clock, thoughts } = memory();
    thoughts.remember(ALICE, ["call_1"], THOUGHT, MODEL);
    thoughts.remember(ALICE, ["call_2"], OTHER, MODEL);
    clock.advance(HOUR_MS - 1);
    expect(thoughts.recall(ALICE, "call_1", MODEL)).toBe(THOUGHT);
    clock.advance(1);
    expect(thoughts.recall(ALICE, "call_2", MODEL)).toBeNull();
    clock.advance(HOUR_MS - 2);
    expect(thoughts.recall(ALICE, "call_1", MODEL)).toBe(THOUGHT);
    clock.advance(HOUR_MS);
    expect(thoughts.recall(ALICE, "call_1", MODEL)).toBeNull();
    expect([thoughts.ids, thoughts.bytes, thoughts.holdsAnyOf(ALICE)]).toEqual([0, 0, false]);
  });

  test("are not kept where there are none, or no id to keep them by", () => {
    const { thoughts } = memory();
    thoughts.remember(ALICE, ["call_1"], { text: null, encrypted: null }, MODEL);
    thoughts.remember(ALICE, [], THOUGHT, MODEL);
    thoughts.remember(ALICE, [""], THOUGHT, MODEL);
    thoughts.remember(ALICE, ["x".repeat(TOOL_CALL_ID_CHARACTERS_MAX + 1)], THOUGHT, MODEL);
    expect(thoughts.ids).toBe(0);
    thoughts.remember(ALICE, ["x".repeat(TOOL_CALL_ID_CHARACTERS_MAX)], THOUGHT, MODEL);
    expect(thoughts.ids).toBe(1);
  });

  test("have so many ids and no more", () => {
    const { thoughts } = memory();
    const ids = Array.from({ length: TOOL_CALL_IDS_MAX + 1 }, (_, index) => `call_${index}`);
    thoughts.remember(ALICE, ids, THOUGHT, MODEL);
    expect(thoughts.recall(ALICE, `call_${TOOL_CALL_IDS_MAX - 1}`, MODEL)).toBe(THOUGHT);
    expect(thoughts.recall(ALICE, `call_${TOOL_CALL_IDS_MAX}`, MODEL)).toBeNull();
  });
});

describe("an id that a model gives more than once", () => {
  test("with the same thoughts stays what it is", () => {
    const { thoughts } = memory();
    thoughts.remember(ALICE, ["f:0", "f:0"], THOUGHT, MODEL);
    thoughts.remember(ALICE, ["f:0"], { ...THOUGHT }, MODEL);
    expect(thoughts.recall(ALICE, "f:0", MODEL)).toEqual(THOUGHT);
    expect(thoughts.ids).toBe(1);
  });

  test("with other thoughts tells none, and the ids beside it stay", () => {
    const { thoughts } = memory();
    thoughts.remember(ALICE, ["f:0", "g:1"], THOUGHT, MODEL);
    thoughts.remember(ALICE, ["f:0", "h:1"], OTHER, MODEL);
    expect(["f:0", "g:1", "h:1"].map((id) => thoughts.recall(ALICE, id, MODEL))).toEqual([
      null,
      THOUGHT,
      OTHER,
    ]);
    thoughts.remember(ALICE, ["f:0"], THOUGHT, MODEL);
    expect(thoughts.recall(ALICE, "f:0", MODEL)).toBeNull();
    thoughts.remember(BOB, ["f:0"], OTHER, MODEL);
    expect(thoughts.recall(BOB, "f:0", MODEL)).toBe(OTHER);
  });
});

describe("bounds", () => {
  const fill = (thoughts: RememberedThoughts, keyId: KeyId, count: number): void => {
    for (let index = 0; index < count; index++) thoughts.remember(keyId, [`call_${index}`], THOUGHT, MODEL);
  };

  test("a key's n-th id pushes out none, the next one its own first", () => {
    const { thoughts } = memory({ ownerIdsMax: 5 });
    fill(thoughts, BOB, 1);
    fill(thoughts, ALICE, 5);
    expect(thoughts.recall(ALICE, "call_0", MODEL)).toBe(THOUGHT);
    // What was just asked for is the youngest.
    thoughts.remember(ALICE, ["call_5"], THOUGHT, MODEL);
    expect(["call_0", "call_1", "call_5"].map((id) => thoughts.recall(ALICE, id, MODEL) !== null)).toEqual([
      true,
      false,
      true,
    ]);
    expect(thoughts.recall(BOB, "call_0", MODEL)).toBe(THOUGHT);
  });

  test("all keys' n-th id pushes out none, the next one the oldest", () => {
    const { thoughts } = memory({ idsMax: 6 });
    fill(thoughts, BOB, 1);
    fill(thoughts, ALICE, 5);
    expect(thoughts.ids).toBe(6);
    thoughts.remember(ALICE, ["call_5"], THOUGHT, MODEL);
    expect([thoughts.ids, thoughts.recall(BOB, "call_0", MODEL)]).toEqual([6, null]);
  });

  test("bytes count as ids do, and a thought larger than a key's share is not kept", () => {
    const one = memory();
    one.thoughts.remember(ALICE, ["call_0"], THOUGHT, MODEL);
    const bytes = one.thoughts.bytes;
    const { thoughts } = memory({ ownerBytesMax: 2 * bytes });
    fill(thoughts, ALICE, 2);
    expect(thoughts.ids).toBe(2);
    fill(thoughts, ALICE, 3);
    expect([thoughts.ids, thoughts.bytes]).toEqual([2, 2 * bytes]);
    thoughts.remember(BOB, ["call_0"], { text: "嗯".repeat(1 + bytes / 2), encrypted: null }, MODEL);
    expect(thoughts.holdsAnyOf(BOB)).toBe(true);
    thoughts.remember(BOB, ["call_1"], { text: "嗯".repeat(2 + bytes / 2), encrypted: null }, MODEL);
    expect(thoughts.recall(BOB, "call_1", MODEL)).toBeNull();
  });
});
