/** However a Messages stream of Ark's is cut, the client gets the same bytes and the ledger its figures. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MessagesTap } from "../../src/protocols/messages/verbatim/tap.ts";
import { SSE_TAIL_BYTES_MAX } from "../../src/wire/sse-events.ts";
import { messagesStreams } from "../support/messages-streams.ts";

const RUNS = Number(process.env["VOLCANO_PROPERTY_RUNS"] ?? 10_000);
const TIMEOUT_MS = 20_000 + RUNS;
const SMALL_TAIL_BYTES_MAX = 61;

type Reading = { readonly given: string; readonly learnt: object };

function tapped(stream: Buffer, cuts: readonly number[], tailBytesMax: number): Reading {
  const tap = new MessagesTap({ tailBytesMax });
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
  const measure = {
    events: tap.measure.events,
    narrowBytes,
    marks,
    middleCharacters,
    wideCharacters,
    thoughtBytes,
  };
  return {
    given: Buffer.concat(given).toString("latin1"),
    learnt: { usage, usageIsFinal, done, failure, events, insideEvent, measure },
  };
}

function expectSame(found: Reading, wanted: Reading, where: string): void {
  if (found.given === wanted.given && JSON.stringify(found.learnt) === JSON.stringify(wanted.learnt)) return;
  expect(found, where).toEqual(wanted);
}

/** What no tap holds: the stream reads alike though none of its events passes unread. */
function readThrough(stream: Buffer): Reading {
  return tapped(
    Buffer.from(
      stream.toString("latin1").replaceAll("event: content_block_delta", "event:content_block_delta"),
      "latin1",
    ),
    [],
    SSE_TAIL_BYTES_MAX,
  );
}

describe("a stream cut anywhere reads as the whole stream does", () => {
  test.each([SSE_TAIL_BYTES_MAX, SMALL_TAIL_BYTES_MAX])(
    "at every single cut, with a bound of %i",
    (bound) => {
      for (const { name, bytes } of messagesStreams) {
        const wanted = tapped(bytes, [], bound);
        for (let cut = 0; cut <= bytes.length; cut++)
          expectSame(tapped(bytes, [cut], bound), wanted, `${name}, ${cut}`);
      }
    },
  );

  test("and as it does where every event of it is read", () => {
    for (const { name, bytes } of messagesStreams) {
      expect(readThrough(bytes).learnt, name).toEqual(tapped(bytes, [], SSE_TAIL_BYTES_MAX).learnt);
    }
  });

  test(
    "put together and cut at random",
    () => {
      const token = fc.constantFrom(
        ..."\n,\n,\n\n,\r,\r\n,: c,data: ,event: ,error,x,{,}".split(","),
        "event: content_block_delta\ndata: {",
        'event: content_block_delta\ndata: {"delta":{"type":"text_delta","text":"Hi, é 你"}}\n\n',
        'event: content_block_delta\ndata: {"delta":{"type":"thinking_delta","thinking":"嗯\\n"}}\n\n',
        'event: content_block_delta\ndata: {"type":"message_stop","partial_json":"\\"b"}\n\n',
        'event: message_start\ndata: {"message":{"usage":{"input_tokens":9,"output_tokens":1}}}\n\n',
        'event: message_delta\ndata: {"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}\n\n',
        'data: {"type":"message_stop"}\n\n',
        'event: error\ndata: {"error":{"code":"E"}}\n\n',
      );
      const seeds = fc.array(fc.nat(1_000_000), { maxLength: 8 });
      const bound = fc.constantFrom(SSE_TAIL_BYTES_MAX, 30);
      const property = fc.property(
        fc.array(token, { maxLength: 12 }),
        seeds,
        bound,
        (tokens, places, tailBytesMax) => {
          const bytes = Buffer.from(tokens.join(""));
          const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
          expectSame(
            tapped(bytes, cuts, tailBytesMax),
            tapped(bytes, [], tailBytesMax),
            JSON.stringify(tokens),
          );
        },
      );
      fc.assert(property, { numRuns: RUNS, seed: 1 });
    },
    TIMEOUT_MS,
  );
});
