/** Responses that the gateway keeps: going on from them, referring to them, and giving them back. */
import { describe, expect, test } from "vitest";
import type { ChatRequest } from "../../../../src/core/chat.ts";
import type { StoredResponse } from "../../../../src/core/memories.ts";
import type { AnswerReader } from "../../../../src/protocols/door.ts";
import { CHAIN_ITEMS_MAX } from "../../../../src/protocols/responses/translation/request/earlier-items.ts";
import {
  deletedBody,
  inputItemsPage,
  PAGE_ITEMS_MAX,
  retrieveBody,
} from "../../../../src/protocols/responses/translation/stored.ts";
import { translateResponses } from "../../../../src/protocols/responses/translation/translate-responses.ts";
import type { JsonObject } from "../../../support/assembled-response.ts";
import { chatTraits } from "../../../support/call-context.ts";
import { chunk, ending, type Said, streamedAnswer, wholeAnswer } from "../../../support/chat-chunks.ts";
import { HandStore, storingContext } from "../../../support/hand-store.ts";
import { storedResponse } from "../../../support/stored-responses.ts";

const HI = { role: "user", content: "Hi" };
const TOOLS = [{ type: "function", name: "look", parameters: { type: "object", properties: {} } }];
const CALLING: Said = {
  reasoning: "hm",
  encrypted: "ARK",
  calls: [{ id: "c1", name: "look", arguments: "{}" }],
  finish: "tool_calls",
};

type Turn = { readonly request: ChatRequest; readonly answers: AnswerReader };

function begin(store: HandStore, body: object, key?: string): Turn {
  const bytes = Buffer.from(JSON.stringify({ model: "alias", tools: TOOLS, ...body }));
  const passage = translateResponses(bytes, chatTraits("doubao"), storingContext(store, key));
  if (passage.kind !== "upstream") throw new Error("not sent to Ark");
  return { request: JSON.parse(passage.cargo.body.toString()), answers: passage.answers };
}

/** One whole turn: its response. */
function turn(store: HandStore, body: object, said: Said): JsonObject {
  return JSON.parse(begin(store, body).answers.rewriteWhole(wholeAnswer(said)).toString());
}

function refusalOf(make: () => unknown) {
  try {
    make();
  } catch (error) {
    return error;
  }
  throw new Error("not refused");
}

function idsOf(items: unknown): string[] {
  return (items as JsonObject[]).map(({ id }) => id as string);
}

