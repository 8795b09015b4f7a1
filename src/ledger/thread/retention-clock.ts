/** Says when old rows are looked for, and by which time: not by a clock that has just jumped. */
import { type Clock, systemClock } from "../../core/clock.ts";

const RETIRE_EVERY_MS = 3_600_000;
/** A clock that is set by more has been wrong, or is now: rows that are deleted do not come back. */
const JUMP_MS_MAX = 3_600_000;

export class RetentionClock {
  readonly #clock: Clock;
  /** By the monotonic clock. */
  #restsUntilMs = Number.NEGATIVE_INFINITY;
  #offsetMs: number;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#offsetMs = clock.wallMs() - clock.monotonicMs();
  }

  /** The wall time by which rows are old; null where none are to be looked for now. */
  dueAtWallMs(): number | null {
    const [monotonicMs, wallMs] = [this.#clock.monotonicMs(), this.#clock.wallMs()];
    const offsetMs = wallMs - monotonicMs;
    if (Math.abs(offsetMs - this.#offsetMs) > JUMP_MS_MAX) this.#restsUntilMs = monotonicMs + RETIRE_EVERY_MS;
    this.#offsetMs = offsetMs;
    return monotonicMs < this.#restsUntilMs ? null : wallMs;
  }

  /** All that were due are through. */
  rest(): void {
    this.#restsUntilMs = this.#clock.monotonicMs() + RETIRE_EVERY_MS;
  }
}
