/** However a chat stream is cut, the client gets the same bytes and the ledger the same usage. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TextMeasure } from "../../src/core/text-measure.ts";
import type { Usage } from "../../src/core/usage.ts";
import { openChatTap } from "../../src/protocols/chat/tap.ts";
import type { StreamFailure, Tap } from "../../src/protocols/door.ts";
import { SSE_TAIL_BYTES_MAX } from "../../src/wire/sse-events.ts";
import { streamFixture, streamFixtures } from "../support/stream-fixtures.ts";
import { eventDataOf, readWholeStream, type WholeReading } from "../support/whole-stream.ts";

const RUNS = Number(process.env["VOLCANO_PROPERTY_RUNS"] ?? 20_000);
const TIMEOUT_MS = 20_000 + RUNS;
const PAIRED_BYTES_MAX = 400;
/** Shorter than most events of the fixtures, so that tails flow. */
const SMALL_TAIL_BYTES_MAX = 61;
const BOTH = [true, false];

function openTap(wantsUsage: boolean, tailBytesMax: number): Tap {
  return openChatTap(wantsUsage, { tailBytesMax: tailBytesMax });
}

/** What a tap gives and learns of a stream that is cut at `cuts`, ascending. */
function tapped(stream: Buffer, cuts: readonly number[], wantsUsage: boolean, bound: number): WholeReading {
  const tap = openTap(wantsUsage, bound);
  const given: Buffer[] = [];
  let start = 0;
  for (const cut of [...cuts, stream.length]) {
    const bytes = tap.push(stream.subarray(start, cut));
    if (bytes !== null) given.push(bytes);
    start = cut;
  }
  const rest = tap.finish();
  if (rest !== null) given.push(rest);
  return reading(tap, Buffer.concat(given));
}

function reading(tap: Tap, given: Buffer): WholeReading {
  const { usage, usageIsFinal, done, failure, events, measure, insideEvent } = tap;
  return { given, usage, usageIsFinal, done, failure, events, measure, insideEvent };
}

function isSameUsage(one: Usage | null, other: Usage | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.inputTokens === other.inputTokens &&
    one.cachedInputTokens === other.cachedInputTokens &&
    one.outputTokens === other.outputTokens &&
    one.reasoningTokens === other.reasoningTokens
  );
}

function isSameFailure(one: StreamFailure | null, other: StreamFailure | null): boolean {
  return one === null || other === null ? one === other : one.code === other.code;
}

function isSameMeasure(one: TextMeasure, other: TextMeasure): boolean {
  return (
    one.events === other.events &&
    one.narrowBytes === other.narrowBytes &&
    one.marks === other.marks &&
    one.middleCharacters === other.middleCharacters &&
    one.wideCharacters === other.wideCharacters &&
    one.thoughtBytes === other.thoughtBytes
  );
}

/** Compares quickly, and tells the difference well where there is one. */
function expectSame(found: WholeReading, wanted: WholeReading, where: string): void {
  const isSame =
    found.given.equals(wanted.given) &&
    isSameUsage(found.usage, wanted.usage) &&
    found.usageIsFinal === wanted.usageIsFinal &&
    isSameFailure(found.failure, wanted.failure) &&
    found.done === wanted.done &&
    found.events === wanted.events &&
    isSameMeasure(found.measure, wanted.measure) &&
    found.insideEvent === wanted.insideEvent;
  if (isSame) return;
  const shown = (each: WholeReading) => ({
    ...each,
    given: each.given.toString("latin1"),
    measure: { ...each.measure },
  });
  expect(shown(found), where).toEqual(shown(wanted));
}

function whole(stream: Buffer, wantsUsage: boolean, bound: number): WholeReading {
  return readWholeStream(stream, { wantsUsage, tailBytesMax: bound, ended: true });
}

const cutsOf = (length: number, seeds: readonly number[]) =>
  seeds.map((seed) => seed % (length + 1)).sort((a, b) => a - b);

const seeds = fc.array(fc.nat(1_000_000), { maxLength: 12 });

test("there are streams enough", () => {
  expect(streamFixtures.length).toBeGreaterThanOrEqual(40);
  expect(new Set(streamFixtures.map(({ name }) => name)).size).toBe(streamFixtures.length);
  const paired = streamFixtures.filter(({ bytes }) => bytes.length <= PAIRED_BYTES_MAX);
  expect(paired.length).toBeGreaterThanOrEqual(30);
});

