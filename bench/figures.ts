/** The figures: how each is taken on each server in turn, round after round. */
import { RepeatedLoad, StreamLoad, streamWork, unaryWork } from "./load.ts";
import { cpuMicroseconds, residentBytes } from "./process-tree.ts";
import { percentile } from "./statistics.ts";
import { type Launch, start, type Target } from "./target.ts";

/** What can be asked for with `--only`. */
export const subjects = ["unary", "stream", "latency", "ttft", "cold", "memory"] as const;
export type Subject = (typeof subjects)[number];

/** One line of the table: what was measured, and the value of every round by the server's name. */
export type Figure = {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  /** What a server is compared with: nginx by ratio, the origin itself by difference, or nothing. */
  readonly relation: "ratio" | "added" | "none";
  /** The most that the relation (or the value, where there is none) may be by the plan. */
  readonly target: number;
  readonly rounds: Record<string, number[]>;
};

export type Runs = { readonly rounds: number; readonly seconds: number };

const UNARY_CONCURRENCY = 32;
const STREAMS = 200;
const INTERVAL_MS = 10;
const STREAMS_AT_REST = 1_000;
const WARM_UP_MS = 300;
/** Streams outlive their window by this, which leaves them the time to open. */
const STREAM_MARGIN_MS = 2_000;
/** A relay that a busy machine keeps waiting reads several chunks at once, and looks cheaper than it is. */
const MERGED_MAX = 1.1;
const RETAKES_MAX = 3;
/** Probes come at odd times: one that waits for the last would only ever meet a server that is free. */
const PROBE_PAUSES_MS = [3, 11, 6, 2, 9, 5, 13, 7];
const FINISH_MS_MAX = 20_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function figure(
  key: string,
  title: string,
  unit: string,
  relation: Figure["relation"],
  target: number,
): Figure {
  return { key, title, unit, relation, target, rounds: {} };
}

function add({ rounds }: Figure, target: Target, value: number): void {
  const values = rounds[target.name] ?? [];
  values.push(value);
  rounds[target.name] = values;
}

/** Visits each target once a round, beginning with another one each time: no place in the order pays. */
async function alternate(
  targets: readonly Target[],
  rounds: number,
  slice: (target: Target) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < targets.length; turn += 1) {
      const target = targets[(round + turn) % targets.length];
      if (target !== undefined) await slice(target);
    }
  }
}

/** Processor time per request that is answered whole, 32 at a time. */
export async function unary(targets: readonly Target[], { rounds, seconds }: Runs): Promise<Figure[]> {
  const cpu = figure("unary_cpu", `CPU per unary request, c=${UNARY_CONCURRENCY}`, "us", "ratio", 2.5);
  await alternate(targets, rounds, async (target) => {
    const load = new RepeatedLoad(target.port, UNARY_CONCURRENCY, unaryWork);
    await sleep(WARM_UP_MS);
    const before = { cpu: cpuMicroseconds(target.pid), answers: load.answers };
    await sleep(seconds * 1_000);
    const used = cpuMicroseconds(target.pid) - before.cpu;
    const answers = load.answers - before.answers;
    await load.stop();
    if (answers === 0) throw new Error(`${target.name} answered nothing`);
    add(cpu, target, used / answers);
  });
  return [cpu];
}

function openStreams(target: Target, seconds: number): Promise<StreamLoad> {
  const events = Math.ceil((seconds * 1_000 + STREAM_MARGIN_MS) / INTERVAL_MS);
  return StreamLoad.open(target.port, STREAMS, { events, intervalMs: INTERVAL_MS });
}

type StreamSlice = { readonly cpuPerEvent: number; readonly eventsPerWrite: number };

async function streamSlice(target: Target, seconds: number): Promise<StreamSlice> {
  const load = await openStreams(target, seconds);
  await sleep(WARM_UP_MS);
  const before = { cpu: cpuMicroseconds(target.pid), events: load.events, frames: load.frames };
  await sleep(seconds * 1_000);
  const used = cpuMicroseconds(target.pid) - before.cpu;
  const events = load.events - before.events;
  const frames = load.frames - before.frames;
  if (load.answers > 0) throw new Error("streams ended within the window: the machine is too slow");
  await load.finish(FINISH_MS_MAX);
  return { cpuPerEvent: used / events, eventsPerWrite: events / frames };
}

/**
 * Processor time per event of a stream while 200 streams are open, and how many events a write held. A slice
 * in which the machine was too busy for one write each is taken again, three times at most.
 */
