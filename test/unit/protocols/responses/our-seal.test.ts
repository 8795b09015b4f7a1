/** What of ours a body may bring back, and what only looks like it. */
import { describe, expect, test } from "vitest";
import { holdsOurSeal } from "../../../../src/protocols/responses/our-seal.ts";

const reference = { type: "item_reference", id: "msg_vp00000000000000000000000000000000_1" };

function body(input: unknown, more: object = {}): Buffer {
  return Buffer.from(JSON.stringify({ model: "m", ...more, input }));
}

describe("bodies that only the gateway can read", () => {
  test.each([
    ["a thought", [{ type: "reasoning", summary: [], encrypted_content: "vp1.abc" }]],
    [
      "a compaction",
      ["odd", { role: "user", content: "hi" }, { type: "compaction", encrypted_content: "vp1.x" }],
    ],
    ["a reference", [{ role: "user", content: "_vp" }, reference]],
    ["a reference whose id comes first", [{ id: reference.id, type: "item_reference" }]],
  ])("%s of ours", (_what, input) => {
    expect(holdsOurSeal(body(input))).toBe(true);
    expect(holdsOurSeal(Buffer.from(body(input).toString().replaceAll(",", " ,\n ")))).toBe(true);
  });

  test.each([
    ["text", "vp1."],
    ["text of a message", [{ role: "user", content: "vp1.abc" }]],
    ["a member of a message's part", [{ role: "user", content: [{ encrypted_content: "vp1.abc" }] }]],
    ["Ark's own thought", [{ type: "reasoning", encrypted_content: "gAAA vp1.", summary: ["vp1."] }]],
    ["nothing sealed", [{ type: "reasoning", encrypted_content: "vp1" }, { encrypted_content: ["vp1.a"] }]],
    [
      "a reference to Ark's item",
      [
        { type: "item_reference", id: "msg_1" },
        { role: "user", content: "_vp" },
      ],
    ],
    ["an item that was sent back whole", [{ type: "message", id: reference.id, content: "vp1.a" }]],
    ["nothing", []],
  ])("%s is not", (_what, input) => {
    expect(holdsOurSeal(body(input))).toBe(false);
  });

  test("what stands elsewhere than in `input` does not count", () => {
    const metadata = { encrypted_content: "vp1.a", input: [reference] };
    expect(holdsOurSeal(body("hi", { metadata, encrypted_content: "vp1.a" }))).toBe(false);
  });
});
