/** A bill made of the ledger's own sums matches, however it is laid out; one token more is found. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compare } from "../../src/commands/reconcile/compare.ts";
import { BillError, readBill } from "../../src/commands/reconcile/read-bill.ts";
import type { BeijingDay } from "../../src/core/beijing-day.ts";
import { fullYuanText } from "../../src/core/money.ts";
import type { UsageRow } from "../../src/ledger/reports.ts";
import { CsvError, csvLine } from "../../src/wire/csv.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";
import { StubReports, usageReport, usageRow } from "../support/stub-reports.ts";

const MATCHING_SHARE = 0.02;
const ARBITRARY_SHARE = 0.02;
const FIRST = "2026-11-20" as BeijingDay;
const LAST = "2026-11-22" as BeijingDay;
const anyDay = { first: null, last: null };

const sums = fc
  .record({
    inputTokens: fc.integer({ min: 1, max: 2 ** 40 }),
    cachedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    outputTokens: fc.nat(2 ** 40),
    costMicroYuan: fc.nat(2 ** 40),
  })
  .map(({ cachedShare, ...rest }) => ({
    ...rest,
    cachedInputTokens: Math.floor(rest.inputTokens * cachedShare),
  }));

const ledger = fc
  .uniqueArray(
    fc.record({
      day: fc.constantFrom("2026-11-20", "2026-11-21", "2026-11-22"),
      upstreamModel: fc.constantFrom("ep-1", "doubao-seed-1-8-251228", "模型,一", 'm"x'),
      sums,
    }),
    { selector: ({ day, upstreamModel }) => `${day} ${upstreamModel}`, minLength: 1 },
  )
  .map((rows) => rows.map(({ day, upstreamModel, sums }) => usageRow({ day, upstreamModel }, sums)));

function wideBill(rows: readonly UsageRow[]): string[][] {
  return rows.map(({ group, ...row }) => [
    group.day ?? "",
    group.upstreamModel ?? "",
    String(row.inputTokens),
    String(row.cachedInputTokens),
    String(row.outputTokens),
    fullYuanText(row.costMicroYuan),
  ]);
}

/** In thousands of tokens, with all of the money on the output's line. */
function billByItem(rows: readonly UsageRow[]): string[][] {
  const thousands = (tokens: number): string =>
    `${Math.floor(tokens / 1_000)}.${String(tokens % 1_000).padStart(3, "0")}`;
  return rows.flatMap(({ group: { day = "", upstreamModel = "" }, ...row }) => [
    [day, upstreamModel, "推理输入", thousands(row.inputTokens - row.cachedInputTokens), "千tokens", ""],
    [day, upstreamModel, "缓存命中", thousands(row.cachedInputTokens), "千tokens", "0"],
    [
      day,
      upstreamModel,
      "推理输出",
      thousands(row.outputTokens),
      "千tokens",
      fullYuanText(row.costMicroYuan),
    ],
  ]);
}

const wideHeads = ["日期", "模型", "输入", "缓存命中", "输出", "费用"];
const itemHeads = ["账单日期", "实例ID", "计费项", "用量", "单位", "应付金额"];

async function countsOf(rows: readonly UsageRow[], heads: readonly string[], lines: readonly string[][]) {
  const text = [heads, ...lines].map((fields) => csvLine([...fields])).join("");
  const reports = new StubReports(() => usageReport({ groupBy: ["day", "upstreamModel"], rows }));
  return (await compare(reports, readBill(text, {}, anyDay), FIRST, LAST)).counts;
}

test(
  "the same sums match in either layout, whatever the order; a token more does not",
  async () => {
    const property = fc.asyncProperty(ledger, fc.boolean(), fc.nat(), async (rows, isByItem, order) => {
      const heads = isByItem ? itemHeads : wideHeads;
      const lines = isByItem ? billByItem(rows) : wideBill(rows);
      const at = order % lines.length;
      const turned = [...lines.slice(at), ...lines.slice(0, at)];
      const all = { matched: rows.length, different: 0, ours_only: 0, theirs_only: 0 };
      expect(await countsOf(rows, heads, turned)).toEqual(all);
      const [first, ...others] = rows;
      if (first === undefined) return;
      const more = [{ ...first, outputTokens: first.outputTokens + 1 }, ...others];
      expect(await countsOf(more, heads, turned)).toEqual({ ...all, matched: rows.length - 1, different: 1 });
    });
    await fc.assert(property, propertyRuns(MATCHING_SHARE));
  },
  propertyTimeoutMs(MATCHING_SHARE),
);

test(
  "a bill that is anything ends in sums or in what is wrong with it",
  () => {
    const cell = fc.oneof(
      fc.constantFrom(...wideHeads, ...itemHeads, "request_id", "2026-11-21", "ep-1", "1,000.5", "-", "¥1"),
      fc.constantFrom("千tokens", "推理输入", "合计", "1e9", "99999999999999999999", "__proto__", ""),
      fc.string({ maxLength: 8 }),
    );
    const bill = fc.array(fc.array(cell, { minLength: 1, maxLength: 7 }), { maxLength: 8 });
    const property = fc.property(bill, fc.boolean(), (lines, isRaw) => {
      const text = lines.map((fields) => (isRaw ? `${fields.join(",")}\n` : csvLine(fields))).join("");
      try {
        const { entries } = readBill(text, {}, anyDay);
        for (const { input, output } of entries.values()) {
          expect(Number.isSafeInteger(input) && Number.isSafeInteger(output)).toBe(true);
        }
      } catch (error) {
        expect(error instanceof BillError || error instanceof CsvError).toBe(true);
      }
    });
    fc.assert(property, propertyRuns(ARBITRARY_SHARE));
  },
  propertyTimeoutMs(ARBITRARY_SHARE),
);
