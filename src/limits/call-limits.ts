/** The port of the limits on calls: what a call could use is taken before it is made, and settled after. */
import type { KeyId } from "../core/ids.ts";
import type { BudgetPeriod, LimitSettings, SpenderKind } from "../core/limits.ts";
import type { MicroYuan } from "../core/money.ts";

/** What a call could use. */
export type Claim = {
  readonly keyId: KeyId;
  /** Of a key of ours; null: the defaults for keys. */
  readonly keyLimits: LimitSettings | null;
  /** The model served, as the configuration names it or as it is passed through. */
  readonly alias: string;
  /** What it is expected to use: this much of the tokens per minute is taken. */
  readonly tokens: number;
  /** What it can use at most: this much of budgets is taken. */
  readonly tokensMax: number;
  /** Null: the price is not known, so no budget in yuan can cover it. */
  readonly costMax: MicroYuan | null;
};

/** What a call has used, and in which period: that of the row which the ledger has of it. */
export type Used = {
  readonly tokens: number;
  /** Null: not known. */
  readonly cost: MicroYuan | null;
  readonly openedAtWallMs: number;
};

/**
 * Why a call is not made. `busy`: passes once others have ended or time has gone by; `exhausted`: the budget
 * is used up until its period ends; `too_large`: more than the whole limit, so it never passes; `unpriced`: a
 * budget in yuan and a model whose price is not known; `unready`: the sums of earlier runs are still read.
 */
export type LimitFault = "busy" | "exhausted" | "too_large" | "unpriced" | "unready";

export type LimitRefusal = {
  readonly fault: LimitFault;
  /** What happened and what to do next, for the client. Names no other key. */
  readonly message: string;
  /** After so long the same call would pass, were nobody else to come; null: that cannot be said. */
  readonly retryAfterMs: number | null;
};

/** What a call was granted: given back by the thing itself, once. */
export interface Permit {
  /** Null: nothing was used. A second call changes nothing. */
  settle(used: Used | null): void;
}

export type Verdict =
  | { readonly kind: "granted"; readonly permit: Permit }
  | { readonly kind: "refused"; readonly refusal: LimitRefusal };

/** For `x-ratelimit-*`: one limit per minute of a key's own, and how it stands. */
export type RateStanding = {
  readonly limit: number;
  readonly remaining: number;
  /** Until all of it is free again, were nobody to come. */
  readonly resetMs: number;
};
export type KeyStanding = { readonly requests: RateStanding | null; readonly tokens: RateStanding | null };

/** One limit that a call would be held to, for those who ask before they call. */
export type LimitStanding = {
  readonly spender: SpenderKind;
  readonly limit: "requests_per_minute" | "tokens_per_minute" | "concurrent" | "budget_cny" | "budget_tokens";
  /** Null where the limit is not a budget. */
  readonly period: BudgetPeriod | null;
  /** In micro-yuan where the budget is one of money. */
  readonly max: number;
  /** What is taken of it by now: spent, and held by calls in flight. */
  readonly taken: number;
  /** What the call would take; null: its price is not known. */
  readonly claim: number | null;
};

export interface CallLimits {
  /** Takes all that the call claims, of its key, its model and the whole gateway, or none of it. */
  claim(claim: Claim): Verdict;
  /**
   * Waits in line for what `claim` refused as `busy`, where there is a line and a place in it.
   * @returns null where the refusal stands at once; else settles with what came of it: never rejects
   */
  wait(claim: Claim, refusal: LimitRefusal, signal: WaitSignal): Promise<Verdict> | null;
  /** What would stand in the call's way now, and how its limits stand; takes nothing. */
  preview(claim: Claim): { readonly refusal: LimitRefusal | null; readonly limits: readonly LimitStanding[] };
  /** Null where the key has no limit per minute. */
  standingOf(keyId: KeyId, keyLimits: LimitSettings | null): KeyStanding | null;
}

/** How somebody in line is taken out of it: the client left, or the gateway stops. */
export interface WaitSignal {
  /** Called at most once, while waiting; what it is given gives the place free. */
  onLeave(leave: () => void): void;
}
