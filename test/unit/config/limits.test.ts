/** Proves what limits and budgets of the file mean, where they end, and which of them nothing could meet. */
import { describe, expect, test } from "vitest";
import { budgetOf, budgetSettings } from "../../../src/config/limit-settings.ts";
import { bad, good } from "./reading.ts";

const UNLIMITED = { requestsPerMinute: null, tokensPerMinute: null, concurrent: null, budgets: [] };
const limitsOf = (text: string) => good(`limits: ${text}`).config.limits;

describe("limits", () => {
  test("of keys, and of the whole gateway", () => {
    expect(limitsOf("{ requests_per_minute: 60, tokens_per_minute: 200000, concurrent: 8 }")).toEqual({
      keyDefaults: { requestsPerMinute: 60, tokensPerMinute: 200_000, concurrent: 8, budgets: [] },
      total: UNLIMITED,
      queue: null,
    });
    const total = "requests_per_minute: 1, tokens_per_minute: null, concurrent: 2";
    expect(limitsOf(`{ total: { ${total}, budgets: [{ cny: 0.5, per: week }] } }`)).toEqual({
      keyDefaults: UNLIMITED,
      total: {
        requestsPerMinute: 1,
        tokensPerMinute: null,
        concurrent: 2,
        budgets: [{ unit: "cny", amount: 500_000, period: "week" }],
      },
      queue: null,
    });
  });

  test("of an alias, also of one of the default table", () => {
    const limits = "limits: { concurrent: 3, budgets: [{ tokens: 9, per: all }] }";
    const { models } = good(`models: { deepseek-r1: { ${limits} }, fast: m }`).config;
    const find = (name: string) => models.find(({ alias }) => alias === name)?.limits;
    expect(find("deepseek-r1")).toEqual({
      ...UNLIMITED,
      concurrent: 3,
      budgets: [{ unit: "tokens", amount: 9, period: "all" }],
    });
    expect(find("fast")).toEqual(UNLIMITED);
  });

  test("a queue has bounds, whether or not they are said", () => {
    expect(limitsOf("{ queue: null }").queue).toBeNull();
    expect(limitsOf("{ queue: {} }").queue).toEqual({ waitingMax: 1_000, waitMaxMs: 60_000 });
    const own = { waitingMax: 1, waitMaxMs: 90_000 };
    expect(limitsOf("{ queue: { waiting_max: 1, wait_max: 1.5m } }").queue).toEqual(own);
  });

  test("values may come from the environment", () => {
    const text = `limits: { concurrent: '\${N}', total: { budgets: [{ cny: '\${CNY}', per: '\${PER}' }] } }`;
    const { limits } = good(text, { N: "5", CNY: "12.5", PER: "day" }).config;
    expect(limits.keyDefaults.concurrent).toBe(5);
    expect(limits.total.budgets).toEqual([{ unit: "cny", amount: 12_500_000, period: "day" }]);
    expect(good(`limits: { concurrent: '\${N:-null}' }`).config.limits.keyDefaults.concurrent).toBeNull();
  });
});

describe("bounds, at the last that is taken and the next", () => {
  test.each([
    ["{ requests_per_minute: %s }", "1", "0", "10000000", "10000001"],
    ["{ tokens_per_minute: %s }", "1", "0", "1000000000", "1000000001"],
    ["{ concurrent: %s }", "1", "0", "100000", "100001"],
    ["{ queue: { waiting_max: %s } }", "1", "0", "100000", "100001"],
    ["{ total: { budgets: [{ tokens: %s, per: day }] } }", "1", "0", "1000000000000", "1000000000001"],
    ["{ total: { budgets: [{ cny: %s, per: day }] } }", "0.000001", "0.0000004", "100000000", "100000001"],
  ])("%s", (text, least, below, most, above) => {
    for (const value of [least, most]) expect(() => limitsOf(text.replace("%s", value))).not.toThrow();
    for (const value of [below, above, "-1", "1.0000005e-7", "x", "true"]) {
      expect(bad(`limits: ${text.replace("%s", value)}`)[0]).toMatch(/limits\.\S+: expected/);
    }
  });

  test("a budget of each unit and period, and no second one", () => {
    const periods = ["day", "week", "month", "all"];
    const all = periods.flatMap((per) => [`{ cny: 1, per: ${per} }`, `{ tokens: 1, per: ${per} }`]);
    expect(limitsOf(`{ total: { budgets: [${all.join(", ")}] } }`).total.budgets).toHaveLength(8);
    const twice = [...all.slice(0, 2), "{ cny: 2, per: day }"];
    expect(bad(`limits: { total: { budgets: [${twice.join(", ")}] } }`)).toEqual([
      "volcano-proxy.yaml:1:29: limits.total.budgets: expected a list of budgets such as " +
        "`{ cny: 100, per: month }`, one at most for each unit and period",
    ]);
  });
});

