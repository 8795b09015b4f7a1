/** Whatever a client's Responses hold, their translation is one that Ark takes, or a plain refusal. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChatRequest } from "../../src/core/chat.ts";
import { GatewayError } from "../../src/core/errors.ts";
import type { AnswerReader } from "../../src/protocols/door.ts";
import { compactDoor } from "../../src/protocols/responses/compact.ts";
import { translateResponses } from "../../src/protocols/responses/translation/translate-responses.ts";
import { assembleResponse, type JsonObject, readEvents, settledIds } from "../support/assembled-response.ts";
import { chatTraits } from "../support/call-context.ts";
import { type Said, streamedAnswer, wholeAnswer } from "../support/chat-chunks.ts";
import { chatRequestFaults } from "../support/chat-request-check.ts";
import { HandStore, storingContext } from "../support/hand-store.ts";
import { conversation, spoiled } from "../support/responses-conversations.ts";

const RUNS = Number(process.env["VOLCANO_PROPERTY_RUNS"] ?? 2_000);
const TIMEOUT_MS = 30_000 + RUNS * 3;
const settings = { numRuns: RUNS, seed: Number(process.env["VOLCANO_PROPERTY_SEED"] ?? 1) };
const target = chatTraits("doubao-seed");

type Translated = { readonly request: ChatRequest; readonly answers: AnswerReader };

function translate(body: unknown, store = new HandStore()): Translated {
  const passage = translateResponses(Buffer.from(JSON.stringify(body)), target, storingContext(store));
  if (passage.kind !== "upstream") throw new Error("not sent to Ark");
  return { request: JSON.parse(passage.cargo.body.toString()), answers: passage.answers };
}

function translateOrRefuse(body: unknown): Translated | null {
  try {
    return translate(body);
  } catch (error) {
    if (error instanceof GatewayError && error.status === 400) return null;
    throw error;
  }
}

/** Arguments that a client brings back pass as they came: a model may have written them so. */
function faultsOf(request: ChatRequest): string[] {
  return chatRequestFaults(request).filter((fault) => fault !== "arguments that are no JSON");
}

/** The texts that a model must be shown, wherever they stand in the items. */
function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== "object" || value === null) return [];
  const { type, text, refusal, content, output } = value as JsonObject;
  if (type === "reasoning") return [];
  const own = [text, refusal, content, output].filter((each) => typeof each === "string");
  return [...own, ...textsOf(content), ...textsOf(output)];
}

function callsOf(items: readonly JsonObject[]): string[] {
  const calls = items.filter(({ type }) => ["function_call", "custom_tool_call"].includes(type as string));
  return calls.map(({ call_id: id }) => id as string);
}

describe("a conversation as clients send them", () => {
  test(
    "becomes a request that Ark takes, with every text and every call in it",
    () => {
      let translated = 0;
      const property = fc.property(conversation, (body) => {
        const found = translateOrRefuse(body);
        if (found === null) return;
        translated++;
        const { messages } = found.request;
        expect(chatRequestFaults(found.request)).toEqual([]);
        const sent = JSON.stringify(messages.map(({ content }) => content));
        const items = (typeof body.input === "string" ? [] : body.input) as JsonObject[];
        for (const text of textsOf(items)) {
          expect(sent).toContain(JSON.stringify(text).slice(1, -1));
        }
        const called = messages.flatMap((message) =>
          "tool_calls" in message ? (message.tool_calls ?? []) : [],
        );
        const wanted = callsOf(items);
        expect(called.map(({ id }) => id).filter((id) => wanted.includes(id))).toEqual(
          expect.arrayContaining(wanted),
        );
      });
      fc.assert(property, settings);
      expect(translated).toBeGreaterThan(RUNS / 3);
    },
    TIMEOUT_MS,
  );

  test(
    "with anything at all in one place becomes such a request, or is refused with a 400",
    () => {
      let refused = 0;
      const property = fc.property(spoiled, (body) => {
        const found = translateOrRefuse(body);
        if (found === null) refused++;
        else expect(faultsOf(found.request)).toEqual([]);
        try {
          compactDoor
            .read(Buffer.from(JSON.stringify(body)))
            .prepare(target, storingContext(new HandStore()));
        } catch (error) {
          expect(error).toMatchObject({ status: 400 });
        }
      });
      fc.assert(property, settings);
      expect(refused).toBeGreaterThan(RUNS / 20);
    },
    TIMEOUT_MS,
  );
});

const said = fc.option(fc.string({ minLength: 1, maxLength: 12, unit: "binary" }), {
  freq: 2,
  nil: undefined,
});
const functionCall = fc.record({
  name: fc.constantFrom("look", "mcp__read", "unknown"),
  arguments: fc.oneof(
    fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify({ value })),
    fc.constant("{"),
  ),
});
const customCall = fc
  .string({ maxLength: 12, unit: "binary" })
  .map((input) => ({ name: "patch", arguments: JSON.stringify({ input }) }));

/** An assistant's answer, as Ark gives it. */
const answer = fc
  .record({
    reasoning: said,
    encrypted: said,
    content: said,
    calls: fc.array(fc.oneof(functionCall, customCall), { maxLength: 3 }),
    isCut: fc.boolean(),
  })
  .map(({ calls, isCut, ...rest }) => {
    const made = calls.map((call, index) => ({ id: `call_${index}`, ...call }));
    const finish = isCut ? "length" : made.length === 0 ? "stop" : "tool_calls";
    const texts = Object.fromEntries(Object.entries(rest).filter(([, text]) => text !== undefined));
    return { ...texts, calls: made, finish } as Said;
  });

