/** Reads a bill: its lines summed by request where they name one, else by day and model. */

import type { BillColumn, BillColumnNames } from "../../config/bill-columns.ts";
import type { BeijingDay } from "../../core/beijing-day.ts";
import { type CsvRecord, csvRecords } from "../../wire/csv.ts";
import { type ColumnFault, type ColumnPlaces, findColumns, headUnit } from "./bill-columns.ts";
import {
  type Decimal,
  readBillDay,
  readDecimal,
  type TokenKind,
  tokenKindOf,
  tokensOf,
  tokensPerUnit,
} from "./bill-figures.ts";

export const BILL_BYTES_MAX = 67_108_864;
export const BILL_LINES_MAX = 1_000_000;

/** What is compared: the kinds of tokens, and money. */
export type Figure = TokenKind | "cost";

export type BillSums = {
  lines: number;
  /** The cached tokens are part of it. */
  input: number;
  cached: number;
  output: number;
  /** In units of 1e-12 yuan. */
  costScaled: bigint;
};

export type BillEntry = BillSums & {
  /** Null where the bill names no requests. */
  readonly requestId: string | null;
  readonly day: BeijingDay | null;
  readonly model: string;
};

export type Bill = {
  readonly by: "request" | "day-and-model";
  readonly entries: ReadonlyMap<string, BillEntry>;
  readonly figures: ReadonlySet<Figure>;
  /** Null where it names no days. */
  readonly firstDay: BeijingDay | null;
  readonly lastDay: BeijingDay | null;
  /** Digits behind the point of its money, at most. */
  readonly costDecimals: number;
  readonly passedOver: {
    readonly lines: number;
    /** Of the first that was; 0 where none was. */
    readonly firstLine: number;
  };
  /** Items without tokens, at most five: their money counts, their amounts do not. */
  readonly otherItems: readonly string[];
};

export type BillFault =
  | ColumnFault
  | { readonly kind: "empty" }
  | { readonly kind: "columns-missing"; readonly columns: readonly BillColumn[]; readonly heads: string }
  | { readonly kind: "too-many-lines"; readonly linesMax: number }
  | { readonly kind: "field-count"; readonly line: number; readonly found: number; readonly expected: number }
  | {
      readonly kind: "no-number";
      readonly line: number;
      readonly column: BillColumn;
      readonly text: string;
    }
  | { readonly kind: "no-token-unit"; readonly line: number; readonly unit: string };

/** A bill cannot be read further. */
export class BillError extends Error {
  override readonly name = "BillError";
  readonly fault: BillFault;

  constructor(fault: BillFault) {
    super(fault.kind);
    this.fault = fault;
  }
}

const ITEMS_SHOWN_MAX = 5;
const TEXT_SHOWN_MAX = 60;

/** One key for names that differ in case alone. */
export function dayAndModel(day: string, model: string): string {
  return `${day} ${model.trim().toLowerCase()}`;
}

class BillReader {
  readonly #places: ColumnPlaces;
  readonly #heads: readonly string[];
  readonly #by: Bill["by"];
  readonly #isByItem: boolean;
  readonly #days: { readonly first: BeijingDay | null; readonly last: BeijingDay | null };
  readonly #entries = new Map<string, BillEntry>();
  readonly #figures = new Set<Figure>();
  readonly #otherItems = new Set<string>();
  #firstDay: BeijingDay | null = null;
  #lastDay: BeijingDay | null = null;
  #costDecimals = 0;
  #passedOver = { lines: 0, firstLine: 0 };

  constructor(heads: readonly string[], places: ColumnPlaces, days: BillDays) {
    this.#heads = heads;
    this.#places = places;
    this.#days = days;
    this.#by = places.request_id === undefined ? "day-and-model" : "request";
    this.#isByItem = places.item !== undefined && places.amount !== undefined && !hasTokens(places);
    for (const figure of ["input", "cached", "output", "cost"] as const) {
      if (places[figure] !== undefined) this.#figures.add(figure);
    }
  }

