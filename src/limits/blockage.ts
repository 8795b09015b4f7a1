/** All that stands in one call's way, and what is said of it. */
import type { Claim, LimitFault, LimitRefusal } from "./call-limits.ts";
import type { Obstacle } from "./obstacle.ts";
import { refusalMessage } from "./refusal-message.ts";

/** From the one that passes soonest to the one that never does. */
const WEIGHT: Readonly<Record<LimitFault, number>> = {
  busy: 0,
  exhausted: 1,
  unready: 2,
  unpriced: 3,
  too_large: 4,
};

export class Blockage {
  readonly fault: LimitFault;
  /** The first in the order of key, model and everybody: while it stands, the rest need not be looked at. */
  readonly first: Obstacle;
  readonly #obstacles: readonly [Obstacle, ...Obstacle[]];

  constructor(obstacles: readonly [Obstacle, ...Obstacle[]]) {
    const [first] = obstacles;
    this.#obstacles = obstacles;
    this.first = first;
    this.fault = obstacles.reduce(heavier, first).fault;
  }

  /** @param claim what was refused */
  refusalOf(claim: Claim): LimitRefusal {
    const worst = this.#obstacles.filter(({ fault }) => fault === this.fault).reduce(longer);
    const retryAfterMs = this.#retryAfterMs(worst);
    return { fault: this.fault, message: refusalMessage(worst, claim, retryAfterMs), retryAfterMs };
  }

  /** What is exhausted until a period ends may have to wait for a minute beyond it too. */
  #retryAfterMs(worst: Obstacle): number | null {
    if (worst.retryAfterMs === null) return null;
    return Math.max(...this.#obstacles.map(({ retryAfterMs }) => retryAfterMs ?? 0));
  }
}

function heavier(a: Obstacle, b: Obstacle): Obstacle {
  return WEIGHT[b.fault] > WEIGHT[a.fault] ? b : a;
}

function longer(a: Obstacle, b: Obstacle): Obstacle {
  const never = Number.POSITIVE_INFINITY;
  return (b.retryAfterMs ?? never) > (a.retryAfterMs ?? never) ? b : a;
}
