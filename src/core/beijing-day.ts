/** The day of Ark's bills: it begins at midnight in Beijing, UTC+8 all year round. */
import type { Branded } from "./ids.ts";

/** Such as `2026-08-27`. */
export type BeijingDay = Branded<string, "BeijingDay">;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** Beijing has kept no summer time since 1991. */
const BEIJING_OFFSET_MS = 8 * HOUR_MS;
const DAYS_OF_WEEK = 7;
/** 1970-01-01 was a Thursday. */
const DAYS_FROM_MONDAY = 3;
const MONTHS_OF_YEAR = 12;
const DAY_TEXT = /^\d{4}-\d{2}-\d{2}$/;

/** The number of the Beijing day that a moment falls in, counted from 1970-01-01; what the ledger keeps. */
export function beijingDayNumber(wallMs: number): number {
  return Math.floor((wallMs + BEIJING_OFFSET_MS) / DAY_MS);
}

/** The first millisecond, in wall time, of the day with this number. */
export function startOfDayNumber(dayNumber: number): number {
  return dayNumber * DAY_MS - BEIJING_OFFSET_MS;
}

/** The number of the week that a day lies in, counted from the one of 1970-01-01; weeks begin on Monday. */
export function weekNumberOf(dayNumber: number): number {
  return Math.floor((dayNumber + DAYS_FROM_MONDAY) / DAYS_OF_WEEK);
}

/** The number of the first day, a Monday, of the week with this number. */
export function firstDayOfWeek(weekNumber: number): number {
  return weekNumber * DAYS_OF_WEEK - DAYS_FROM_MONDAY;
}

/** The number of the month that a day lies in, counted from January 1970. */
export function monthNumberOf(dayNumber: number): number {
  const day = new Date(dayNumber * DAY_MS);
  return (day.getUTCFullYear() - 1970) * MONTHS_OF_YEAR + day.getUTCMonth();
}

/** The number of the first day of the month with this number. */
export function firstDayOfMonth(monthNumber: number): number {
  return Date.UTC(1970, monthNumber) / DAY_MS;
}

/** @param wallMs within the years 0 to 9999 */
export function beijingDayOf(wallMs: number): BeijingDay {
  return new Date(wallMs + BEIJING_OFFSET_MS).toISOString().slice(0, 10) as BeijingDay;
}

/** A moment of Beijing time as people read it, such as `2026-08-27T13:00+08:00`. */
export function beijingMinuteOf(wallMs: number): string {
  return `${new Date(wallMs + BEIJING_OFFSET_MS).toISOString().slice(0, 16)}+08:00`;
}

/** The day that a text names, such as `2026-08-27`; null where it names none. */
export function readBeijingDay(text: string): BeijingDay | null {
  if (!DAY_TEXT.test(text)) return null;
  const utcMs = Date.parse(`${text}T00:00:00Z`);
  // Date.parse takes 30 February for 2 March.
  if (Number.isNaN(utcMs) || new Date(utcMs).toISOString().slice(0, 10) !== text) return null;
  return text as BeijingDay;
}

/** The first millisecond, in wall time, of a day. */
export function startOfBeijingDay(day: BeijingDay): number {
  return Date.parse(`${day}T00:00:00Z`) - BEIJING_OFFSET_MS;
}

/** The day that many days after; before, where the number is negative. */
export function dayAfter(day: BeijingDay, days: number): BeijingDay {
  return beijingDayOf(startOfBeijingDay(day) + days * DAY_MS);
}
