/** What somebody may use: the words of limits and budgets, for keys, for models and for the whole gateway. */
import type { MicroYuan } from "./money.ts";

/** Of Beijing's calendar, weeks from Monday; `all`: since the ledger began. */
export const budgetPeriods = ["day", "week", "month", "all"] as const;
export type BudgetPeriod = (typeof budgetPeriods)[number];

export const budgetUnits = ["cny", "tokens"] as const;
export type BudgetUnit = (typeof budgetUnits)[number];

/** At most so much within a period; a call that could go beyond is not made. */
export type Budget = {
  readonly unit: BudgetUnit;
  /** Integer, more than 0: micro-yuan, or tokens of input and output together. */
  readonly amount: number;
  readonly period: BudgetPeriod;
};

/** Null: no limit. */
export type LimitSettings = {
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  /** Calls in flight at once. */
  readonly concurrent: number | null;
  /** At most one for each unit and period. */
  readonly budgets: readonly Budget[];
};

export const UNLIMITED: LimitSettings = Object.freeze({
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrent: null,
  budgets: [],
});

/** What has been used: tokens of input and output together, and the cost where it is known. */
export type Spending = { readonly tokens: number; readonly cost: MicroYuan };

/** Whose spending is counted: one key, one model as clients name it (the alias), or everybody. */
export const spenderKinds = ["key", "model", "all"] as const;
export type SpenderKind = (typeof spenderKinds)[number];

/** The sums of one spender over the periods that a moment lies in. */
export type SpendingSums = {
  readonly kind: SpenderKind;
  /** The key's id or the alias; empty for everybody. */
  readonly name: string;
  readonly periods: Readonly<Record<BudgetPeriod, Spending>>;
};
