/** Prints a comparison of ledger and bill for people: the counts, then what does not match. */
import type { Language } from "../../core/language.ts";
import { differenceCell, groupedDigits, safeCell, yuanCell } from "../figure-cells.ts";
import type { Invocation } from "../invocation.ts";
import { ledgerPhrases } from "../ledger-messages.ts";
import { layOutTable, paintFor } from "../text-layout.ts";
import { reconcilePhrases } from "./bill-messages.ts";
import { type ComparedRow, type Comparison, noSide, type Side } from "./compare.ts";
import { differenceOf, figureOf, figuresOf } from "./comparison-rendering.ts";
import type { Bill, Figure } from "./read-bill.ts";

const ROWS_SHOWN_MAX = 200;

function valueCell(value: number | null, figure: Figure, language: Language): string {
  if (value === null) return reconcilePhrases.unknown[language];
  return figure === "cost" ? yuanCell(value) : groupedDigits(value);
}

function changeCell(difference: number | null, figure: Figure): string {
  if (difference === null) return "?";
  if (figure !== "cost" || difference === 0) return differenceCell(difference);
  return (difference > 0 ? "+" : "") + yuanCell(difference);
}

function figureCells(
  ours: Side,
  theirs: Side,
  figures: readonly Figure[],
  language: Language,
): readonly string[] {
  const cells = figures.flatMap((figure) => [
    valueCell(figureOf(ours, figure), figure, language),
    changeCell(differenceOf(ours, theirs, figure), figure),
  ]);
  return [...cells, ours.guessedAttempts === 0 ? "-" : groupedDigits(ours.guessedAttempts)];
}

function headsOf(figures: readonly Figure[], hasRequests: boolean, language: Language): readonly string[] {
  const { state, request, dayHead, model, bills, guessed } = reconcilePhrases;
  const names = hasRequests ? [state, request, dayHead, model] : [state, dayHead, model];
  const heads = figures.flatMap((figure) => [reconcilePhrases.figures[figure], bills]);
  return [...names, ...heads, guessed].map((phrase) => phrase[language]);
}

/** By day and model everything is of interest; of single requests only what does not match. */
function rowsToShow({ by, rows }: Comparison): readonly ComparedRow[] {
  return by === "request" ? rows.filter(({ state }) => state !== "matched") : rows;
}

function notesOf(bill: Bill, hidden: number, language: Language): readonly string[] {
  const { lines, firstLine } = bill.passedOver;
  return [
    reconcilePhrases.legend,
    ...(hidden === 0 ? [] : [reconcilePhrases.hidden(groupedDigits(hidden))]),
    ...(lines === 0 ? [] : [reconcilePhrases.passedOver(groupedDigits(lines), firstLine)]),
    ...(bill.otherItems.length === 0
      ? []
      : [reconcilePhrases.otherItems(bill.otherItems.map(safeCell).join(", "))]),
  ].map((phrase) => phrase[language]);
}

export function printComparison(invocation: Invocation, comparison: Comparison, bill: Bill): void {
  const { standardOutput: output, language, environment } = invocation;
  const paint = paintFor(output, environment);
  const { by, firstDay, lastDay, counts, ours, theirs } = comparison;
  const how = by === "request" ? reconcilePhrases.byRequest : reconcilePhrases.byDayAndModel;
  const period = ledgerPhrases.period(firstDay, lastDay)[language];
  output.write(`${paint("dim", [period, how[language]].join(language === "zh" ? "，" : ", "))}\n`);
  const [matched, different, oursOnly, theirsOnly] = [
    counts.matched,
    counts.different,
    counts.ours_only,
    counts.theirs_only,
  ].map(groupedDigits) as [string, string, string, string];
  const sentence = reconcilePhrases.counts(matched, different, oursOnly, theirsOnly)[language];
  output.write(`${paint("bold", sentence)}\n\n`);
  const figures = figuresOf(bill);
  const shown = rowsToShow(comparison);
  const hasRequests = by === "request";
  const cells = shown.slice(0, ROWS_SHOWN_MAX).map((row) => {
    const names = [reconcilePhrases.states[row.state][language], row.day, safeCell(row.model)];
    if (hasRequests) names.splice(1, 0, safeCell(row.requestId ?? ""));
    return [...names, ...figureCells(row.ours ?? noSide, row.theirs ?? noSide, figures, language)];
  });
  const blanks = hasRequests ? ["", "", ""] : ["", ""];
  const total = [reconcilePhrases.total[language], ...blanks];
  const heads = headsOf(figures, hasRequests, language);
  const table = [heads, ...cells, [...total, ...figureCells(ours, theirs, figures, language)]];
  for (const line of layOutTable(table, total.length)) output.write(`${line}\n`);
  const hidden = Math.max(0, shown.length - ROWS_SHOWN_MAX);
  output.write(`\n${notesOf(bill, hidden, language).join("\n")}\n`);
}
