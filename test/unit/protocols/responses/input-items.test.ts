/** What of ours an `input` may bring back, what only looks like it, and which items may be changed. */
import { describe, expect, test } from "vitest";
import { readBody } from "../../../../src/protocols/responses/read-body.ts";
import { verbatimCargo } from "../../../../src/protocols/responses/verbatim/cargo.ts";
import { splice } from "../../../../src/wire/json-splice.ts";
import { DEPTH_MAX } from "../../../../src/wire/json-value.ts";
import { chatTraits } from "../../../support/call-context.ts";

const reference = { type: "item_reference", id: "msg_vp00000000000000000000000000000000_1" };

function holdsOurOwn(bytes: Buffer): boolean {
  return readBody(bytes).items.holdsOurOwn;
}

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
    expect(holdsOurOwn(body(input))).toBe(true);
    expect(holdsOurOwn(Buffer.from(body(input).toString().replaceAll(",", " ,\n ")))).toBe(true);
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
    expect(holdsOurOwn(body(input))).toBe(false);
  });

  test("what stands elsewhere than in `input` does not count", () => {
    const metadata = { encrypted_content: "vp1.a", input: [reference] };
    expect(holdsOurOwn(body("hi", { metadata, encrypted_content: "vp1.a" }))).toBe(false);
  });
});

describe("how deep a body may be", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  /** Each holds its value in as many containers as are said. */
  const places: readonly (readonly [string, number, (value: string) => string])[] = [
    ["an item", 2, (value) => `{"model":"m","input":[${value}]}`],
    ["a member of an item", 3, (value) => `{"model":"m","input":[{"x":${value}}]}`],
    ["a part", 4, (value) => `{"model":"m","input":[{"content":[${value}]}]}`],
    ["a member of a part", 5, (value) => `{"model":"m","input":[{"output":[{"x":${value}}]}]}`],
    ["a tool", 2, (value) => `{"model":"m","tools":[${value}]}`],
    ["a member of a tool", 3, (value) => `{"model":"m","tools":[{"parameters":${value}}]}`],
  ];

  test.each(places)("%s", (_place, around, bodyWith) => {
    const read = (depth: number) => () => readBody(Buffer.from(bodyWith(nested(depth))));
    expect(read(DEPTH_MAX - around)).not.toThrow();
    expect(read(DEPTH_MAX - around + 1)).toThrow(`nested more than ${DEPTH_MAX} deep`);
  });
});

describe("which items may have to be changed for Ark", () => {
  const call = { type: "function_call", call_id: "c", name: "read_file", arguments: "{}" };

  test.each<[string, object]>([
    ["a message", { role: "user", content: "phase" }],
    ["a message in parts", { role: "user", content: [{ type: "input_text", text: "logprobs" }] }],
    ["an image with its detail", { role: "user", content: [{ type: "input_image", detail: "auto" }] }],
    ["a call by a plain name", call],
    ["what a call gave", { type: "function_call_output", call_id: "c", output: [{ type: "input_text" }] }],
    ["a thought", { type: "reasoning", summary: [], encrypted_content: "x" }],
  ])("not %s", (_what, item) => {
    expect(readBody(body([item])).items.toRewrite).toEqual([]);
  });

  test.each<[string, object]>([
    ["a phase", { role: "assistant", phase: "commentary", content: "x" }],
    ["a part's log probabilities", { role: "assistant", content: [{ type: "output_text", logprobs: [] }] }],
    ["the detail of a file", { role: "user", content: [{ detail: "low", type: "input_file" }] }],
    ["a namespace", { ...call, namespace: "files" }],
    ["a name that Ark does not take", { ...call, name: "read file" }],
    ["a name that is too long", { ...call, name: "n".repeat(65) }],
    ["no name", { ...call, name: null }],
    ["the name of what gave an output", { type: "function_call_output", name: "read_file", output: "" }],
    ["free text", { type: "custom_tool_call", call_id: "c", name: "apply_patch", input: "x" }],
    ["what free text gave", { type: "custom_tool_call_output", call_id: "c", output: "x" }],
  ])("one with %s", (_what, item) => {
    const bytes = body([{ role: "user", content: "hi" }, item]);
    expect(readBody(bytes).items.toRewrite).toEqual([bytes.indexOf(JSON.stringify(item))]);
  });

  test("a plain call is kept in mind, for a namespace may claim its name", () => {
    const bytes = body([call, call]);
    const { items } = readBody(bytes);
    expect(items.plainCalls).toEqual([bytes.indexOf("{", 2), bytes.lastIndexOf('{"type"')]);
    const namespace = {
      type: "namespace",
      name: "functions",
      tools: [{ type: "function", name: call.name }],
    };
    const sentOn = (tools: object[]) => {
      const { cargo } = verbatimCargo(readBody(body([call], { tools })), chatTraits("m"));
      return Buffer.concat(splice(cargo.body, cargo.rewrite.splices)).toString();
    };
    expect(sentOn([{ type: "function", name: call.name, parameters: { type: "object" } }])).toContain(
      '"call_id":"c","name":"read_file"',
    );
    expect(sentOn([namespace])).toMatch(/"call_id":"c","name":"read_file_[0-9a-f]{8}"/);
  });
});
