/** Holds the pages on the ledger to the words that rows are made of, in both languages, both ways. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { comparisonStates } from "../../src/commands/reconcile/compare.ts";
import { billColumns } from "../../src/config/bill-columns.ts";
import { parties, phases, settlements } from "../../src/core/ending.ts";
import { provenances } from "../../src/core/usage.ts";
import { LedgerStore } from "../../src/ledger/store/ledger-store.ts";
import { usageParameters } from "../../src/server/admin/usage-query.ts";
import { renderUsage } from "../../src/server/admin/usage-rendering.ts";
import { usageReport } from "../support/stub-reports.ts";

const pages = ["docs/ledger.md", "docs/ledger.zh-CN.md"].map((path) => ({
  path,
  text: readFileSync(join(import.meta.dirname, "../..", path), "utf8"),
}));

/** The words in the first cells of every table, table by table, in the order of the page. */
function tablesOf(text: string): (readonly string[])[] {
  const tables: string[][] = [];
  let current: string[] | null = null;
  for (const line of text.split("\n")) {
    if (!line.startsWith("|")) current = null;
    else if (current === null) {
      current = [];
      tables.push(current);
    } else {
      const [, first = ""] = line.split("|");
      for (const [, word = ""] of first.matchAll(/`([^`]+)`/g)) current.push(word);
    }
  }
  return tables;
}

/** What the ledger's file really has. */
function columnsOfFile(): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "ledger-page-"));
  try {
    LedgerStore.open(folder).close();
    const database = new DatabaseSync(join(folder, "ledger.sqlite"), { readOnly: true, timeout: 5_000 });
    const rows = database.prepare("PRAGMA table_xinfo(attempts)").all();
    database.close();
    return rows.map((row) => String(row["name"]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether some table of the page lists exactly these words, in whatever order. */
function lists(text: string, words: readonly string[]): boolean {
  const wanted = [...words].sort().join(" ");
  return tablesOf(text).some((table) => [...table].sort().join(" ") === wanted);
}

const sets: readonly (readonly [string, readonly string[]])[] = [
  ["column of a row", columnsOfFile()],
  ["state", ["open", ...settlements]],
  ["provenance", provenances],
  ["first letter", parties],
  ["second letter", phases],
  ["state of a comparison", comparisonStates],
  ["column of a bill", billColumns],
  ["flag of usage", [...usageParameters.map((name) => `--${name}`), "--json", "--csv"]],
  [
    "column of usage",
    renderUsage(usageReport({ groupBy: [] }), "csv")
      .trim()
      .split(","),
  ],
];

describe.each(pages)("$path", ({ text }) => {
  test.each(sets)("explains every %s, and no other", (_what, words) => {
    expect(words.length).toBeGreaterThan(1);
    expect(lists(text, words)).toBe(true);
  });

  test("names no cause whose letters it does not explain", () => {
    const causes = [...text.matchAll(/^\| (`.*?)\|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([A-Z-][A-Z])`/g)].map(([, cause = ""]) => cause),
    );
    expect(causes.length).toBeGreaterThan(5);
    for (const cause of causes) {
      expect(parties.some((party) => cause.startsWith(party))).toBe(true);
      expect(phases.some((phase) => cause.endsWith(phase))).toBe(true);
    }
  });
});

test("both languages have the same tables", () => {
  const [english = [], chinese = []] = pages.map(({ text }) => tablesOf(text));
  expect(chinese).toEqual(english);
});
