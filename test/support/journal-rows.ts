/** Any rows of a ledger, and any of the texts and numbers that may stand in them. */
import fc from "fast-check";
import { settlements } from "../../src/core/ending.ts";
import { attemptIdOf, type KeyId, newRequestId } from "../../src/core/ids.ts";
import type { PriceList } from "../../src/core/money.ts";
import type { TextMeasure } from "../../src/core/text-measure.ts";
import { provenances, TOKENS_MAX, type Usage } from "../../src/core/usage.ts";
import type { AttemptOpened, AttemptSettled } from "../../src/ledger/ledger.ts";

/** Whole characters of every plane, with those that a line of the journal could be broken by. */
export const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\t", "\n", "\\", "\r", "N"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 40,
});
const anyCount = fc.nat({ max: TOKENS_MAX });
/** Whole microseconds, which is what the journal keeps. */
const anyMs = fc.nat({ max: 2_000_000_000 }).map((micros) => micros / 1_000);

const anyMeasure: fc.Arbitrary<TextMeasure> = fc.record({
  events: anyCount,
  narrowBytes: anyCount,
  marks: anyCount,
  middleCharacters: anyCount,
  wideCharacters: anyCount,
  thoughtBytes: anyCount,
});
const anyUsage: fc.Arbitrary<Usage> = fc.record({
  inputTokens: anyCount,
  cachedInputTokens: anyCount,
  outputTokens: anyCount,
  reasoningTokens: anyCount,
});
const anyPrice: fc.Arbitrary<PriceList> = fc.record({
  version: anyText,
  tiers: fc.array(
    fc.record({
      inputTokensMax: fc.option(anyCount),
      outputTokensMax: fc.option(anyCount),
      input: anyCount,
      cachedInput: fc.option(anyCount),
      output: anyCount,
    }),
    { maxLength: 6 },
  ),
});

export const anyRequestId = fc.nat().map(newRequestId);

export const anyOpened: fc.Arbitrary<AttemptOpened> = fc
  .record({
    requestId: anyRequestId,
    attempt: fc.nat({ max: 99 }),
    clientRequestId: fc.option(anyText),
    keyId: anyText.map((text) => text as KeyId),
    door: anyText,
    alias: anyText,
    upstream: anyText,
    upstreamModel: anyText,
    stream: fc.boolean(),
    openedAtWallMs: fc.integer({ min: -1e12, max: 4e12 }),
    queueMs: anyMs,
    body: anyMeasure,
    outputTokensMax: fc.option(anyCount),
    price: fc.option(anyPrice),
    idempotency: fc.option(anyText),
  })
  .map(({ attempt, ...row }) => ({ ...row, attemptId: attemptIdOf(row.requestId, attempt) }));

export const anySettled: fc.Arbitrary<AttemptSettled> = fc.record({
  attemptId: anyRequestId.map((requestId) => attemptIdOf(requestId, 1)),
  state: fc.constantFrom(...settlements),
  cause: fc.constantFrom("-E", "CS", "UH", "DE"),
  status: fc.option(fc.integer({ min: 100, max: 599 })),
  errorCode: fc.option(fc.stringMatching(/^[!-[\]-~]{0,64}$/)),
  usage: fc.option(anyUsage),
  provenance: fc.constantFrom(...provenances),
  cost: fc.option(fc.maxSafeNat()),
  dispatchedMs: fc.option(anyMs),
  firstByteMs: fc.option(anyMs),
  totalMs: anyMs,
});
