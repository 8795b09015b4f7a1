/** Proves what `usage` prints, beside a running gateway or without one, for people and for programs. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Flags } from "../../../src/commands/flags.ts";
import { usage } from "../../../src/commands/usage.ts";
import type { KeyId } from "../../../src/core/ids.ts";
import { KEY_RECORDS, keyRecordText } from "../../../src/keys/key-json.ts";
import type { KeyRecord } from "../../../src/keys/key-record.ts";
import { newKeySecret } from "../../../src/keys/new-key.ts";
import { recordOf } from "../../support/key-records.ts";
import { type FixtureRow, ledgerWith } from "../../support/ledger-fixture.ts";
import { invocationOf } from "./recorded-run.ts";

const now = (): number => Date.parse("2026-11-22T09:00:00+08:00");
const at = (text: string): { openedAtWallMs: number } => ({ openedAtWallMs: Date.parse(`${text}+08:00`) });

const rows: readonly FixtureRow[] = [
  { attemptId: "req_a.1", opened: at("2026-11-20T23:59:59.999"), settled: { cost: 1_234_567_890 } },
  { attemptId: "req_b.1", opened: at("2026-11-21T00:00:00") },
  {
    attemptId: "req_c.1",
    opened: { ...at("2026-11-21T12:00:00"), alias: "slow", keyId: "ark-2" as KeyId },
    settled: { cost: null, provenance: "counted", state: "partial", cause: "US" },
  },
  {
    attemptId: "req_d.1",
    opened: { ...at("2026-11-22T08:00:00"), alias: "slow\u001b[31m" },
    settled: { provenance: "estimated", state: "interrupted", cause: "GS", cost: 1 },
  },
];

type Keyed = { readonly rows?: readonly FixtureRow[]; readonly keys?: readonly KeyRecord[] };

/** Runs the command over a ledger with the rows above, unless others are given. */
async function run(flags: Flags = {}, environment = {}, isTerminal = false, keyed: Keyed = {}) {
  const invocation = invocationOf("usage", flags, environment, isTerminal);
  const store = ledgerWith(join(invocation.workingFolder, "data"), keyed.rows ?? rows);
  onTestFinished(() => store.close());
  const entry = { atWallMs: 0, actor: "test", action: "key.create", subject: "", detail: {} };
  for (const key of keyed.keys ?? []) {
    store.keepRecord({ kind: KEY_RECORDS, id: key.id, body: keyRecordText(key) }, entry);
  }
  const exitCode = await usage(invocation, now);
  const { standardOutput, standardError } = invocation;
  return { exitCode, text: standardOutput.text, lines: standardOutput.lines, told: standardError.text };
}

describe("for people", () => {
  test("a table by day and model, beside a gateway that has the ledger open", async () => {
    const { exitCode, lines, told } = await run();
    expect([exitCode, told]).toEqual([0, ""]);
    expect(lines).toEqual([
      "2026-10-24 to 2026-11-22, days in Beijing",
      "",
      "DAY         MODEL           ATTEMPTS  INPUT  CACHED  OUTPUT  REASONING           CNY  UNKNOWN FOR  COUNTED  ESTIMATED",
      "2026-11-20  fast                   1     10       4       5          1  1,234.567890            -        -          -",
      "2026-11-21  fast                   1     10       4       5          1      0.000025            -        -          -",
      "2026-11-21  slow                   1     10       4       5          1       unknown            1        1          -",
      "2026-11-22  slow\\u001b[31m         1     10       4       5          1      0.000001            -        -          1",
      "TOTAL                              4     40      16      20          4  1,234.567916            1        1          1",
      "",
      "Attempts without a known price: 1. They are not in the cost; set it under models.NAME.price.",
      "Attempts without Ark's own count: 1 counted from the text that was delivered, 1 estimated.",
    ]);
  });

  test("in Chinese", async () => {
    const { lines } = await run({ by: "key" }, { LANG: "zh_CN.UTF-8" });
    expect(lines[0]).toBe("2026-10-24 至 2026-11-22（北京时间）");
    expect(lines[2]).toMatch(/^密钥 +调用 +输入 +其中缓存 +输出 +其中推理 +人民币 +费用未知 +计数 +估算$/);
    expect(lines[3]).toMatch(/^ark-1 +3 +30 /);
    expect(lines[5]).toMatch(/^合计 +4 +40 /);
  });

  test("on a terminal head and total stand out", async () => {
    const { lines } = await run({ by: "outcome" }, {}, true);
    expect(lines[2]).toContain("\u001b[1mOUTCOME");
    expect(lines.find((line) => line.includes("TOTAL"))).toContain("\u001b[1m");
  });

  test("a time in which nothing was recorded", async () => {
    const { exitCode, lines } = await run({ from: "2026-01-01", to: "2026-01-02" });
    expect(exitCode).toBe(0);
    expect(lines.at(-1)).toBe("Nothing has been recorded in this time.");
  });
});

