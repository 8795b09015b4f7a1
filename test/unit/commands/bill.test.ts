/** Proves how an exported bill is read: its columns, numbers, days and units, and what is wrong with it. */
import { describe, expect, test } from "vitest";
import {
  findColumns,
  headUnit,
  plainHead,
  readColumnNames,
} from "../../../src/commands/reconcile/bill-columns.ts";
import {
  microYuanOf,
  readBillDay,
  readDecimal,
  tokenKindOf,
  tokensOf,
  tokensPerUnit,
} from "../../../src/commands/reconcile/bill-figures.ts";
import { billFaultPhrase } from "../../../src/commands/reconcile/bill-messages.ts";
import {
  BILL_LINES_MAX,
  type Bill,
  BillError,
  type BillFault,
  readBill,
} from "../../../src/commands/reconcile/read-bill.ts";
import { readBeijingDay } from "../../../src/core/beijing-day.ts";

const anyDay = { first: null, last: null };
const read = (lines: readonly string[]): Bill => readBill(`${lines.join("\n")}\n`, {}, anyDay);

function faultOf(lines: readonly string[], columns = {}): BillFault | null {
  try {
    readBill(lines.join("\n"), columns, anyDay);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(BillError);
    return (error as BillError).fault;
  }
}

describe("numbers", () => {
  test.each([
    ["0", 0],
    ["12", 12_000_000],
    ["-12.5", -12_500_000],
    ["1,234,567.89", 1_234_567_890_000],
    ["¥0.000001", 1],
    ["￥ 0.5", 500_000],
    ["0.0000005", 1],
    ["0.00000049", 0],
    ["-0.0000005", -1],
    ["", 0],
    ["-", 0],
    ["--", 0],
    [" 1.5\t", 1_500_000],
    ["1E-05", 10],
    ["-2.5e-3", -2_500],
    ["1e5", 100_000_000_000],
  ])("%j yuan are %d micro-yuan", (cell, microYuan) => {
    expect(microYuanOf(readDecimal(cell)?.scaled ?? -1n)).toBe(microYuan);
  });

  test("sums are exact: a third of a micro-yuan, three million times", () => {
    const third = readDecimal("0.000000333333")?.scaled ?? 0n;
    expect(microYuanOf(third * 3_000_000n)).toBe(1_000_000 - 1);
  });

  test.each([
    "abc",
    "1e5x",
    "1e-13",
    "1e99",
    "1.2.3",
    "1,23",
    "12,3456",
    ".5",
    "5.",
    "0x10",
    "１２",
    "1 000",
    "1".repeat(16),
  ])("%j is no number", (cell) => {
    expect(readDecimal(cell)).toBeNull();
  });

  test("tokens are whole, whatever the unit", () => {
    const tokens = (cell: string, perUnit: number) =>
      tokensOf(readDecimal(cell) ?? expect.fail(cell), perUnit);
    expect(tokens("1.234", 1_000)).toBe(1_234);
    expect(tokens("0.0005", 1_000_000)).toBe(500);
    expect(tokens("0.4", 1)).toBe(0);
    expect(tokens("999999999999999", 1)).toBe(999_999_999_999_999);
    expect(tokens("999999999999999", 1_000)).toBeNull();
  });
});

test.each([
  ["", 1],
  ["token", 1],
  ["Tokens", 1],
  ["个 token", 1],
  ["千tokens", 1_000],
  ["千 tokens", 1_000],
  ["K tokens", 1_000],
  ["1000 tokens", 1_000],
  ["万tokens", 10_000],
  ["百万 tokens", 1_000_000],
  ["million tokens", 1_000_000],
  ["M tokens", 1_000_000],
  ["张", null],
  ["元", null],
  ["GB", null],
])("a unit of %j has %s tokens", (unit, tokens) => {
  expect(tokensPerUnit(unit)).toBe(tokens);
});

