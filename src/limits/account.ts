/** One spender (a key, a model, everybody) as the limits see it: what it may use, and what it has in use. */
import { type LimitSettings, type SpenderKind, UNLIMITED } from "../core/limits.ts";
import type { LimitTime } from "./limit-time.ts";
import { MinuteWindow } from "./minute-window.ts";
import type { SpendingCounter } from "./spending.ts";

export class Account {
  readonly kind: SpenderKind;
  /** The key's id or the alias; empty for everybody. */
  readonly name: string;
  /** Calls that hold a permit, and the most that they can use. Counted with limits or without. */
  inFlight = 0;
  reservedTokens = 0;
  reservedCost = 0;
  /** Null: nothing has been spent. */
  spending: SpendingCounter | null;
  /** Null as long as there was no limit per minute. */
  window: MinuteWindow | null = null;
  limits: LimitSettings = UNLIMITED;
  /** Has a limit per minute. */
  isPaced = false;
  isBudgeted = false;
  /** Has any limit. */
  isLimited = false;
  /** What `limits` were worked out from: the same again means the same limits. */
  basis: object | null = null;
  own: LimitSettings | null = null;

  constructor(kind: SpenderKind, name: string, spending: SpendingCounter | null) {
    this.kind = kind;
    this.name = name;
    this.spending = spending;
  }

  limitTo(limits: LimitSettings): void {
    this.limits = limits;
    this.isPaced = limits.requestsPerMinute !== null || limits.tokensPerMinute !== null;
    this.isBudgeted = limits.budgets.length > 0;
    this.isLimited = this.isPaced || this.isBudgeted || limits.concurrent !== null;
  }

  /** What the last minute has seen, as of the time's last reading. */
  lastMinute(time: LimitTime): MinuteWindow {
    this.window ??= new MinuteWindow();
    this.window.advance(time.second);
    return this.window;
  }

  /** Nothing would be forgotten with it: no call in flight, and none within the last minute. */
  isIdle(time: LimitTime): boolean {
    if (this.inFlight > 0) return false;
    if (this.window === null) return true;
    this.window.advance(time.second);
    return this.window.isEmpty;
  }
}
