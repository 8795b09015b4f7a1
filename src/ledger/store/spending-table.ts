/** What keys, models and everybody have spent: by Beijing's day for a while, and since the ledger began. */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import {
  beijingDayNumber,
  firstDayOfMonth,
  firstDayOfWeek,
  monthNumberOf,
  weekNumberOf,
} from "../../core/beijing-day.ts";
import {
  type BudgetPeriod,
  budgetPeriods,
  type SpenderKind,
  type Spending,
  type SpendingSums,
} from "../../core/limits.ts";
import type { MicroYuan } from "../../core/money.ts";

/** Two months and a day: whatever period a moment lies in, its days are there. */
export const SPENDING_DAYS_KEPT = 63;

type Spent = { readonly kind: SpenderKind; readonly name: string; tokens: number; cost: number };
type SpentByName = Map<string, Spent>;

/** Whose, on which day, and how much. */
export type DaySpending = {
  readonly day: number;
  readonly keyId: string;
  readonly alias: string;
  readonly tokens: number;
  readonly cost: MicroYuan;
};

/** Writes belong inside a transaction; after one that was rolled back, call `forget`. */
export class SpendingTable {
  readonly #database: DatabaseSync;
  readonly #addToDay: StatementSync;
  readonly #addToTotal: StatementSync;
  readonly #retire: StatementSync;
  readonly #days = new Map<number, SpentByName>();
  readonly #totals: SpentByName = new Map();

  constructor(database: DatabaseSync) {
    this.#database = database;
    const added =
      "tokens = tokens + excluded.tokens, cost_micro_yuan = cost_micro_yuan + excluded.cost_micro_yuan";
    this.#addToDay = database.prepare(
      `INSERT INTO spending_days VALUES (?, ?, ?, ?, ?) ON CONFLICT (day, kind, name) DO UPDATE SET ${added}`,
    );
    this.#addToTotal = database.prepare(
      `INSERT INTO spending_totals VALUES (?, ?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET ${added}`,
    );
    this.#retire = database.prepare("DELETE FROM spending_days WHERE day < ?");
  }

  /** Nothing spent leaves nothing behind, so names that were made up fill no table. */
  add({ day, keyId, alias, tokens, cost }: DaySpending): void {
    if (tokens === 0 && cost === 0) return;
    let ofDay = this.#days.get(day);
    if (ofDay === undefined) {
      ofDay = new Map();
      this.#days.set(day, ofDay);
    }
    for (const spent of [ofDay, this.#totals]) {
      addTo(spent, "key", keyId, tokens, cost);
      addTo(spent, "model", alias, tokens, cost);
      addTo(spent, "all", "", tokens, cost);
    }
  }

  /** Writes what was gathered. */
  flush(): void {
    for (const [day, spent] of this.#days) {
      for (const { kind, name, tokens, cost } of spent.values()) {
        this.#addToDay.run(day, kind, name, tokens, cost);
      }
    }
    for (const { kind, name, tokens, cost } of this.#totals.values()) {
      this.#addToTotal.run(kind, name, tokens, cost);
    }
    this.forget();
  }

  /** What was gathered. */
  forget(): void {
    this.#days.clear();
    this.#totals.clear();
  }

  /** Drops days that no present period has. */
  retire(nowWallMs: number): void {
    this.#retire.run(beijingDayNumber(nowWallMs) - SPENDING_DAYS_KEPT);
  }

  /** Of everybody who has ever spent, over the periods that a moment lies in. */
  sumsAt(wallMs: number): SpendingSums[] {
    const spans = spansAt(wallMs);
    const sums = spans.flatMap(({ period, from, to }) => {
      const when = `FILTER (WHERE day >= ${from} AND day < ${to})`;
      return [`sum(tokens) ${when} AS ${period}_tokens`, `sum(cost_micro_yuan) ${when} AS ${period}_cost`];
    });
    const from = Math.min(...spans.map((span) => span.from));
    const to = Math.max(...spans.map((span) => span.to));
    return this.#database
      .prepare(
        `WITH present AS (SELECT kind, name, ${sums.join(", ")} FROM spending_days
           WHERE day >= ${from} AND day < ${to} GROUP BY kind, name)
         SELECT *, tokens AS all_tokens, cost_micro_yuan AS all_cost
         FROM spending_totals LEFT JOIN present USING (kind, name) ORDER BY kind, name`,
      )
      .all()
      .map(sumsOf);
  }
}

function addTo(spent: SpentByName, kind: SpenderKind, name: string, tokens: number, cost: number): void {
  const id = `${kind} ${name}`;
  const known = spent.get(id);
  if (known === undefined) {
    spent.set(id, { kind, name, tokens, cost });
  } else {
    known.tokens += tokens;
    known.cost += cost;
  }
}

type DaySpan = { readonly period: BudgetPeriod; readonly from: number; readonly to: number };

/** The days of each period but `all`, from the first up to, not including, the last. */
function spansAt(wallMs: number): readonly DaySpan[] {
  const day = beijingDayNumber(wallMs);
  const week = weekNumberOf(day);
  const month = monthNumberOf(day);
  return [
    { period: "day", from: day, to: day + 1 },
    { period: "week", from: firstDayOfWeek(week), to: firstDayOfWeek(week + 1) },
    { period: "month", from: firstDayOfMonth(month), to: firstDayOfMonth(month + 1) },
  ];
}

function sumsOf(row: Record<string, SQLOutputValue>): SpendingSums {
  const spendingOf = (period: BudgetPeriod): Spending => ({
    tokens: Number(row[`${period}_tokens`] ?? 0),
    cost: Number(row[`${period}_cost`] ?? 0),
  });
  const periods = Object.fromEntries(budgetPeriods.map((period) => [period, spendingOf(period)]));
  return {
    kind: String(row["kind"]) as SpenderKind,
    name: String(row["name"]),
    periods: periods as SpendingSums["periods"],
  };
}
