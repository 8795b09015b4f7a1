/** Turns the limits of the file into what the house is built from, and warns of what they refuse outright. */
import type { LimitSettings } from "../core/limits.ts";
import type { LimitsConfig, ModelConfig } from "./config.ts";
import { queueDefaults } from "./defaults.ts";
import { type LimitsSettings, limitsOf } from "./limit-settings.ts";
import { type Place, type Problem, problemAt } from "./problem.ts";
import { durationMs } from "./resolve-timeouts.ts";
import type { Path } from "./yaml-tree.ts";

export function resolveLimits(settings: LimitsSettings): LimitsConfig {
  const { queue = null, total = {}, ...ofKeys } = settings;
  return {
    keyDefaults: limitsOf(ofKeys),
    total: limitsOf(total),
    queue:
      queue === null
        ? null
        : {
            waitingMax: queue.waiting_max ?? queueDefaults.waiting_max,
            waitMaxMs: durationMs(queue.wait_max ?? queueDefaults.wait_max),
          },
  };
}

function countsMoney({ budgets }: LimitSettings): boolean {
  return budgets.some(({ unit }) => unit === "cny");
}

/** A warning for each model under a budget in CNY whose price is not known: its calls are refused. */
export function unpricedModels(
  limits: LimitsConfig,
  models: readonly ModelConfig[],
  placeOf: (path: Path) => Place,
): readonly Problem[] {
  const coversAll = countsMoney(limits.total);
  return models
    .filter((model) => model.price === null && (coversAll || countsMoney(model.limits)))
    .map(({ alias }) => problemAt(placeOf(["models", alias, "price"]), { kind: "budget-unpriced" }));
}
