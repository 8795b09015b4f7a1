/** A body becomes one Buffer, within its bounds, however it arrives; and no listener stays behind. */
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BodyBounds, type BodyResult, readBoundedBody } from "../../../src/wire/bounded-body.ts";
import { ByteBudget } from "../../../src/wire/byte-budget.ts";

class ManualWatch {
  readonly watched = new Map<number, { tick(nowMs: number): void }>();

  add(watched: { tick(nowMs: number): void }): number {
    this.watched.set(1, watched);
    return 1;
  }

  remove(slot: number): void {
    this.watched.delete(slot);
  }

  tick(nowMs: number): void {
    for (const watched of this.watched.values()) watched.tick(nowMs);
  }
}

type Reading = { request: IncomingMessage; watch: ManualWatch; result: Promise<BodyResult> };

function start(bounds: Partial<BodyBounds>): Reading {
  const request = new IncomingMessage(new Socket());
  const watch = new ManualWatch();
  const whole = {
    bodyBytesMax: 1_000,
    deadlineMs: 5_000,
    contentLength: null,
    chunked: false,
    budget: new ByteBudget(Number.MAX_SAFE_INTEGER),
    ...bounds,
  };
  return { request, watch, result: readBoundedBody(request, whole, watch) };
}

function listenersOf(request: IncomingMessage): number {
  return ["data", "end", "close"].reduce((sum, event) => sum + request.listenerCount(event), 0);
}

async function outcome({ request, watch, result }: Reading): Promise<string> {
  const settled = await result;
  expect(listenersOf(request)).toBe(listenersOf(new IncomingMessage(new Socket())));
  expect(watch.watched.size).toBe(0);
  switch (settled.kind) {
    case "whole":
      return settled.body.toString("latin1");
    case "refused":
      return settled.error.code;
    case "left":
      return "left";
  }
}

test("no length and no chunks is no body, and nothing is listened to", async () => {
  expect(await outcome(start({}))).toBe("");
  expect(await outcome(start({ contentLength: 0 }))).toBe("");
});

test("one piece is handed on without a copy", async () => {
  const reading = start({ contentLength: 5 });
  const piece = Buffer.from("hello");
  reading.request.push(piece);
  reading.request.push(null);
  const settled = await reading.result;
  expect(settled.kind === "whole" && settled.body).toBe(piece);
});

test("n bytes pass and n + 1 are refused, declared or not", async () => {
  for (const chunked of [true, false]) {
    for (const cuts of [1, 10, 1_000]) {
      const exact = start({ chunked, contentLength: chunked ? null : 1_000 });
      for (let at = 0; at < 1_000; at += 1_000 / cuts) exact.request.push(Buffer.alloc(1_000 / cuts, 0x61));
      exact.request.push(null);
      expect(await outcome(exact)).toBe("a".repeat(1_000));
    }
  }
  const over = start({ chunked: true });
  over.request.push(Buffer.alloc(1_000));
  over.request.push(Buffer.alloc(1));
  expect(await outcome(over)).toBe("body_too_large");
  expect(over.request.isPaused()).toBe(true);
});

test("a declared length over the bound is refused before anything is read", async () => {
  const reading = start({ contentLength: 1_001 });
  expect(listenersOf(reading.request)).toBe(listenersOf(new IncomingMessage(new Socket())));
  expect(await outcome(reading)).toBe("body_too_large");
  expect(await outcome(start({ contentLength: Number("9".repeat(400)) }))).toBe("body_too_large");
});

test("the deadline is for the whole body", async () => {
  const reading = start({ contentLength: 10 });
  reading.request.push(Buffer.from("12345"));
  reading.watch.tick(4_999);
  expect(reading.watch.watched.size).toBe(1);
  reading.watch.tick(5_000);
  expect(await outcome(reading)).toBe("request_timeout");
});

test("a client that leaves in the middle has left", async () => {
  const reading = start({ contentLength: 10 });
  reading.request.push(Buffer.from("12345"));
  reading.request.destroy();
  expect(await outcome(reading)).toBe("left");
  const late = new IncomingMessage(new Socket());
  late.destroy();
  const budget = new ByteBudget(10);
  const bounds = { bodyBytesMax: 10, deadlineMs: 1, contentLength: 3, chunked: false, budget };
  expect((await readBoundedBody(late, bounds, new ManualWatch())).kind).toBe("left");
});

describe("the budget of all bodies", () => {
  const push = async (reading: Reading, bytes: number) => {
    reading.request.push(Buffer.alloc(bytes));
    reading.request.push(null);
    return reading.result;
  };

  test("n bytes in all are held, one more is refused with 503 and gives back what it took", async () => {
    const budget = new ByteBudget(100);
    expect((await push(start({ contentLength: 60, budget }), 60)).kind).toBe("whole");
    expect((await push(start({ contentLength: 40, budget }), 40)).kind).toBe("whole");
    expect(budget.held).toBe(100);
    expect(await push(start({ contentLength: 1, budget }), 1)).toMatchObject({
      kind: "refused",
      error: { code: "overloaded", status: 503 },
    });
    expect(budget.held).toBe(100);
    budget.give(40);
    expect((await push(start({ contentLength: 40, budget }), 40)).kind).toBe("whole");
  });

  test("a body whose client leaves, or that is too late, gives back what it took", async () => {
    const budget = new ByteBudget(100);
    const left = start({ contentLength: 60, budget });
    left.request.push(Buffer.alloc(30));
    left.request.destroy();
    await left.result;
    expect(budget.held).toBe(0);
    const late = start({ contentLength: 60, budget });
    late.request.push(Buffer.alloc(30));
    await new Promise(setImmediate);
    expect(budget.held).toBe(30);
    late.watch.tick(6_000);
    await late.result;
    expect(budget.held).toBe(0);
  });
});

test("however the bytes are cut, the body is the same", async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(lengths, fc.boolean(), async (pieces, chunked) => {
      const total = pieces.reduce((sum, length) => sum + length, 0);
      const whole = Buffer.alloc(total);
      for (let index = 0; index < total; index += 1 + (index >> 6)) whole[index] = index % 251;
      const reading = start({ bodyBytesMax: total, chunked, contentLength: chunked ? null : total });
      let at = 0;
      for (const length of pieces) {
        reading.request.push(Buffer.from(whole.subarray(at, at + length)));
        at += length;
      }
      reading.request.push(null);
      const settled = await reading.result;
      expect(settled.kind === "whole" && settled.body.equals(whole)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test("tiny pieces cost no more than their bytes", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const reading = start({ bodyBytesMax: 1_000_000, chunked: true });
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 100_000; index++) {
    reading.request.push(Buffer.from("x"));
    // The stream's own queue is not what is measured.
    if (index % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  // One Buffer each, kept, would be some 20 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
  reading.request.push(null);
  expect((await outcome(reading)).length).toBe(100_000);
});
