/** Whatever becomes of a configuration file, reading it ends in a configuration or in faults with lines. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readConfigBytes } from "../../src/config/read-config.ts";
import type { LimitSettings } from "../../src/core/limits.ts";
import { areTiersInOrder } from "../../src/core/money.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

const CHANGED_SHARE = 0.05;
const ARBITRARY_SHARE = 0.02;

const example = readFileSync(new URL("../../examples/volcano-proxy.yaml", import.meta.url));
const compact = Buffer.from(
  [
    "server: {host: 0.0.0.0, port: 5000, body_bytes_max: 64MiB, cors: []}",
    "upstreams: {ark: {kind: ark, api_keys: [a, b]}}",
    "models: &m {fast: ep-1, slow: {targets: [{upstream: ark, model: ep-2}], price: {input: 1, output: 2}},",
    "  tiered: {targets: [{model: ep-3}], price: [{up_to_input_tokens: 9, input: 1, output: 2}, {input: 2, output: 3}]},",
    "  named: {targets: [{model: ep-4}], price: glm-5-2-260617}}",
    "ledger: {durability: power, retention: 90d, client_loss: drain, drain_for: 30s, drains_max: 9}",
    "timeouts: {dns: 5s, first_token: null}",
    `default_model: \${D:-fast}`,
    "auth: {mode: both}",
    "limits: {concurrent: 8, queue: {waiting_max: 9, wait_max: 5s}, total: {budgets: [{cny: 1.5, per: day}]}}",
  ].join("\n"),
);

/** Pieces that mean something to YAML, to references or to the schema. */
const fragments = [
  ..."{}[]:,-&*!|>'\"%@`#?~\n\t $\u0000",
  "${",
  "}",
  ": ",
  "\n  ",
  "- ",
  "&a ",
  "*a",
  "!!map",
  "<<: *m",
  "---\n",
  "...\n",
  "null",
  "true",
  "1e400",
  ".nan",
  "0x10",
  "__proto__: 1",
  "constructor: 1",
  "\ufeff",
  "\u2028",
  "models: null",
  "targets: [{}]",
  "5s",
  "99999999999d",
  "budgets: [{tokens: 1, per: all}]",
  "queue: null",
  "per: week",
];

const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat(12),
  inserted: fc.oneof(
    fc.constantFrom(...fragments).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  ),
});

function mutate(file: Buffer, changes: readonly { at: number; removed: number; inserted: Buffer }[]): Buffer {
  let bytes = file;
  for (const { at, removed, inserted } of changes) {
    const start = Math.floor(at * bytes.length);
    bytes = Buffer.concat([bytes.subarray(0, start), inserted, bytes.subarray(start + removed)]);
  }
  return bytes;
}

const source = { environment: { D: "fast" }, flags: {}, workingFolder: "/" };

function checkLimits({ requestsPerMinute, tokensPerMinute, concurrent, budgets }: LimitSettings): void {
  for (const limit of [
    requestsPerMinute,
    tokensPerMinute,
    concurrent,
    ...budgets.map((each) => each.amount),
  ]) {
    if (limit === null) continue;
    expect(Number.isSafeInteger(limit)).toBe(true);
    expect(limit).toBeGreaterThanOrEqual(1);
  }
  expect(new Set(budgets.map(({ unit, period }) => `${unit}/${period}`)).size).toBe(budgets.length);
}

function check(bytes: Buffer): "ok" | "broken" {
  const reading = readConfigBytes(source, "volcano-proxy.yaml", bytes);
  if (reading.kind === "ok") {
    expect(Object.isFrozen(reading.config)).toBe(true);
    expect(reading.config.models.every((model) => model.targets.length === 1)).toBe(true);
    for (const { price } of reading.config.models) {
      if (price === null) continue;
      expect(areTiersInOrder(price.tiers)).toBe(true);
      expect(price.tiers.every(({ input, output }) => Number.isSafeInteger(input + output))).toBe(true);
    }
    for (const { limits } of reading.config.models) checkLimits(limits);
    checkLimits(reading.config.limits.keyDefaults);
    checkLimits(reading.config.limits.total);
    expect(reading.config.ledger.retentionMs).toBeGreaterThanOrEqual(86_400_000);
    expect(reading.config.ledger.retentionMs).toBeLessThanOrEqual(3_650 * 86_400_000);
    return "ok";
  }
  expect(reading.problems.length).toBeGreaterThan(0);
  const lines = bytes.toString("latin1").split("\n").length;
  for (const problem of reading.problems) {
    expect(problem.message).not.toBe("");
    expect(problem.line).toBeGreaterThanOrEqual(1);
    expect(problem.line).toBeLessThanOrEqual(lines + 1);
    expect(problem.column).toBeGreaterThanOrEqual(1);
  }
  return "broken";
}

test(
  "changed and cut files are read or refused, and nothing else happens",
  () => {
    const seen = { ok: 0, broken: 0 };
    const file = fc.constantFrom(example, compact);
    const property = fc.property(
      file,
      fc.array(change, { maxLength: 4 }),
      fc.nat(),
      (original, changes, cut) => {
        const changed = mutate(original, changes);
        seen[check(cut % 3 === 0 ? changed.subarray(0, cut % (changed.length + 1)) : changed)]++;
      },
    );
    const runs = propertyRuns(CHANGED_SHARE);
    fc.assert(property, runs);
    // Neither side of the property may be empty, or it would prove nothing.
    if (runs.numRuns >= 200) {
      expect(seen.ok).toBeGreaterThan(runs.numRuns / 100);
      expect(seen.broken).toBeGreaterThan(runs.numRuns / 100);
    }
  },
  propertyTimeoutMs(CHANGED_SHARE),
);

test("every beginning of the example is read or refused", () => {
  for (let length = 0; length <= example.length; length++) check(example.subarray(0, length));
}, 60_000);

test(
  "arbitrary bytes are read or refused",
  () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        check(Buffer.from(bytes));
      }),
      propertyRuns(ARBITRARY_SHARE),
    );
  },
  propertyTimeoutMs(ARBITRARY_SHARE),
);