describe("a stream cut anywhere reads as the whole stream does", () => {
  test.each([SSE_TAIL_BYTES_MAX, SMALL_TAIL_BYTES_MAX])(
    "at every single cut, with a bound of %i",
    (bound) => {
      for (const { name, bytes } of streamFixtures) {
        for (const wantsUsage of BOTH) {
          const wanted = whole(bytes, wantsUsage, bound);
          expectSame(tapped(bytes, [], wantsUsage, bound), wanted, `${name}, not cut`);
          for (let cut = 0; cut <= bytes.length; cut++) {
            expectSame(tapped(bytes, [cut], wantsUsage, bound), wanted, `${name}, cut at ${cut}`);
          }
        }
      }
    },
  );

  test("at every pair of cuts", () => {
    for (const { name, bytes } of streamFixtures) {
      if (bytes.length > PAIRED_BYTES_MAX) continue;
      const wanted = whole(bytes, false, SSE_TAIL_BYTES_MAX);
      for (let one = 0; one < bytes.length; one++) {
        for (let two = one + 1; two <= bytes.length; two++) {
          const found = tapped(bytes, [one, two], false, SSE_TAIL_BYTES_MAX);
          expectSame(found, wanted, `${name}, cut at ${one} and ${two}`);
        }
      }
    }
  });

  test(
    `at random cuts, ${RUNS} times`,
    () => {
      const index = fc.nat(streamFixtures.length - 1);
      const bound = fc.constantFrom(SSE_TAIL_BYTES_MAX, SMALL_TAIL_BYTES_MAX, 20, 0);
      const property = fc.property(
        index,
        seeds,
        fc.boolean(),
        bound,
        (at, cuts, wantsUsage, tailBytesMax) => {
          const { name, bytes } = streamFixtures[at] ?? { name: "", bytes: Buffer.alloc(0) };
          const found = tapped(bytes, cutsOf(bytes.length, cuts), wantsUsage, tailBytesMax);
          expectSame(found, whole(bytes, wantsUsage, tailBytesMax), name);
        },
      );
      fc.assert(property, { numRuns: RUNS, seed: RUNS });
    },
    TIMEOUT_MS,
  );

  test(
    "a stream put together at random, too",
    () => {
      const token = fc.constantFrom(
        ..."\n,\n,\r,\r,\r\n,: c,data,event,:, ,error,[DONE],x,\ufeff,{,}".split(","),
        "data: ",
        'data: {"choices":[{}],"usage":null}\n\n',
        'data: {"choices":[{"delta":{"content":"Hi, é 你"}}],"usage":null}\n\n',
        'data: {"choices":[{"delta":{"content":"","reasoning_content":"嗯\\n"}}],"usage":null}\n\n',
        'data: {"content":"a","reasoning_content":"\\"b","usage":null}\n\n',
        'data: {"arguments" : "{\\"a',
        'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5}}',
        'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":8}}\r\r',
        'data: {"error":{"code":"E"}}',
        ',"usage":null}\n\n',
        "data: [DONE]",
      );
      const stream = fc.array(token, { maxLength: 14 });
      const bound = fc.constantFrom(SSE_TAIL_BYTES_MAX, 30);
      const property = fc.property(
        stream,
        seeds,
        fc.boolean(),
        bound,
        (tokens, cuts, wantsUsage, tailBytesMax) => {
          const bytes = Buffer.from(tokens.join(""));
          const found = tapped(bytes, cutsOf(bytes.length, cuts), wantsUsage, tailBytesMax);
          expectSame(found, whole(bytes, wantsUsage, tailBytesMax), JSON.stringify(tokens.join("")));
        },
      );
      fc.assert(property, { numRuns: RUNS, seed: RUNS });
    },
    TIMEOUT_MS,
  );
});

describe("what has been given at any moment", () => {
  test.each([SSE_TAIL_BYTES_MAX, SMALL_TAIL_BYTES_MAX])("is every whole event so far, bound %i", (bound) => {
    for (const { name, bytes } of streamFixtures) {
      if (bytes.length > 4_096) continue;
      for (const wantsUsage of BOTH) {
        const { given: wanted } = whole(bytes, wantsUsage, bound);
        const tap = openTap(wantsUsage, bound);
        let given = Buffer.alloc(0);
        for (let end = 1; end <= bytes.length; end++) {
          const more = tap.push(bytes.subarray(end - 1, end));
          if (more !== null) given = Buffer.concat([given, more]);
          const prefix = bytes.subarray(0, end);
          const options = { wantsUsage, tailBytesMax: bound, ended: false };
          const where = `${name}, byte ${end}`;
          expectSame(reading(tap, given), readWholeStream(prefix, options), where);
          expect(wanted.subarray(0, given.length).equals(given), where).toBe(true);
        }
      }
    }
  });

  test("can be followed by an error event wherever the upstream breaks off", () => {
    const names = [
      "plain, usage asked for",
      "text of many bytes",
      "tool calls",
      "CRLF",
      "comments",
      "CR only",
    ];
    const error = '{"error":{"code":"upstream_truncated"}}';
    for (const name of names) {
      const bytes = streamFixture(name);
      const known = eventDataOf(bytes);
      for (let end = 0; end < bytes.length; end++) {
        for (const isClean of BOTH) {
          const tap = openTap(true, SSE_TAIL_BYTES_MAX);
          const given = [tap.push(bytes.subarray(0, end)), isClean ? tap.finish() : null];
          if (tap.done) continue;
          const sent = Buffer.concat([
            ...given.flatMap((each) => each ?? []),
            Buffer.from(`data: ${error}\n\n`),
          ]);
          const seen = eventDataOf(sent);
          const where = `${name}, cut after ${end}`;
          expect(seen.at(-1), where).toBe(error);
          expect(seen.slice(0, -1), where).toEqual(known.slice(0, seen.length - 1));
        }
      }
    }
  });
});
