/** What one call has taken of the limits of its key, its model and the whole gateway, until it is settled. */
import { beijingDayNumber } from "../core/beijing-day.ts";
import type { Account } from "./account.ts";
import type { Claim, Permit, Used } from "./call-limits.ts";
import type { FairQueue } from "./fair-queue.ts";
import type { LimitTime } from "./limit-time.ts";
import type { MinuteWindow } from "./minute-window.ts";
import { RESERVATION_MAX } from "./obstacle.ts";
import type { SpendingBook } from "./spending.ts";

/** What all permits of one gateway have in common. */
export type Household = {
  readonly time: LimitTime;
  readonly spendings: SpendingBook;
  readonly queue: FairQueue;
  /** Everybody's. */
  readonly total: Account;
};

export class CallPermit implements Permit {
  /** Null once it is settled. */
  #household: Household | null;
  readonly #key: Account;
  readonly #model: Account;
  /** Those that the call was counted in; null where there was no limit per minute. */
  readonly #keyWindow: MinuteWindow | null;
  readonly #modelWindow: MinuteWindow | null;
  readonly #totalWindow: MinuteWindow | null;
  readonly #tokens: number;
  readonly #tokensMax: number;
  readonly #costMax: number;
  /** When it was taken: the windows' second, and the budgets' day. */
  readonly #second: number;
  readonly #day: number;

  /** Takes all of it; that there is room has been seen, in the same turn. */
  constructor(household: Household, key: Account, model: Account, claim: Claim) {
    const { time, total } = household;
    this.#household = household;
    this.#key = key;
    this.#model = model;
    this.#tokens = claim.tokens;
    this.#tokensMax = Math.min(claim.tokensMax, RESERVATION_MAX);
    this.#costMax = Math.min(claim.costMax ?? 0, RESERVATION_MAX);
    this.#second = time.second;
    this.#day = time.day;
    this.#keyWindow = this.#takeOf(key);
    this.#modelWindow = this.#takeOf(model);
    this.#totalWindow = this.#takeOf(total);
  }

  settle(used: Used | null): void {
    const household = this.#household;
    if (household === null) return;
    this.#household = null;
    const { total, queue, time } = household;
    this.#release(this.#key);
    this.#release(this.#model);
    this.#release(total);
    this.#correctWindows(used, time);
    if (used !== null) this.#spend(used, household);
    if (queue.waiting > 0) queue.freed(this.#key.name, this.#model.name);
  }

  #takeOf(account: Account): MinuteWindow | null {
    account.inFlight++;
    account.reservedTokens += this.#tokensMax;
    account.reservedCost += this.#costMax;
    if (!account.isPaced || account.window === null) return null;
    account.window.take(this.#second, 1, this.#tokens);
    return account.window;
  }

  #release(account: Account): void {
    account.inFlight--;
    account.reservedTokens -= this.#tokensMax;
    account.reservedCost -= this.#costMax;
  }

  /** What was taken too much goes back to where it came from; what was used beyond it counts from now. */
  #correctWindows(used: Used | null, time: LimitTime): void {
    if (this.#keyWindow === null && this.#modelWindow === null && this.#totalWindow === null) return;
    const requests = used === null ? 1 : 0;
    const tokens = this.#tokens - (used?.tokens ?? 0);
    if (tokens < 0) time.readMonotonic();
    this.#correct(this.#keyWindow, requests, tokens, time);
    this.#correct(this.#modelWindow, requests, tokens, time);
    this.#correct(this.#totalWindow, requests, tokens, time);
  }

  #correct(window: MinuteWindow | null, requests: number, tokens: number, time: LimitTime): void {
    if (window === null) return;
    if (tokens < 0) {
      window.advance(time.second);
      window.take(time.second, 0, -tokens);
    } else if (requests > 0 || tokens > 0) {
      window.giveBack(this.#second, requests, tokens);
    }
  }

  #spend({ tokens, cost, openedAtWallMs }: Used, { time, spendings, total }: Household): void {
    const known = cost ?? 0;
    // What has used nothing makes no counter, so that made-up names cannot fill the memory.
    if (tokens === 0 && known === 0) return;
    time.see(openedAtWallMs);
    const day = Math.max(this.#day, beijingDayNumber(openedAtWallMs));
    for (const account of [this.#key, this.#model, total]) {
      account.spending ??= spendings.open(account.kind, account.name);
      account.spending.add(tokens, known, day, time);
    }
  }
}
