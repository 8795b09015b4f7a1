/** Proves which names count as near, and that long names cost no more than short ones. */
import { describe, expect, test } from "vitest";
import { editDistance, nearestName, nearestNames } from "../../../src/core/nearest-name.ts";

describe("editDistance", () => {
  test.each([
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["port", "prot", 1],
    ["kitten", "sitting", 3],
    ["base_url", "base_urls", 1],
    ["ca", "abc", 3],
  ])("from %j to %j", (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance);
  });

  test("looks at 64 characters and no further", () => {
    expect(editDistance(`${"a".repeat(63)}b`, `${"a".repeat(63)}c`)).toBe(1);
    expect(editDistance(`${"a".repeat(64)}b`, `${"a".repeat(64)}c`)).toBe(0);
  });
});

describe("nearestNames", () => {
  const aliases = ["deepseek-r1", "deepseek-v3", "deepseek-r1-distill-qwen-7b", "fast"];

  test("puts the nearest first and names no more than asked for", () => {
    expect(nearestNames("deepseek-r2", aliases)).toEqual(["deepseek-r1", "deepseek-v3"]);
    expect(nearestNames("deepseek-r2", aliases, 1)).toEqual(["deepseek-r1"]);
  });

  test("ignores case, and takes a name that begins the other", () => {
    expect(nearestName("DeepSeek-R1", aliases)).toBe("deepseek-r1");
    expect(nearestNames("deepseek", aliases)).toContain("deepseek-r1-distill-qwen-7b");
  });

  test("finds none where none is near", () => {
    expect(nearestName("gpt-4o", aliases)).toBeNull();
    expect(nearestName("", aliases)).toBeNull();
    expect(nearestName("anything", [])).toBeNull();
  });
});
