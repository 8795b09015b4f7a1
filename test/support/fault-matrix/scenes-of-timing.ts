/** Answers that come late, in pieces, in part or not at all (reliability U5 to U10, U14, U25, U28). */
import { bodyOrWire, CUT, CUT_WHOLE, FINAL, FINAL_OR_STALE, type Scene, somewhere } from "./scene.ts";

export const orderly: readonly Scene[] = [
  { name: "nothing", weight: 8, step: () => null, stream: FINAL, whole: FINAL },
  { name: "paced", weight: 8, upstream: "paced", step: () => null, stream: FINAL, whole: FINAL },
  {
    name: "delay",
    step: (random) => ({ kind: "delay", ms: 5 + random.below(60) }),
    stream: FINAL,
    whole: FINAL,
  },
  {
    name: "a stall that ends",
    step: (random, shape) => ({
      kind: "stall",
      afterBytes: somewhere(random, shape),
      of: bodyOrWire(random),
      ms: 40,
    }),
    stream: FINAL,
    whole: FINAL,
  },
  {
    name: "split",
    step: (random) => ({ kind: "split", bytes: 7 + random.below(97) }),
    stream: FINAL,
    whole: FINAL,
  },
  {
    name: "drip",
    step: (random) => ({ kind: "drip", afterBytes: 300, bytes: 400 + random.below(400), everyMs: 3 }),
    stream: FINAL,
    whole: FINAL,
  },
  {
    name: "interim heads",
    step: (random) => ({ kind: "interim", status: random.pick([102, 103]), count: 1 + random.below(3) }),
    stream: FINAL,
    whole: FINAL,
  },
  { name: "until close", step: () => ({ kind: "until_close" }), stream: FINAL, whole: FINAL },
  {
    name: "a promise to keep the connection",
    upstream: "idle",
    step: () => [{ kind: "keep_alive_hint" }, { kind: "idle_close", afterMs: 0 }],
    stream: FINAL_OR_STALE,
    whole: FINAL_OR_STALE,
  },
  {
    name: "idle close",
    upstream: "idle",
    step: (random) => ({ kind: "idle_close", afterMs: random.below(10) }),
    stream: FINAL_OR_STALE,
    whole: FINAL_OR_STALE,
  },
  {
    name: "a second answer",
    upstream: "talkative",
    step: () => ({ kind: "second_answer" }),
    stream: FINAL,
    whole: FINAL,
  },
  { name: "broken arguments", step: () => ({ kind: "broken_arguments" }), stream: FINAL, whole: FINAL },
];

/** Their connections may close just behind a whole answer, under the next call, so nobody shares them. */
const CUTTING = { upstream: "cutting" };

export const cuts: readonly Scene[] = [
  {
    name: "reset",
    ...CUTTING,
    weight: 6,
    step: (random, shape) => ({
      kind: "reset",
      afterBytes: somewhere(random, shape),
      of: bodyOrWire(random),
    }),
    stream: CUT,
    whole: CUT_WHOLE,
  },
  {
    name: "close",
    ...CUTTING,
    weight: 6,
    step: (random, shape) => ({
      kind: "close",
      afterBytes: somewhere(random, shape),
      of: bodyOrWire(random),
    }),
    stream: CUT,
    whole: CUT_WHOLE,
  },
  {
    name: "truncate",
    ...CUTTING,
    weight: 2,
    step: (random, shape) => ({ kind: "truncate", afterBytes: somewhere(random, shape) }),
    stream: CUT,
    whole: /^(settled -E (estimated|upstream_final)|failed U[HS] estimated)$/,
  },
  {
    name: "reset of a long answer",
    upstream: "long",
    shape: "whole",
    weight: 0.5,
    step: (random) => ({ kind: random.pick(["reset", "close"]), afterBytes: random.below(500_000) }),
    stream: CUT,
    whole: /^(failed U[HS] estimated|partial US estimated|settled -E upstream_final)$/,
  },
  {
    name: "no [DONE]",
    ...CUTTING,
    step: (random) => ({ kind: "omit_done", andFinish: random.below(2) === 1 }),
    stream: /^partial US upstream_final$/,
    whole: FINAL,
    // Their usage stands in the event that says how they finished.
    messages: { verbatim: { stream: /^partial US (counted|upstream_final)$/ } },
    // They end without a mark.
    responses: { verbatim: { stream: /^(partial US counted|settled -E upstream_final)$/ } },
  },
  {
    name: "error event",
    ...CUTTING,
    weight: 2,
    shape: "stream",
    step: (random) => ({ kind: "error_event", afterEvents: random.below(4), named: random.below(2) === 1 }),
    // A short answer has been billed by then.
    stream: /^partial US (counted|estimated|upstream_final)$/,
    whole: FINAL,
  },
  {
    name: "garbage",
    ...CUTTING,
    step: (random, shape) => ({ kind: "garbage", afterBytes: somewhere(random, shape), bytes: 64 }),
    stream:
      /^(settled -E (upstream_final|counted)|failed U[HF] (estimated|counted)|partial US (counted|upstream_final))$/,
    whole: /^(settled -E (estimated|upstream_final)|failed U[HS] estimated)$/,
  },
  {
    name: "content length",
    ...CUTTING,
    step: (random) => ({ kind: "content_length", surplus: random.pick([10, -10, 300, -300]) }),
    stream: /^(partial US (upstream_final|counted)|settled -E upstream_final|failed U[HF] estimated)$/,
    whole: /^(failed U[HS] estimated|settled -E (estimated|upstream_final))$/,
  },
];

export const silences: readonly Scene[] = [
  {
    name: "no head",
    upstream: "silent",
    step: () => ({ kind: "hang" }),
    stream: /^failed UH estimated$/,
    whole: /^failed UH estimated$/,
  },
  {
    name: "no first token",
    upstream: "silent",
    step: () => ({ kind: "hang", afterHead: true }),
    stream: /^failed UF estimated$/,
    whole: /^failed US estimated$/,
  },
  {
    name: "silence between chunks",
    // Silence behind a whole answer meets the next call on the connection.
    upstream: "stalling",
    weight: 2,
    step: (random, shape) => ({ kind: "stall", afterBytes: somewhere(random, shape) }),
    stream: CUT,
    whole: CUT_WHOLE,
  },
  {
    name: "open after [DONE]",
    upstream: "stalling",
    step: () => ({ kind: "open_after_done" }),
    stream: /^(settled -E upstream_final|failed UH estimated)$/,
    whole: /^(failed UH estimated|settled -E upstream_final)$/,
  },
  {
    name: "more after [DONE]",
    upstream: "silent",
    step: (random) => ({ kind: "after_done", text: random.pick([null, "data: {}\n\n", "junk"]) }),
    stream: FINAL,
    whole: FINAL,
  },
];
