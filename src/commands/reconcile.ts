/** `reconcile`: compares the ledger with a bill of Ark's, exported as CSV. */
import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { BillColumnNames } from "../config/bill-columns.ts";
import type { BeijingDay } from "../core/beijing-day.ts";
import type { Phrase } from "../core/language.ts";
import { CsvError } from "../wire/csv.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { ledgerPhrases } from "./ledger-messages.ts";
import { readLedger } from "./ledger-reading.ts";
import { seeHelp } from "./messages.ts";
import { readColumnNames } from "./reconcile/bill-columns.ts";
import { billFaultPhrase, csvFlawPhrase, reconcilePhrases } from "./reconcile/bill-messages.ts";
import {
  type Comparison,
  compare,
  comparisonStates,
  dayOfFlag,
  daysToCompare,
  TooMuchError,
} from "./reconcile/compare.ts";
import { comparisonCsv, comparisonJson } from "./reconcile/comparison-rendering.ts";
import { printComparison } from "./reconcile/comparison-table.ts";
import { BILL_BYTES_MAX, type Bill, BillError, readBill } from "./reconcile/read-bill.ts";

const MEBIBYTE = 1_048_576;
const BYTE_ORDER_MARK = "\ufeff";

/** A sentence for people, and the exit code that goes with it. */
type Refusal = { readonly kind: "refused"; readonly phrase: Phrase; readonly exitCode: number };

function refuse(phrase: Phrase, exitCode: number = exitCodes.failed): Refusal {
  return { kind: "refused", phrase, exitCode };
}

type Question = {
  readonly kind: "asked";
  readonly columns: BillColumnNames;
  readonly first: BeijingDay | null;
  readonly last: BeijingDay | null;
};

function readFlags({ flags }: Invocation): Question | Refusal {
  const wrongDay = (flag: string): Refusal =>
    refuse(ledgerPhrases.wrongFlag(flag, reconcilePhrases.day), exitCodes.usage);
  const first = dayOfFlag(flags.from);
  const last = dayOfFlag(flags.to);
  if (first === undefined) return wrongDay("from");
  if (last === undefined) return wrongDay("to");
  if (first !== null && last !== null && last < first) {
    return refuse(ledgerPhrases.wrongFlag("to", reconcilePhrases.laterDay), exitCodes.usage);
  }
  const columns = flags.columns === undefined ? {} : readColumnNames(flags.columns);
  if ("kind" in columns) return refuse(billFaultPhrase(columns), exitCodes.usage);
  return { kind: "asked", columns, first, last };
}

/** Spreadsheets in China still write GB18030; whatever is valid UTF-8 is taken for it. */
function textOf(bytes: Buffer): string | null {
  if (isUtf8(bytes)) {
    const text = bytes.toString("utf8");
    return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  }
  try {
    return new TextDecoder("gb18030", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function readText(workingFolder: string, file: string): string | Refusal {
  try {
    const path = resolve(workingFolder, file);
    const stats = statSync(path);
    if (!stats.isFile()) return refuse(reconcilePhrases.notAFile(file));
    if (stats.size > BILL_BYTES_MAX) {
      return refuse(reconcilePhrases.tooLarge(file, BILL_BYTES_MAX / MEBIBYTE));
    }
    return textOf(readFileSync(path)) ?? refuse(reconcilePhrases.notText(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return refuse(reconcilePhrases.unreadable(file, code));
  }
}

function parse(text: string, { columns, first, last }: Question): Bill | Refusal {
  try {
    return readBill(text, columns, { first, last });
  } catch (error) {
    if (error instanceof CsvError) return refuse(csvFlawPhrase(error.flaw, error.line));
    if (error instanceof BillError) return refuse(billFaultPhrase(error.fault));
    throw error;
  }
}

function print(invocation: Invocation, comparison: Comparison, bill: Bill): void {
  const { flags, standardOutput } = invocation;
  if (flags.json === true) standardOutput.write(comparisonJson(comparison, bill));
  else if (flags.csv === true) standardOutput.write(comparisonCsv(comparison, bill));
  else printComparison(invocation, comparison, bill);
}

function isRefusal(value: object | string): value is Refusal {
  return typeof value === "object" && "kind" in value && value.kind === "refused";
}

/** Exit code 0 where everything matches, 1 where something does not, as `diff` has it. */
export async function reconcile(invocation: Invocation): Promise<number> {
  const { standardError, language, workingFolder, operand: file = "" } = invocation;
  const tell = ({ phrase, exitCode }: Refusal): number => {
    standardError.write(`${phrase[language]}\n`);
    if (exitCode === exitCodes.usage) standardError.write(`${seeHelp("reconcile")[language]}\n`);
    return exitCode;
  };
  const question = readFlags(invocation);
  if (isRefusal(question)) return tell(question);
  return readLedger(invocation, async (reports, { ledger }) => {
    const text = readText(workingFolder, file);
    if (isRefusal(text)) return tell(text);
    const columns = { ...ledger.billColumns, ...question.columns };
    const bill = parse(text, { ...question, columns });
    if (isRefusal(bill)) return tell(bill);
    const days = daysToCompare(bill, question.first, question.last);
    if (days === null) return tell(refuse(reconcilePhrases.noDays));
    try {
      const comparison = await compare(reports, bill, days.firstDay, days.lastDay);
      print(invocation, comparison, bill);
      const differs = comparisonStates.some((state) => state !== "matched" && comparison.counts[state] > 0);
      return differs ? exitCodes.failed : exitCodes.ok;
    } catch (error) {
      if (error instanceof TooMuchError) return tell(refuse(reconcilePhrases.tooMuch));
      throw error;
    }
  });
}
