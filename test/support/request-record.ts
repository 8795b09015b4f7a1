/** The record of a request, for tests of those who are told of it. */
import type { RequestId } from "../../src/core/ids.ts";
import type { RequestRecord } from "../../src/telemetry/observer.ts";

export function requestRecord(fields: Partial<RequestRecord> = {}): RequestRecord {
  return {
    requestId: "req_01jd0000000123456789abcdef" as RequestId,
    clientRequestId: null,
    startedAtWallMs: Date.UTC(2026, 10, 22, 21, 0, 0, 7),
    method: "POST",
    route: "/chat/completions",
    door: "chat",
    alias: "deepseek-v3",
    modelLabel: "deepseek-v3",
    upstream: "ark",
    upstreamModel: "ep-1",
    stream: true,
    fallbackFrom: null,
    changes: ["model", "include_usage"],
    status: 200,
    outcome: "ok",
    cause: "-E",
    errorCode: null,
    errorSource: null,
    attempts: 1,
    usage: { inputTokens: 10, cachedInputTokens: 4, outputTokens: 20, reasoningTokens: 3 },
    provenance: "upstream_final",
    cost: 1_500,
    bodyBytesIn: 1_800,
    bodyBytesOut: 900,
    firstByteMs: 12.34,
    upstreamMs: 22.3,
    totalMs: 23.46,
    ...fields,
  };
}
