/** Whatever a client's conversation holds, its translation is one that Ark takes, or a plain refusal. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChatMessage, ChatRequest } from "../../src/core/chat.ts";
import { GatewayError } from "../../src/core/errors.ts";
import type { AnswerReader } from "../../src/protocols/door.ts";
import { messagesDoor } from "../../src/protocols/messages/index.ts";
import { assembleMessage, type JsonObject } from "../support/assembled-message.ts";
import { chatTraits } from "../support/call-context.ts";
import { chatRequestFaults } from "../support/chat-request-check.ts";
import { conversation, spoiled } from "../support/messages-conversations.ts";
import { sealingContext } from "../support/plain-seal.ts";

const RUNS = Number(process.env["VOLCANO_PROPERTY_RUNS"] ?? 2_000);
const TIMEOUT_MS = 30_000 + RUNS * 3;
const settings = { numRuns: RUNS, seed: Number(process.env["VOLCANO_PROPERTY_SEED"] ?? 1) };

type Translated = { readonly request: ChatRequest; readonly answers: AnswerReader };

function translate(body: unknown): Translated {
  const passage = messagesDoor
    .read(Buffer.from(JSON.stringify(body)))
    .prepare(chatTraits("doubao-seed"), sealingContext());
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

/** Texts of all kinds that a model must be shown, wherever they stand in a body. */
function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== "object" || value === null) return [];
  const { type, text, ...rest } = value as JsonObject;
  const own = type === "text" && typeof text === "string" ? [text] : [];
  return [...own, ...Object.values(rest).flatMap(textsOf)];
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
        const sent = messages.map(({ content }) => JSON.stringify(content)).join();
        const given = body.messages.map(({ content }) =>
          typeof content === "string" ? [textBlock(content)] : content,
        );
        for (const text of textsOf(given)) expect(sent).toContain(JSON.stringify(text).slice(1, -1));
        expect(callsOf(messages)).toEqual(given.flat().flatMap(callOf));
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
        else expect(chatRequestFaults(found.request)).toEqual([]);
      });
      fc.assert(property, settings);
      expect(refused).toBeGreaterThan(RUNS / 20);
    },
    TIMEOUT_MS,
  );
});

function textBlock(text: string): JsonObject {
  return { type: "text", text };
}

function callOf(block: unknown): { id: unknown; input: unknown }[] {
  const { type, id, input } = block as JsonObject;
  return type === "tool_use" ? [{ id, input: input ?? {} }] : [];
}

function callsOf(messages: readonly ChatMessage[]): { id: unknown; input: unknown }[] {
  return messages
    .flatMap((message) => (message.role === "assistant" ? (message.tool_calls ?? []) : []))
    .map(({ id, function: called }) => ({ id, input: JSON.parse(called.arguments) }));
}

const said = fc.string({ minLength: 1, maxLength: 12, unit: "binary" });
const thought = fc.option(said, { freq: 2 });

/** An assistant's answer, as Ark gives it. */
const answer = fc
  .record({
    reasoning: thought,
    encrypted: thought,
    content: thought,
    inputs: fc.array(
      fc.oneof(
        fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
        fc.constant({ text: '}"{\\' }),
      ),
      { maxLength: 3 },
    ),
  })
  .map(({ inputs, ...texts }) => ({ ...texts, arguments: inputs.map((input) => JSON.stringify(input)) }));

type Answer = {
  reasoning: string | null;
  encrypted: string | null;
  content: string | null;
  arguments: string[];
};

function calls({ arguments: given }: Answer): object[] {
  return given.map((written, index) => {
    return { id: `call_${index}`, type: "function", function: { name: "look", arguments: written } };
  });
}

function wholeAnswer(made: Answer): Buffer {
  const message = {
    role: "assistant",
    content: made.content ?? "",
    ...(made.reasoning === null ? {} : { reasoning_content: made.reasoning }),
    ...(made.encrypted === null ? {} : { encrypted_content: made.encrypted }),
    ...(made.arguments.length === 0 ? {} : { tool_calls: calls(made) }),
  };
  const usage = { prompt_tokens: 9, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } };
  const finish_reason = made.arguments.length === 0 ? "stop" : "tool_calls";
  return Buffer.from(
    JSON.stringify({ id: "02", model: "doubao-x", choices: [{ message, finish_reason }], usage }),
  );
}

/** Pieces of a text of so many characters each. */
function cut(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );
}

