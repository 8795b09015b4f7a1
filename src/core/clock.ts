/** The two clocks: monotonic milliseconds for durations and deadlines, wall milliseconds for dates. */

export interface Clock {
  /** Milliseconds that never jump, with fractions. */
  monotonicMs(): number;
  /** Milliseconds since 1970, as the host believes them. */
  wallMs(): number;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};
