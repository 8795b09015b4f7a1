/** What the simulator keeps of responses: whose, how long, how much, and how a list of it is cut. */
import { describe, expect, test } from "vitest";
import type { ConversationItem } from "../../../src/simulator/responses/input-items.ts";
import { readListQuery, renderInputList } from "../../../src/simulator/responses/input-list.ts";
import { type StoredResponse, StoredResponses } from "../../../src/simulator/responses/stored-responses.ts";

const NOW_S = 1_790_000_000;

function message(id: string, text = id): ConversationItem {
  return { type: "message", role: "user", content: [{ type: "input_text", text }], id };
}

function response(id: string, more: Partial<StoredResponse> = {}): StoredResponse {
  const input = [message(`in_${id}`)];
  const output = [message(`out_${id}`)];
  return { id, body: "{}", previousId: null, input, output, expireAtS: NOW_S + 10, ...more };
}

function store(responsesMax = 10, charactersMax = 10_000, wallMs = () => NOW_S * 1_000): StoredResponses {
  return new StoredResponses({ responsesMax, charactersMax }, wallMs);
}

function idsOf(items: readonly ConversationItem[]): string[] {
  return items.map((item) => item.id);
}

describe("stored responses", () => {
  test("belong to the key that made them", () => {
    const stored = store();
    stored.add("mine", response("a"));
    expect(stored.get("mine", "a")?.id).toBe("a");
    expect(stored.get("yours", "a")).toBeNull();
    expect(stored.item("mine", "out_a")?.id).toBe("out_a");
    expect(stored.item("yours", "out_a")).toBeNull();
    expect(stored.delete("yours", "a")).toBe(false);
    expect(stored.delete("mine", "a")).toBe(true);
    expect(stored.delete("mine", "a")).toBe(false);
  });

  test("are gone in the second in which they expire, and not before", () => {
    let wallMs = (NOW_S + 10) * 1_000 - 1;
    const stored = store(10, 10_000, () => wallMs);
    stored.add("mine", response("a"));
    expect(stored.get("mine", "a")).not.toBeNull();
    wallMs++;
    expect(stored.item("mine", "in_a")).toBeNull();
    expect(stored.get("mine", "a")).toBeNull();
    expect(stored.size).toBe(0);
  });

  test("are at most so many; the oldest goes for one more", () => {
    const stored = store(2);
    for (const id of ["a", "b"]) stored.add("mine", response(id));
    expect(stored.get("mine", "a")).not.toBeNull();
    stored.add("yours", response("c"));
    expect(stored.get("mine", "a")).toBeNull();
    expect(stored.get("mine", "b")).not.toBeNull();
    expect(stored.get("yours", "c")).not.toBeNull();
  });

  test("have at most so many characters; the oldest goes for one more", () => {
    const characters = JSON.stringify([message("in_a")]).length;
    const two = 2 * (characters + 100);
    for (const [surplus, kept] of [
      [0, true],
      [1, false],
    ] as const) {
      const stored = store(10, two);
      stored.add("mine", response("a", { body: "x".repeat(100) }));
      stored.add("mine", response("b", { body: "x".repeat(100 + surplus) }));
      expect(stored.get("mine", "a") !== null).toBe(kept);
      expect(stored.get("mine", "b")).not.toBeNull();
    }
  });

  test("make a conversation, which begins after what was deleted", () => {
    const stored = store();
    stored.add("mine", response("a"));
    stored.add("mine", response("b", { previousId: "a" }));
    stored.add("mine", response("c", { previousId: "b" }));
    expect(idsOf(stored.conversation("mine", "c"))).toEqual([
      "in_a",
      "out_a",
      "in_b",
      "out_b",
      "in_c",
      "out_c",
    ]);
    stored.delete("mine", "b");
    expect(idsOf(stored.conversation("mine", "c"))).toEqual(["in_c", "out_c"]);
    expect(stored.conversation("yours", "c")).toEqual([]);
    expect(stored.conversation("mine", null)).toEqual([]);
  });

  test("end a conversation that would go round in a circle", () => {
    const stored = store();
    stored.add("mine", response("a", { previousId: "b" }));
    stored.add("mine", response("b", { previousId: "a" }));
    expect(stored.conversation("mine", "a")).toHaveLength(4);
  });
});

describe("a list of input items", () => {
  const items = ["1", "2", "3", "4"].map((id) => message(id));

  function listed(query: string): { data: { id: string }[]; has_more: boolean; ids: string[] } {
    const list = JSON.parse(renderInputList(items, readListQuery(query)));
    expect(list.object).toBe("list");
    expect(list.first_id).toBe(list.data[0]?.id ?? "");
    expect(list.last_id).toBe(list.data.at(-1)?.id ?? "");
    return { ...list, ids: list.data.map((item: { id: string }) => item.id) };
  }

  test.each([
    ["", ["4", "3", "2", "1"], false],
    ["order=asc", ["1", "2", "3", "4"], false],
    ["order=asc&limit=3", ["1", "2", "3"], true],
    ["order=asc&limit=4", ["1", "2", "3", "4"], false],
    ["order=asc&after=2", ["3", "4"], false],
    ["after=2", ["1"], false],
    ["order=asc&before=3", ["1", "2"], false],
    ["order=asc&after=1&before=4", ["2", "3"], false],
    ["order=asc&after=4&before=1", [], false],
  ])("of %s", (query, ids, hasMore) => {
    const list = listed(query);
    expect(list.ids).toEqual(ids);
    expect(list.has_more).toBe(hasMore);
  });

  test.each(["limit=0", "limit=101", "limit=x", "order=up", "after=9", "before=9"])("refuses %s", (query) => {
    expect(() => listed(query)).toThrow();
  });

  test.each(["limit=1", "limit=100"])("takes %s", (query) => {
    expect(() => listed(query)).not.toThrow();
  });

  test("has twenty where nothing is said", () => {
    const many = Array.from({ length: 21 }, (_, index) => message(String(index)));
    const list = JSON.parse(renderInputList(many, readListQuery("")));
    expect(list.data).toHaveLength(20);
    expect(list.has_more).toBe(true);
  });

  test("shows where an image is only to those who ask", () => {
    const image = { type: "input_image", image_url: "http://a.example/cat.png" };
    const item: ConversationItem = { type: "message", role: "user", content: [image], id: "1" };
    expect(renderInputList([item], readListQuery(""))).not.toContain("cat.png");
    const asked = "include[]=message.input_image.image_url";
    expect(renderInputList([item], readListQuery(asked))).toContain("cat.png");
  });
});
