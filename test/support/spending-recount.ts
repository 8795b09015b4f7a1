/** What everybody has spent, added up from rows without any of the limits' or the ledger's code. */
import type { SpenderKind, Spending } from "../../src/core/limits.ts";
import type { LedgerRow } from "../../src/ledger/memory.ts";
import { readRows } from "./fault-matrix/stored.ts";

export type SpentRow = {
  readonly keyId: string;
  readonly alias: string;
  readonly openedAtWallMs: number;
  readonly tokens: number;
  readonly cost: number;
};
type Periods = { readonly day: number; readonly week: number; readonly month: number };
type Sums = { day: Spending; week: Spending; month: Spending; all: Spending };

const HOUR_MS = 3_600_000;
const BEIJING_MS = 8 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;
/** 1 January 1970 was a Thursday. */
const DAYS_SINCE_MONDAY = 3;
const MONTHS_A_YEAR = 12;

/** The day, week (from Monday) and month in Beijing that a moment lies in. */
export function periodsOf(wallMs: number): Periods {
  const day = Math.floor((wallMs + BEIJING_MS) / DAY_MS);
  const date = new Date(wallMs + BEIJING_MS);
  return {
    day,
    week: Math.floor((day + DAYS_SINCE_MONDAY) / 7),
    month: date.getUTCFullYear() * MONTHS_A_YEAR + date.getUTCMonth(),
  };
}

/** As the gateway has told its ledger. */
export function toldSpending(rows: readonly LedgerRow[]): SpentRow[] {
  return rows.map(({ opened, settled }) => ({
    keyId: opened.keyId,
    alias: opened.alias,
    openedAtWallMs: opened.openedAtWallMs,
    tokens: (settled?.usage?.inputTokens ?? 0) + (settled?.usage?.outputTokens ?? 0),
    cost: settled?.cost ?? 0,
  }));
}

/** As it stands in the ledger's file. Throws where that is not sound. */
export function storedSpending(folder: string): SpentRow[] {
  return readRows(folder).map((row) => ({
    keyId: row.key_id,
    alias: row.alias,
    openedAtWallMs: row.opened_at,
    tokens: (row.input_tokens ?? 0) + (row.output_tokens ?? 0),
    cost: row.cost_micro_yuan ?? 0,
  }));
}

/** Of everybody who has a row, over the periods that the moment lies in; those who spent nothing too. */
export function recount(
  rows: readonly SpentRow[],
  nowWallMs: number,
): ReadonlyMap<readonly [SpenderKind, string], Sums> {
  const byText = new Map<string, readonly [SpenderKind, string]>();
  const sums = new Map<readonly [SpenderKind, string], Sums>();
  const now = periodsOf(nowWallMs);
  for (const row of rows) {
    const own = periodsOf(row.openedAtWallMs);
    for (const [kind, name] of [
      ["key", row.keyId],
      ["model", row.alias],
      ["all", ""],
    ] as const) {
      const text = `${kind} ${name}`;
      const spender = byText.get(text) ?? ([kind, name] as const);
      byText.set(text, spender);
      const known = sums.get(spender) ?? noSums();
      sums.set(spender, known);
      for (const period of ["day", "week", "month"] as const) {
        if (own[period] === now[period]) known[period] = added(known[period], row);
      }
      known.all = added(known.all, row);
    }
  }
  return sums;
}

function noSums(): Sums {
  const nothing = { tokens: 0, cost: 0 };
  return { day: nothing, week: nothing, month: nothing, all: nothing };
}

function added(known: Spending, { tokens, cost }: Spending): Spending {
  return { tokens: known.tokens + tokens, cost: known.cost + cost };
}
