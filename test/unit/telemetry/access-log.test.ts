/** A request is one line of JSON, whatever its client has put into names. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { AccessLog } from "../../../src/telemetry/access-log.ts";
import type { RequestRecord } from "../../../src/telemetry/observer.ts";
import { requestRecord } from "../../support/request-record.ts";

/** Any UTF-16, lone surrogates too. */
const anyText = fc.uint16Array({ maxLength: 12 }).map((units) => String.fromCharCode(...units));

function linesOf(...records: RequestRecord[]): string[] {
  const lines: string[] = [];
  const log = new AccessLog({ write: (line) => lines.push(line), flush: () => {} });
  for (const record of records) log.requestEnded(record);
  return lines;
}

test("a line has the fields in their order, and no others", () => {
  expect(linesOf(requestRecord())).toEqual([
    '{"time":"2026-11-22T21:00:00.007Z","level":"info","message":"request",' +
      '"request_id":"req_01jd0000000123456789abcdef","method":"POST","route":"/chat/completions","door":"chat",' +
      '"model":"deepseek-v3","upstream":"ark","upstream_model":"ep-1","changes":"model include_usage",' +
      '"stream":true,"status":200,"outcome":"ok","cause":"-E","attempts":1,"input_tokens":10,' +
      '"cached_input_tokens":4,"output_tokens":20,"reasoning_tokens":3,' +
      '"provenance":"upstream_final","cost_cny":0.0015,"bytes_in":1800,"bytes_out":900,' +
      '"first_byte_ms":12.3,"upstream_ms":22.3,"total_ms":23.5}\n',
  ]);
});

test("what a refused request never had is left out", () => {
  const refused = requestRecord({
    ...{ route: "other", door: null, alias: null, modelLabel: "other", upstream: null, upstreamModel: null },
    ...{ stream: false, changes: [], status: 431, outcome: "refused", cause: "CA", attempts: 0, usage: null },
    ...{
      errorCode: "headers_too_large",
      errorSource: "client",
      bodyBytesIn: 0,
      firstByteMs: null,
      upstreamMs: null,
    },
    ...{ clientRequestId: "mine", fallbackFrom: "gpt-4", totalMs: Number.NaN },
  });
  expect(JSON.parse(linesOf(refused)[0] ?? "")).toEqual({
    ...{ time: "2026-11-22T21:00:00.007Z", level: "info", message: "request" },
    ...{ request_id: refused.requestId, client_request_id: "mine", method: "POST", route: "other" },
    ...{ fallback_from: "gpt-4", status: 431, outcome: "refused", cause: "CA", error: "headers_too_large" },
    ...{ error_source: "client", attempts: 0, bytes_in: 0, bytes_out: 900 },
  });
});

test.each([
  [0, "0"],
  [1, "0.000001"],
  [120_000, "0.12"],
  [3_000_000, "3"],
  [9_007_199_254_740_991, "9007199254.740991"],
  [null, "null"],
])("a cost of %s micro-yuan is %s", (cost, text) => {
  expect(linesOf(requestRecord({ cost }))[0]).toContain(`,"cost_cny":${text},"bytes_in"`);
});

test("time goes on, and back, with its milliseconds", () => {
  const times = [0, 9, 10, 99, 100, 999, 1_000, 1_763_848_800_123.9, 5, Number.NaN];
  const lines = linesOf(...times.map((startedAtWallMs) => requestRecord({ startedAtWallMs })));
  for (const [index, ms] of times.slice(0, -1).entries()) {
    const { time } = JSON.parse(lines[index] ?? "") as { time: string };
    expect(time).toBe(new Date(ms).toISOString());
  }
});

test("lines are as many as events, whatever the names are", () => {
  const wild = fc.oneof(
    anyText,
    fc.constantFrom('"}\n{"a":"', "\r\n", "\u2028", "\u001b[2J", "\\", '","status":200,"x":"', "\ud800"),
  );
  fc.assert(
    fc.property(
      fc.tuple(wild, wild, wild, wild, wild),
      ([alias, fallbackFrom, upstreamModel, route, errorCode]) => {
        const names = { alias, fallbackFrom, upstreamModel, route, errorCode, clientRequestId: alias };
        const [line = "", ...more] = linesOf(requestRecord({ ...names, method: fallbackFrom }));
        const parsed = JSON.parse(line) as Record<string, unknown>;
        const isOneLine = line.split(/[\n\r\u2028\u2029\u0085]/).length === 2 && line.endsWith("}\n");
        const isTold = parsed["model"] === alias && parsed["error"] === errorCode && parsed["status"] === 200;
        return more.length === 0 && isOneLine && isTold && !line.includes("\u001b");
      },
    ),
    { numRuns: 10_000 },
  );
});
