/** What the times in attempts' ids say of when their rows were opened, so that a period is a range of ids. */
import { idPrefixAt } from "../../core/ids.ts";

/**
 * A request's id is made as it comes, and a row is opened soon after: in the same span of 2^15 ms or one of
 * the ten before it, which is some five minutes. Rows of other ids have strayed: they waited long for their
 * attempt, or the clock was set in between.
 */
const SPAN_MS = 32_768;
const SPANS_BEFORE = 10;

/** From one text up to, not including, another. */
export type IdRange = { readonly from: string; readonly to: string };

function rangeOfSpans(first: number, last: number): IdRange {
  return { from: idPrefixAt((first - SPANS_BEFORE) * SPAN_MS), to: idPrefixAt((last + 1) * SPAN_MS) };
}

function spanOf(wallMs: number): number {
  return Math.floor(wallMs / SPAN_MS);
}

/** Where the ids lie of all rows that were opened in a period and have not strayed. */
export function idRangeOf(fromWallMs: number, toWallMs: number): IdRange {
  return rangeOfSpans(spanOf(fromWallMs), spanOf(toWallMs - 1));
}

export class IdTimes {
  /** Of the row before, whose span is as a rule the next one's too. */
  #span = Number.NaN;
  #from = "";
  #to = "";

  isStrayed(attemptId: string, openedAtWallMs: number): boolean {
    const span = spanOf(openedAtWallMs);
    if (span !== this.#span) {
      const { from, to } = rangeOfSpans(span, span);
      this.#span = span;
      this.#from = from;
      this.#to = to;
    }
    return attemptId < this.#from || attemptId >= this.#to;
  }
}
