/** The journal's records as lines of text: what a row was opened with, and what it settled to. */
import { type Cause, type Settlement, settlements } from "../../core/ending.ts";
import type { AttemptId, KeyId, RequestId } from "../../core/ids.ts";
import type { PriceList, PriceTier } from "../../core/money.ts";
import type { TextMeasure } from "../../core/text-measure.ts";
import { type Provenance, provenances, type Usage } from "../../core/usage.ts";
import type { AttemptOpened, AttemptSettled } from "../ledger.ts";
import { Fields, NULL } from "./record-fields.ts";

export type JournalRecord =
  | { readonly kind: "opened"; readonly row: AttemptOpened }
  | { readonly kind: "settled"; readonly row: AttemptSettled };

/** Bytes of UTF-8 that a line never exceeds, its end included. */
export const OPENED_BYTES_MAX = 8_192;
export const SETTLED_BYTES_MAX = 512;

/** Characters of a name or an id that are kept; what is longer is cut. */
export const NAME_CHARACTERS_MAX = 256;
/** Visible ASCII characters of an error's code that are kept. */
export const CODE_CHARACTERS_MAX = 64;
/** Tiers of a price that are kept; the tables of Ark have at most six. */
export const TIERS_MAX = 16;

/** A century in milliseconds: a duration beyond it is a fault, and written as none. */
const DURATION_MS_MAX = 3_155_760_000_000;

const MARKS = /[\t\n\\]/;
const EVERY_MARK = /[\t\n\\]/g;
const HIDDEN = /[^\x21-\x5b\x5d-\x7e]/g;

/** A text that could break a line, or hide the end of a field, is escaped; hardly any is. */
function textField(text: string | null): string {
  if (text === null) return NULL;
  const kept = text.length > NAME_CHARACTERS_MAX ? text.slice(0, NAME_CHARACTERS_MAX) : text;
  return MARKS.test(kept) ? kept.replace(EVERY_MARK, escaped) : kept;
}

function escaped(mark: string): string {
  return mark === "\t" ? "\\t" : mark === "\n" ? "\\n" : "\\\\";
}

/** Microseconds. */
function durationField(ms: number | null): string {
  if (ms === null) return NULL;
  return ms > 0 && ms <= DURATION_MS_MAX ? String(Math.round(ms * 1_000)) : "0";
}

function measureFields(measure: TextMeasure): string {
  return (
    `${measure.events},${measure.narrowBytes},${measure.marks},${measure.middleCharacters},` +
    `${measure.wideCharacters},${measure.thoughtBytes}`
  );
}

/** Prices live as long as the configuration that names them, and each stands in many rows. */
const priceTexts = new WeakMap<PriceList, string>();

/** Two fields: the version, and the tiers. */
function priceFields(price: PriceList | null): string {
  if (price === null) return `${NULL}\t${NULL}`;
  const known = priceTexts.get(price);
  if (known !== undefined) return known;
  const tiers = price.tiers.slice(0, TIERS_MAX).map(tierText);
  const text = `${textField(price.version)}\t${tiers.join(";")}`;
  priceTexts.set(price, text);
  return text;
}

function tierText({ inputTokensMax, outputTokensMax, input, cachedInput, output }: PriceTier): string {
  return `${inputTokensMax ?? ""},${outputTokensMax ?? ""},${input},${cachedInput ?? ""},${output}`;
}

/**
 * One line, its end included, at most OPENED_BYTES_MAX bytes of UTF-8. The attempt's id says the request's.
 * Names are cut at NAME_CHARACTERS_MAX, and halves of characters become U+FFFD once they are bytes.
 */
export function openedLine(row: AttemptOpened): string {
  return (
    `O\t${row.attemptId}\t${textField(row.clientRequestId)}\t${textField(row.keyId)}\t` +
    `${textField(row.door)}\t${textField(row.alias)}\t${textField(row.upstream)}\t` +
    `${textField(row.upstreamModel)}\t${row.stream ? 1 : 0}\t${row.openedAtWallMs}\t` +
    `${durationField(row.queueMs)}\t${measureFields(row.body)}\t${row.outputTokensMax ?? NULL}\t` +
    `${priceFields(row.price)}\t${textField(row.idempotency)}\n`
  );
}

/** One line, its end included, at most SETTLED_BYTES_MAX bytes. */
export function settledLine(row: AttemptSettled): string {
  const { usage, errorCode } = row;
  return (
    `S\t${row.attemptId}\t${row.state}\t${row.cause}\t${row.status ?? NULL}\t` +
    `${errorCode === null ? NULL : errorCode.slice(0, CODE_CHARACTERS_MAX).replace(HIDDEN, "?")}\t` +
    `${usage === null ? NULL : usageFields(usage)}\t${row.provenance}\t${row.cost ?? NULL}\t` +
    `${durationField(row.dispatchedMs)}\t${durationField(row.firstByteMs)}\t${durationField(row.totalMs)}\n`
  );
}

function usageFields(usage: Usage): string {
  return `${usage.inputTokens},${usage.cachedInputTokens},${usage.outputTokens},${usage.reasoningTokens}`;
}

/** A payload's records in the order in which they were written. @throws TypeError on what it cannot read */
export function readRecords(payload: Buffer): JournalRecord[] {
  const records: JournalRecord[] = [];
  const text = payload.toString();
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    if (end > start) records.push(readRecord(text.slice(start, end)));
    start = end + 1;
  }
  return records;
}

/** @param line without its end @throws TypeError on what it cannot read */
export function readRecord(line: string): JournalRecord {
  const fields = new Fields(line);
  const kind = fields.text();
  if (kind === "O") return { kind: "opened", row: readOpened(fields) };
  if (kind === "S") return { kind: "settled", row: readSettled(fields) };
  throw new TypeError("a line of the journal is neither an opening nor a settling");
}

function readOpened(fields: Fields): AttemptOpened {
  const attemptId = fields.text() as AttemptId;
  return {
    attemptId,
    requestId: attemptId.slice(0, attemptId.lastIndexOf(".")) as RequestId,
    clientRequestId: fields.textOrNull(),
    keyId: fields.text() as KeyId,
    door: fields.text(),
    alias: fields.text(),
    upstream: fields.text(),
    upstreamModel: fields.text(),
    stream: fields.number() === 1,
    openedAtWallMs: fields.number(),
    queueMs: fields.number() / 1_000,
    body: fields.measure(),
    outputTokensMax: fields.numberOrNull(),
    price: fields.price(),
    idempotency: fields.textOrNull(),
  };
}

function readSettled(fields: Fields): AttemptSettled {
  return {
    attemptId: fields.text() as AttemptId,
    state: fields.oneOf<Settlement>(settlements),
    cause: fields.text() as Cause,
    status: fields.numberOrNull(),
    errorCode: fields.textOrNull(),
    usage: fields.usageOrNull(),
    provenance: fields.oneOf<Provenance>(provenances),
    cost: fields.numberOrNull(),
    dispatchedMs: fields.millisecondsOrNull(),
    firstByteMs: fields.millisecondsOrNull(),
    totalMs: fields.number() / 1_000,
  };
}
