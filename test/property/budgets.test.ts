/** Proves that a line of budgets means what it says, to the micro-yuan, and that nothing else is taken. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { budgetText, readBudgets } from "../../src/config/budget-text.ts";
import { budgetOf, budgetSettings } from "../../src/config/limit-settings.ts";
import { type Budget, budgetPeriods } from "../../src/core/limits.ts";

const budget = fc.oneof(
  fc.record<Budget>({
    unit: fc.constant("cny"),
    amount: fc.oneof(fc.integer({ min: 1, max: 10_000_000 }), fc.maxSafeInteger().map(withinCny)),
    period: fc.constantFrom(...budgetPeriods),
  }),
  fc.record<Budget>({
    unit: fc.constant("tokens"),
    amount: fc.integer({ min: 1, max: 1_000_000_000_000 }),
    period: fc.constantFrom(...budgetPeriods),
  }),
);

function withinCny(number: number): number {
  return 1 + (Math.abs(number) % 100_000_000_000_000);
}

const budgets = fc.uniqueArray(budget, {
  minLength: 1,
  selector: ({ unit, period }) => `${unit}/${period}`,
});

test("what is written is read as it was", () => {
  fc.assert(
    fc.property(budgets, (list) => {
      expect(readBudgets(list.map(budgetText).join(","))).toEqual(list);
    }),
  );
});

test("the words of the file and of the admin API carry the same amount", () => {
  fc.assert(
    fc.property(budget, (one) => {
      expect(budgetOf(JSON.parse(JSON.stringify(budgetSettings(one))))).toEqual(one);
    }),
  );
});

test("whatever is typed: a list of good budgets, or nothing", () => {
  const typed = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[0-9.]{0,15}(cny|tokens|CNY|yuan)?(\/(day|week|month|all|year))?,?$/),
  );
  fc.assert(
    fc.property(typed, (text) => {
      for (const { unit, amount } of readBudgets(text) ?? []) {
        expect(Number.isSafeInteger(amount)).toBe(true);
        expect(amount).toBeGreaterThan(0);
        expect(amount).toBeLessThanOrEqual(unit === "cny" ? 100_000_000_000_000 : 1_000_000_000_000);
      }
    }),
  );
});

describe("by hand", () => {
  test.each<[string, readonly Budget[]]>([
    [
      "100cny/month,2000000tokens/day",
      [
        { unit: "cny", amount: 100_000_000, period: "month" },
        { unit: "tokens", amount: 2_000_000, period: "day" },
      ],
    ],
    ["0.1cny", [{ unit: "cny", amount: 100_000, period: "all" }]],
    ["0.000001cny/week", [{ unit: "cny", amount: 1, period: "week" }]],
    ["4.35cny/day", [{ unit: "cny", amount: 4_350_000, period: "day" }]],
    ["100000000cny/all", [{ unit: "cny", amount: 100_000_000_000_000, period: "all" }]],
    ["99999999.999999cny", [{ unit: "cny", amount: 99_999_999_999_999, period: "all" }]],
    ["1000000000000tokens", [{ unit: "tokens", amount: 1_000_000_000_000, period: "all" }]],
    [
      " 5CNY/Day , 1tokens",
      [
        { unit: "cny", amount: 5_000_000, period: "day" },
        { unit: "tokens", amount: 1, period: "all" },
      ],
    ],
  ])("%s", (text, expected) => {
    expect(readBudgets(text)).toEqual(expected);
  });

  test.each([
    "",
    ",",
    "100",
    "cny",
    "100cny/month,",
    "100 cny",
    "100cny/year",
    "100cny/",
    "0cny",
    "0tokens",
    "0.0000001cny",
    "1.5tokens",
    "1.cny",
    ".5cny",
    "-1cny",
    "1e3cny",
    "100000000.000001cny",
    "100000001cny",
    "1000000000001tokens",
    "1cny/day,2cny/day",
    "1cny,1cny/all",
  ])("`%s` is none", (text) => {
    expect(readBudgets(text)).toBeNull();
  });
});
