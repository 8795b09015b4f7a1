/** Compares the ledger with a bill: what both have alike or not, and what only one of them has. */
import { type BeijingDay, beijingDayOf, dayAfter, readBeijingDay } from "../../core/beijing-day.ts";
import type { LedgerReports } from "../../ledger/reports.ts";
import { microYuanOf } from "./bill-figures.ts";
import { type Bill, type BillEntry, dayAndModel } from "./read-bill.ts";

export const comparisonStates = ["matched", "different", "ours_only", "theirs_only"] as const;
export type ComparisonState = (typeof comparisonStates)[number];

/** One side's figures; `attempts` are the bill's lines on theirs. */
export type Side = {
  readonly attempts: number;
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  /** Of what is known. */
  readonly costMicroYuan: number;
  /** Attempts without a known price; 0 on a bill. */
  readonly unknownCostAttempts: number;
  /** Attempts whose tokens were counted or estimated here; 0 on a bill. */
  readonly guessedAttempts: number;
};

export type ComparedRow = {
  readonly state: ComparisonState;
  readonly requestId: string | null;
  readonly day: string;
  readonly model: string;
  readonly ours: Side | null;
  readonly theirs: Side | null;
};

export type Comparison = {
  readonly by: Bill["by"];
  readonly firstDay: BeijingDay;
  readonly lastDay: BeijingDay;
  /** Sorted by day, model and request. */
  readonly rows: readonly ComparedRow[];
  readonly counts: Readonly<Record<ComparisonState, number>>;
  readonly ours: Side;
  readonly theirs: Side;
};

export const noSide: Side = {
  attempts: 0,
  input: 0,
  cached: 0,
  output: 0,
  costMicroYuan: 0,
  unknownCostAttempts: 0,
  guessedAttempts: 0,
};

/** Requests that only the ledger has, in one comparison. */
export const OURS_ONLY_MAX = 1_000_000;

/** There is more than can be compared at once. */
export class TooMuchError extends Error {
  override readonly name = "TooMuchError";
}

function sum(one: Side, other: Side): Side {
  return {
    attempts: one.attempts + other.attempts,
    input: one.input + other.input,
    cached: one.cached + other.cached,
    output: one.output + other.output,
    costMicroYuan: one.costMicroYuan + other.costMicroYuan,
    unknownCostAttempts: one.unknownCostAttempts + other.unknownCostAttempts,
    guessedAttempts: one.guessedAttempts + other.guessedAttempts,
  };
}

function theirSide({ lines, input, cached, output, costScaled }: BillEntry): Side {
  return { ...noSide, attempts: lines, input, cached, output, costMicroYuan: microYuanOf(costScaled) };
}

/**
 * What rounding alone can make of two equal sums: a micro-yuan for each attempt of ours, and the last digit
 * that the bill writes for each of its lines.
 */
export function costTolerance(ours: Side, theirs: Side, decimals: number): number {
  return ours.attempts + theirs.attempts * 10 ** Math.max(0, 6 - decimals);
}

/** Whether the figures that the bill has are the same; money, only where all of ours is known. */
export function areAlike(ours: Side, theirs: Side, { figures, costDecimals }: Bill): boolean {
  for (const kind of ["input", "cached", "output"] as const) {
    if (figures.has(kind) && ours[kind] !== theirs[kind]) return false;
  }
  if (!figures.has("cost") || ours.unknownCostAttempts > 0) return true;
  const difference = Math.abs(theirs.costMicroYuan - ours.costMicroYuan);
  return difference <= costTolerance(ours, theirs, costDecimals);
}

type Ours = { readonly requestId: string | null; readonly day: string; readonly model: string; side: Side };

function compared(bill: Bill, key: string, ours: Ours | undefined): ComparedRow | null {
  const entry = bill.entries.get(key);
  const theirs = entry === undefined ? null : theirSide(entry);
  if (ours === undefined) {
    if (entry === undefined || theirs === null) return null;
    const { requestId, day, model } = entry;
    return { state: "theirs_only", requestId, day: day ?? "", model, ours: null, theirs };
  }
  const { requestId, day, model, side } = ours;
  const state = theirs === null ? "ours_only" : areAlike(side, theirs, bill) ? "matched" : "different";
  return { state, requestId, day, model, ours: side, theirs };
}

/** Nothing of it can be on a bill. */
function isFree({ input, output, costMicroYuan, unknownCostAttempts }: Side): boolean {
  return input === 0 && output === 0 && costMicroYuan === 0 && unknownCostAttempts === 0;
}

