/** What the audit trail says of a change of a key, in the words of the admin API. */
import type { Budget } from "../core/limits.ts";
import { yuanOf } from "../core/money.ts";
import type { KeyDraft } from "./key-draft.ts";

type Detail = Readonly<Record<string, unknown>>;

function budgetWords({ unit, amount, period }: Budget): Detail {
  return unit === "cny" ? { cny: yuanOf(amount), per: period } : { tokens: amount, per: period };
}

/** A time as people read it; null stays null. */
export function timeWord(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString();
}

/** All that is set of a key. */
export function draftWords({ name, owner, models, limits, tags, expiresAtWallMs }: KeyDraft): Detail {
  return {
    name,
    owner,
    models,
    "limits.requests_per_minute": limits.requestsPerMinute,
    "limits.tokens_per_minute": limits.tokensPerMinute,
    "limits.concurrent": limits.concurrent,
    "limits.budgets": limits.budgets.map(budgetWords),
    tags,
    expires_at: timeWord(expiresAtWallMs),
  };
}

/** Each field that differs, with what it was and what it is; empty where none does. */
export function changedWords(from: KeyDraft, to: KeyDraft): Detail {
  const old = draftWords(from);
  const changed = Object.entries(draftWords(to)).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(old[field]),
  );
  return Object.fromEntries(changed.map(([field, value]) => [field, { from: old[field], to: value }]));
}
