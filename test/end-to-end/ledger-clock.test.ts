/**
 * The host's clock jumps by seconds and by decades, forwards and backwards, in the middle of calls: durations
 * and deadlines do not notice, and each row is summed once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { DurableLedger } from "../../src/ledger/durable-ledger.ts";
import { readRows, rollUpFlaws, untrueRows } from "../support/fault-matrix/stored.ts";
import { callInto, type ObservedCall } from "../support/observed-call.ts";
import { untilQuiet } from "../support/reconcile.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";
import { Seeded } from "../support/seeded.ts";

const SEEDS = 300;
const AT_ONCE = 30;
const SECOND_MS = 1_000;
const YEAR_MS = 365 * 86_400_000;
/** Of a row of this test's calls; a jump is longer. */
const CALL_MS_MAX = 10_000;
const JUMPS_MS = [SECOND_MS, 61 * SECOND_MS, 3_600_000, 86_400_000, YEAR_MS, 20 * YEAR_MS] as const;
const SILENT = { info() {}, warn() {}, error() {} };

/** Its wall time is whatever the test says; its monotonic time begins far from zero, and ticks coarsely. */
class JumpingClock implements Clock {
  readonly #startMs = performance.now();
  #offsetMs = 0;
  jumps = 0;

  /** By at least a second, to either side; never as far as 1970. */
  jump(random: Seeded): void {
    const ms = random.pick(JUMPS_MS) * (1 + random.fraction());
    const isFar = Math.abs(this.#offsetMs) > 14 * YEAR_MS;
    const forwards = isFar ? this.#offsetMs < 0 : random.below(2) === 0;
    this.#offsetMs += Math.round(forwards ? ms : -ms);
    this.jumps++;
  }

  wallMs(): number {
    return Date.now() + this.#offsetMs;
  }

  monotonicMs(): number {
    return 1e9 + Math.floor((performance.now() - this.#startMs) * 10) / 10;
  }
}

/** One call, with jumps while it is on its way. */
async function callOver(running: RunningGateway, clock: JumpingClock, seed: number): Promise<ObservedCall> {
  const random = new Seeded(seed);
  const stream = random.below(3) > 0;
  const step = random.below(4) === 0 ? ({ kind: "delay", ms: 20 } as const) : null;
  clock.jump(random);
  const call = callInto(running, step, { stream });
  const jumps = 1 + random.below(4);
  for (let count = 0; count < jumps; count++) {
    const bytes = call.caller.bytesReceived;
    await call.caller.until(
      () => call.caller.bytesReceived > bytes || call.caller.parser.answers[0]?.isComplete === true,
      "more of the answer",
    );
    clock.jump(random);
  }
  await call.caller.untilComplete();
  return call;
}

test(`${SEEDS} calls over a clock that jumps`, { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "volcano-proxy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const options = { folder, durability: "process", onFailure: "refuse", log: SILENT } as const;
  const durable = await DurableLedger.open({ ...options, retentionMs: 200 * YEAR_MS, segmentBytes: 65_536 });
  const clock = new JumpingClock();
  const simulator = { replyTokens: 20, firstTokenDelayMs: 3, chunkIntervalMs: 2 };
  // Deadlines far shorter than the jumps, and far longer than the calls.
  const settings = { timeouts: { first_byte: "9s", between_chunks: "9s", total: "9s", write_stall: "9s" } };
  const running = await startGateway({ durable, clock, simulator, settings });
  let seed = 0;
  const calls: ObservedCall[] = [];
  const work = async (): Promise<void> => {
    while (seed < SEEDS) calls.push(await callOver(running, clock, ++seed));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(clock.jumps).toBeGreaterThan(2 * SEEDS);

  for (const { caller } of calls) {
    expect(caller.answer.status).toBe(200);
    const isStream = caller.answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
    expect(caller.text).toContain(isStream ? "data: [DONE]" : '"usage"');
  }
  await untilQuiet(running);
  await running.close();
  const rows = readRows(folder);
  expect(rows.length).toBe(SEEDS);
  for (const row of rows) {
    expect(row).toMatchObject({ state: "settled", cause: "-E", provenance: "upstream_final" });
    for (const ms of [row.queue_ms, row.connect_ms, row.first_byte_ms, row.total_ms]) {
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThan(CALL_MS_MAX);
    }
    expect(row.first_byte_ms ?? Number.NaN).toBeLessThanOrEqual(row.total_ms ?? Number.NaN);
  }
  expect(untrueRows(rows, running.ledger.rows())).toEqual([]);
  expect(rollUpFlaws(folder)).toEqual([]);
  const years = new Set(rows.map(({ opened_at: atMs }) => new Date(atMs).getUTCFullYear()));
  expect(years.size).toBeGreaterThan(10);
  for (const line of running.accessLines) {
    for (const name of ["first_byte_ms", "upstream_ms", "total_ms"]) {
      expect(line[name]).toBeGreaterThanOrEqual(0);
      expect(line[name]).toBeLessThan(CALL_MS_MAX);
    }
  }
});
