/** Figures and names as cells of a table that people read. */
import { fullYuanText } from "../core/money.ts";
import { quoteForLog } from "../wire/log-text.ts";

/** With separators between the thousands, such as `1,234`. */
export function groupedDigits(number: number | bigint): string {
  return number.toLocaleString("en-US");
}

/** The sum, its sign always there, such as `+1,234`; `=` where there is no difference. */
export function differenceCell(difference: number): string {
  if (difference === 0) return "=";
  return (difference > 0 ? "+" : "") + groupedDigits(difference);
}

/** Yuan to the micro-yuan, with separators. */
export function yuanCell(microYuan: number): string {
  const [whole = "", decimals = ""] = fullYuanText(Math.abs(microYuan)).split(".");
  return `${microYuan < 0 ? "-" : ""}${groupedDigits(BigInt(whole))}.${decimals}`;
}

/** Clients choose the names of models, and a terminal obeys what it is shown. */
export function safeCell(text: string): string {
  return quoteForLog(text).slice(1, -1);
}