  read(record: CsvRecord): void {
    const { line, fields } = record;
    const expected = this.#heads.length;
    if (fields.length !== expected) {
      throw new BillError({ kind: "field-count", line, found: fields.length, expected });
    }
    const entry = this.#entryOf(fields);
    if (entry === null) {
      const { lines, firstLine } = this.#passedOver;
      this.#passedOver = { lines: lines + 1, firstLine: lines === 0 ? line : firstLine };
      return;
    }
    entry.lines++;
    if (this.#isByItem) this.#addItem(entry, line, fields);
    else this.#addTokens(entry, line, fields);
    if (this.#places.cost === undefined) return;
    const cost = this.#number("cost", line, fields);
    entry.costScaled += cost.scaled;
    this.#costDecimals = Math.max(this.#costDecimals, cost.decimals);
  }

  finish(): Bill {
    return {
      by: this.#by,
      entries: this.#entries,
      figures: this.#figures,
      firstDay: this.#firstDay,
      lastDay: this.#lastDay,
      costDecimals: this.#costDecimals,
      passedOver: this.#passedOver,
      otherItems: [...this.#otherItems],
    };
  }

  #cell(column: BillColumn, fields: readonly string[]): string {
    const place = this.#places[column];
    return place === undefined ? "" : (fields[place] ?? "").trim();
  }

  /** Null for a line that is about nothing of ours: a sum, a remark, a day outside. */
  #entryOf(fields: readonly string[]): BillEntry | null {
    const requestId = this.#by === "request" ? this.#cell("request_id", fields) : null;
    const model = this.#cell("model", fields);
    const day = readBillDay(this.#cell("day", fields));
    if (requestId === "" || (requestId === null && (model === "" || day === null))) return null;
    if (day !== null) {
      const { first, last } = this.#days;
      if ((first !== null && day < first) || (last !== null && day > last)) return null;
      if (this.#firstDay === null || day < this.#firstDay) this.#firstDay = day;
      if (this.#lastDay === null || day > this.#lastDay) this.#lastDay = day;
    }
    const key = requestId ?? dayAndModel(day ?? "", model);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const sums = { lines: 0, input: 0, cached: 0, output: 0, costScaled: 0n };
    const entry: BillEntry = { ...sums, requestId, day, model };
    this.#entries.set(key, entry);
    return entry;
  }

  #number(column: BillColumn, line: number, fields: readonly string[]): Decimal {
    const text = this.#cell(column, fields);
    const number = readDecimal(text);
    if (number !== null) return number;
    throw new BillError({ kind: "no-number", line, column, text: text.slice(0, TEXT_SHOWN_MAX) });
  }

  #tokens(column: BillColumn, line: number, fields: readonly string[], unit: string): number {
    const perUnit = tokensPerUnit(unit);
    if (perUnit === null) {
      throw new BillError({ kind: "no-token-unit", line, unit: unit.slice(0, TEXT_SHOWN_MAX) });
    }
    const tokens = tokensOf(this.#number(column, line, fields), perUnit);
    if (tokens !== null) return tokens;
    const text = this.#cell(column, fields).slice(0, TEXT_SHOWN_MAX);
    throw new BillError({ kind: "no-number", line, column, text });
  }

  #addTokens(entry: BillSums, line: number, fields: readonly string[]): void {
    for (const kind of ["input", "cached", "output"] as const) {
      const place = this.#places[kind];
      if (place === undefined) continue;
      entry[kind] += this.#tokens(kind, line, fields, headUnit(this.#heads[place] ?? ""));
    }
  }

  /** Each line of such a bill is about one kind: input that was cached is billed apart from the rest. */
  #addItem(entry: BillSums, line: number, fields: readonly string[]): void {
    const item = this.#cell("item", fields);
    const amountHead = this.#heads[this.#places.amount ?? 0] ?? "";
    const unit = this.#places.unit === undefined ? headUnit(amountHead) : this.#cell("unit", fields);
    const kind = tokenKindOf(item);
    // Pictures that were sent in are input too, and no tokens.
    if (kind === null || tokensPerUnit(unit) === null) {
      if (this.#otherItems.size < ITEMS_SHOWN_MAX) this.#otherItems.add(item.slice(0, TEXT_SHOWN_MAX));
      return;
    }
    const tokens = this.#tokens("amount", line, fields, unit);
    this.#figures.add(kind);
    entry[kind] += tokens;
    if (kind !== "cached") return;
    this.#figures.add("input");
    entry.input += tokens;
  }
}

function hasTokens({ input, output }: ColumnPlaces): boolean {
  return input !== undefined || output !== undefined;
}

/** The least that a bill must name to be compared with anything. */
function missingColumns(places: ColumnPlaces): readonly BillColumn[] {
  const missing: BillColumn[] = [];
  if (places.request_id === undefined) {
    if (places.day === undefined) missing.push("day");
    if (places.model === undefined) missing.push("model");
  }
  const hasItems = places.item !== undefined && places.amount !== undefined;
  if (!hasTokens(places) && !hasItems && places.cost === undefined) missing.push("input", "output", "cost");
  return missing;
}

/** Lines of days outside are passed over; null: no bound. */
export type BillDays = { readonly first: BeijingDay | null; readonly last: BeijingDay | null };

/**
 * Reads a bill's text, without a byte order mark.
 * @throws BillError, CsvError: with the line that is wrong
 */
export function readBill(text: string, named: BillColumnNames, days: BillDays): Bill {
  let reader: BillReader | null = null;
  let lines = 0;
  for (const record of csvRecords(text)) {
    if (reader === null) {
      const heads = record.fields;
      const places = findColumns(heads, named);
      if ("kind" in places) throw new BillError(places);
      const columns = missingColumns(places);
      if (columns.length > 0) {
        throw new BillError({ kind: "columns-missing", columns, heads: heads.join(", ").slice(0, 500) });
      }
      reader = new BillReader(heads, places, days);
      continue;
    }
    if (++lines > BILL_LINES_MAX) throw new BillError({ kind: "too-many-lines", linesMax: BILL_LINES_MAX });
    reader.read(record);
  }
  if (reader === null) throw new BillError({ kind: "empty" });
  return reader.finish();
}