describe("what is wrong is told where it stands", () => {
  test.each([
    [
      "{ requests_per_minutes: 1 }",
      "1:11: limits.requests_per_minutes: unknown setting",
      "requests_per_minute",
    ],
    ["{ totals: {} }", "1:11: limits.totals: unknown setting", "total"],
    ["{ budgets: [] }", "1:11: limits.budgets: unknown setting", "known here: requests_per_minute"],
    ["{ queue: { wait: 1s } }", "1:20: limits.queue.wait: unknown setting", "wait_max"],
    ["{ queue: 5 }", "1:18: limits.queue: expected `waiting_max` and `wait_max`, or null", ""],
    ["{ total: { budgets: [{ per: day }] } }", "1:30: limits.total.budgets[0]: expected `{ cny: 100,", ""],
    [
      "{ total: { budgets: [{ cny: 1 }] } }",
      "1:30: limits.total.budgets[0].per: missing; expected one of day,",
      "",
    ],
    [
      "{ total: { budgets: [{ cny: 1, tokens: 1, per: day }] } }",
      "limits.total.budgets[0]: expected `{ cny",
      "",
    ],
    [
      "{ total: { budgets: [{ tokens: 1, per: dya }] } }",
      "1:48: limits.total.budgets[0].per: expected one of",
      "",
    ],
    [
      "{ total: { budgets: [{ usd: 1, per: day }] } }",
      "1:32: limits.total.budgets[0].usd: unknown setting",
      "",
    ],
    ["{ total: { queue: null } }", "1:20: limits.total.queue: unknown setting `queue`", ""],
  ])("%s", (text, problem, more) => {
    const line = bad(`limits: ${text}`)[0];
    expect(line).toContain(`volcano-proxy.yaml:`);
    expect(line).toContain(problem);
    expect(line).toContain(more);
  });

  test("in an alias too", () => {
    expect(bad("models:\n  deepseek-r1:\n    limits: { cocurrent: 1 }\n")).toEqual([
      "volcano-proxy.yaml:3:15: models.deepseek-r1.limits.cocurrent: unknown setting `cocurrent`; " +
        "the nearest known name is `concurrent`",
    ]);
  });
});

describe("a budget in CNY over a model whose price is not known", () => {
  const without = [
    "deepseek-r1: glm-5-2-260617",
    "deepseek-v3: null",
    "deepseek-r1-distill-qwen-7b: null",
    "deepseek-r1-distill-qwen-32b: null",
  ].join(", ");
  const warningsOf = (models: string, rest = "") =>
    good(`models: { ${without}, ${models} }\n${rest}`).warnings.map(({ path, reason }) => [
      path,
      reason.kind,
    ]);
  const target = "targets: [{ model: ep-mine }]";
  const money = "limits: { total: { budgets: [{ cny: 1, per: all }] } }";

  test("is a warning that names the price to set", () => {
    const own = `fast: { ${target}, limits: { budgets: [{ cny: 1, per: day }] } }, free: ep-other`;
    expect(warningsOf(own)).toEqual([["models.fast.price", "budget-unpriced"]]);
    expect(warningsOf("fast: ep-mine, listed: glm-5-2-260617", money)).toEqual([
      ["models.fast.price", "budget-unpriced"],
    ]);
  });

  test("is none where the price is known, or only tokens are counted", () => {
    expect(warningsOf(`fast: { ${target}, price: { input: 0, output: 0 } }`, money)).toEqual([]);
    expect(warningsOf(`fast: { ${target}, limits: { budgets: [{ tokens: 1, per: day }] } }`)).toEqual([]);
    expect(warningsOf("fast: ep-mine", "limits: { total: { budgets: [{ tokens: 1, per: all }] } }")).toEqual(
      [],
    );
  });

  test("stands at the alias in the file", () => {
    const { warnings } = good(`models:\n  deepseek-v3: ep-mine\n${money}`);
    expect(warnings.find(({ path }) => path === "models.deepseek-v3.price")).toMatchObject({
      line: 2,
      column: 16,
    });
  });
});

test("a budget's words and its meaning are each other's opposite", () => {
  for (const settings of [{ cny: 0.3, per: "month" } as const, { tokens: 7, per: "all" } as const]) {
    expect(budgetSettings(budgetOf(settings))).toEqual(settings);
  }
});