const TOOLS = [
  { type: "function", name: "look" },
  { type: "custom", name: "patch" },
  { type: "namespace", name: "mcp", tools: [{ type: "function", name: "read" }] },
];
const HI = { role: "user", content: "Hi" };

/** What Ark must be given back of an answer of its own. */
function assistantMessage({ reasoning, encrypted, content, calls = [] }: Said): object | undefined {
  if (content === undefined && calls.length === 0) return undefined;
  return {
    role: "assistant",
    content: content ?? "",
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(encrypted === undefined ? {} : { encrypted_content: encrypted }),
    ...(calls.length === 0
      ? {}
      : { tool_calls: calls.map(({ id, ...called }) => ({ id, type: "function", function: called })) }),
  };
}

describe("an answer of Ark's", () => {
  test(
    "says the same whole and streamed, and comes back to Ark as it was: by items, by id, by reference",
    () => {
      const size = fc.integer({ min: 1, max: 9 });
      const property = fc.property(answer, size, fc.boolean(), (made, characters, isInTurn) => {
        const store = new HandStore();
        const request = { model: "m", input: [HI], tools: TOOLS, include: ["reasoning.encrypted_content"] };
        const whole = translate(request, store).answers.rewriteWhole(wholeAnswer(made)).toString();
        const tap = translate(request, store).answers.openTap();
        const events = tap.push(Buffer.from(streamedAnswer(made, characters, isInTurn)))?.toString() ?? "";
        const response = assembleResponse(events);
        expect(settledSeals(response)).toEqual(settledSeals(JSON.parse(whole)));
        expect(tap.done).toBe(true);

        const output = response["output"] as JsonObject[];
        const references = output.map(({ id }) => ({ type: "item_reference", id }));
        const nexts = [
          { input: [HI, ...output, HI] },
          { input: [HI, ...references, HI] },
          { input: [HI], previous_response_id: response["id"] },
        ];
        for (const next of nexts) {
          const { messages } = translate({ ...request, ...next }, store).request;
          const wanted = assistantMessage(made);
          const back = messages.slice(1).find(({ role }) => role === "assistant");
          expect(back).toEqual(wanted);
        }
      });
      fc.assert(property, settings);
    },
    TIMEOUT_MS,
  );

  test(
    "that is anything at all becomes a response or a 502, its events in order",
    () => {
      const call = fc.record(
        {
          index: fc.constantFrom(0, 1, -1, "0"),
          id: fc.constantFrom("call_1", "call_2", ""),
          function: fc.record(
            {
              name: fc.constantFrom("look", "patch", ""),
              arguments: fc.constantFrom("{", "}", "null", '{"input":"', "\\", " ", 5),
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: ["index"] },
      );
      const delta = fc.record(
        {
          content: fc.jsonValue({ maxDepth: 1 }),
          reasoning_content: fc.constantFrom("a", "", null, 7),
          encrypted_content: fc.constantFrom("e", null),
          tool_calls: fc.array(call, { maxLength: 2 }),
        },
        { requiredKeys: [] },
      );
      const property = fc.property(fc.array(delta, { maxLength: 6 }), fc.boolean(), (deltas, fails) => {
        const { answers } = translate({ model: "m", input: "Hi", tools: TOOLS });
        const chunks = deltas.map((each) => `data: ${JSON.stringify({ choices: [{ delta: each }] })}\n\n`);
        const end = fails
          ? 'data: {"error":{"code":"InternalServiceError","message":"x"}}\n\n'
          : 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
        const tap = answers.openTap();
        const given: (Buffer | null)[] = [];
        let isRefused = false;
        try {
          for (const piece of [chunks.join(""), end]) given.push(tap.push(Buffer.from(piece)));
        } catch (error) {
          expect(error).toMatchObject({ code: "upstream_invalid" });
          isRefused = true;
          given.push(tap.finish(), tap.failureEvent(error as GatewayError, "req_1"));
        }
        const events = Buffer.concat(given.flatMap((bytes) => bytes ?? [])).toString();
        expect(assembleResponse(events)["status"]).toBe(isRefused || fails ? "failed" : "completed");
        try {
          const message = deltas[0] ?? {};
          const whole = answers.rewriteWhole(Buffer.from(JSON.stringify({ choices: [{ message }] })));
          expect(JSON.parse(whole.toString())).toMatchObject({ object: "response", status: "completed" });
        } catch (error) {
          expect(error).toMatchObject({ code: "upstream_invalid" });
        }
      });
      fc.assert(property, settings);
    },
    TIMEOUT_MS,
  );

  test(
    "that breaks off anywhere ends as a failure, numbered on",
    () => {
      const property = fc.property(answer, fc.double({ min: 0, max: 1, noNaN: true }), (made, share) => {
        const stream = Buffer.from(streamedAnswer(made, 3));
        const last = stream.lastIndexOf("data: [DONE]");
        const tap = translate({ model: "m", input: "Hi", tools: TOOLS }).answers.openTap();
        const given = tap.push(stream.subarray(0, Math.floor(last * share)))?.toString() ?? "";
        const error = { status: 502, message: "m", type: "server_error", code: "c", param: null } as const;
        const events = given + tap.failureEvent(error, "req_1").toString();
        expect(tap.done).toBe(false);
        expect(assembleResponse(events)).toMatchObject({ status: "failed", error: { code: "c" } });
        expect(readEvents(events).filter(({ type }) => type === "response.completed")).toEqual([]);
      });
      fc.assert(property, settings);
    },
    TIMEOUT_MS,
  );
});

/** The same for the same answer: ids are random. */
function settledSeals(response: JsonObject): unknown {
  return JSON.parse(settledIds(JSON.stringify(response)));
}
