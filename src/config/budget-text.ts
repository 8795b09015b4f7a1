/** Budgets as one line of text, such as `100cny/month,2000000tokens/day`: exact, with no float on the way. */
import { type Budget, type BudgetPeriod, budgetPeriods } from "../core/limits.ts";
import { MICRO_YUAN_PER_YUAN, yuanText } from "../core/money.ts";
import { BUDGET_CNY_MAX, BUDGET_TOKENS_MAX } from "./limit-settings.ts";

const DECIMALS = 6;

const budgetPattern = /^(\d{1,13})(?:\.(\d{1,6}))?(cny|tokens)(?:\/([a-z]{1,8}))?$/;

function amountOf(whole: string, decimals: string | undefined, unit: string): number | null {
  const number = Number(whole);
  if (unit === "tokens") {
    return decimals === undefined && number >= 1 && number <= BUDGET_TOKENS_MAX ? number : null;
  }
  if (number > BUDGET_CNY_MAX) return null;
  const amount = number * MICRO_YUAN_PER_YUAN + Number((decimals ?? "").padEnd(DECIMALS, "0"));
  return amount >= 1 && amount <= BUDGET_CNY_MAX * MICRO_YUAN_PER_YUAN ? amount : null;
}

/**
 * One budget: an amount in yuan of at most six decimals, or of whole tokens, and the period after a slash;
 * `/all` may be left out. Null where the text is none.
 */
function readBudget(text: string): Budget | null {
  const match = budgetPattern.exec(text.trim().toLowerCase());
  if (match === null) return null;
  const [, whole = "", decimals, unit = "", word = "all"] = match;
  const period: BudgetPeriod | undefined = budgetPeriods.find((name) => name === word);
  const amount = amountOf(whole, decimals, unit);
  if (period === undefined || amount === null) return null;
  return { unit: unit === "cny" ? "cny" : "tokens", amount, period };
}

/** Budgets separated by commas, at most one for each unit and period; null where the text is no such list. */
export function readBudgets(text: string): readonly Budget[] | null {
  const budgets: Budget[] = [];
  for (const item of text.split(",")) {
    const budget = readBudget(item);
    if (budget === null) return null;
    if (budgets.some(({ unit, period }) => unit === budget.unit && period === budget.period)) return null;
    budgets.push(budget);
  }
  return budgets;
}

/** The budget as `readBudgets` takes it. */
export function budgetText({ unit, amount, period }: Budget): string {
  return `${unit === "cny" ? yuanText(amount) : amount}${unit}/${period}`;
}
