/** How a key's limits per minute stand, for the headers that tell clients. */
import type { Account } from "./account.ts";
import type { KeyStanding, RateStanding } from "./call-limits.ts";
import type { LimitTime } from "./limit-time.ts";
import { REQUESTS, TOKENS } from "./minute-window.ts";

export function standingOf(account: Account, time: LimitTime): KeyStanding {
  const { requestsPerMinute, tokensPerMinute } = account.limits;
  return {
    requests: requestsPerMinute === null ? null : rateStanding(account, time, REQUESTS, requestsPerMinute),
    tokens: tokensPerMinute === null ? null : rateStanding(account, time, TOKENS, tokensPerMinute),
  };
}

function rateStanding(
  account: Account,
  time: LimitTime,
  figure: typeof REQUESTS | typeof TOKENS,
  limit: number,
): RateStanding {
  const window = account.lastMinute(time);
  const taken = figure === REQUESTS ? window.requests : window.tokens;
  const resetMs = taken > 0 ? time.untilSecondMs(window.secondOfRelease(figure, taken)) : 0;
  return { limit, remaining: Math.max(0, limit - taken), resetMs };
}
