/** Texts are counted by script to the byte; bodies nearly, in bounded time. */
import { describe, expect, test } from "vitest";
import type { TextMeasure } from "../../../src/core/text-measure.ts";
import {
  EXACT_BYTES_MAX,
  measureBody,
  STRIDED_BYTES_MAX,
  TextTally,
} from "../../../src/wire/text-measure.ts";
import { Seeded } from "../../support/seeded.ts";

/** By the characters of a text, one after the other. */
function counted(text: string): TextMeasure {
  const measure = {
    events: 1,
    narrowBytes: 0,
    marks: 0,
    middleCharacters: 0,
    wideCharacters: 0,
    thoughtBytes: 0,
  };
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) measure.narrowBytes++;
    else if (code < 0x800) measure.middleCharacters++;
    else measure.wideCharacters++;
    if (/[!-/:-@[-`{-~]/.test(character)) measure.marks++;
  }
  return measure;
}

const fragments = [
  "The quick brown fox jumps over the lazy dog. ",
  "敏捷的棕色狐狸跳过懒狗。",
  "Быстрая лиса, café, λόγος. ",
  'if (a[0] !== "b") { return c?.d; }\\n',
  "🌋👩‍🚀 ",
] as const;

function textOf(bytes: number, seed: number): string {
  const random = new Seeded(seed);
  let text = "";
  for (let length = 0; length < bytes; ) {
    const fragment = random.pick(fragments);
    text += fragment;
    length += Buffer.byteLength(fragment);
  }
  return text;
}

/** How much of the text's characters a measure has of the wrong kind. */
function distance(found: TextMeasure, wanted: TextMeasure): number {
  const all = wanted.narrowBytes + wanted.middleCharacters + wanted.wideCharacters;
  const off =
    Math.abs(found.narrowBytes - wanted.narrowBytes) +
    Math.abs(found.marks - wanted.marks) +
    Math.abs(found.middleCharacters - wanted.middleCharacters) +
    Math.abs(found.wideCharacters - wanted.wideCharacters);
  return off / all;
}

describe("a tally", () => {
  test("counts every byte of every kind, however many there are", () => {
    for (let byte = 0; byte < 0x80; byte++) {
      for (const times of [1, 126, 127, 128, 254, 255, 1_000]) {
        const text = String.fromCharCode(byte).repeat(times);
        const tally = new TextTally();
        tally.addBytes(Buffer.from(text), 0, times);
        expect({ ...tally, events: 1 }, `${byte}`).toEqual(counted(text));
      }
    }
    for (const fragment of fragments) {
      const bytes = Buffer.from(fragment.repeat(200));
      const tally = new TextTally();
      tally.addBytes(bytes, 0, bytes.length);
      expect({ ...tally, events: 1 }).toEqual(counted(fragment.repeat(200)));
    }
  });

  test("reads a string up to the quote that ends it", () => {
    for (const length of [0, 1, 124, 125, 126, 127, 128, 129, 1_000]) {
      for (const inside of ["a", "!", "é", "中", '\\"', "\\\\", '\\"\\\\x', '中\\"']) {
        const text = inside.repeat(length);
        const bytes = Buffer.from(`${text}","role":"assistant"}`);
        const tally = new TextTally();
        expect(tally.addString(bytes, 0, bytes.length)).toBe(Buffer.byteLength(text));
        expect({ ...tally, events: 1 }, `${inside} ${length}`).toEqual(counted(text));
      }
    }
  });

  test.each(["", "abc", "abc\\", '\\"'])("reads a string without its end to the end: %s", (text) => {
    const bytes = Buffer.from(`xx${text}"`);
    const tally = new TextTally();
    expect(tally.addString(bytes, 2, bytes.length - 1)).toBe(bytes.length - 1);
    expect({ ...tally, events: 1 }).toEqual(counted(text));
  });
});

describe("a body", () => {
  test(`of up to ${EXACT_BYTES_MAX} bytes is measured exactly`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const text = textOf(EXACT_BYTES_MAX - 60, seed);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(EXACT_BYTES_MAX);
      expect({ ...measureBody(Buffer.from(text)) }).toEqual(counted(text));
    }
    expect({ ...measureBody(Buffer.alloc(0)) }).toEqual(counted(""));
    expect(measureBody(Buffer.alloc(EXACT_BYTES_MAX, "!")).marks).toBe(EXACT_BYTES_MAX);
  });

  test.each([EXACT_BYTES_MAX + 1, 1_280, 1_281, 2_560, 2_561, STRIDED_BYTES_MAX, 20_000, 100_000])(
    "of about %i bytes is measured nearly",
    (bytes) => {
      const distances = Array.from({ length: 20 }, (_, seed) => {
        const text = textOf(bytes, seed);
        return distance(measureBody(Buffer.from(text)), counted(text));
      });
      expect(distances.reduce((sum, each) => sum + each, 0) / 20).toBeLessThan(0.1);
    },
  );

  test.each([300, 3_000, STRIDED_BYTES_MAX, STRIDED_BYTES_MAX + 1, 300_000])(
    "of %i bytes of one script has them all",
    (bytes) => {
      const english = Buffer.alloc(bytes, "the quick brown fox ");
      expect(measureBody(english)).toMatchObject({ narrowBytes: bytes, wideCharacters: 0 });
      const chinese = Buffer.alloc(bytes - (bytes % 3), "敏捷的棕色狐狸");
      expect(measureBody(chinese)).toMatchObject({
        narrowBytes: 0,
        middleCharacters: 0,
        wideCharacters: chinese.length / 3,
      });
    },
  );

  test("is not measured by its images", () => {
    const text = textOf(30_000, 1);
    const random = new Seeded(2);
    const image = Buffer.from(Array.from({ length: 600_000 }, () => random.below(256))).toString("base64");
    const body = Buffer.from(JSON.stringify({ text, image_url: { url: `data:image/png;base64,${image}` } }));
    const found = measureBody(body);
    const wanted = counted(text);
    const characters = (of: TextMeasure) => of.narrowBytes + of.middleCharacters + of.wideCharacters;
    expect(characters(found)).toBeLessThan(2 * characters(wanted));
    expect(characters(found)).toBeGreaterThan(characters(wanted) / 2);
    const nothingElse = measureBody(Buffer.alloc(100_000, "QUJD"));
    expect(characters(nothingElse)).toBe(0);
  });

  test("takes no longer to measure the longer it is", () => {
    let reads = 0;
    const body = new Proxy(Buffer.alloc(0), {
      get(_target, name) {
        if (name === "length") return 1_000_000_000;
        reads++;
        return 0x20;
      },
    });
    measureBody(body);
    expect(reads).toBeLessThan(70_000);
  });
});
