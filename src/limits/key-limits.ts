/** The limits that a key has: its own, and the configuration's defaults where it has none. */
import type { LimitSettings } from "../core/limits.ts";

/** @param own null: a caller whose key is not ours */
export function effectiveLimits(own: LimitSettings | null, defaults: LimitSettings): LimitSettings {
  if (own === null) return defaults;
  return {
    requestsPerMinute: own.requestsPerMinute ?? defaults.requestsPerMinute,
    tokensPerMinute: own.tokensPerMinute ?? defaults.tokensPerMinute,
    concurrent: own.concurrent ?? defaults.concurrent,
    budgets: own.budgets.length > 0 ? own.budgets : defaults.budgets,
  };
}
