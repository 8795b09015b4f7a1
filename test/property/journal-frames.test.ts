/** A segment that is cut, torn or damaged gives the frames before the damage, and never anything else. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FRAME_HEAD_BYTES,
  FrameReader,
  PAYLOAD_BYTES_MAX,
  sealFrame,
} from "../../src/ledger/journal/segment.ts";

const RUNS = { numRuns: 500, seed: 1 };
const SEGMENT_BYTES = 4_096;

const anyPayloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 10 });

function frameOf(payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
  frame.set(payload, FRAME_HEAD_BYTES);
  sealFrame(frame, payload.length);
  return frame;
}

/** Frames in a segment of zeros, and where each of them ends. */
function segmentOf(payloads: readonly Uint8Array[]): { bytes: Buffer; ends: number[] } {
  const bytes = Buffer.alloc(SEGMENT_BYTES);
  const ends: number[] = [];
  let at = 0;
  for (const payload of payloads) {
    const frame = frameOf(payload);
    frame.copy(bytes, at);
    at += frame.length;
    ends.push(at);
  }
  return { bytes, ends };
}

function read(reader: FrameReader): Buffer[] {
  const payloads: Buffer[] = [];
  for (let payload = reader.next(); payload !== null; payload = reader.next())
    payloads.push(Buffer.from(payload));
  return payloads;
}

function texts(payloads: readonly Uint8Array[]): string[] {
  return payloads.map((payload) => Buffer.from(payload).toString("hex"));
}

/** How many frames end at or before a byte. */
function wholeAt(ends: readonly number[], byte: number): number {
  return ends.filter((end) => end <= byte).length;
}

describe("behind damage", () => {
  test("the next whole frame is found, if there is one", () => {
    fc.assert(
      fc.property(anyPayloads, fc.nat(), fc.integer({ min: 1, max: 255 }), (payloads, at, flip) => {
        fc.pre(payloads.length > 0);
        const { bytes, ends } = segmentOf(payloads);
        const byte = at % (ends.at(-1) ?? 1);
        bytes[byte] = (bytes[byte] ?? 0) ^ flip;
        const reader = FrameReader.over(bytes);
        const before = read(reader);
        const found = reader.skipToNext() ? read(reader) : [];
        const hit = wholeAt(ends, byte);
        expect(texts(before)).toEqual(texts(payloads.slice(0, hit)));
        expect(texts(found)).toEqual(texts(payloads.slice(hit + 1)));
      }),
      RUNS,
    );
  });

  test("a torn end is no damage: nothing stands behind it", () => {
    fc.assert(
      fc.property(anyPayloads, fc.nat(), (payloads, at) => {
        fc.pre(payloads.length > 0);
        const { bytes, ends } = segmentOf(payloads);
        const last = ends.at(-2) ?? 0;
        bytes.fill(0, last + 1 + (at % ((ends.at(-1) ?? 1) - last - 1)));
        const reader = FrameReader.over(bytes);
        read(reader);
        expect(reader.skipToNext()).toBe(false);
      }),
      RUNS,
    );
  });
});

describe("frames", () => {
  test("come back whole and in order", () => {
    fc.assert(
      fc.property(anyPayloads, (payloads) => {
        const { bytes, ends } = segmentOf(payloads);
        const reader = FrameReader.over(bytes);
        expect(texts(read(reader))).toEqual(texts(payloads));
        expect(reader.offset).toBe(ends.at(-1) ?? 0);
      }),
      RUNS,
    );
  });

  test("of a segment cut anywhere, those that are whole are read", () => {
    fc.assert(
      fc.property(anyPayloads, fc.nat({ max: SEGMENT_BYTES }), (payloads, cut) => {
        const { bytes, ends } = segmentOf(payloads);
        const expected = payloads.slice(0, wholeAt(ends, cut));
        expect(texts(read(FrameReader.over(bytes.subarray(0, cut))))).toEqual(texts(expected));
      }),
      RUNS,
    );
  });

  test("of a segment whose end never reached the disk, those before it are read", () => {
    fc.assert(
      fc.property(anyPayloads, fc.nat({ max: SEGMENT_BYTES }), (payloads, from) => {
        const { bytes, ends } = segmentOf(payloads);
        // A frame that ends in zeros may lose its tail and be whole still.
        const torn = ends.findIndex((end) => bytes.subarray(from, Math.max(from, end)).some(Boolean));
        const expected = torn < 0 ? payloads : payloads.slice(0, torn);
        bytes.fill(0, from);
        expect(texts(read(FrameReader.over(bytes)))).toEqual(texts(expected));
      }),
      RUNS,
    );
  });

  test("before a bit that flipped are read, and none after it", () => {
    fc.assert(
      fc.property(anyPayloads, fc.nat(), fc.nat({ max: 7 }), (payloads, place, bit) => {
        const { bytes, ends } = segmentOf(payloads);
        const at = place % Math.max(1, ends.at(-1) ?? 1);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const expected = payloads.slice(0, wholeAt(ends, at));
        expect(texts(read(FrameReader.over(bytes)))).toEqual(texts(expected));
      }),
      RUNS,
    );
  });

  test("garbage after them is never read as one of them", () => {
    fc.assert(
      fc.property(anyPayloads, fc.uint8Array({ maxLength: 200 }), (payloads, garbage) => {
        const { bytes, ends } = segmentOf(payloads);
        bytes.set(garbage, ends.at(-1) ?? 0);
        expect(texts(read(FrameReader.over(bytes)))).toEqual(texts(payloads));
      }),
      RUNS,
    );
  });
});

describe("the reader", () => {
  test("reads on where it stopped, once more has been written there", () => {
    fc.assert(
      fc.property(
        anyPayloads,
        fc.array(fc.nat({ max: SEGMENT_BYTES }), { maxLength: 5 }),
        (payloads, stops) => {
          const { bytes } = segmentOf(payloads);
          const live = Buffer.alloc(SEGMENT_BYTES);
          const reader = FrameReader.over(live);
          const seen: Buffer[] = [];
          for (const stop of [...stops.toSorted((one, other) => one - other), SEGMENT_BYTES]) {
            bytes.copy(live, 0, 0, stop);
            seen.push(...read(reader));
          }
          expect(texts(seen)).toEqual(texts(payloads));
        },
      ),
      RUNS,
    );
  });

  test("reads nothing beyond the end it is told, and forgets what it saw there", () => {
    fc.assert(
      fc.property(anyPayloads, (payloads) => {
        const { bytes, ends } = segmentOf(payloads);
        const live = Buffer.alloc(SEGMENT_BYTES);
        const reader = FrameReader.over(live);
        for (const [index, end] of ends.entries()) {
          // The next frame is being written: its first bytes are there.
          bytes.copy(live, 0, 0, end + 5);
          expect(texts([reader.next(end) ?? Buffer.alloc(0)])).toEqual(
            texts(payloads.slice(index, index + 1)),
          );
          expect(reader.next(end)).toBeNull();
        }
      }),
      RUNS,
    );
  });

  test("takes a payload of the bound, and none that says it is longer", () => {
    const most = frameOf(Buffer.alloc(PAYLOAD_BYTES_MAX, 1));
    expect(FrameReader.over(most).next()).toHaveLength(PAYLOAD_BYTES_MAX);
    const beyond = frameOf(Buffer.alloc(PAYLOAD_BYTES_MAX + 1, 1));
    expect(FrameReader.over(beyond).next()).toBeNull();
  });
});