test.each([
  ["2026-11-22", "2026-11-22"],
  ["2026/11/2", "2026-11-02"],
  ["20261122", "2026-11-22"],
  ["2026年11月22日", "2026-11-22"],
  ["2026-11-22 23:59:59", "2026-11-22"],
  ["2026-11-22T23:59:59", "2026-11-22"],
  ["2026-11-22 08:00:00~2026-11-22 09:00:00", "2026-11-22"],
  ["2026-11-21T18:00:00Z", "2026-11-22"],
  ["2026-11-22T00:30:00+08:00", "2026-11-22"],
  ["2026-11-22T00:30:00.123+0900", "2026-11-21"],
  ["2026-02-30", null],
  ["2026-11", null],
  ["合计", null],
  ["", null],
])("the day of %j is %s", (cell, day) => {
  expect(readBillDay(cell)).toBe(day);
});

test.each([
  ["推理输入tokens", "input"],
  ["Input Tokens", "input"],
  ["推理输出", "output"],
  ["completion", "output"],
  ["缓存命中输入", "cached"],
  ["cached input", "cached"],
  ["缓存存储", null],
  ["图片生成", null],
])("the item %j counts %s", (item, kind) => {
  expect(tokenKindOf(item)).toBe(kind);
});

describe("columns", () => {
  test("heads lose case, blanks, marks and what stands in brackets", () => {
    expect(plainHead(" Input_Tokens ")).toBe("inputtokens");
    expect(plainHead("应付金额（元）")).toBe("应付金额");
    expect(plainHead("Cost (CNY)")).toBe("cost");
    expect(headUnit("输入（千tokens）")).toBe("千tokens");
    expect(headUnit("输入")).toBe("");
  });

  test("are found by their heads, the likeliest first, each once", () => {
    expect(findColumns(["账单日期", "产品", "实例ID", "计费项", "用量", "单位", "应付金额(元)"], {})).toEqual(
      {
        day: 0,
        model: 2,
        item: 3,
        amount: 4,
        unit: 5,
        cost: 6,
      },
    );
    expect(findColumns(["date", "配置名称", "Model", "prompt_tokens", "completion tokens"], {})).toEqual({
      day: 0,
      model: 2,
      input: 3,
      output: 4,
    });
  });

  test("are where they are said to be", () => {
    expect(findColumns(["a", "model", "b"], { model: "b", day: "A" })).toEqual({ model: 2, day: 0 });
    expect(findColumns(["a"], { day: "b" })).toEqual({ kind: "no-such-head", column: "day", head: "b" });
  });

  test("as the command line says them", () => {
    expect(readColumnNames("day=账单日期, model=实例ID")).toEqual({ day: "账单日期", model: "实例ID" });
    expect(readColumnNames('day=a,"model=b,c"')).toEqual({ day: "a", model: "b,c" });
    expect(readColumnNames("day=a=b")).toEqual({ day: "a=b" });
    expect(readColumnNames("price=a")).toEqual({ kind: "unknown-column", name: "price" });
    for (const text of ["day", "day=", "=a", "", "day=a,day=b", 'day="a']) {
      expect(readColumnNames(text)).toMatchObject({ kind: "malformed" });
    }
  });
});

