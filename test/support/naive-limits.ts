/** Limits that remember every call and count them all anew each time: what the real ones must agree with. */
import { beijingDayNumber, monthNumberOf, weekNumberOf } from "../../src/core/beijing-day.ts";
import type { BudgetPeriod, LimitSettings, SpenderKind, SpendingSums } from "../../src/core/limits.ts";
import type { Claim, LimitFault, Used } from "../../src/limits/call-limits.ts";

export type Call = {
  readonly claim: Claim;
  readonly second: number;
  readonly day: number;
  /** Null while it is in flight. */
  settled: { readonly used: Used | null; readonly second: number } | null;
};

export type SettingsOf = (kind: SpenderKind, name: string) => LimitSettings;

const GRAVITY: readonly LimitFault[] = ["busy", "exhausted", "unready", "unpriced", "too_large"];

export function isSamePeriod(period: BudgetPeriod, day: number, other: number): boolean {
  if (period === "day") return day === other;
  if (period === "week") return weekNumberOf(day) === weekNumberOf(other);
  return period === "all" || monthNumberOf(day) === monthNumberOf(other);
}

export function dayOf({ day, settled }: Call): number {
  return Math.max(day, settled?.used == null ? day : beijingDayNumber(settled.used.openedAtWallMs));
}

export class NaiveLimits {
  readonly calls: Call[] = [];
  readonly #settingsOf: SettingsOf;
  today: number;

  constructor(settingsOf: SettingsOf, wallMs: number) {
    this.#settingsOf = settingsOf;
    this.today = beijingDayNumber(wallMs);
  }

  /** The gravest fault; null: it passes. */
  faultOf(claim: Claim, second: number): LimitFault | null {
    const faults = [
      ...this.#faults(
        this.#settingsOf("key", claim.keyId),
        claim,
        second,
        (call) => call.claim.keyId === claim.keyId,
      ),
      ...this.#faults(
        this.#settingsOf("model", claim.alias),
        claim,
        second,
        (call) => call.claim.alias === claim.alias,
      ),
      ...this.#faults(this.#settingsOf("all", ""), claim, second, () => true),
    ];
    return faults.toSorted((a, b) => GRAVITY.indexOf(b) - GRAVITY.indexOf(a))[0] ?? null;
  }

  see(wallMs: number): void {
    this.today = Math.max(this.today, beijingDayNumber(wallMs));
  }

  add(claim: Claim, second: number): Call {
    const call: Call = { claim, second, day: this.today, settled: null };
    this.calls.push(call);
    return call;
  }

  /** The sums of one spender over the rows of settled calls, in the periods of a day. */
  spent(
    isOf: (call: Call) => boolean,
    period: BudgetPeriod,
    today: number,
  ): { tokens: number; cost: number } {
    let [tokens, cost] = [0, 0];
    for (const call of this.calls) {
      const used = call.settled?.used ?? null;
      if (used === null || !isOf(call) || !isSamePeriod(period, dayOf(call), today)) continue;
      tokens += used.tokens;
      cost += used.cost ?? 0;
    }
    return { tokens, cost };
  }

  sums(kind: SpenderKind, name: string, today: number): SpendingSums {
    const isOf = ({ claim }: Call): boolean =>
      kind === "all" || (kind === "key" ? claim.keyId === name : claim.alias === name);
    const sum = (period: BudgetPeriod) => this.spent(isOf, period, today);
    return {
      kind,
      name,
      periods: { day: sum("day"), week: sum("week"), month: sum("month"), all: sum("all") },
    };
  }

  #faults(limits: LimitSettings, claim: Claim, second: number, isOf: (call: Call) => boolean): LimitFault[] {
    const faults: LimitFault[] = [];
    const { requestsPerMinute, tokensPerMinute, concurrent, budgets } = limits;
    const now = this.#count(second, isOf);
    if (concurrent !== null && now.inFlight + 1 > concurrent) faults.push("busy");
    if (requestsPerMinute !== null && now.requests + 1 > requestsPerMinute) faults.push("busy");
    if (tokensPerMinute !== null && now.tokens + claim.tokens > tokensPerMinute) {
      faults.push(claim.tokens > tokensPerMinute ? "too_large" : "busy");
    }
    for (const { unit, amount, period } of budgets) {
      const most = unit === "cny" ? claim.costMax : claim.tokensMax;
      const sum = this.spent(isOf, period, this.today);
      const spent = unit === "cny" ? sum.cost : sum.tokens;
      const reserved = unit === "cny" ? now.reservedCost : now.reservedTokens;
      if (most === null) faults.push("unpriced");
      else if (most > amount) faults.push("too_large");
      else if (spent + most > amount) faults.push("exhausted");
      else if (spent + reserved + most > amount) faults.push("busy");
    }
    return faults;
  }

  #count(second: number, isOf: (call: Call) => boolean) {
    const sum = { inFlight: 0, requests: 0, tokens: 0, reservedTokens: 0, reservedCost: 0 };
    for (const call of this.calls) {
      if (!isOf(call)) continue;
      const { claim, settled } = call;
      if (settled === null) {
        sum.inFlight++;
        sum.reservedTokens += claim.tokensMax;
        sum.reservedCost += claim.costMax ?? 0;
      }
      const used = settled === null ? claim.tokens : (settled.used?.tokens ?? 0);
      if (call.second >= second - 60 && (settled === null || settled.used !== null)) {
        sum.requests++;
        sum.tokens += Math.min(used, claim.tokens);
      }
      if (settled !== null && settled.second >= second - 60) sum.tokens += Math.max(0, used - claim.tokens);
    }
    return sum;
  }
}
