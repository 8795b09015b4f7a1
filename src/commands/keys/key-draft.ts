/** Reads what the flags of `keys create` and `keys rotate` ask for. */
import { readBudgets } from "../../config/budget-text.ts";
import { budgetSettings } from "../../config/limit-settings.ts";
import { parseLongDurationMs } from "../../config/quantities.ts";
import { expectationAt } from "../../config/schema-walk.ts";
import { DAY_MS, readBeijingDay, startOfBeijingDay } from "../../core/beijing-day.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Phrase } from "../../core/language.ts";
import { checkDraft } from "../../keys/key-draft.ts";
import {
  type KeyDraftJson,
  keyDraftOf,
  keyDraftSchema,
  momentText,
  OVERLAP_SECONDS_MAX,
} from "../../server/admin/key-schemas.ts";
import type { FlagName, Flags } from "../flags.ts";
import { ledgerPhrases } from "../ledger-messages.ts";
import { keyPhrases } from "./key-messages.ts";

export type WrongFlag = { readonly kind: "wrong"; readonly flag: FlagName; readonly sentence: Phrase };
export type DraftReading = { readonly kind: "ok"; readonly draft: KeyDraftJson } | WrongFlag;
export type OverlapReading = { readonly kind: "ok"; readonly seconds: number } | WrongFlag;

const SECOND_MS = 1_000;
const EXPIRY_MS_MAX = 3_650 * DAY_MS;
const DEFAULT_OVERLAP_SECONDS = 86_400;

const expiryPhrase: Phrase = {
  en: "a time such as 90d, at most 3650d, or a day that is not over, such as 2026-12-31",
  zh: "时长（例如 90d，最长 3650d），或尚未结束的日期（例如 2026-12-31）",
};
const budgetPhrase: Phrase = {
  en: "budgets such as 100cny/month,2000000tokens/day, one at most for each unit and period",
  zh: "预算，例如 100cny/month,2000000tokens/day，每种单位与周期至多一项",
};
const overlapPhrase: Phrase = {
  en: `a time such as 24h, at most ${OVERLAP_SECONDS_MAX / 86_400}d; 0s for none`,
  zh: `时长，例如 24h，最长 ${OVERLAP_SECONDS_MAX / 86_400}d；0s 表示不重叠`,
};

/** The flag that each member of a draft is given by; limits are numbers by now. */
const flagOfMember: { readonly [member: string]: FlagName } = {
  name: "name",
  owner: "owner",
  models: "models",
  tags: "tags",
  expires_at: "expires",
};

function expecting(flag: FlagName, expects: Phrase): WrongFlag {
  return { kind: "wrong", flag, sentence: ledgerPhrases.wrongFlag(flag, expects) };
}

function itemsOf(text: string): string[] {
  return text.split(",").map((item) => item.trim());
}

/** When the key stops opening: after so long, or at the end of a day in Beijing; null where it is neither. */
function expiryOf(text: string, nowWallMs: number): number | null {
  const durationMs = parseLongDurationMs(text, SECOND_MS, EXPIRY_MS_MAX);
  if (durationMs !== null) return nowWallMs + durationMs;
  const day = readBeijingDay(text);
  if (day === null) return null;
  const endMs = startOfBeijingDay(day) + DAY_MS;
  return endMs > nowWallMs && endMs - nowWallMs <= EXPIRY_MS_MAX + DAY_MS ? endMs : null;
}

/** What the key desk would refuse, such as a name that a terminal obeys; null where it takes the draft. */
function refusalOf(draft: KeyDraftJson): WrongFlag | null {
  try {
    checkDraft(keyDraftOf(draft));
    return null;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const flag = flagOfMember[error.details.param ?? ""] ?? "budget";
    return { kind: "wrong", flag, sentence: keyPhrases.wrongText(flag, error.message) };
  }
}

/** @param nowWallMs from when on `--expires 90d` counts */
export function readKeyDraft(flags: Flags, nowWallMs: number): DraftReading {
  const budgets = flags.budget === undefined ? undefined : readBudgets(flags.budget);
  if (budgets === null) return expecting("budget", budgetPhrase);
  const expiresAt = flags.expires === undefined ? undefined : expiryOf(flags.expires.trim(), nowWallMs);
  if (expiresAt === null) return expecting("expires", expiryPhrase);
  const reading = keyDraftSchema.safeParse({
    name: (flags.name ?? "").trim(),
    owner: flags.owner?.trim(),
    models: flags.models === undefined ? undefined : itemsOf(flags.models),
    limits: {
      requests_per_minute: flags.requestsPerMinute,
      tokens_per_minute: flags.tokensPerMinute,
      concurrent: flags.concurrent,
      budgets: budgets?.map(budgetSettings),
    },
    tags: flags.tags === undefined ? undefined : itemsOf(flags.tags),
    expires_at: expiresAt === undefined ? undefined : momentText(expiresAt),
  });
  if (reading.success) return refusalOf(reading.data) ?? { kind: "ok", draft: reading.data };
  const [member = "name"] = reading.error.issues[0]?.path ?? [];
  return expecting(flagOfMember[String(member)] ?? "name", expectationAt(keyDraftSchema, [String(member)]));
}

export function readOverlap({ overlap }: Flags): OverlapReading {
  if (overlap === undefined) return { kind: "ok", seconds: DEFAULT_OVERLAP_SECONDS };
  const ms = parseLongDurationMs(overlap.trim(), 0, OVERLAP_SECONDS_MAX * SECOND_MS);
  if (ms === null || ms % SECOND_MS !== 0) return expecting("overlap", overlapPhrase);
  return { kind: "ok", seconds: ms / SECOND_MS };
}
