/** What stands in a call's way: each limit that it would break, and when that would have passed. */
import type { Budget, SpenderKind } from "../core/limits.ts";
import type { Account } from "./account.ts";
import type { Claim, LimitFault } from "./call-limits.ts";
import type { LimitTime } from "./limit-time.ts";
import { type MinuteWindow, REQUESTS, TOKENS } from "./minute-window.ts";

export type Limit =
  | { readonly kind: "requests" | "tokens" | "concurrent"; readonly amount: number }
  | { readonly kind: "budget"; readonly budget: Budget }
  /** Calls in line before this one. */
  | { readonly kind: "line" };

export type Obstacle = {
  readonly spender: SpenderKind;
  readonly limit: Limit;
  readonly fault: LimitFault;
  /** Until this limit would let the call pass, were nobody else to come; null: that cannot be said. */
  readonly retryAfterMs: number | null;
  /** When its period ends, in wall time; null where it has none, or none that ends. */
  readonly endsAtWallMs: number | null;
};

/**
 * Sums of reservations stay exact: no call reserves more than this of tokens or micro-yuan, and 8,192 times
 * this is still a safe integer.
 */
export const RESERVATION_MAX = 2 ** 40;

/**
 * Whether an account has room for a call. The minute windows count as of the time's last reading.
 * @param found takes all that is in the way; null: nobody asks, so the first of them ends the search
 */
export function hasRoom(account: Account, claim: Claim, time: LimitTime, found: Obstacle[] | null): boolean {
  const { concurrent } = account.limits;
  let isFree = true;
  if (concurrent !== null && account.inFlight >= concurrent) {
    if (found === null) return false;
    found.push(concurrentObstacle(account, concurrent));
    isFree = false;
  }
  if (account.isPaced && !hasPace(account, claim, time, found)) {
    if (found === null) return false;
    isFree = false;
  }
  for (const budget of account.limits.budgets) {
    if (fitsBudget(account, budget, claim, time)) continue;
    if (found === null) return false;
    found.push(budgetObstacle(account, budget, claim, time));
    isFree = false;
  }
  return isFree;
}

/** For claims that a budget covers while nobody knows yet what earlier runs have spent. */
export function unreadyObstacle({ kind, limits }: Account): Obstacle | null {
  const [budget] = limits.budgets;
  if (budget === undefined) return null;
  const limit: Limit = { kind: "budget", budget };
  return { spender: kind, limit, fault: "unready", retryAfterMs: null, endsAtWallMs: null };
}

export function lineObstacle(spender: SpenderKind): Obstacle {
  return { spender, limit: { kind: "line" }, fault: "busy", retryAfterMs: null, endsAtWallMs: null };
}

function hasPace(account: Account, claim: Claim, time: LimitTime, found: Obstacle[] | null): boolean {
  const { requestsPerMinute, tokensPerMinute } = account.limits;
  const window = account.lastMinute(time);
  const lacksRequests = requestsPerMinute !== null && window.requests + 1 > requestsPerMinute;
  const lacksTokens = tokensPerMinute !== null && window.tokens + claim.tokens > tokensPerMinute;
  if (found !== null && lacksRequests) {
    found.push(paceObstacle(account, window, REQUESTS, requestsPerMinute, 1, time));
  }
  if (found !== null && lacksTokens) {
    found.push(paceObstacle(account, window, TOKENS, tokensPerMinute, claim.tokens, time));
  }
  return !lacksRequests && !lacksTokens;
}

function fitsBudget(account: Account, budget: Budget, claim: Claim, time: LimitTime): boolean {
  const inYuan = budget.unit === "cny";
  const most = inYuan ? claim.costMax : claim.tokensMax;
  if (most === null) return false;
  const reserved = inYuan ? account.reservedCost : account.reservedTokens;
  const spent = account.spending?.spent(budget.unit, budget.period, time) ?? 0;
  return spent + reserved + most <= budget.amount;
}

function concurrentObstacle({ kind }: Account, amount: number): Obstacle {
  return {
    spender: kind,
    limit: { kind: "concurrent", amount },
    fault: amount < 1 ? "too_large" : "busy",
    retryAfterMs: null,
    endsAtWallMs: null,
  };
}

function paceObstacle(
  { kind }: Account,
  window: MinuteWindow,
  figure: typeof REQUESTS | typeof TOKENS,
  amount: number,
  claimed: number,
  time: LimitTime,
): Obstacle {
  const limit: Limit = { kind: figure === REQUESTS ? "requests" : "tokens", amount };
  if (claimed > amount) {
    return { spender: kind, limit, fault: "too_large", retryAfterMs: null, endsAtWallMs: null };
  }
  const taken = figure === REQUESTS ? window.requests : window.tokens;
  const second = window.secondOfRelease(figure, taken + claimed - amount);
  const retryAfterMs = time.untilSecondMs(second);
  return { spender: kind, limit, fault: "busy", retryAfterMs, endsAtWallMs: null };
}

function budgetObstacle(account: Account, budget: Budget, claim: Claim, time: LimitTime): Obstacle {
  const fault = budgetFault(account, budget, claim, time);
  const endsAtWallMs = time.endOf(budget.period);
  const isOver = fault === "exhausted" && endsAtWallMs !== null;
  const retryAfterMs = isOver ? Math.max(0, Math.ceil(endsAtWallMs - time.wallMs)) : null;
  return { spender: account.kind, limit: { kind: "budget", budget }, fault, retryAfterMs, endsAtWallMs };
}

function budgetFault(account: Account, budget: Budget, claim: Claim, time: LimitTime): LimitFault {
  const most = budget.unit === "cny" ? claim.costMax : claim.tokensMax;
  if (most === null) return "unpriced";
  if (most > budget.amount) return "too_large";
  const spent = account.spending?.spent(budget.unit, budget.period, time) ?? 0;
  return spent + most > budget.amount ? "exhausted" : "busy";
}
