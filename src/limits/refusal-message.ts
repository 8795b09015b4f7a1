/** What a client is told of a limit that its call would break: which, how much, and what to do next. */
import { beijingMinuteOf } from "../core/beijing-day.ts";
import { unreachable } from "../core/errors.ts";
import type { Budget, SpenderKind } from "../core/limits.ts";
import { yuanText } from "../core/money.ts";
import type { Claim } from "./call-limits.ts";
import type { Limit, Obstacle } from "./obstacle.ts";

const OWNER: Readonly<Record<SpenderKind, string>> = {
  key: "this key's",
  model: "this model's",
  all: "the gateway's",
};
const SECOND_MS = 1_000;

/** @param retryAfterMs after which nothing else would be in the way either; null: that cannot be said */
export function refusalMessage(obstacle: Obstacle, claim: Claim, retryAfterMs: number | null): string {
  switch (obstacle.fault) {
    case "busy":
      return busyMessage(obstacle, claim, retryAfterMs);
    case "exhausted":
      return exhaustedMessage(obstacle, claim);
    case "too_large":
      return tooLargeMessage(obstacle, claim);
    case "unpriced":
      return (
        `The price of this call is not known, so ${limitText(obstacle)} cannot cover it. Use a model with a ` +
        "price, with text and on the default service tier, or ask the gateway's operator for a price."
      );
    case "unready":
      return (
        `The gateway has just started and still reads how much of ${limitText(obstacle)} is spent. ` +
        "Try again in a moment."
      );
    default:
      return unreachable(obstacle.fault);
  }
}

function busyMessage(obstacle: Obstacle, claim: Claim, retryAfterMs: number | null): string {
  const { limit } = obstacle;
  const again = retryAfterMs === null ? "in a moment" : `in ${secondsText(retryAfterMs)}`;
  switch (limit.kind) {
    case "requests":
    case "concurrent":
      return `${capital(limitText(obstacle))} is reached. Try again ${again}.`;
    case "tokens":
      return (
        `${capital(limitText(obstacle))} leaves no room now for this call, which is expected to use ` +
        `${claim.tokens}. Try again ${again}.`
      );
    case "budget":
      return (
        `${capital(limitText(obstacle))} has no room left beside the calls in flight for this call, which ` +
        `${couldUse(limit.budget, claim)}. Try again ${again}, or bound the answer more tightly.`
      );
    case "line":
      return `Other calls wait in line for ${OWNER[obstacle.spender]} limits. Try again ${again}.`;
    default:
      return unreachable(limit);
  }
}

function exhaustedMessage(obstacle: Obstacle, claim: Claim): string {
  const { limit, endsAtWallMs } = obstacle;
  const left = `${capital(limitText(obstacle))} is used up: what is left does not cover this call`;
  const could = limit.kind === "budget" ? `, which ${couldUse(limit.budget, claim)}` : "";
  const when =
    endsAtWallMs === null ? "does not begin anew" : `begins anew at ${beijingMinuteOf(endsAtWallMs)}`;
  return `${left}${could}. It ${when}; the gateway's operator can raise it.`;
}

function tooLargeMessage(obstacle: Obstacle, claim: Claim): string {
  const { limit } = obstacle;
  const whole = limitText(obstacle);
  switch (limit.kind) {
    case "budget":
      return (
        `This call ${couldUse(limit.budget, claim)}, more than the whole of ${whole}. ` +
        "Bound the answer with max_completion_tokens, send less, or ask the gateway's operator for more."
      );
    case "tokens":
      return (
        `This call is expected to use ${claim.tokens} tokens, more than the whole of ${whole}. ` +
        "Send less, bound the answer more tightly, or ask the gateway's operator for more."
      );
    case "requests":
    case "concurrent":
    case "line":
      return `${capital(whole)} lets no call pass. Ask the gateway's operator for more.`;
    default:
      return unreachable(limit);
  }
}

function couldUse({ unit }: Budget, { tokensMax, costMax }: Claim): string {
  return unit === "cny" ? `could cost ${yuanText(costMax ?? 0)} yuan` : `could use ${tokensMax} tokens`;
}

/** Such as `this key's budget of 100 yuan per month`. */
function limitText({ spender, limit }: Obstacle): string {
  return `${OWNER[spender]} ${amountText(limit)}`;
}

function amountText(limit: Limit): string {
  switch (limit.kind) {
    case "requests":
      return `limit of ${counted(limit.amount, "request")} per minute`;
    case "tokens":
      return `limit of ${counted(limit.amount, "token")} per minute`;
    case "concurrent":
      return `limit of ${counted(limit.amount, "call")} at once`;
    case "budget":
      return `budget of ${budgetText(limit.budget)}`;
    case "line":
      return "line";
    default:
      return unreachable(limit);
  }
}

function budgetText({ unit, amount, period }: Budget): string {
  const whole = unit === "cny" ? `${yuanText(amount)} yuan` : counted(amount, "token");
  return period === "all" ? `${whole} in all` : `${whole} per ${period}`;
}

function secondsText(ms: number): string {
  return counted(Math.max(1, Math.ceil(ms / SECOND_MS)), "second");
}

function counted(amount: number, noun: string): string {
  return amount === 1 ? `1 ${noun}` : `${amount} ${noun}s`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