describe("a bill", () => {
  test("by day and model, summed, with cached tokens as part of the input", () => {
    const bill = read([
      "day,model,input_tokens,cached_tokens,output_tokens,cost",
      '2026-11-21,EP-1,"1,000",400,50,0.12345678',
      "2026-11-21,ep-1,1,0,2,0.00000002",
      "2026-11-22,ep-1,5,0,5,1",
      "合计,,1006,400,57,1.1234568",
    ]);
    expect(bill).toMatchObject({ by: "day-and-model", firstDay: "2026-11-21", lastDay: "2026-11-22" });
    expect(bill.passedOver).toEqual({ lines: 1, firstLine: 5 });
    expect(bill.costDecimals).toBe(8);
    expect([...bill.figures]).toEqual(["input", "cached", "output", "cost"]);
    const [first, second] = bill.entries.values();
    expect(first).toMatchObject({ model: "EP-1", lines: 2, input: 1_001, cached: 400, output: 52 });
    expect(microYuanOf(first?.costScaled ?? 0n)).toBe(123_457);
    expect(second).toMatchObject({ day: "2026-11-22", lines: 1, input: 5 });
    expect(bill.entries.size).toBe(2);
  });

  test("by billing item: one line for each kind of tokens, in its own unit", () => {
    const bill = read([
      "账单日期,实例ID,计费项,用量,单位,应付金额",
      "2026-11-21,ep-1,推理输入,1.5,千tokens,0.001",
      "2026-11-21,ep-1,缓存命中,500,token,0.0002",
      "2026-11-21,ep-1,推理输出,0.0002,百万tokens,0.002",
      "2026-11-21,ep-1,图片生成,3,张,0.6",
      "2026-11-21,ep-1,图片输入,2,张,0.1",
    ]);
    const [entry] = bill.entries.values();
    expect(entry).toMatchObject({ input: 2_000, cached: 500, output: 200 });
    expect(microYuanOf(entry?.costScaled ?? 0n)).toBe(703_200);
    expect(bill.otherItems).toEqual(["图片生成", "图片输入"]);
  });

  test("by request, where it names them", () => {
    const bill = read(["request_id,input,output", "req_1.1,10,5", "req_1.1,1,0", "req_2.1,7,7", ",1,1"]);
    expect(bill).toMatchObject({ by: "request", firstDay: null, passedOver: { lines: 1, firstLine: 5 } });
    expect([...bill.entries.keys()]).toEqual(["req_1.1", "req_2.1"]);
    expect(bill.entries.get("req_1.1")).toMatchObject({ lines: 2, input: 11, output: 5 });
  });

  test("units of the heads", () => {
    const bill = read(["日期,模型,输入（千tokens）,输出（千tokens）", "2026-11-21,m,1.5,2"]);
    expect([...bill.entries.values()]).toMatchObject([{ input: 1_500, output: 2_000 }]);
  });

  test("days outside are passed over", () => {
    const text = ["day,model,cost", "2026-11-20,m,1", "2026-11-21,m,2", "2026-11-22,m,4"].join("\n");
    const only = readBeijingDay("2026-11-21");
    const bill = readBill(text, {}, { first: only, last: only });
    expect([...bill.entries.values()].map(({ costScaled }) => microYuanOf(costScaled))).toEqual([2_000_000]);
    expect(bill.passedOver).toEqual({ lines: 2, firstLine: 2 });
  });

  test.each<[string, readonly string[], BillFault]>([
    ["nothing", [], { kind: "empty" }],
    [
      "no head that is known",
      ["a,b", "1,2"],
      { kind: "columns-missing", columns: ["day", "model", "input", "output", "cost"], heads: "a, b" },
    ],
    [
      "a line with too few fields",
      ["day,model,cost", "2026-11-21,m,1", "", "2026-11-21,m"],
      { kind: "field-count", line: 4, found: 2, expected: 3 },
    ],
    [
      "what is no number",
      ["day,model,cost", "2026-11-21,m,1e5x"],
      { kind: "no-number", line: 2, column: "cost", text: "1e5x" },
    ],
    [
      "tokens beyond what a number holds",
      ["day,model,输入(百万tokens)", "2026-11-21,m,999999999999999"],
      { kind: "no-number", line: 2, column: "input", text: "999999999999999" },
    ],
    [
      "a column of tokens that is none",
      ["day,model,输入(元)", "2026-11-21,m,1"],
      { kind: "no-token-unit", line: 2, unit: "元" },
    ],
  ])("%s is told with its line", (_what, lines, fault) => {
    expect(faultOf(lines)).toEqual(fault);
    for (const text of Object.values(billFaultPhrase(fault))) expect(text).not.toBe("");
  });

  test("the bound on its lines: a million pass, one more is refused", () => {
    const line = "2026-11-21,m,1\n";
    const bill = readBill(`day,model,input\n${line.repeat(BILL_LINES_MAX)}`, {}, anyDay);
    expect([...bill.entries.values()]).toMatchObject([{ lines: BILL_LINES_MAX, input: BILL_LINES_MAX }]);
    expect(faultOf([`day,model,input\n${line.repeat(BILL_LINES_MAX + 1)}`])).toEqual({
      kind: "too-many-lines",
      linesMax: BILL_LINES_MAX,
    });
  });
});
