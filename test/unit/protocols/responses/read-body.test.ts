/** What a Responses body asks for, read from its bytes; and what is refused of it. */
import { describe, expect, test } from "vitest";
import { inputTokensDoor, responsesDoor } from "../../../../src/protocols/responses/index.ts";
import { readBody, unknownNames } from "../../../../src/protocols/responses/read-body.ts";
import { TOOLS_MAX } from "../../../../src/protocols/responses/tool-spans.ts";
import { callContext, chatTraits } from "../../../support/call-context.ts";

function body(more: object = {}): Buffer {
  return Buffer.from(JSON.stringify({ model: "doubao", input: "hi", ...more }));
}

function codeOf(read: () => unknown): unknown {
  try {
    read();
    return null;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe("what it asks for", () => {
  test("nothing but an answer", () => {
    expect(readBody(body()).intent).toEqual({
      model: "doubao",
      stream: false,
      wantsUsage: true,
      outputTokensMax: null,
      boundsThoughts: true,
      answers: 1,
      isSpecialTier: false,
      isOpenEnded: false,
    });
  });

  test("a stream, and a bound that holds the thoughts too", () => {
    expect(readBody(body({ stream: true, max_output_tokens: 500 })).intent).toMatchObject({
      stream: true,
      outputTokensMax: 500,
      boundsThoughts: true,
    });
  });

  test.each([
    ["a function", { tools: [{ type: "function", name: "f" }] }, false, false],
    ["tools of the client's own", { tools: [{ type: "custom" }, { type: "namespace" }] }, false, false],
    ["a tool that is left out", { tools: [{ type: "image_generation" }] }, false, false],
    ["a tool of Ark's", { tools: [{ type: "function" }, { type: "web_search" }] }, true, true],
    ["a tool of an unknown type", { tools: [{ type: "new_thing" }] }, true, true],
    ["a tool of no type", { tools: [{ name: "x" }] }, true, true],
    ["the chain before it", { previous_response_id: "resp_1" }, false, true],
    ["no chain before it", { previous_response_id: null }, false, false],
    ["a session", { session: { id: "s" } }, false, true],
    ["an item that Ark has", { input: [{ type: "item_reference", id: "msg_1" }] }, false, true],
    ["the default tier", { service_tier: "default" }, false, false],
    ["another tier", { service_tier: "fast" }, true, false],
    ["an explicit cache", { caching: { type: "enabled", prefix: true } }, true, false],
    ["no explicit cache", { caching: { type: "disabled" } }, false, false],
  ])("%s", (_name, more, isSpecialTier, isOpenEnded) => {
    expect(readBody(body(more)).intent).toMatchObject({ isSpecialTier, isOpenEnded });
  });

  test("a type that only some readers find is taken for the dearest", () => {
    for (const tool of [
      '{"type":"function","type":"web_search"}',
      '{"type":"function","Type":"web_search"}',
    ]) {
      const { intent } = readBody(Buffer.from(`{"model":"m","tools":[${tool}]}`));
      expect(intent).toMatchObject({ isSpecialTier: true, isOpenEnded: true });
    }
  });

  test("an escaped reference is one, too", () => {
    const { intent } = readBody(Buffer.from('{"model":"m","input":[{"type":"item_r\\u0065ference"}]}'));
    expect(intent.isOpenEnded).toBe(true);
  });
});

describe("what is refused", () => {
  test.each([
    ["no JSON", Buffer.from("{"), "invalid_json"],
    ["no model", Buffer.from("{}"), "missing_model"],
    ["a stream that is no flag", body({ stream: "yes" }), "invalid_request"],
    ["a bound that is no count", body({ max_output_tokens: -1 }), "invalid_request"],
    ["the background", body({ background: true }), "invalid_request"],
    ["a stored conversation", body({ conversation: "conv_1" }), "invalid_request"],
    ["a stored prompt", body({ prompt: { id: "pmpt_1" } }), "invalid_request"],
    ["two models", Buffer.from('{"model":"a","model":"b"}'), "ambiguous_body"],
    ["a twin of it", Buffer.from('{"model":"a","Model":"b"}'), "ambiguous_body"],
  ])("%s", (_name, bytes, code) => {
    expect(codeOf(() => readBody(bytes))).toBe(code);
  });

  test("what is refused is named", () => {
    expect(() => readBody(body({ background: true }))).toThrow(
      expect.objectContaining({ param: "background" }),
    );
  });

  test("what says nothing is not refused", () => {
    const nothing = { background: false, conversation: null, prompt: null };
    expect(codeOf(() => readBody(body(nothing)))).toBeNull();
  });

  test("any member twice, so that none can hide a second model", () => {
    for (const name of unknownNames) {
      const many = `"${name}":null,`.repeat(100);
      expect(codeOf(() => readBody(Buffer.from(`{${many}"model":"a","model":"b"}`)))).toBe("ambiguous_body");
    }
  });

  test("more tools than fit, at n and n + 1", () => {
    const tools = (count: number) =>
      body({ tools: Array.from({ length: count }, () => ({ type: "function" })) });
    expect(readBody(tools(TOOLS_MAX)).tools).toHaveLength(TOOLS_MAX);
    expect(codeOf(() => readBody(tools(TOOLS_MAX + 1)))).toBe("invalid_request");
  });
});

describe("a count of tokens", () => {
  test("is an estimate of ours, and free", () => {
    const bytes = body({ stream: true, max_output_tokens: 9, previous_response_id: "resp_1" });
    const reading = inputTokensDoor.read(bytes);
    expect(reading.intent).toMatchObject({ stream: false, outputTokensMax: 0, isOpenEnded: false });
    const passage = reading.prepare(chatTraits("ep-1"), callContext());
    if (passage.kind !== "local") throw new Error("sent to Ark");
    expect(passage.body).toBe(bytes);
    expect(JSON.parse(passage.answer(42).toString())).toEqual({
      object: "response.input_tokens",
      input_tokens: 42,
    });
  });

  test("the doors stand at OpenAI's paths", () => {
    expect([responsesDoor.paths, inputTokensDoor.paths]).toEqual([
      ["/responses"],
      ["/responses/input_tokens"],
    ]);
  });
});
