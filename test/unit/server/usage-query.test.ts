/** Proves how the words of a question to the ledger are read, and which of them are refused. */
import { describe, expect, test } from "vitest";
import { PERIOD_DAYS_MAX } from "../../../src/ledger/reports.ts";
import { NAMES_MAX, readUsageQuery, type UsageParameters } from "../../../src/server/admin/usage-query.ts";

/** One in the morning in Beijing: still the day before in London. */
const NOW = Date.parse("2026-11-23T01:00:00+08:00");

const read = (parameters: UsageParameters) => readUsageQuery(parameters, NOW);

describe("read", () => {
  test("nothing said: the last 30 Beijing days, by day and model", () => {
    expect(read({})).toEqual({
      kind: "ok",
      query: {
        period: { firstDay: "2026-10-25", lastDay: "2026-11-23" },
        groupBy: ["day", "alias"],
        filters: {},
      },
      firstDay: "2026-10-25",
      lastDay: "2026-11-23",
    });
  });

  test("everything said", () => {
    const parameters = {
      by: "key, model,day,outcome,provenance",
      from: "2026-11-01",
      to: " 2026-11-22",
      key: "ark-1",
      model: "fast, slow",
    };
    expect(read(parameters)).toMatchObject({
      kind: "ok",
      query: {
        period: { firstDay: "2026-11-01", lastDay: "2026-11-22" },
        groupBy: ["keyId", "alias", "day", "state", "provenance"],
        filters: { keyId: ["ark-1"], alias: ["fast", "slow"] },
      },
    });
  });

  test("an end alone has 30 days before it; a beginning alone lasts until today", () => {
    expect(read({ to: "2026-03-30" })).toMatchObject({ query: { period: { firstDay: "2026-03-01" } } });
    expect(read({ from: "2026-11-20" })).toMatchObject({ query: { period: { lastDay: "2026-11-23" } } });
    expect(read({ from: "2026-11-23", to: "2026-11-23" }).kind).toBe("ok");
  });
});

describe("refused", () => {
  const many = (count: number): string => Array.from({ length: count }, (_, at) => `m${at}`).join(",");
  test.each<[string, UsageParameters, string]>([
    ["an empty list", { by: "" }, "by"],
    ["an unknown group", { by: "day,month" }, "by"],
    ["a group twice", { by: "day,day" }, "by"],
    ["no date", { from: "yesterday" }, "from"],
    ["a day that no calendar has", { to: "2026-02-30" }, "to"],
    ["an end before the beginning", { from: "2026-11-02", to: "2026-11-01" }, "to"],
    ["a beginning after today", { from: "2026-11-24" }, "from"],
    ["an empty name", { model: "fast," }, "model"],
    ["too many names", { key: many(NAMES_MAX + 1) }, "key"],
    ["a name that is too long", { model: "m".repeat(257) }, "model"],
  ])("%s", (_what, parameters, parameter) => {
    const reading = read(parameters);
    expect(reading).toMatchObject({ kind: "wrong", parameter });
    if (reading.kind === "wrong")
      for (const text of Object.values(reading.expects)) expect(text).not.toBe("");
  });

  test("at the bounds it is taken, and the ledger takes as much", () => {
    expect(read({ key: many(NAMES_MAX) }).kind).toBe("ok");
    expect(read({ model: "m".repeat(256) }).kind).toBe("ok");
    const end = Date.parse("2026-11-23T00:00:00Z");
    const day = (days: number): string => new Date(end - days * 86_400_000).toISOString().slice(0, 10);
    expect(read({ from: day(PERIOD_DAYS_MAX - 1) }).kind).toBe("ok");
    expect(read({ from: day(PERIOD_DAYS_MAX) })).toMatchObject({ kind: "wrong", parameter: "from" });
  });
});
