/** What `limits` and `budgets` may say, and the limits that they mean. */
import { z } from "zod";
import {
  type Budget,
  type BudgetPeriod,
  type BudgetUnit,
  budgetPeriods,
  budgetUnits,
  type LimitSettings,
} from "../core/limits.ts";
import { exactMicroYuan, microYuan, yuanOf } from "../core/money.ts";
import { TOKENS_MAX } from "../core/usage.ts";
import { expecting, section } from "./expectations.ts";
import { durationSchema } from "./quantity-schemas.ts";

export const REQUESTS_PER_MINUTE_MAX = 10_000_000;
export const CONCURRENT_MAX = 100_000;
export const BUDGET_TOKENS_MAX = 1_000_000_000_000;
export const BUDGET_CNY_MAX = 100_000_000;
const WAITING_MAX_MOST = 100_000;
const BUDGETS_MAX = budgetUnits.length * budgetPeriods.length;

function limitSchema(max: number) {
  return expecting(
    z.int().min(1).max(max).nullable(),
    `a whole number from 1 to ${max}, or null for no limit`,
    ` 1 到 ${max} 的整数，或 null（不限）`,
  );
}

const budgetBody = section({
  cny: expecting(
    z
      .number()
      .max(BUDGET_CNY_MAX)
      .refine((yuan) => (exactMicroYuan(yuan) ?? 0) >= 1),
    `an amount in CNY from 0.000001 to ${BUDGET_CNY_MAX}, with at most six decimals`,
    ` 0.000001 到 ${BUDGET_CNY_MAX} 的人民币金额，最多六位小数`,
  )
    .optional()
    .describe("So much money. A model whose price is not known is refused under it."),
  tokens: expecting(
    z.int().min(1).max(BUDGET_TOKENS_MAX),
    `a whole number of tokens from 1 to ${BUDGET_TOKENS_MAX}`,
    ` 1 到 ${BUDGET_TOKENS_MAX} 的整数 token 数`,
  )
    .optional()
    .describe("Or so many tokens, of input and output together."),
  per: expecting(
    z.enum(budgetPeriods),
    `one of ${budgetPeriods.join(", ")}`,
    `以下之一：${budgetPeriods.join("、")}`,
  ).describe("Of Beijing's calendar, weeks from Monday; all: for ever."),
});

/** Money or tokens, within a period: `{ cny: 100, per: month }`. */
export const budgetSchema = expecting(
  budgetBody.refine(({ cny, tokens }) => (cny === undefined) !== (tokens === undefined), {
    // A name that is not known says it all.
    when: ({ issues }) => issues.length === 0,
  }),
  "`{ cny: 100, per: month }` or `{ tokens: 2000000, per: day }`",
  " `{ cny: 100, per: month }` 或 `{ tokens: 2000000, per: day }`",
);

export type BudgetSettings = z.infer<typeof budgetSchema>;

function areDistinct(budgets: readonly BudgetSettings[]): boolean {
  const names = budgets.map(({ cny, per }) => `${cny === undefined ? "tokens" : "cny"}/${per}`);
  return new Set(names).size === names.length;
}

export const budgetsSchema = expecting(
  z.array(budgetSchema).max(BUDGETS_MAX).refine(areDistinct),
  "a list of budgets such as `{ cny: 100, per: month }`, one at most for each unit and period",
  "预算列表，例如 `{ cny: 100, per: month }`，每种单位与周期至多一项",
);

/** The limits per minute and at once, each a number or null; a name that is left out says nothing. */
export const rates = {
  requests_per_minute: limitSchema(REQUESTS_PER_MINUTE_MAX).optional(),
  tokens_per_minute: limitSchema(TOKENS_MAX).optional(),
  concurrent: limitSchema(CONCURRENT_MAX).optional(),
};

function ratesOf(whose: string) {
  return {
    requests_per_minute: rates.requests_per_minute.describe(`Requests in any 60 seconds, ${whose}.`),
    tokens_per_minute: rates.tokens_per_minute.describe(
      `Tokens of input and output in any 60 seconds, ${whose}: estimated before the call, corrected after it.`,
    ),
    concurrent: rates.concurrent.describe(`Calls in flight at once, ${whose}.`),
  };
}

/** The limits of one model, or of the whole gateway. */
function budgetedSection(whose: string) {
  return section({
    ...ratesOf(whose),
    budgets: budgetsSchema
      .optional()
      .describe(`What may be used within a day, week, month or in all, ${whose}.`),
  });
}

export const modelLimitsSchema = budgetedSection("of this alias, by all callers together");

export const limitsSchema = section({
  ...ratesOf("of each key that sets none itself (also a caller's own Ark key)"),
  queue: expecting(
    section({
      waiting_max: expecting(
        z.int().min(1).max(WAITING_MAX_MOST),
        `a whole number from 1 to ${WAITING_MAX_MOST}`,
        ` 1 到 ${WAITING_MAX_MOST} 的整数`,
      )
        .optional()
        .describe("So many wait at once, of all keys; one more is answered 429. Default: 1000."),
      wait_max: durationSchema
        .optional()
        .describe("Who has waited for so long is answered 429. Default: 60s."),
    }).nullable(),
    "`waiting_max` and `wait_max`, or null for no queue",
    " `waiting_max` 与 `wait_max`，或 null（不排队）",
  )
    .optional()
    .describe("A line for calls that would pass a little later; null: they are answered 429 at once."),
  total: budgetedSection("of the whole gateway")
    .optional()
    .describe("The limits of the whole gateway, all keys and models together."),
});

export type LimitsSettings = z.infer<typeof limitsSchema>;
export type ModelLimitsSettings = z.infer<typeof modelLimitsSchema>;

/** The budget that the settings mean. */
export function budgetOf({ cny, tokens, per }: BudgetSettings): Budget {
  if (cny !== undefined) return { unit: "cny", amount: microYuan(cny), period: per };
  return { unit: "tokens", amount: tokens ?? 0, period: per };
}

/** The limits that the settings mean; what they leave out is not limited. */
export function limitsOf(settings: ModelLimitsSettings): LimitSettings {
  return {
    requestsPerMinute: settings.requests_per_minute ?? null,
    tokensPerMinute: settings.tokens_per_minute ?? null,
    concurrent: settings.concurrent ?? null,
    budgets: (settings.budgets ?? []).map(budgetOf),
  };
}

/** The budget in the words of the file and of the admin API. */
export function budgetSettings({ unit, amount, period }: Budget): {
  readonly [word in BudgetUnit]?: number;
} & { readonly per: BudgetPeriod } {
  return unit === "cny" ? { cny: yuanOf(amount), per: period } : { tokens: amount, per: period };
}
