/** Counts wrong credentials by the address that they came from, so that nobody can guess for long. */
import type { Clock } from "../core/clock.ts";
import { networkOf } from "./network.ts";

const FAILURES_MAX = 20;
const WINDOW_MS = 60_000;
/** Whoever has so many networks to guess from still has sixteen characters to guess at. */
const NETWORKS_MAX = 1_000;

export type FailureBounds = {
  /** Within any minute, from one address. */
  readonly failuresMax?: number;
  /** Addresses that are remembered. */
  readonly addressesMax?: number;
};

/** When the last failures were that were told so: the oldest is the next to be written over. */
class Recent {
  readonly #atMs: Float64Array;
  #next = 0;

  constructor(failuresMax: number) {
    this.#atMs = new Float64Array(failuresMax).fill(Number.NEGATIVE_INFINITY);
  }

  /** Milliseconds until one more may be told so; 0 where it was counted. */
  count(nowMs: number): number {
    const oldestMs = this.#atMs[this.#next] ?? 0;
    const leftMs = oldestMs + WINDOW_MS - nowMs;
    if (leftMs > 0) return leftMs;
    this.#atMs[this.#next] = nowMs;
    this.#next = (this.#next + 1) % this.#atMs.length;
    return 0;
  }
}

export class FailedCredentials {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #failuresMax: number;
  readonly #addressesMax: number;
  /** By network, in the order in which they came. */
  readonly #recent = new Map<string, Recent>();

  constructor(clock: Pick<Clock, "monotonicMs">, bounds: FailureBounds = {}) {
    this.#clock = clock;
    this.#failuresMax = bounds.failuresMax ?? FAILURES_MAX;
    this.#addressesMax = bounds.addressesMax ?? NETWORKS_MAX;
  }

  /** Addresses whose failures are remembered. */
  get addresses(): number {
    return this.#recent.size;
  }

  /**
   * Counts a wrong credential. Ask it only once the credential has proved wrong: a right one always opens, as
   * whoever shares an address with a guesser must not be locked out.
   * @param address of the connection; of IPv6 its network counts, as one host has 2^64 addresses
   * @returns seconds to wait where too many came from there within a minute, else null
   */
  count(address: string): number | null {
    const leftMs = this.#of(networkOf(address)).count(this.#clock.monotonicMs());
    return leftMs === 0 ? null : Math.ceil(leftMs / 1_000);
  }

  #of(network: string): Recent {
    const known = this.#recent.get(network);
    if (known !== undefined) return known;
    const [oldest] = this.#recent.keys();
    if (this.#recent.size >= this.#addressesMax && oldest !== undefined) this.#recent.delete(oldest);
    const recent = new Recent(this.#failuresMax);
    this.#recent.set(network, recent);
    return recent;
  }
}
