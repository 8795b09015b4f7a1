/** Claims and settings of limits as tests write them: only what matters is said. */
import type { KeyId } from "../../src/core/ids.ts";
import { type Budget, type LimitSettings, UNLIMITED } from "../../src/core/limits.ts";
import type { CallLimits, Claim, LimitRefusal, Permit, Used } from "../../src/limits/call-limits.ts";
import type { LimitsConfig } from "../../src/limits/gateway-limits.ts";

export const KEY = "key_alice" as KeyId;
export const OTHER_KEY = "key_bob" as KeyId;
export const ALIAS = "deepseek-r1";

export function claimOf(parts: Partial<Claim> = {}): Claim {
  return {
    keyId: KEY,
    keyLimits: null,
    alias: ALIAS,
    tokens: 100,
    tokensMax: 100,
    costMax: 100,
    ...parts,
  };
}

export function limitsOf(parts: Partial<LimitSettings>): LimitSettings {
  return { ...UNLIMITED, ...parts };
}

export function budget(
  amount: number,
  unit: Budget["unit"],
  period: Budget["period"] = "day",
): LimitSettings {
  return limitsOf({ budgets: [{ unit, amount, period }] });
}

export type ConfigParts = {
  readonly key?: LimitSettings;
  readonly model?: LimitSettings;
  readonly total?: LimitSettings;
  readonly queue?: LimitsConfig["queue"];
};

/** `model`: the limits of ALIAS. */
export function configOf({ key, model, total, queue }: ConfigParts): LimitsConfig {
  return {
    keyDefaults: key ?? UNLIMITED,
    total: total ?? UNLIMITED,
    models: new Map(model === undefined ? [] : [[ALIAS, model]]),
    queue: queue ?? null,
  };
}

export function granted(limits: CallLimits, claim: Claim): Permit {
  const verdict = limits.claim(claim);
  if (verdict.kind === "refused") throw new Error(`refused: ${verdict.refusal.message}`);
  return verdict.permit;
}

export function refused(limits: CallLimits, claim: Claim): LimitRefusal {
  const verdict = limits.claim(claim);
  if (verdict.kind === "granted") throw new Error("granted");
  return verdict.refusal;
}

export function used(tokens: number, cost: number | null, openedAtWallMs: number): Used {
  return { tokens, cost, openedAtWallMs };
}
