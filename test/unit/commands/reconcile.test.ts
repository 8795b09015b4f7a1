/** Proves `reconcile` from file to exit code: encodings, columns, days, what matches and what does not. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Flags } from "../../../src/commands/flags.ts";
import { BILL_BYTES_MAX } from "../../../src/commands/reconcile/read-bill.ts";
import { reconcile } from "../../../src/commands/reconcile.ts";
import { type FixtureRow, ledgerWith } from "../../support/ledger-fixture.ts";
import { invocationOf } from "./recorded-run.ts";

const rows: readonly FixtureRow[] = [
  { attemptId: "req_a.1" },
  { attemptId: "req_b.1", opened: { clientRequestId: "mine" } },
  {
    attemptId: "req_c.1",
    opened: { upstreamModel: "ep-2", openedAtWallMs: Date.parse("2026-11-22T08:00:00+08:00") },
    settled: { provenance: "counted" },
  },
];

/** In GB18030, as a spreadsheet in China writes it: 日期,模型,输入. */
const GB_HEADS = Buffer.from("c8d5c6da2cc4a3d0cd2ccae4c8eb0a", "hex");

async function run(bill: string | Buffer | null, flags: Flags = {}, environment = {}) {
  const invocation = { ...invocationOf("reconcile", flags, environment), operand: "bill.csv" };
  const store = ledgerWith(join(invocation.workingFolder, "data"), rows);
  onTestFinished(() => store.close());
  if (bill !== null) writeFileSync(join(invocation.workingFolder, "bill.csv"), bill);
  const exitCode = await reconcile(invocation);
  const { standardOutput, standardError } = invocation;
  return { exitCode, text: standardOutput.text, lines: standardOutput.lines, told: standardError.text };
}

const wide = [
  "day,model,input_tokens,cached_tokens,output_tokens,cost",
  "2026-11-21,ep-1,20,8,10,0.00005",
  "2026-11-22,ep-2,10,4,6,0.000031",
  "total,,30,12,16,0.000081",
  "",
].join("\n");

describe("by day and model", () => {
  test("a table of both sides, and exit code 1 where something differs", async () => {
    const { exitCode, lines, told } = await run(wide);
    expect([exitCode, told]).toEqual([1, ""]);
    expect(lines).toEqual([
      "2026-11-21 to 2026-11-22, days in Beijing, by day and model",
      "1 matched, 1 different, 0 ours only, 0 theirs only",
      "",
      "STATE      DAY         MODEL  INPUT  BILL  CACHED  BILL  OUTPUT  BILL       CNY       BILL  COUNTED HERE",
      "matched    2026-11-21  ep-1      20     =       8     =      10     =  0.000050          =             -",
      "different  2026-11-22  ep-2      10     =       4     =       5    +1  0.000025  +0.000006             1",
      "TOTAL                            30     =      12     =      15    +1  0.000075  +0.000006             1",
      "",
      "BILL: what the bill has more (+) or less (-) than the ledger. COUNTED HERE: attempts without Ark's own count.",
      "Lines of the bill passed over: 1, the first is line 4. They have no day or model, or other days.",
    ]);
  });

  test("everything matches: exit code 0; --from and --to leave the rest out", async () => {
    const { exitCode, lines } = await run(wide, { from: "2026-11-21", to: "2026-11-21" });
    expect(exitCode).toBe(0);
    expect(lines[1]).toBe("1 matched, 0 different, 0 ours only, 0 theirs only");
  });

  test("days that only the ledger has are told where they are asked for", async () => {
    const { exitCode, text } = await run(wide, { from: "2026-11-20", to: "2026-11-22", json: true });
    expect(exitCode).toBe(1);
    expect(JSON.parse(text)).toMatchObject({ from: "2026-11-20", to: "2026-11-22", counts: { matched: 1 } });
  });

  test("in Chinese", async () => {
    const { lines } = await run(wide, {}, { LANG: "zh_CN.UTF-8" });
    expect(lines[0]).toBe("2026-11-21 至 2026-11-22（北京时间），按日期与模型");
    expect(lines[1]).toBe("一致 1，不一致 1，仅我方 0，仅对方 0");
  });
});

describe("by request", () => {
  const bill = "request_id,day,input,output\nreq_a.1,2026-11-21,10,5\nmine,2026-11-21,10,5\n";

  test("matched ones are counted, the others listed", async () => {
    const { exitCode, lines } = await run(`${bill}req_x,2026-11-22,1,2\n`);
    expect(exitCode).toBe(1);
    expect(lines[1]).toBe("2 matched, 0 different, 1 ours only, 1 theirs only");
    expect(lines.slice(4, 6)).toEqual([
      expect.stringMatching(/^theirs only +req_x +2026-11-22 +0 +\+1 +0 +\+2 +-$/),
      expect.stringMatching(/^ours only +req_c +2026-11-22 +ep-2 +10 +-10 +5 +-5 +1$/),
    ]);
  });

  test("as CSV, all of them", async () => {
    const { exitCode, text } = await run(bill, { csv: true });
    expect(exitCode).toBe(0);
    expect(text.split("\n")).toEqual([
      expect.stringContaining("state,request_id,day,model,our_input_tokens,"),
      "matched,req_a,2026-11-21,ep-1,10,10,0,5,5,0,0",
      "matched,req_b,2026-11-21,ep-1,10,10,0,5,5,0,0",
      "",
    ]);
  });

  test("without days the bill's must be named", async () => {
    const undated = "request_id,input,output\nreq_a,10,5\nreq_b,10,5\n";
    expect(await run(undated)).toMatchObject({ exitCode: 1, told: expect.stringContaining("--from") });
    expect((await run(undated, { from: "2026-11-21", to: "2026-11-21" })).exitCode).toBe(0);
  });
});

