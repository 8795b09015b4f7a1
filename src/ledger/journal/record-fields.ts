/** Reads the fields of a journal's line, from left to right. */
import type { PriceList, PriceTier } from "../../core/money.ts";
import type { TextMeasure } from "../../core/text-measure.ts";
import type { Usage } from "../../core/usage.ts";

/** A field that has no value. */
export const NULL = "\\N";
const ESCAPED = /\\[tn\\]/g;
const TAB = 0x09;
const COMMA = 0x2c;
const DIGIT_ZERO = 0x30;
const BACKSLASH = 0x5c;
/** Any number of so many digits is exact. */
const SAFE_DIGITS = 15;

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
    if (this.#line.charCodeAt(this.#at) !== BACKSLASH) return this.number();
    const field = this.#take();
    return field === NULL ? null : numberOf(field);
  }

  number(): number {
    const start = this.#at;
    const count = this.#digits();
    const isWhole = this.#at > start && this.#at - start <= SAFE_DIGITS && this.#isFieldEnd();
    if (isWhole) {
      this.#at++;
      return count;
    }
    // A sign, a fraction, an exponent: rare, and read as a text is.
    this.#at = start;
    return numberOf(this.#take());
  }

  millisecondsOrNull(): number | null {
    const micros = this.numberOrNull();
    return micros === null ? null : micros / 1_000;
  }

  measure(): TextMeasure {
    const measure = {
      events: this.#count(),
      narrowBytes: this.#count(),
      marks: this.#count(),
      middleCharacters: this.#count(),
      wideCharacters: this.#count(),
      thoughtBytes: this.#count(),
    };
    this.#skipRest();
    return measure;
  }

  usageOrNull(): Usage | null {
    if (this.#line.charCodeAt(this.#at) === BACKSLASH) {
      if (this.#take() === NULL) return null;
      throw new TypeError("a usage of the journal is none");
    }
    const usage = {
      inputTokens: this.#count(),
      cachedInputTokens: this.#count(),
      outputTokens: this.#count(),
      reasoningTokens: this.#count(),
    };
    this.#skipRest();
    return usage;
  }

  price(): PriceList | null {
    const version = this.textOrNull();
    const tiers = this.#take();
    return version === null ? null : priceOf(version, tiers);
  }

  /** The digits from here on, read without a text of their own. */
  #digits(): number {
    let count = 0;
    for (; this.#at < this.#line.length; this.#at++) {
      const digit = this.#line.charCodeAt(this.#at) - DIGIT_ZERO;
      if (digit < 0 || digit > 9) break;
      count = 10 * count + digit;
    }
    return count;
  }

  /** One of several whole numbers with commas between them. */
  #count(): number {
    const start = this.#at;
    const count = this.#digits();
    if (this.#at === start) throw new TypeError("a number of the journal is none");
    if (this.#line.charCodeAt(this.#at) === COMMA) this.#at++;
    else if (!this.#isFieldEnd()) throw new TypeError("a number of the journal is none");
    return count;
  }

  #isFieldEnd(): boolean {
    return this.#at === this.#line.length || this.#line.charCodeAt(this.#at) === TAB;
  }

  /** Numbers that a later version has added. */
  #skipRest(): void {
    if (!this.#isFieldEnd()) this.#take();
    else this.#at++;
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