async function sumsByDayAndModel(
  reports: LedgerReports,
  firstDay: BeijingDay,
  lastDay: BeijingDay,
): Promise<Map<string, Ours>> {
  const found = new Map<string, Ours>();
  const report = await reports.usage({ period: { firstDay, lastDay }, groupBy: ["day", "upstreamModel"] });
  if (report.truncated) throw new TooMuchError("days and models");
  for (const row of report.rows) {
    const { day = "", upstreamModel: model = "" } = row.group;
    const side: Side = {
      attempts: row.attempts,
      input: row.inputTokens,
      cached: row.cachedInputTokens,
      output: row.outputTokens,
      costMicroYuan: row.costMicroYuan,
      unknownCostAttempts: row.unknownCostAttempts,
      guessedAttempts: row.countedAttempts + row.estimatedAttempts,
    };
    const key = dayAndModel(day, model);
    const known = found.get(key);
    if (known !== undefined) known.side = sum(known.side, side);
    else found.set(key, { requestId: null, day, model, side });
  }
  return found;
}

/** A call may be billed on the day it ended: the days around are searched for what the bill has, too. */
async function sumsByRequest(
  reports: LedgerReports,
  bill: Bill,
  firstDay: BeijingDay,
  lastDay: BeijingDay,
): Promise<Map<string, Ours>> {
  const found = new Map<string, Ours>();
  const period = { firstDay: dayAfter(firstDay, -1), lastDay: dayAfter(lastDay, 1) };
  let oursOnly = 0;
  for await (const row of reports.attempts({ period })) {
    if (row.provenance === null || row.provenance === "none") continue;
    const names = [row.attemptId, row.requestId, row.clientRequestId ?? row.requestId];
    const billed = names.find((name) => bill.entries.has(name));
    const day = beijingDayOf(row.openedAtWallMs);
    if (billed === undefined && (day < firstDay || day > lastDay)) continue;
    const key = billed ?? row.requestId;
    const side: Side = {
      attempts: 1,
      input: row.inputTokens ?? 0,
      cached: row.cachedInputTokens ?? 0,
      output: row.outputTokens ?? 0,
      costMicroYuan: row.costMicroYuan ?? 0,
      unknownCostAttempts: row.costMicroYuan === null ? 1 : 0,
      guessedAttempts: row.provenance === "counted" || row.provenance === "estimated" ? 1 : 0,
    };
    const known = found.get(key);
    if (known !== undefined) known.side = sum(known.side, side);
    else {
      if (billed === undefined && ++oursOnly > OURS_ONLY_MAX) throw new TooMuchError("requests");
      found.set(key, { requestId: row.requestId, day, model: row.upstreamModel, side });
    }
  }
  return found;
}

function inOrder(one: ComparedRow, other: ComparedRow): number {
  const texts = ({ day, model, requestId }: ComparedRow): string => `${day} ${model} ${requestId ?? ""}`;
  return texts(one) < texts(other) ? -1 : 1;
}

/**
 * @throws TooMuchError where the ledger has more in these days than can be compared at once; GatewayError
 * where it cannot be read
 */
export async function compare(
  reports: LedgerReports,
  bill: Bill,
  firstDay: BeijingDay,
  lastDay: BeijingDay,
): Promise<Comparison> {
  const ours =
    bill.by === "request"
      ? await sumsByRequest(reports, bill, firstDay, lastDay)
      : await sumsByDayAndModel(reports, firstDay, lastDay);
  const rows: ComparedRow[] = [];
  const counts = { matched: 0, different: 0, ours_only: 0, theirs_only: 0 };
  let [ourTotal, theirTotal] = [noSide, noSide];
  for (const key of new Set([...ours.keys(), ...bill.entries.keys()])) {
    const row = compared(bill, key, ours.get(key));
    if (row === null || (row.state === "ours_only" && row.ours !== null && isFree(row.ours))) continue;
    rows.push(row);
    counts[row.state]++;
    ourTotal = sum(ourTotal, row.ours ?? noSide);
    theirTotal = sum(theirTotal, row.theirs ?? noSide);
  }
  rows.sort(inOrder);
  return { by: bill.by, firstDay, lastDay, rows, counts, ours: ourTotal, theirs: theirTotal };
}

/** The days to compare: those that were asked for, else those of the bill; null where neither says. */
export function daysToCompare(
  bill: Pick<Bill, "firstDay" | "lastDay">,
  from: BeijingDay | null,
  to: BeijingDay | null,
): { readonly firstDay: BeijingDay; readonly lastDay: BeijingDay } | null {
  const firstDay = from ?? bill.firstDay;
  const lastDay = to ?? bill.lastDay;
  return firstDay === null || lastDay === null ? null : { firstDay, lastDay };
}

/** The day that a flag names; null where it is not given, undefined where it names none. */
export function dayOfFlag(text: string | undefined): BeijingDay | null | undefined {
  if (text === undefined) return null;
  return readBeijingDay(text.trim()) ?? undefined;
}