describe("the file", () => {
  const body = "2026-11-21,ep-1,20\n";

  test.each<[string, Buffer]>([
    ["UTF-8", Buffer.from(`日期,模型,输入\n${body}`)],
    ["UTF-8 with a byte order mark and CRLF", Buffer.from(`\ufeff日期,模型,输入\r\n${body}`)],
    ["GB18030", Buffer.concat([GB_HEADS, Buffer.from(body)])],
  ])("in %s", async (_what, bytes) => {
    const { exitCode, told } = await run(bytes);
    expect([exitCode, told]).toEqual([0, ""]);
  });

  test("its columns as the command line says, before what the configuration says", async () => {
    const bill = `a,b,c,model\n2026-11-21,ep-1,20,other\n`;
    expect((await run(bill, { columns: "day=a,model=b,input=c" })).exitCode).toBe(0);
    const invocation = { ...invocationOf("reconcile", { columns: "model=b" }), operand: "bill.csv" };
    const store = ledgerWith(join(invocation.workingFolder, "data"), rows);
    onTestFinished(() => store.close());
    writeFileSync(join(invocation.workingFolder, "bill.csv"), bill);
    const settings = "ledger: { bill_columns: { day: a, model: nonesuch, input: c } }\n";
    writeFileSync(join(invocation.workingFolder, "volcano-proxy.yaml"), settings);
    expect(await reconcile(invocation)).toBe(0);
  });

  test.each<[string, string | Buffer | null, RegExp]>([
    ["missing", null, /^There is no file bill\.csv\.$/m],
    ["empty", "", /^The bill is empty\.$/m],
    ["no CSV", 'day,model,input\n2026-11-21,"ep-1,20\n', /^Line 2 is no CSV: a quote is never closed\.$/m],
    [
      "of other columns",
      "x,y\n1,2\n",
      /^No column of the bill is known to be day, model, input, output, cost\./,
    ],
    ["of other numbers", "day,model,input\n2026-11-21,ep-1,many\n", /^Line 2: input is "many", which is no/],
    ["neither text", Buffer.from([0x61, 0xff, 0xff, 0x0a]), /is neither UTF-8 nor GB18030 text/],
    ["too large", Buffer.alloc(BILL_BYTES_MAX + 1, "\n"), /^bill\.csv is larger than 64 MiB\./],
  ])("that is %s: one sentence, exit code 1", async (_what, bill, sentence) => {
    const { exitCode, told, text } = await run(bill);
    expect([exitCode, text]).toEqual([1, ""]);
    expect(told).toMatch(sentence);
  });

  test("at the bound it is read", async () => {
    const end = Buffer.from(`day,model,input\n${body}`);
    const bytes = Buffer.concat([Buffer.alloc(BILL_BYTES_MAX - end.length, "\n"), end]);
    expect((await run(bytes)).exitCode).toBe(0);
  });

  test("a folder is no file", async () => {
    const invocation = { ...invocationOf("reconcile"), operand: "folder" };
    const store = ledgerWith(join(invocation.workingFolder, "data"), rows);
    onTestFinished(() => store.close());
    mkdirSync(join(invocation.workingFolder, "folder"));
    expect(await reconcile(invocation)).toBe(1);
    expect(invocation.standardError.text).toBe("folder is not a file.\n");
  });
});

test("there is no ledger yet: exit code 1", async () => {
  const invocation = { ...invocationOf("reconcile"), operand: "bill.csv" };
  expect(await reconcile(invocation)).toBe(1);
  expect(invocation.standardError.text).toMatch(/^There is no ledger in /);
});

test.each([
  [{ from: "x" }, "--from expects a day such as 2026-11-22."],
  [{ from: "2026-11-02", to: "2026-11-01" }, "--to expects a day that is not before --from."],
  [{ columns: "price=x" }, "There is no column price:"],
  [{ columns: "day" }, "In the columns, day is not of the form name=head"],
])("a wrong flag %j: exit code 2", async (flags, sentence) => {
  const { exitCode, told } = await run(wide, flags);
  expect(exitCode).toBe(2);
  expect(told).toContain(sentence);
  expect(told).toMatch(/See volcano-proxy reconcile --help\.\n$/);
});
