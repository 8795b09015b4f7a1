/** Old rows are looked for once an hour, and never by a wall clock that has just jumped. */
import { expect, test } from "vitest";
import type { Clock } from "../../../../src/core/clock.ts";
import { RetentionClock } from "../../../../src/ledger/thread/retention-clock.ts";

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

class MovedClock implements Clock {
  monotonic = 5_000;
  wall = 1_795_000_000_000;

  monotonicMs(): number {
    return this.monotonic;
  }

  wallMs(): number {
    return this.wall;
  }

  pass(ms: number): void {
    this.monotonic += ms;
    this.wall += ms;
  }
}

test("rows are due at once, until all are through, and then an hour later", () => {
  const clock = new MovedClock();
  const retention = new RetentionClock(clock);
  expect(retention.dueAtWallMs()).toBe(clock.wall);
  expect(retention.dueAtWallMs()).toBe(clock.wall);
  retention.rest();
  clock.pass(HOUR_MS - 1);
  expect(retention.dueAtWallMs()).toBeNull();
  clock.pass(1);
  expect(retention.dueAtWallMs()).toBe(clock.wall);
});

test.each([YEAR_MS, -YEAR_MS, HOUR_MS + 1])("a jump of %d ms makes nothing due for an hour", (jump) => {
  const clock = new MovedClock();
  const retention = new RetentionClock(clock);
  retention.dueAtWallMs();
  clock.wall += jump;
  expect(retention.dueAtWallMs()).toBeNull();
  clock.pass(HOUR_MS - 1);
  expect(retention.dueAtWallMs()).toBeNull();
  clock.pass(1);
  expect(retention.dueAtWallMs()).toBe(clock.wall);
});

test("a jump that is taken back within the hour has done nothing", () => {
  const clock = new MovedClock();
  const retention = new RetentionClock(clock);
  retention.dueAtWallMs();
  const seen: (number | null)[] = [];
  for (const jump of [YEAR_MS, -YEAR_MS]) {
    clock.wall += jump;
    seen.push(retention.dueAtWallMs());
    clock.pass(HOUR_MS / 2);
    seen.push(retention.dueAtWallMs());
  }
  expect(seen).toEqual([null, null, null, null]);
});

test("a clock that is set by a minute is believed", () => {
  const clock = new MovedClock();
  const retention = new RetentionClock(clock);
  retention.dueAtWallMs();
  clock.wall += 60_000;
  expect(retention.dueAtWallMs()).toBe(clock.wall);
});
