/** The time by which limits count: seconds for the minute windows, Beijing's calendar for budgets. */
import {
  beijingDayNumber,
  firstDayOfMonth,
  firstDayOfWeek,
  monthNumberOf,
  startOfDayNumber,
  weekNumberOf,
} from "../core/beijing-day.ts";

import type { Clock } from "../core/clock.ts";
import { unreachable } from "../core/errors.ts";
import type { BudgetPeriod } from "../core/limits.ts";

const SECOND_MS = 1_000;

/** Neither of its times ever goes back: a wall clock that is set back leaves the periods as they are. */
export class LimitTime {
  readonly #clock: Clock;
  monotonicMs = 0;
  second = 0;
  wallMs = 0;
  /** The number of the current day in Beijing. */
  day = 0;
  #week = 0;
  #month = 0;
  #nextDayAtWallMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.readMonotonic();
    this.readWall();
  }

  readMonotonic(): void {
    this.monotonicMs = Math.max(this.monotonicMs, this.#clock.monotonicMs());
    this.second = Math.floor(this.monotonicMs / SECOND_MS);
  }

  readWall(): void {
    this.wallMs = this.#clock.wallMs();
    this.see(this.wallMs);
  }

  /** A moment that has been: the current periods are never before it. */
  see(wallMs: number): void {
    if (wallMs < this.#nextDayAtWallMs) return;
    this.day = beijingDayNumber(wallMs);
    this.#week = weekNumberOf(this.day);
    this.#month = monthNumberOf(this.day);
    this.#nextDayAtWallMs = startOfDayNumber(this.day + 1);
  }

  /** Whether a day lies in the current day, week or month. */
  isCurrent(period: BudgetPeriod, day: number): boolean {
    switch (period) {
      case "day":
        return day === this.day;
      case "week":
        return weekNumberOf(day) === this.#week;
      case "month":
        return monthNumberOf(day) === this.#month;
      case "all":
        return true;
      default:
        return unreachable(period);
    }
  }

  /** When the current period ends, in wall time; null: never. */
  endOf(period: BudgetPeriod): number | null {
    switch (period) {
      case "day":
        return this.#nextDayAtWallMs;
      case "week":
        return startOfDayNumber(firstDayOfWeek(this.#week + 1));
      case "month":
        return startOfDayNumber(firstDayOfMonth(this.#month + 1));
      case "all":
        return null;
      default:
        return unreachable(period);
    }
  }

  /** Whole milliseconds from the clock's last reading until a second begins. */
  untilSecondMs(second: number): number {
    return Math.max(0, Math.ceil(second * SECOND_MS - this.monotonicMs));
  }
}
