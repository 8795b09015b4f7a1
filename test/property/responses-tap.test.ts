/** However a Responses stream of Ark's is cut, the client gets the same bytes and the ledger its figures. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../src/core/errors.ts";
import { declareTopTools } from "../../src/protocols/responses/flat-tools.ts";
import type { AnswerRewrite } from "../../src/protocols/responses/verbatim/rewrite-answer.ts";
import { ResponsesTap } from "../../src/protocols/responses/verbatim/tap.ts";
import { SSE_TAIL_BYTES_MAX } from "../../src/wire/sse-events.ts";
import { type ResponsesStream, responsesStreams } from "../support/responses-streams.ts";

const RUNS = Number(process.env["VOLCANO_PROPERTY_RUNS"] ?? 20_000);
const TIMEOUT_MS = 20_000 + RUNS;
const SMALL_TAIL_BYTES_MAX = 61;

const names = declareTopTools([{ type: "custom", name: "apply_patch" }]);
names.declare({ kind: "function", name: "read", namespace: "mcp__files" });
const rewrites: readonly (readonly [string, AnswerRewrite | null])[] = [
  ["as it came", null],
  ["with names given back", { names, fillsRequired: false }],
  ["with what OpenAI requires", { names: null, fillsRequired: true }],
  ["with both", { names, fillsRequired: true }],
];

type Reading = { readonly given: string; readonly learnt: object };

function tapped(
  stream: Buffer,
  cuts: readonly number[],
  tailBytesMax: number,
  rewrite: AnswerRewrite | null,
): Reading {
  const ids: (string | null)[] = [];
  const tap = new ResponsesTap({ tailBytesMax, rewrite, listener: { begun: ({ id }) => ids.push(id) } });
  const given: Buffer[] = [];
  let start = 0;
  for (const cut of [...cuts, stream.length]) {
    const bytes = tap.push(stream.subarray(start, cut));
    if (bytes !== null) given.push(bytes);
    start = cut;
  }
  const rest = tap.finish();
  if (rest !== null) given.push(rest);
  const { usage, usageIsFinal, done, failure, events, insideEvent } = tap;
  const { narrowBytes, marks, middleCharacters, wideCharacters, thoughtBytes } = tap.measure;
  const figures = { narrowBytes, marks, middleCharacters, wideCharacters, thoughtBytes };
  const measure = { events: tap.measure.events, ...figures };
  const error = new GatewayError("upstream_truncated", "cut");
  const failed = /"sequence_number":\d+/g;
  const ending = tap.failureEvent(error, "req_1").toString("latin1").match(failed)?.at(-1);
  return {
    given: Buffer.concat(given).toString("latin1"),
    learnt: { usage, usageIsFinal, done, failure, events, insideEvent, measure, ids, ending },
  };
}

function expectSame(found: Reading, wanted: Reading, where: string): void {
  if (found.given === wanted.given && JSON.stringify(found.learnt) === JSON.stringify(wanted.learnt)) return;
  expect(found, where).toEqual(wanted);
}

/** No event of it can pass unread. */
function readThrough({ bytes }: ResponsesStream): Reading {
  const text = bytes.toString("latin1").replaceAll("event: response.", "event:response.");
  return tapped(Buffer.from(text, "latin1"), [], SSE_TAIL_BYTES_MAX, null);
}

function streamCalled(wanted: string): ResponsesStream {
  const found = responsesStreams.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`no stream is called ${wanted}`);
  return found;
}

/** Cut at every byte; the others at every seventh, which is in each part of their events too. */
const thorough = ["a whole answer", "no closing mark", "CRLF"];
const bounds = [SSE_TAIL_BYTES_MAX, SMALL_TAIL_BYTES_MAX];

describe("a stream cut anywhere reads as the whole stream does", () => {
  test.each(bounds)("at every place, with a bound of %i", (bound) => {
    for (const { name, bytes } of responsesStreams) {
      const wanted = tapped(bytes, [], bound, null);
      const step = thorough.includes(name) && bound === SSE_TAIL_BYTES_MAX ? 1 : 7;
      for (let cut = 0; cut <= bytes.length; cut += step)
        expectSame(tapped(bytes, [cut], bound, null), wanted, `${name}, ${cut}`);
    }
  });

  test.each(rewrites)("at every second byte, %s", (_name, rewrite) => {
    const { bytes } = streamCalled("an answer with calls of all kinds");
    const wanted = tapped(bytes, [], SSE_TAIL_BYTES_MAX, rewrite);
    for (let cut = rewrite === null ? 0 : 1; cut <= bytes.length; cut += 2)
      expectSame(tapped(bytes, [cut], SSE_TAIL_BYTES_MAX, rewrite), wanted, String(cut));
  });

  test.each(rewrites)("at a byte of each event, %s", (_name, rewrite) => {
    for (const { name, bytes } of responsesStreams) {
      const wanted = tapped(bytes, [], SSE_TAIL_BYTES_MAX, rewrite);
      for (let cut = 0; cut <= bytes.length; cut += 41)
        expectSame(tapped(bytes, [cut], SSE_TAIL_BYTES_MAX, rewrite), wanted, `${name}, ${cut}`);
    }
  });

  test("and as it does where every event of it is read", () => {
    for (const stream of responsesStreams) {
      const wanted = tapped(stream.bytes, [], SSE_TAIL_BYTES_MAX, null);
      expect(readThrough(stream).learnt, stream.name).toEqual(wanted.learnt);
    }
  });

  test(
    "put together and cut at random",
    () => {
      const token = fc.constantFrom(
        ..."\n,\n,\n\n,\r,\r\n,: c,data: ,event: ,error,x,{,},data: [DONE]\n\n".split(","),
        "event: response.output_text.delta\ndata: {",
        'event: response.output_text.delta\ndata: {"delta":"Hi, é 你","output_index":0}\n\n',
        'event: response.reasoning_text.delta\ndata: {"delta":"嗯\\n","sequence_number":7}\n\n',
        "event: response.function_call_arguments.delta\n" +
          'data: {"delta":"{\\"input\\":\\"","output_index":1}\n\n',
        'event: response.function_call_arguments.delta\ndata: {"delta":"a\\\\n","output_index":1}\n\n',
        'event: response.function_call_arguments.done\ndata: {"arguments":"{}","output_index":1}\n\n',
        'event: response.output_item.added\ndata: {"output_index":1,' +
          '"item":{"type":"function_call","name":"apply_patch"}}\n\n',
        'event: response.created\ndata: {"response":{"id":"resp_1","usage":null}}\n\n',
        'event: response.completed\ndata: {"response":{"usage":{"input_tokens":9,"output_tokens":1}}}\n\n',
        'data: {"type":"response.incomplete","response":{"usage":{"input_tokens":9,"output_tokens":5}}}\n\n',
        'event: error\ndata: {"code":"E"}\n\n',
      );
      const seeds = fc.array(fc.nat(1_000_000), { maxLength: 8 });
      const property = fc.property(
        fc.array(token, { maxLength: 12 }),
        seeds,
        fc.constantFrom(SSE_TAIL_BYTES_MAX, 30),
        fc.constantFrom(...rewrites),
        (tokens, places, tailBytesMax, [, rewrite]) => {
          const bytes = Buffer.from(tokens.join(""));
          const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
          const wanted = tapped(bytes, [], tailBytesMax, rewrite);
          expectSame(tapped(bytes, cuts, tailBytesMax, rewrite), wanted, JSON.stringify(tokens));
        },
      );
      fc.assert(property, { numRuns: RUNS, seed: 1 });
    },
    TIMEOUT_MS,
  );
});
