/** How each limit stands that a call would be held to, for those who ask before they call. */
import type { BudgetPeriod, SpenderKind } from "../core/limits.ts";
import type { Account } from "./account.ts";
import type { Claim, LimitStanding } from "./call-limits.ts";
import type { LimitTime } from "./limit-time.ts";

export function standingsOf(account: Account, claim: Claim, time: LimitTime): LimitStanding[] {
  const { requestsPerMinute, tokensPerMinute, concurrent, budgets } = account.limits;
  const { kind } = account;
  const found: LimitStanding[] = [];
  const window = account.isPaced ? account.lastMinute(time) : null;
  if (requestsPerMinute !== null && window !== null) {
    found.push(plain(kind, "requests_per_minute", requestsPerMinute, window.requests, 1));
  }
  if (tokensPerMinute !== null && window !== null) {
    found.push(plain(kind, "tokens_per_minute", tokensPerMinute, window.tokens, claim.tokens));
  }
  if (concurrent !== null) found.push(plain(kind, "concurrent", concurrent, account.inFlight, 1));
  for (const { unit, amount, period } of budgets) {
    const spent = account.spending?.spent(unit, period, time) ?? 0;
    const inYuan = unit === "cny";
    found.push({
      spender: kind,
      limit: inYuan ? "budget_cny" : "budget_tokens",
      period,
      max: amount,
      taken: spent + (inYuan ? account.reservedCost : account.reservedTokens),
      claim: inYuan ? claim.costMax : claim.tokensMax,
    });
  }
  return found;
}

function plain(
  spender: SpenderKind,
  limit: LimitStanding["limit"],
  max: number,
  taken: number,
  claim: number,
): LimitStanding {
  const period: BudgetPeriod | null = null;
  return { spender, limit, period, max, taken, claim };
}
