/** The columns of a bill that `reconcile` reads, and the setting that says what a bill calls them. */
import { z } from "zod";
import { expecting, section } from "./expectations.ts";

/**
 * `input` to `output` count tokens; `item` with `amount` and `unit` stand in their place where each line of
 * the bill is about one kind of tokens.
 */
export const billColumns = [
  "request_id",
  "day",
  "model",
  "input",
  "cached",
  "output",
  "cost",
  "item",
  "amount",
  "unit",
] as const;
export type BillColumn = (typeof billColumns)[number];

/** Heads by column; a column that is left out is looked for. */
export type BillColumnNames = { readonly [column in BillColumn]?: string | undefined };

const headSchema = expecting(
  z.string().regex(/^\S(?:.{0,98}\S)?$/su),
  "the head of a column, of 1 to 100 characters",
  " 1 到 100 个字符的表头",
);

function head(meaning: string) {
  return headSchema.optional().describe(meaning);
}

export const billColumnsSchema = section({
  request_id: head("The head of the bill's column with the request's id."),
  day: head("The head of the bill's column with the day."),
  model: head("The head of the bill's column with the model or endpoint id, as Ark was asked for it."),
  input: head("The head of the bill's column with the input tokens, cached ones included."),
  cached: head("The head of the bill's column with the cached input tokens."),
  output: head("The head of the bill's column with the output tokens."),
  cost: head("The head of the bill's column with the money, in CNY."),
  item: head("Where each line is about one kind of tokens: the head of the column that says which."),
  amount: head("The head of the column with the amount of the item."),
  unit: head("The head of the column with the unit of the amount, such as 千tokens."),
});