export async function stream(targets: readonly Target[], { rounds, seconds }: Runs): Promise<Figure[]> {
  const title = `CPU per streamed chunk, ${STREAMS} streams, one each ${INTERVAL_MS} ms`;
  const cpu = figure("stream_cpu", title, "us", "ratio", 2.2);
  const merged = figure("stream_merged", "chunks in one write meanwhile", "chunks", "none", MERGED_MAX);
  await alternate(targets, rounds, async (target) => {
    let slice = await streamSlice(target, seconds);
    for (let retake = 0; retake < RETAKES_MAX && slice.eventsPerWrite > MERGED_MAX; retake += 1) {
      slice = await streamSlice(target, seconds);
    }
    add(cpu, target, slice.cpuPerEvent);
    add(merged, target, slice.eventsPerWrite);
  });
  return [cpu, merged];
}

/** Time from a request's first byte out to its answer's last byte in, one at a time. */
export async function latency(targets: readonly Target[], { rounds, seconds }: Runs): Promise<Figure[]> {
  const p50 = figure("latency_p50", "unary p50, c=1", "ms", "added", 0.15);
  const p99 = figure("latency_p99", "unary p99, c=1", "ms", "added", 3);
  await alternate(targets, rounds, async (target) => {
    const load = new RepeatedLoad(target.port, 1, unaryWork);
    await sleep(WARM_UP_MS);
    load.restartTimes();
    await sleep(seconds * 1_000);
    await load.stop();
    add(p50, target, percentile(load.answerMs, 0.5));
    add(p99, target, percentile(load.answerMs, 0.99));
  });
  return [p50, p99];
}

/** Time from a stream's request to the first byte of its body, one probe at a time beside 200 streams. */
export async function ttft(targets: readonly Target[], { rounds, seconds }: Runs): Promise<Figure[]> {
  const p50 = figure("ttft_p50", `time to first byte p50, ${STREAMS} streams open`, "ms", "added", 1);
  await alternate(targets, rounds, async (target) => {
    const background = await openStreams(target, seconds);
    await sleep(WARM_UP_MS);
    const work = streamWork({ events: 1, intervalMs: INTERVAL_MS });
    const probe = new RepeatedLoad(target.port, 1, work, PROBE_PAUSES_MS);
    await sleep(seconds * 1_000);
    if (background.answers > 0) throw new Error("streams ended within the window: the machine is too slow");
    await probe.stop();
    await background.finish(FINISH_MS_MAX);
    add(p50, target, percentile(probe.firstByteMs, 0.5));
  });
  return [p50];
}

/** From the start of the process to its first complete answer. */
export async function cold(launches: readonly (() => Promise<Launch>)[], rounds: number): Promise<Figure[]> {
  const time = figure("cold_start", "cold start to first answer", "ms", "none", 400);
  for (let round = 0; round < rounds; round += 1) {
    for (const launch of launches) {
      const target = await start(await launch());
      add(time, target, target.coldStartMs);
      await target.stop();
    }
  }
  return [time];
}

/** Resident memory of a fresh process: after its first answer, and with 1,000 streams, an event a second. */
export async function memory(
  launches: readonly (() => Promise<Launch>)[],
  rounds: number,
): Promise<Figure[]> {
  const idle = figure("rss_idle", "RSS, idle", "MB", "none", Number.NaN);
  const busy = figure("rss_streams", `RSS, ${STREAMS_AT_REST} open streams`, "MB", "none", 200);
  for (let round = 0; round < rounds; round += 1) {
    for (const launch of launches) {
      const target = await start(await launch());
      try {
        add(idle, target, residentBytes(target.pid) / 1e6);
        const load = await StreamLoad.open(target.port, STREAMS_AT_REST, { events: 6, intervalMs: 1_000 });
        await sleep(2_000);
        add(busy, target, residentBytes(target.pid) / 1e6);
        await load.finish(FINISH_MS_MAX);
      } finally {
        await target.stop();
      }
    }
  }
  return [idle, busy];
}

/**
 * A just-in-time compiler has settled after some 100,000 requests; a service is there within its first
 * minute.
 */
const WARM_UP_SECONDS = 12;

/** Brings just-in-time compilers and connection pools to their working state before anything is counted. */
export async function warmUp(targets: readonly Target[], seconds: number): Promise<void> {
  await unary(targets, { rounds: 1, seconds: WARM_UP_SECONDS });
  await stream(targets, { rounds: 1, seconds });
  await unary(targets, { rounds: 1, seconds: WARM_UP_SECONDS });
}
