/** Writes a comparison of ledger and bill for programs: JSON, and CSV with one line for each row. */
import { fullYuanText, yuanOf } from "../../core/money.ts";
import { knownCost } from "../../server/admin/usage-rendering.ts";
import { csvLine, withoutFormula } from "../../wire/csv.ts";
import { type ComparedRow, type Comparison, noSide, type Side } from "./compare.ts";
import type { Bill, Figure } from "./read-bill.ts";

const figureOrder: readonly Figure[] = ["input", "cached", "output", "cost"];
const figureNames: { readonly [figure in Figure]: string } = {
  input: "input_tokens",
  cached: "cached_input_tokens",
  output: "output_tokens",
  cost: "cost_cny",
};

/** The figures that the bill has, in one order everywhere. */
export function figuresOf(bill: Bill): readonly Figure[] {
  return figureOrder.filter((figure) => bill.figures.has(figure));
}

/** Tokens, or micro-yuan. Null where no price of it is known, which is not the same as nothing. */
export function figureOf(side: Side, figure: Figure): number | null {
  return figure === "cost" ? knownCost(side) : side[figure];
}

/** What the bill has more; null where one of the two is not known in full. */
export function differenceOf(ours: Side, theirs: Side, figure: Figure): number | null {
  if (figure !== "cost") return theirs[figure] - ours[figure];
  return ours.unknownCostAttempts > 0 ? null : theirs.costMicroYuan - ours.costMicroYuan;
}

function inYuan(value: number | null, figure: Figure): number | null {
  return figure === "cost" && value !== null ? yuanOf(value) : value;
}

function sideObject(side: Side | null, figures: readonly Figure[], isOurs: boolean): object | null {
  if (side === null) return null;
  const values = figures.map((figure) => [figureNames[figure], inYuan(figureOf(side, figure), figure)]);
  const { attempts, unknownCostAttempts, guessedAttempts } = side;
  const counts = isOurs
    ? { attempts, unknown_cost_attempts: unknownCostAttempts, counted_or_estimated_attempts: guessedAttempts }
    : { lines: attempts };
  return { ...counts, ...Object.fromEntries(values) };
}

function differenceObject(ours: Side, theirs: Side, figures: readonly Figure[]): object {
  return Object.fromEntries(
    figures.map((figure) => [figureNames[figure], inYuan(differenceOf(ours, theirs, figure), figure)]),
  );
}

function namesOf({ requestId, day, model }: ComparedRow): object {
  return { ...(requestId === null ? {} : { request_id: requestId }), day, model };
}

export function comparisonJson(comparison: Comparison, bill: Bill): string {
  const { by, firstDay, lastDay, counts, rows, ours, theirs } = comparison;
  const figures = figuresOf(bill);
  const result = {
    by: by === "request" ? ["request"] : ["day", "model"],
    from: firstDay,
    to: lastDay,
    compared: figures.map((figure) => figureNames[figure]),
    counts,
    rows: rows.map((row) => ({
      state: row.state,
      ...namesOf(row),
      ours: sideObject(row.ours, figures, true),
      theirs: sideObject(row.theirs, figures, false),
      difference: differenceObject(row.ours ?? noSide, row.theirs ?? noSide, figures),
    })),
    totals: {
      ours: sideObject(ours, figures, true),
      theirs: sideObject(theirs, figures, false),
      difference: differenceObject(ours, theirs, figures),
    },
    passed_over: { lines: bill.passedOver.lines, first_line: bill.passedOver.firstLine || null },
    other_items: bill.otherItems,
  };
  return `${JSON.stringify(result, null, 2)}\n`;
}

function cell(value: number | null, figure: Figure): string {
  if (value === null) return "";
  return figure === "cost" ? fullYuanText(value) : String(value);
}

function csvRow(row: ComparedRow, figures: readonly Figure[], hasRequests: boolean): string {
  const { state, requestId, day, model, ours, theirs } = row;
  const values = figures.flatMap((figure) => [
    ours === null ? "" : cell(figureOf(ours, figure), figure),
    theirs === null ? "" : cell(figureOf(theirs, figure), figure),
    cell(differenceOf(ours ?? noSide, theirs ?? noSide, figure), figure),
  ]);
  const names = hasRequests ? [requestId ?? "", day, model] : [day, model];
  const guessed = ours === null ? "" : String(ours.guessedAttempts);
  return csvLine([state, ...names.map(withoutFormula), ...values, guessed]);
}

export function comparisonCsv(comparison: Comparison, bill: Bill): string {
  const figures = figuresOf(bill);
  const hasRequests = comparison.by === "request";
  const heads = figures.flatMap((figure) => {
    const name = figureNames[figure];
    return [`our_${name}`, `their_${name}`, `difference_${name}`];
  });
  const names = hasRequests ? ["request_id", "day", "model"] : ["day", "model"];
  const head = csvLine(["state", ...names, ...heads, "counted_or_estimated_attempts"]);
  return head + comparison.rows.map((row) => csvRow(row, figures, hasRequests)).join("");
}