describe("going on from a response", () => {
  test("brings its input and its output back, thoughts in full, and no instructions", () => {
    const store = new HandStore();
    const first = turn(store, { input: [HI], instructions: "Be brief." }, CALLING);
    const output = { type: "function_call_output", call_id: "c1", output: "rain" };
    const next = { previous_response_id: first["id"], input: [output] };
    expect(begin(store, next).request.messages).toEqual([
      HI,
      {
        role: "assistant",
        content: "",
        reasoning_content: "hm",
        encrypted_content: "ARK",
        tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c1", content: "rain" },
    ]);
    // It is kept for the gateway alone: the client did not ask for it.
    expect(JSON.stringify(first)).not.toContain("encrypted_content");
  });

  test("goes back to the first turn of all", () => {
    const store = new HandStore();
    const first = turn(store, { input: "One" }, { content: "1" });
    const second = turn(store, { input: "Two", previous_response_id: first["id"] }, { content: "2" });
    expect(second["previous_response_id"]).toBe(first["id"]);
    const { messages } = begin(store, { input: "Three", previous_response_id: second["id"] }).request;
    expect(messages.map(({ content }) => content)).toEqual(["One", "1", "Two", "2", "Three"]);
  });

  test("that was streamed, or cut by a limit, works as well", () => {
    const store = new HandStore();
    const tap = begin(store, { input: "Hi", stream: true }).answers.openTap();
    tap.push(Buffer.from(chunk({ content: "Hel" })));
    expect(store.kept).toEqual([]);
    tap.push(Buffer.from(ending("length")));
    const [kept] = store.kept;
    const { messages } = begin(store, { input: "Go on.", previous_response_id: kept?.id }).request;
    expect(messages.map(({ content }) => content)).toEqual(["Hi", "Hel", "Go on."]);
    expect(JSON.parse(kept?.response ?? "")).toMatchObject({ id: kept?.id, status: "incomplete" });
  });

  test("that failed, or was not to be stored, is not possible", () => {
    const store = new HandStore();
    turn(store, { input: "Hi", store: false }, { content: "Hello" });
    const stream = streamedAnswer({ content: "Hello" });
    begin(store, { input: "Hi" })
      .answers.openTap()
      .push(Buffer.from(stream.slice(0, stream.indexOf("[DONE]"))));
    expect(store.kept).toEqual([]);
  });

  test("is refused where it is unknown, another key's, or has lost its beginning", () => {
    const store = new HandStore();
    const first = turn(store, { input: "One" }, { content: "1" });
    const second = turn(store, { input: "Two", previous_response_id: first["id"] }, { content: "2" });
    const notFound = { code: "previous_response_not_found", status: 400, param: "previous_response_id" };
    const next = { input: "Three", previous_response_id: second["id"] };
    expect(refusalOf(() => begin(store, { ...next, previous_response_id: "resp_x" }))).toMatchObject(
      notFound,
    );
    expect(refusalOf(() => begin(store, next, "other"))).toMatchObject(notFound);
    store.remove(storingContext(store).keyId, first["id"] as string);
    expect(refusalOf(() => begin(store, next))).toMatchObject({
      ...notFound,
      message: expect.stringContaining(`${first["id"]}, which is no longer stored`),
    });
  });

  test("is bounded in items, over all turns", () => {
    const store = new HandStore();
    const { keyId } = storingContext(store);
    const items = (count: number) =>
      JSON.stringify(Array.from({ length: count }, () => ({ ...HI, type: "message" })));
    const half = CHAIN_ITEMS_MAX / 2;
    store.keep(keyId, { ...storedResponse("resp_a"), inputItems: items(half), outputItems: items(1) });
    store.keep(keyId, { ...storedResponse("resp_b", "resp_a"), inputItems: items(half - 1) });
    store.keep(keyId, { ...storedResponse("resp_c", "resp_a"), inputItems: items(half) });
    const { messages } = begin(store, { input: "Hi", previous_response_id: "resp_b" }).request;
    expect(messages).toHaveLength(CHAIN_ITEMS_MAX + 1);
    expect(refusalOf(() => begin(store, { input: "Hi", previous_response_id: "resp_c" }))).toMatchObject({
      code: "invalid_request",
      param: "previous_response_id",
    });
  });
});

describe("a reference to an item", () => {
  test("stands for the item, of the output or the input", () => {
    const store = new HandStore();
    const { output } = turn(store, { input: [HI] }, { reasoning: "hm", content: "Hello" });
    const [kept] = store.kept;
    const ids = [...idsOf(JSON.parse(kept?.inputItems ?? "[]")), ...idsOf(output)];
    const input = [{ id: ids[0] }, ...ids.slice(1).map((id) => ({ type: "item_reference", id })), HI];
    expect(begin(store, { input }).request.messages).toEqual([
      HI,
      { role: "assistant", content: "Hello", reasoning_content: "hm" },
      HI,
    ]);
  });

  test("is kept as the item itself", () => {
    const store = new HandStore();
    const { output } = turn(store, { input: "One" }, { content: "1" });
    const [id] = idsOf(output);
    turn(store, { input: [{ type: "item_reference", id }, HI] }, { content: "2" });
    expect(JSON.parse(store.kept[1]?.inputItems ?? "")).toMatchObject([
      { id, type: "message" },
      { role: "user" },
    ]);
  });

  test("is refused where there is no such item, it is another key's, or referred to twice", () => {
    const store = new HandStore();
    const { output } = turn(store, { input: "One" }, { content: "1" });
    const [id = ""] = idsOf(output);
    const to = (itemId: string) => ({ type: "item_reference", id: itemId });
    const refused = { code: "invalid_request", param: "input[0].id" };
    expect(refusalOf(() => begin(store, { input: [to(id.replace(/_0$/, "_1"))] }))).toMatchObject(refused);
    expect(refusalOf(() => begin(store, { input: [to("msg_123")] }))).toMatchObject(refused);
    expect(refusalOf(() => begin(store, { input: [to(id)] }, "other"))).toMatchObject(refused);
    const twice = refusalOf(() => begin(store, { input: [to(id), to(id)] }));
    expect(twice).toMatchObject({ ...refused, param: "input[1].id" });
  });
});

describe("what is given back", () => {
  test("the response as its client had it, and its end", () => {
    const store = new HandStore();
    const response = turn(store, { input: "Hi" }, { content: "Hello" });
    const [kept] = store.kept;
    expect(kept?.previousId).toBeNull();
    expect(JSON.parse(retrieveBody(kept as StoredResponse).toString())).toEqual(response);
    expect(JSON.parse(deletedBody("resp_1").toString())).toEqual({
      id: "resp_1",
      object: "response",
      deleted: true,
    });
  });

  test("the input's items, each with an id, a type and a list of parts", () => {
    const store = new HandStore();
    const input = [
      { role: "developer", content: "Be kind." },
      { type: "message", id: "msg_own", role: "assistant", content: "Hello" },
      { type: "function_call", call_id: "c", name: "look", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output: "rain" },
      HI,
    ];
    turn(store, { input }, { content: "Hello" });
    const [kept] = store.kept;
    const page = inputItemsPage(kept as StoredResponse, new URLSearchParams("order=asc"));
    const own = (kind: string, index: number) =>
      expect.stringMatching(new RegExp(`^${kind}_vp[0-9a-f]{32}_i${index}$`));
    const completed = { status: "completed" };
    const said = (text: string) => [{ type: "output_text", text, annotations: [], logprobs: [] }];
    const asked = (text: string) => [{ type: "input_text", text }];
    expect(JSON.parse(page.toString())).toEqual({
      object: "list",
      data: [
        { id: own("msg", 0), type: "message", role: "developer", content: asked("Be kind."), ...completed },
        { id: "msg_own", type: "message", role: "assistant", content: said("Hello"), ...completed },
        { id: own("fc", 2), ...input[2], ...completed },
        { id: own("fco", 3), ...input[3], ...completed },
        { id: own("msg", 4), type: "message", role: "user", content: asked("Hi"), ...completed },
      ],
      first_id: own("msg", 0),
      last_id: own("msg", 4),
      has_more: false,
    });
  });
});

test("items that a client sends under one id can be told apart, and paged through", () => {
  const store = new HandStore();
  const input = [
    { ...HI, id: "msg_1" },
    { ...HI, id: "msg_1" },
    { ...HI, id: "msg_2" },
  ];
  turn(store, { input }, { content: "Hello" });
  const kept = store.kept[0] as StoredResponse;
  const seen: string[] = [];
  for (let query = "order=asc&limit=1"; query !== ""; ) {
    const list = JSON.parse(inputItemsPage(kept, new URLSearchParams(query)).toString());
    seen.push(...idsOf(list.data));
    query = list.has_more && seen.length < 9 ? `order=asc&limit=1&after=${list.last_id}` : "";
  }
  expect(seen).toEqual(["msg_1", expect.stringMatching(/^msg_vp[0-9a-f]{32}_i1$/), "msg_2"]);
});

describe("pages of input items", () => {
  const items = Array.from({ length: PAGE_ITEMS_MAX + 1 }, (_, index) => ({ id: `msg_${index}` }));
  const stored = { ...storedResponse("resp_1"), inputItems: JSON.stringify(items) };
  const page = (query: string) => JSON.parse(inputItemsPage(stored, new URLSearchParams(query)).toString());

  test.each([
    ["", 100, 81, true],
    ["order=asc", 0, 19, true],
    ["order=asc&limit=1", 0, 0, true],
    ["order=asc&limit=100", 0, 99, true],
    ["order=asc&limit=100&after=msg_0", 1, 100, false],
    ["limit=2&after=msg_2", 1, 0, false],
    ["order=desc&limit=2&after=msg_3", 2, 1, true],
  ])("%s", (query, first, last, more) => {
    const list = page(query);
    expect([list.first_id, list.last_id, list.has_more]).toEqual([`msg_${first}`, `msg_${last}`, more]);
    expect(list.data).toHaveLength(Math.abs(first - last) + 1);
  });

  test("behind the last item there is none", () => {
    expect(page("after=msg_0")).toEqual({
      object: "list",
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    });
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=101", "limit"],
    ["limit=1.5", "limit"],
    ["limit=", "limit"],
    ["order=up", "order"],
    ["after=msg_x", "after"],
  ])("%s is refused", (query, param) => {
    expect(refusalOf(() => page(query))).toMatchObject({ code: "invalid_request", param });
  });
});