describe("for programs", () => {
  test("CSV by every group, with days and models chosen", async () => {
    const flags = {
      by: "day,key,model,outcome,provenance",
      from: "2026-11-21",
      model: "slow,fast",
      csv: true,
    };
    const { text } = await run(flags);
    expect(text.split("\n")).toEqual([
      "day,key,model,outcome,provenance,attempts,input_tokens,cached_input_tokens,output_tokens," +
        "reasoning_tokens,cost_cny,unknown_cost_attempts,counted_attempts,estimated_attempts",
      "2026-11-21,ark-1,fast,settled,upstream_final,1,10,4,5,1,0.000025,0,0,0",
      "2026-11-21,ark-2,slow,partial,counted,1,10,4,5,1,,1,1,0",
      "",
    ]);
  });

  test("JSON", async () => {
    const { text } = await run({ by: "key", key: "ark-1", json: true });
    expect(JSON.parse(text)).toMatchObject({
      by: ["key"],
      rows: [{ key: "ark-1", attempts: 3, cost_cny: 1234.567916 }],
      totals: { attempts: 3 },
      truncated: false,
    });
  });
});

describe("keys of the gateway's own", () => {
  const named = (name: string): KeyRecord => recordOf(newKeySecret(), { name });
  const rowOf = (keyId: KeyId, index: number): FixtureRow => ({
    attemptId: `req_${index}.1`,
    opened: { keyId },
  });
  const keys = [named("ci"), named("web"), named("web"), named("构建\u00a0机")];
  const keyed = { keys, rows: [...keys.map(({ id }) => id), "ark-1" as KeyId].map(rowOf) };
  const idsOf = async (key: string): Promise<readonly string[]> => {
    const { text } = await run({ by: "key", json: true, key }, {}, false, keyed);
    return JSON.parse(text).rows.map((row: { key: string }) => row.key);
  };
  const [ci, web, otherWeb] = keys.map(({ id }) => id);

  test("are asked for by id or by name; a name that several have means all of them", async () => {
    expect(await idsOf("ci")).toEqual([ci]);
    expect(await idsOf(String(ci))).toEqual([ci]);
    expect(await idsOf("web")).toEqual([web, otherWeb].toSorted());
    expect(await idsOf(`web,ark-1,${web}`)).toEqual(["ark-1", ...[web, otherWeb].toSorted()]);
    expect(await idsOf("nobody")).toEqual([]);
  });

  test("are shown to people with their names, to programs by their ids", async () => {
    const people = await run({ by: "key" }, {}, false, keyed);
    const shown = people.lines.slice(3, -1).map((line) => line.split("  ")[0]);
    const expected = keys.map(({ id, name }) => `${name} (${id})`).toSorted();
    expect(shown.toSorted()).toEqual(["ark-1", ...expected].toSorted());
    const programs = await run({ by: "key", csv: true }, {}, false, keyed);
    expect(programs.text).toContain(`\n${ci},1,`);
    expect(programs.text).not.toContain("(");
  });
});

describe("what cannot be told", () => {
  test("there is no ledger yet: where it was looked for, exit code 1", async () => {
    for (const environment of [{}, { VOLCANO_PROXY_DATA: "elsewhere" }]) {
      const invocation = invocationOf("usage", {}, environment);
      expect(await usage(invocation, now)).toBe(1);
      const folder = join(
        invocation.workingFolder,
        "VOLCANO_PROXY_DATA" in environment ? "elsewhere" : "data",
      );
      expect(invocation.standardError.text).toMatch(/^There is no ledger in .* yet: the gateway makes it/);
      expect(invocation.standardError.text).toContain(folder);
      expect(invocation.standardOutput.text).toBe("");
    }
  });

  test("what is there is no ledger: exit code 1, and what to do", async () => {
    const invocation = invocationOf("usage", {}, { VOLCANO_PROXY_DATA: "." });
    writeFileSync(join(invocation.workingFolder, "ledger.sqlite"), "this is no database, however long it is");
    expect(await usage(invocation, now)).toBe(1);
    expect(invocation.standardError.text).toMatch(
      /^The ledger could not answer: .*Put a backup in its place/,
    );
  });

  test.each([
    [{ by: "month" }, "--by expects some of key,model,day,outcome,provenance, each once."],
    [{ from: "2026-13-01" }, "--from expects a day such as 2026-11-22."],
    [{ from: "2026-11-02", to: "2026-11-01" }, "--to expects a day that is not before `from`."],
  ])("a wrong flag %j: exit code 2", async (flags, sentence) => {
    const { exitCode, told, text } = await run(flags);
    expect([exitCode, told, text]).toEqual([2, `${sentence}\nSee volcano-proxy usage --help.\n`, ""]);
  });

  test("a broken configuration: exit code 1", async () => {
    const { exitCode, told } = await run({}, { PORT: "x" });
    expect(exitCode).toBe(1);
    expect(told).toContain("PORT");
  });
});
