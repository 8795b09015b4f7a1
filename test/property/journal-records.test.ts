/** What a row says comes back from the journal as it went in, whatever its names hold. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KeyId } from "../../src/core/ids.ts";
import {
  CODE_CHARACTERS_MAX,
  NAME_CHARACTERS_MAX,
  OPENED_BYTES_MAX,
  openedLine,
  readRecord,
  readRecords,
  SETTLED_BYTES_MAX,
  settledLine,
  TIERS_MAX,
} from "../../src/ledger/journal/record.ts";
import type { AttemptOpened, AttemptSettled } from "../../src/ledger/ledger.ts";
import { anyOpened, anySettled } from "../support/journal-rows.ts";

const RUNS = { numRuns: 1_000, seed: 1 };

function samples<Value>(arbitrary: fc.Arbitrary<Value>): Value {
  const [value] = fc.sample(arbitrary, { numRuns: 1, seed: 1 });
  if (value === undefined) throw new TypeError("there is no sample");
  return value;
}

describe("records", () => {
  test("openings come back as they were", () => {
    fc.assert(
      fc.property(anyOpened, (row) => {
        expect(readRecords(Buffer.from(openedLine(row)))).toEqual([{ kind: "opened", row }]);
      }),
      RUNS,
    );
  });

  test("settlings come back as they were", () => {
    fc.assert(
      fc.property(anySettled, (row) => {
        expect(readRecords(Buffer.from(settledLine(row)))).toEqual([{ kind: "settled", row }]);
      }),
      RUNS,
    );
  });

  test("no text breaks its line, or hides another", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyOpened.map(openedLine), anySettled.map(settledLine))), (lines) => {
        for (const line of lines) expect(line.indexOf("\n")).toBe(line.length - 1);
        expect(readRecords(Buffer.from(lines.join("")))).toHaveLength(lines.length);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test("any bytes are read, or refused with a TypeError", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), anyOpened.map(openedLine)),
        fc.nat(),
        fc.nat(255),
        (text, at, byte) => {
          const payload = Buffer.from(text);
          if (payload.length > 0) payload[at % payload.length] = byte;
          try {
            readRecords(payload);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
          }
        },
      ),
      RUNS,
    );
  });
});

/** As long as can be. */
function longest(row: AttemptOpened, character: string): AttemptOpened {
  const name = character.repeat(2_000);
  return {
    ...row,
    clientRequestId: name,
    keyId: name as KeyId,
    door: name,
    alias: name,
    upstream: name,
    upstreamModel: name,
    idempotency: name,
    openedAtWallMs: -Number.MAX_SAFE_INTEGER,
    queueMs: Number.MAX_VALUE,
    price: {
      version: name,
      tiers: Array.from({ length: 99 }, () => ({
        inputTokensMax: Number.MAX_SAFE_INTEGER,
        outputTokensMax: Number.MAX_SAFE_INTEGER,
        input: Number.MAX_SAFE_INTEGER,
        cachedInput: Number.MAX_SAFE_INTEGER,
        output: Number.MAX_SAFE_INTEGER,
      })),
    },
  };
}

describe("the bounds of a line", () => {
  test.each(["\t", "x", "é", "语", "\ud800", "🙂"])("hold for names full of %j", (character) => {
    const row = longest(samples(anyOpened), character);
    const line = openedLine(row);
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(OPENED_BYTES_MAX);
    const [record] = readRecords(Buffer.from(line));
    if (record?.kind !== "opened") throw new TypeError("not an opening");
    expect(record.row.alias).toHaveLength(NAME_CHARACTERS_MAX);
    expect(record.row.price?.tiers).toHaveLength(TIERS_MAX);
  });

  test.each(["\t", "x", "语"])("hold for codes full of %j", (character) => {
    const most = Number.MAX_SAFE_INTEGER;
    const counts = { inputTokens: most, cachedInputTokens: most, outputTokens: most, reasoningTokens: most };
    const row: AttemptSettled = {
      ...samples(anySettled),
      state: "interrupted",
      status: most,
      errorCode: character.repeat(2_000),
      usage: counts,
      provenance: "upstream_partial",
      cost: most,
      dispatchedMs: 3e12,
      firstByteMs: 3e12,
      totalMs: 3e12,
    };
    const line = settledLine(row);
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(SETTLED_BYTES_MAX);
    const code = character === "x" ? "x" : "?";
    expect(readRecord(line.trimEnd())).toMatchObject({
      row: { errorCode: code.repeat(CODE_CHARACTERS_MAX) },
    });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])("a duration of %d is written as none", (totalMs) => {
    const line = settledLine({ ...samples(anySettled), totalMs });
    expect(readRecord(line.trimEnd())).toMatchObject({ row: { totalMs: 0 } });
  });
});
