/** Whole rows of the ledger, of which a test names what it is about; they need no test runner. */
import type { AttemptId, KeyId, RequestId } from "../../src/core/ids.ts";
import type { PriceList } from "../../src/core/money.ts";
import type { TextMeasure } from "../../src/core/text-measure.ts";
import type { AttemptOpened, AttemptSettled } from "../../src/ledger/ledger.ts";

/** Noon in Beijing on 2026-08-27. */
export const NOON = Date.parse("2026-08-27T12:00:00+08:00");

export const price: PriceList = {
  version: "ark-2026-08-27",
  tiers: [
    { inputTokensMax: null, outputTokensMax: null, input: 1_000_000, cachedInput: null, output: 2_000_000 },
  ],
};

export const body: TextMeasure = {
  events: 1,
  narrowBytes: 400,
  marks: 0,
  middleCharacters: 0,
  wideCharacters: 0,
  thoughtBytes: 0,
};

const usage = { inputTokens: 100, cachedInputTokens: 20, outputTokens: 50, reasoningTokens: 10 };

/** @param id an attempt's, or a request's: then of its first attempt */
function attemptIdIn(id: string): AttemptId {
  return (id.includes(".") ? id : `${id}.1`) as AttemptId;
}

export function openedRow(id: string, changes: Partial<AttemptOpened> = {}): AttemptOpened {
  const attemptId = attemptIdIn(id);
  return {
    attemptId,
    requestId: attemptId.slice(0, attemptId.lastIndexOf(".")) as RequestId,
    clientRequestId: null,
    keyId: "key-1" as KeyId,
    door: "chat",
    alias: "fast",
    upstream: "ark",
    upstreamModel: "doubao-seed-1-6",
    stream: true,
    openedAtWallMs: NOON,
    queueMs: 1.5,
    body,
    outputTokensMax: null,
    price,
    idempotency: null,
    ...changes,
  };
}

export function settledRow(id: string, changes: Partial<AttemptSettled> = {}): AttemptSettled {
  return {
    attemptId: attemptIdIn(id),
    state: "settled",
    cause: "-E",
    status: 200,
    errorCode: null,
    usage,
    provenance: "upstream_final",
    cost: 200,
    dispatchedMs: 2.5,
    firstByteMs: 100.25,
    totalMs: 900.75,
    ...changes,
  };
}

/** Settled, and told from others by its tokens. */
export function settledWith(id: string, outputTokens: number): AttemptSettled {
  return settledRow(id, { usage: { ...usage, outputTokens } });
}
