/** Reads the fields of a journal's line, from left to right. */
import type { PriceList, PriceTier } from "../../core/money.ts";
import type { TextMeasure } from "../../core/text-measure.ts";
import type { Usage } from "../../core/usage.ts";

/** A field that has no value. */
export const NULL = "\\N";
const ESCAPED = /\\[tn\\]/g;
const DIGIT_ZERO = 0x30;

function unescaped(mark: string): string {
  return mark === "\\t" ? "\t" : mark === "\\n" ? "\n" : "\\";
}

/** The fields of one line, from left to right. Later versions may write more of them than this one reads. */
export class Fields {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  #take(): string {
    const start = this.#at;
    if (start > this.#line.length) throw new TypeError("a line of the journal ends before its last field");
    const tab = this.#line.indexOf("\t", start);
    const end = tab < 0 ? this.#line.length : tab;
    this.#at = end + 1;
    return this.#line.slice(start, end);
  }

  textOrNull(): string | null {
    const field = this.#take();
    if (!field.includes("\\")) return field;
    return field === NULL ? null : field.replace(ESCAPED, unescaped);
  }

  text(): string {
    const text = this.textOrNull();
    if (text === null) throw new TypeError("a text is missing in the journal");
    return text;
  }

  oneOf<Word extends string>(words: readonly Word[]): Word {
    const text = this.#take();
    const word = words.find((known) => known === text);
    if (word === undefined) throw new TypeError("a word of the journal is not known");
    return word;
  }

  numberOrNull(): number | null {
    const field = this.#take();
    return field === NULL ? null : numberOf(field);
  }

  number(): number {
    return numberOf(this.#take());
  }

  millisecondsOrNull(): number | null {
    const micros = this.numberOrNull();
    return micros === null ? null : micros / 1_000;
  }

  measure(): TextMeasure {
    return measureOf(this.#take());
  }

  usageOrNull(): Usage | null {
    const field = this.#take();
    return field === NULL ? null : usageOf(field);
  }

  price(): PriceList | null {
    const version = this.textOrNull();
    const tiers = this.#take();
    return version === null ? null : priceOf(version, tiers);
  }
}

/** Prices that were read; the same few stand in all rows. */
const PRICES_MAX = 100;
const readPrices = new Map<string, PriceList>();

function priceOf(version: string, tiers: string): PriceList {
  const text = `${version}\t${tiers}`;
  const known = readPrices.get(text);
  if (known !== undefined) return known;
  const price = { version, tiers: tiers === "" ? [] : tiers.split(";").map(tierOf) };
  if (readPrices.size >= PRICES_MAX) readPrices.clear();
  readPrices.set(text, price);
  return price;
}

function numberOf(field: string | undefined): number {
  const number = Number(field);
  if (field === undefined || field === "" || !Number.isFinite(number)) {
    throw new TypeError("a number of the journal is none");
  }
  return number;
}

/** Numbers with commas between them; `undefined` where a number is left out. */
function numbersOf(field: string, count: number): (number | undefined)[] {
  const parts = field.split(",");
  if (parts.length < count) throw new TypeError(`${count} numbers of the journal are ${parts.length}`);
  return parts.map((part) => (part === "" ? undefined : numberOf(part)));
}

/** Whole numbers with commas between them, read one after the other: a list of them would be thrown away. */
class Counts {
  readonly #field: string;
  #at = 0;

  constructor(field: string) {
    this.#field = field;
  }

  next(): number {
    let count = 0;
    const start = this.#at;
    for (; this.#at < this.#field.length; this.#at++) {
      const digit = this.#field.charCodeAt(this.#at) - DIGIT_ZERO;
      if (digit < 0 || digit > 9) break;
      count = 10 * count + digit;
    }
    if (this.#at === start) throw new TypeError("a number of the journal is none");
    this.#at++;
    return count;
  }
}

function measureOf(field: string): TextMeasure {
  const counts = new Counts(field);
  return {
    events: counts.next(),
    narrowBytes: counts.next(),
    marks: counts.next(),
    middleCharacters: counts.next(),
    wideCharacters: counts.next(),
    thoughtBytes: counts.next(),
  };
}

function usageOf(field: string): Usage {
  const counts = new Counts(field);
  return {
    inputTokens: counts.next(),
    cachedInputTokens: counts.next(),
    outputTokens: counts.next(),
    reasoningTokens: counts.next(),
  };
}

function tierOf(text: string): PriceTier {
  const [inputTokensMax, outputTokensMax, input, cachedInput, output] = numbersOf(text, 5);
  return {
    inputTokensMax: inputTokensMax ?? null,
    outputTokensMax: outputTokensMax ?? null,
    input: input ?? 0,
    cachedInput: cachedInput ?? null,
    output: output ?? 0,
  };
}
