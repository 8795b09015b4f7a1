/** What has been spent: one counter for each spender, by the periods that budgets may have. */
import type { BudgetPeriod, BudgetUnit, SpenderKind, Spending } from "../core/limits.ts";
import { budgetPeriods } from "../core/limits.ts";
import type { LimitTime } from "./limit-time.ts";

const UNITS = 2;
const COST = 1;
const PLACE = { day: 0, week: UNITS, month: 2 * UNITS, all: 3 * UNITS } as const satisfies Record<
  BudgetPeriod,
  number
>;

/** Of one spender; a period that has ended is emptied when the counter is next looked at. */
export class SpendingCounter {
  #day: number;
  /** Tokens and cost of each period, by PLACE. */
  readonly #sums = [0, 0, 0, 0, 0, 0, 0, 0];

  constructor(time: LimitTime) {
    this.#day = time.day;
  }

  /** In the current period. */
  spent(unit: BudgetUnit, period: BudgetPeriod, time: LimitTime): number {
    if (this.#day !== time.day) this.#roll(time);
    return this.#sums[unit === "cny" ? PLACE[period] + COST : PLACE[period]] ?? 0;
  }

  /** @param day in whose periods it counts, as far as they are still the current ones */
  add(tokens: number, cost: number, day: number, time: LimitTime): void {
    if (this.#day !== time.day) this.#roll(time);
    for (const period of budgetPeriods) {
      if (day === time.day || time.isCurrent(period, day)) this.#addTo(period, tokens, cost);
    }
  }

  /** Adds sums of earlier runs. @param day in whose periods they lie, not later than the current one */
  restore(sums: Readonly<Record<BudgetPeriod, Spending>>, day: number, time: LimitTime): void {
    if (this.#day !== time.day) this.#roll(time);
    for (const period of budgetPeriods) {
      if (time.isCurrent(period, day)) this.#addTo(period, sums[period].tokens, sums[period].cost);
    }
  }

  #addTo(period: BudgetPeriod, tokens: number, cost: number): void {
    const place = PLACE[period];
    this.#sums[place] = (this.#sums[place] ?? 0) + tokens;
    this.#sums[place + COST] = (this.#sums[place + COST] ?? 0) + cost;
  }

  #roll(time: LimitTime): void {
    for (const period of budgetPeriods) {
      if (time.isCurrent(period, this.#day)) continue;
      this.#sums[PLACE[period]] = 0;
      this.#sums[PLACE[period] + COST] = 0;
    }
    this.#day = time.day;
  }
}

/** All counters. There is one for whoever has ever spent anything, and they stay: budgets may come later. */
export class SpendingBook {
  readonly #time: LimitTime;
  readonly #counters: Readonly<Record<SpenderKind, Map<string, SpendingCounter>>> = {
    key: new Map(),
    model: new Map(),
    all: new Map(),
  };

  constructor(time: LimitTime) {
    this.#time = time;
  }

  find(kind: SpenderKind, name: string): SpendingCounter | null {
    return this.#counters[kind].get(name) ?? null;
  }

  open(kind: SpenderKind, name: string): SpendingCounter {
    const counters = this.#counters[kind];
    let counter = counters.get(name);
    if (counter === undefined) {
      counter = new SpendingCounter(this.#time);
      counters.set(name, counter);
    }
    return counter;
  }
}
