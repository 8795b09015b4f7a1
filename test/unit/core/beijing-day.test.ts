/** Days as Ark's bill has them. */
import { expect, test } from "vitest";
import {
  beijingDayNumber,
  beijingDayOf,
  beijingMinuteOf,
  DAY_MS,
  dayAfter,
  firstDayOfMonth,
  firstDayOfWeek,
  monthNumberOf,
  readBeijingDay,
  startOfBeijingDay,
  startOfDayNumber,
  weekNumberOf,
} from "../../../src/core/beijing-day.ts";

const midnight = Date.parse("2026-08-27T00:00:00+08:00");

test("a day begins at midnight in Beijing", () => {
  expect(beijingDayOf(midnight)).toBe("2026-08-27");
  expect(beijingDayOf(midnight - 1)).toBe("2026-08-26");
  expect(startOfDayNumber(beijingDayNumber(midnight))).toBe(midnight);
  expect(beijingDayNumber(midnight - 1)).toBe(beijingDayNumber(midnight) - 1);
  expect(beijingDayNumber(-1)).toBe(0);
});

test("days are counted over the ends of months, both ways", () => {
  const day = beijingDayOf(midnight);
  expect([dayAfter(day, 5), dayAfter(day, -27), dayAfter(day, 0)]).toEqual(["2026-09-01", "2026-07-31", day]);
});

test("a text names a day, or none", () => {
  const day = readBeijingDay("2026-08-27");
  expect(day && startOfBeijingDay(day)).toBe(midnight);
  expect(readBeijingDay("2028-02-29")).toBe("2028-02-29");
  for (const text of ["2026-02-29", "2026-13-01", "2026-8-27", "20260827", "2026-08-27 ", "today", ""]) {
    expect(readBeijingDay(text)).toBeNull();
  }
});

test("a moment is written in Beijing's time", () => {
  expect(beijingMinuteOf(midnight - 60_000)).toBe("2026-08-26T23:59+08:00");
});

test("a week begins on Monday", () => {
  const monday = Date.parse("2026-08-24T00:00:00+08:00");
  const week = weekNumberOf(beijingDayNumber(monday));
  expect(weekNumberOf(beijingDayNumber(monday - 1))).toBe(week - 1);
  expect(weekNumberOf(beijingDayNumber(monday + 7 * DAY_MS - 1))).toBe(week);
  expect(startOfDayNumber(firstDayOfWeek(week))).toBe(monday);
  expect(weekNumberOf(0)).toBe(0);
});

test("a month begins on its first day, in leap years and over the turn of a year too", () => {
  for (const text of ["1970-01-01", "1999-12-01", "2026-01-01", "2028-02-01", "2028-03-01", "2100-03-01"]) {
    const first = beijingDayNumber(Date.parse(`${text}T00:00:00+08:00`));
    const month = monthNumberOf(first);
    expect(firstDayOfMonth(month)).toBe(first);
    expect(monthNumberOf(first - 1)).toBe(month - 1);
    expect(firstDayOfMonth(month + 1)).toBeGreaterThan(first + 27);
  }
});
