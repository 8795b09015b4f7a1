/** The limits that a key has: its own, and the configuration's defaults where it has none. */
import type { LimitSettings } from "../core/limits.ts";

/** Of one version of the configuration; keys with the same limits have one object of them. */
export class KeyLimits {
  readonly #defaults: LimitSettings;
  readonly #known = new WeakMap<LimitSettings, LimitSettings>();

  constructor(defaults: LimitSettings) {
    this.#defaults = defaults;
  }

  /** @param own null: a caller whose key is not ours */
  of(own: LimitSettings | null): LimitSettings {
    if (own === null) return this.#defaults;
    const known = this.#known.get(own);
    if (known !== undefined) return known;
    const limits = effectiveLimits(own, this.#defaults);
    this.#known.set(own, limits);
    return limits;
  }
}

function effectiveLimits(own: LimitSettings, defaults: LimitSettings): LimitSettings {
  return {
    requestsPerMinute: own.requestsPerMinute ?? defaults.requestsPerMinute,
    tokensPerMinute: own.tokensPerMinute ?? defaults.tokensPerMinute,
    concurrent: own.concurrent ?? defaults.concurrent,
    budgets: own.budgets.length > 0 ? own.budgets : defaults.budgets,
  };
}
