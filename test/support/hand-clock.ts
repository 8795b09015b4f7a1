/** Clocks that move when a test moves them, and the alarms that ring on the way. */
import type { Clock } from "../../src/core/clock.ts";

type Alarm = { readonly atMs: number; readonly ring: () => void };

/** 2026-08-27, a Thursday, at noon in Beijing. */
export const THURSDAY_NOON = Date.parse("2026-08-27T12:00:00+08:00");

export class HandClock implements Clock {
  #monotonicMs = 5_000;
  /** May be set to anything, as hosts do. */
  nowWallMs = THURSDAY_NOON;
  readonly #alarms = new Set<Alarm>();

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  wallMs(): number {
    return this.nowWallMs;
  }

  readonly alarm = (ring: () => void, delayMs: number): (() => void) => {
    const set = { atMs: this.#monotonicMs + delayMs, ring };
    this.#alarms.add(set);
    return () => this.#alarms.delete(set);
  };

  get alarmsSet(): number {
    return this.#alarms.size;
  }

  /** Moves both clocks on; alarms ring at their time, and see that time. */
  advance(ms: number): void {
    const untilMs = this.#monotonicMs + ms;
    for (let next = this.#next(untilMs); next !== null; next = this.#next(untilMs)) {
      this.#alarms.delete(next);
      this.#moveTo(Math.max(this.#monotonicMs, next.atMs));
      next.ring();
    }
    this.#moveTo(untilMs);
  }

  #next(untilMs: number): Alarm | null {
    let next: Alarm | null = null;
    for (const set of this.#alarms) {
      if (set.atMs <= untilMs && (next === null || set.atMs < next.atMs)) next = set;
    }
    return next;
  }

  #moveTo(monotonicMs: number): void {
    this.nowWallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}