/** The same answer in chunks; the calls' fragments one call after the other, or in turn. */
function streamed(made: Answer, size: number, isInTurn: boolean): string {
  const deltas: object[] = [
    ...cut(made.reasoning ?? "", size).map((text) => ({ reasoning_content: text })),
    ...(made.encrypted === null ? [] : [{ encrypted_content: made.encrypted }]),
    ...cut(made.content ?? "", size).map((text) => ({ content: text })),
  ];
  const heads = made.arguments.map((_, index) => {
    return { index, id: `call_${index}`, type: "function", function: { name: "look", arguments: "" } };
  });
  const bodies = made.arguments.map((written, index) =>
    cut(written, size).map((text) => ({ index, function: { arguments: text } })),
  );
  const longest = Math.max(0, ...bodies.map(({ length }) => length));
  const inTurn = Array.from({ length: longest }, (_, at) => bodies.flatMap((body) => body[at] ?? [])).flat();
  const inRow = heads.flatMap((head, index) => [head, ...(bodies[index] ?? [])]);
  for (const call of isInTurn ? [...heads, ...inTurn] : inRow) deltas.push({ tool_calls: [call] });
  const chunks = deltas.map((delta) => ({ model: "doubao-x", choices: [{ index: 0, delta }], usage: null }));
  const finish_reason = made.arguments.length === 0 ? "stop" : "tool_calls";
  const usage = { prompt_tokens: 9, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } };
  const end = [
    { model: "doubao-x", choices: [{ index: 0, delta: {}, finish_reason }] },
    { choices: [], usage },
  ];
  return [...chunks, ...end, "[DONE]"]
    .map((data) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`)
    .join("");
}

describe("an answer of Ark's", () => {
  const request = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] };

  test(
    "says the same whole and streamed, and comes back to Ark as it was",
    () => {
      const size = fc.integer({ min: 1, max: 9 });
      const property = fc.property(answer, size, fc.boolean(), (made, characters, isInTurn) => {
        const { answers } = translate(request);
        const message: JsonObject = JSON.parse(answers.rewriteWhole(wholeAnswer(made)).toString());
        const tap = answers.openTap();
        const events = tap.push(Buffer.from(streamed(made, characters, isInTurn)))?.toString() ?? "";
        expect(assembleMessage(events)).toEqual(message);
        expect(tap.usage).toEqual(answers.hearWhole(Buffer.alloc(0)));

        const again = {
          ...request,
          messages: [...request.messages, { role: "assistant", content: message["content"] }],
        };
        const [, back] = translate(again).request.messages;
        if (made.content === null && made.arguments.length === 0) expect(back).toBeUndefined();
        else {
          const { reasoning, encrypted } = made;
          expect(back).toEqual({
            role: "assistant",
            content: made.content ?? "",
            ...(reasoning === null ? {} : { reasoning_content: reasoning }),
            ...(encrypted === null ? {} : { encrypted_content: encrypted }),
            ...(made.arguments.length === 0 ? {} : { tool_calls: calls(made) }),
          });
        }
      });
      fc.assert(property, settings);
    },
    TIMEOUT_MS,
  );

  test(
    "that is anything at all becomes a message or a 502, whole or streamed",
    () => {
      const delta = fc.record(
        {
          content: fc.jsonValue({ maxDepth: 1 }),
          reasoning_content: fc.constantFrom("a", "", null, 7),
          encrypted_content: fc.constantFrom("e", null),
          tool_calls: fc.array(
            fc.record(
              {
                index: fc.constantFrom(0, 1, -1, "0"),
                id: fc.constantFrom("call_1", "call_2", ""),
                function: fc.record(
                  {
                    name: fc.constantFrom("look", ""),
                    arguments: fc.constantFrom("{", "}", "null", '{"a":"', " ", 5),
                  },
                  { requiredKeys: [] },
                ),
              },
              { requiredKeys: ["index"] },
            ),
            { maxLength: 2 },
          ),
        },
        { requiredKeys: [] },
      );
      const property = fc.property(fc.array(delta, { maxLength: 6 }), (deltas) => {
        const { answers } = translate(request);
        const stream = deltas
          .map((each) => `data: ${JSON.stringify({ choices: [{ delta: each }] })}\n\n`)
          .join("");
        const end = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
        for (const attempt of [
          () => answers.openTap().push(Buffer.from(stream + end)),
          () =>
            answers.rewriteWhole(Buffer.from(JSON.stringify({ choices: [{ message: deltas[0] ?? {} }] }))),
        ]) {
          try {
            expect(attempt()?.length).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toMatchObject({ code: "upstream_invalid" });
          }
        }
      });
      fc.assert(property, settings);
    },
    TIMEOUT_MS,
  );
});
