/** CSV as RFC 4180 has it: records of a text, read strictly and one at a time, and records to text. */

export type CsvRecord = {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
};

/** A quote inside a field without quotes; something after a closing quote; no closing quote. */
export type CsvFlaw = "stray-quote" | "after-quote" | "open-quote";

export class CsvError extends Error {
  override readonly name = "CsvError";
  readonly flaw: CsvFlaw;
  readonly line: number;

  constructor(flaw: CsvFlaw, line: number) {
    super(`${flaw} in line ${line}`);
    this.flaw = flaw;
    this.line = line;
  }
}

const QUOTE = '"';
const QUOTE_CODE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;

/** Walks over the text once; the place of the next character is all that it keeps. */
class CsvReader {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next record; null at the end. A line without a character is none. */
  next(): CsvRecord | null {
    while (this.#atLineEnd()) this.#passLineEnd();
    if (this.#at >= this.#text.length) return null;
    const line = this.#line;
    const fields = [this.#field()];
    while (this.#text[this.#at] === ",") {
      this.#at++;
      fields.push(this.#field());
    }
    this.#passLineEnd();
    return { line, fields };
  }

  #field(): string {
    return this.#text[this.#at] === QUOTE ? this.#quoted() : this.#plain();
  }

  #plain(): string {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === COMMA || code === LF || (code === CR && text.charCodeAt(at + 1) === LF)) break;
      if (code === QUOTE_CODE) throw new CsvError("stray-quote", this.#line);
    }
    this.#at = at;
    return text.slice(start, at);
  }

  /** Between quotes everything is text, line ends too; two quotes are one. */
  #quoted(): string {
    const openedInLine = this.#line;
    const parts: string[] = [];
    do {
      const start = this.#at + 1;
      const end = this.#text.indexOf(QUOTE, start);
      if (end < 0) throw new CsvError("open-quote", openedInLine);
      const part = this.#text.slice(start, end);
      for (let at = part.indexOf("\n"); at >= 0; at = part.indexOf("\n", at + 1)) this.#line++;
      parts.push(part);
      this.#at = end + 1;
    } while (this.#text[this.#at] === QUOTE);
    const isOver = this.#at >= this.#text.length || this.#text[this.#at] === "," || this.#atLineEnd();
    if (!isOver) throw new CsvError("after-quote", this.#line);
    return parts.join(QUOTE);
  }

  #atLineEnd(): boolean {
    const character = this.#text[this.#at];
    return character === "\n" || (character === "\r" && this.#text[this.#at + 1] === "\n");
  }

  #passLineEnd(): void {
    if (this.#at >= this.#text.length) return;
    this.#at += this.#text[this.#at] === "\r" ? 2 : 1;
    this.#line++;
  }
}

/**
 * The records of a text whose lines end in LF or CRLF, without a byte order mark.
 * @throws CsvError where the text is no CSV; the records before it have been given by then
 */
export function* csvRecords(text: string): Generator<CsvRecord, void, undefined> {
  const reader = new CsvReader(text);
  for (let record = reader.next(); record !== null; record = reader.next()) yield record;
}

/** One record as a line with its LF. Only what needs quotes has them, and a lone empty field, to be seen. */
export function csvLine(fields: readonly string[]): string {
  const isLoneEmpty = fields.length === 1 && fields[0] === "";
  return `${isLoneEmpty ? '""' : fields.map(csvField).join(",")}\n`;
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll(QUOTE, '""')}"` : text;
}

/**
 * A spreadsheet takes text that begins so for a formula, and clients choose the names of models: an
 * apostrophe in front makes it text again.
 */
export function withoutFormula(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
