/** Conversations that are shortened by a model, and gone on from. */
import { describe, expect, test } from "vitest";
import type { ChatRequest } from "../../../../src/core/chat.ts";
import { compactDoor } from "../../../../src/protocols/responses/compact.ts";
import { CHAIN_ITEMS_MAX } from "../../../../src/protocols/responses/translation/request/earlier-items.ts";
import { translateResponses } from "../../../../src/protocols/responses/translation/translate-responses.ts";
import { chatTraits } from "../../../support/call-context.ts";
import { type Said, wholeAnswer } from "../../../support/chat-chunks.ts";
import { chatRequestFaults } from "../../../support/chat-request-check.ts";
import { HandStore, storingContext } from "../../../support/hand-store.ts";
import { storedResponse } from "../../../support/stored-responses.ts";

const HI = { role: "user", content: "Hi" };
const CONVERSATION = [
  { role: "developer", content: "Be kind." },
  HI,
  { role: "assistant", content: "Hello" },
  { type: "function_call", call_id: "c", name: "look", arguments: "{}" },
  { type: "function_call_output", call_id: "c", output: "rain" },
  { role: "user", content: [{ type: "input_text", text: "And now?" }] },
];

function read(body: object) {
  return compactDoor.read(Buffer.from(JSON.stringify({ model: "alias", input: CONVERSATION, ...body })));
}

function prepared(body: object, store = new HandStore()) {
  const traits = chatTraits("doubao", { speaks: new Set(["chat", "responses"]) });
  const passage = read(body).prepare(traits, storingContext(store));
  if (passage.kind !== "upstream") throw new Error("not sent to Ark");
  const request: ChatRequest = JSON.parse(passage.cargo.body.toString());
  expect(chatRequestFaults(request)).toEqual([]);
  return { ...passage, request };
}

function compacted(said: Said, body: object = {}) {
  return JSON.parse(prepared(body).answers.rewriteWhole(wholeAnswer(said)).toString());
}

describe("the request for a summary", () => {
  test("is a chat call whatever the target speaks: the conversation, then what is wanted", () => {
    const { request, destination, cargo } = prepared({
      instructions: "You code.",
      stream: true,
      service_tier: "fast",
    });
    expect(destination).toEqual({ base: "data", path: "/chat/completions" });
    expect(cargo.rewrite.changes).toEqual(["model", "translation"]);
    expect(request).toEqual({ model: "doubao", messages: expect.any(Array), service_tier: "fast" });
    const { messages } = request;
    expect(messages.map(({ role }) => role)).toEqual([
      "system",
      "system",
      "user",
      "assistant",
      "tool",
      "user",
      "user",
    ]);
    expect(messages.at(-1)?.content).toContain("Write that summary now");
  });

  test("may go on from a stored response", () => {
    const store = new HandStore();
    const bytes = Buffer.from(JSON.stringify({ model: "alias", input: "One" }));
    const first = translateResponses(bytes, chatTraits("doubao"), storingContext(store));
    if (first.kind === "upstream") first.answers.rewriteWhole(wholeAnswer({ content: "1" }));
    const body = { input: null, previous_response_id: store.kept[0]?.id };
    const { request, answers } = prepared(body, store);
    expect(request.messages.slice(0, 2).map(({ content }) => content)).toEqual(["One", "1"]);
    const { output } = JSON.parse(answers.rewriteWhole(wholeAnswer({ content: "S" })).toString());
    expect(output[0]).toMatchObject({ type: "message", role: "user", content: [{ text: "One" }] });
  });

  test("may shorten whatever could be answered: the last turn does not count for the bound", () => {
    const store = new HandStore();
    const { keyId } = storingContext(store);
    const items = (count: number) => JSON.stringify(Array(count).fill({ ...HI, type: "message" }));
    const keep = (id: string, previousId: string | null, count: number) =>
      store.keep(keyId, { ...storedResponse(id, previousId), inputItems: items(count), outputItems: "[]" });
    keep("resp_a", null, CHAIN_ITEMS_MAX - 1);
    keep("resp_b", "resp_a", 1);
    keep("resp_c", "resp_b", 5);
    keep("resp_d", "resp_c", 1);
    const from = (id: string) => prepared({ input: null, previous_response_id: id }, store).request.messages;
    expect(from("resp_c")).toHaveLength(CHAIN_ITEMS_MAX + 5 + 1);
    expect(() => from("resp_d")).toThrowError(expect.objectContaining({ param: "previous_response_id" }));
  });

  test.each([
    [{}, false, false],
    [{ previous_response_id: null }, false, false],
    [{ previous_response_id: "resp_vp1" }, true, false],
    [{ input: [{ type: "item_reference", id: "msg_vp1" }] }, true, false],
    [{ service_tier: "flex" }, false, true],
  ])("is read: %j", (body, isOpenEnded, isSpecialTier) => {
    expect(read(body).intent).toEqual({
      model: "alias",
      stream: false,
      wantsUsage: false,
      outputTokensMax: null,
      boundsThoughts: false,
      answers: 1,
      isSpecialTier,
      isOpenEnded,
    });
  });

  test.each([
    ['{"input":"Hi"}', "missing_model"],
    ['{"model":"a","model":"b"}', "ambiguous_body"],
    ['{"model":"a"', "invalid_json"],
  ])("is refused: %s", (body, code) => {
    expect(() => compactDoor.read(Buffer.from(body))).toThrowError(expect.objectContaining({ code }));
  });

  test("about nothing is refused", () => {
    expect(() => prepared({ input: [] })).toThrowError(
      expect.objectContaining({ code: "invalid_request", param: "input" }),
    );
  });
});

