/** The table of the run and its budgets, from rounds that a hand can check. */
import { describe, expect, test } from "vitest";
import type { Figure } from "../../../bench/figures.ts";
import { brokenBudgets, relationsOf, table } from "../../../bench/table.ts";

const cpu: Figure = {
  key: "unary_cpu",
  title: "CPU",
  unit: "us",
  relation: "ratio",
  target: 2.5,
  rounds: { nginx: [10, 20, 10], gateway: [20, 60, 25], old: [19, 52, 23] },
};
const latency: Figure = {
  key: "latency_p50",
  title: "p50",
  unit: "ms",
  relation: "added",
  target: 0.15,
  rounds: { direct: [0.1, 0.2], nginx: [0.2, 0.25], gateway: [0.3, 0.3] },
};
const cold: Figure = {
  key: "cold_start",
  title: "cold",
  unit: "ms",
  relation: "none",
  target: 400,
  rounds: { nginx: [9], gateway: [150] },
};

test("a server is related round by round to its yardstick", () => {
  expect(relationsOf(cpu, "gateway")).toEqual([2, 3, 2.5]);
  expect(relationsOf(latency, "nginx").map((value) => value.toFixed(2))).toEqual(["0.10", "0.05"]);
  expect(relationsOf(cold, "gateway")).toEqual([]);
  expect(relationsOf(cpu, "direct")).toEqual([]);
});

test("the table has a line for each figure and a dash where nothing was measured", () => {
  expect(table([cpu, latency, cold], ["direct", "nginx", "gateway"]).split("\n")).toEqual([
    "| figure | unit | direct | nginx | gateway | nginx relative | gateway relative | target |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    "| CPU | us | - | 10.0 | 25.0 | 1.00 x (1.00 to 1.00) | 2.50 x (2.00 to 3.00) | <= 2.5 x |",
    "| p50 | ms | 0.150 | 0.225 | 0.300 | +0.075 (0.050 to 0.100) | +0.150 (0.100 to 0.200) | <= +0.15 ms |",
    "| cold | ms | - | 9.000 | 150 | - | - | <= 400 ms |",
  ]);
});

describe("the budget against another revision", () => {
  test("allows ten per cent of the median and no more", () => {
    const rounds = (gateway: number): Figure => ({ ...cpu, rounds: { gateway: [gateway], old: [100] } });
    expect(brokenBudgets([rounds(110)], "gateway", "old")).toEqual([]);
    expect(brokenBudgets([rounds(111)], "gateway", "old")).toHaveLength(1);
  });

  test("binds processor time alone", () => {
    const slow = { ...cold, rounds: { gateway: [400], old: [100] } };
    expect(brokenBudgets([slow, cpu], "gateway", "old")).toEqual([]);
  });
});