describe("the summary", () => {
  test("stands behind the user's own messages, sealed", () => {
    const answer = compacted({ reasoning: "hm", content: "It rained." });
    expect(answer).toEqual({
      id: expect.stringMatching(/^resp_vp[0-9a-f]{32}$/),
      object: "response.compaction",
      created_at: expect.any(Number),
      output: [
        {
          id: expect.stringMatching(/^msg_vp[0-9a-f]{32}_i0$/),
          type: "message",
          status: "completed",
          role: "user",
          content: [{ type: "input_text", text: "Hi" }],
        },
        expect.objectContaining({ role: "user", content: [{ type: "input_text", text: "And now?" }] }),
        {
          id: expect.stringMatching(/^cmp_vp[0-9a-f]{32}_2$/),
          type: "compaction",
          encrypted_content: expect.stringMatching(/^vp1\./),
        },
      ],
      usage: expect.objectContaining({ input_tokens: 9, output_tokens: 5, total_tokens: 14 }),
    });
    expect(JSON.stringify(answer)).not.toContain("It rained.");
  });

  test("is what the next request goes on from, and the next compaction too", () => {
    const { output } = compacted({ content: "It rained." });
    const body = { model: "alias", input: [...output, { role: "user", content: "Go on." }] };
    const bytes = Buffer.from(JSON.stringify(body));
    const next = translateResponses(bytes, chatTraits("doubao"), storingContext(new HandStore()));
    const request: ChatRequest = JSON.parse(next.kind === "upstream" ? next.cargo.body.toString() : "");
    const summary = "This is a summary of the conversation before it was shortened:\n\nIt rained.";
    const wanted = ["Hi", "And now?", summary, "Go on."].map((content) => ({ role: "user", content }));
    expect(request.messages).toEqual(wanted);
    const again = prepared({ input: body.input });
    expect(again.request.messages.slice(0, -1)).toEqual(wanted);
    const kept = JSON.parse(again.answers.rewriteWhole(wholeAnswer({ content: "S" })).toString());
    expect(kept.output.map(({ type }: { type: string }) => type)).toEqual([
      "message",
      "message",
      "message",
      "compaction",
    ]);
  });

  test("that a limit has cut says so", () => {
    const { output } = compacted({ content: "It ra", finish: "length" });
    const input = [output.at(-1)];
    const { messages } = prepared({ input }).request;
    expect(messages[0]?.content).toMatch(/It ra\n\n\[The summary was cut off here\.\]$/);
  });

  test.each([
    { content: " " },
    { reasoning: "hm", finish: "length" },
    { content: "No.", finish: "content_filter" },
  ])("that is none is an error: %j", (said) => {
    expect(() => compacted(said)).toThrowError(expect.objectContaining({ code: "upstream_invalid" }));
  });
});
