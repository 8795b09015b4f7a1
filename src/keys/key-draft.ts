/** What people may say of a key, and within which bounds. */
import { GatewayError } from "../core/errors.ts";
import { type Budget, budgetPeriods, budgetUnits, type LimitSettings } from "../core/limits.ts";
import type { KeyRecord } from "./key-record.ts";

/** All that may be set of a key, when it is made or later; whatever else a record holds, the gateway sets. */
export type KeyDraft = {
  readonly name: string;
  readonly owner: string | null;
  readonly models: readonly string[] | null;
  readonly limits: LimitSettings;
  readonly tags: readonly string[];
  readonly expiresAtWallMs: number | null;
};

/** What is left out stays as it is; limits are replaced as a whole. */
export type KeyPatch = Partial<KeyDraft>;

const NAME_CHARACTERS_MAX = 128;
const PATTERNS_MAX = 256;
const PATTERN_CHARACTERS_MAX = 256;
const TAGS_MAX = 32;
const TAG_CHARACTERS_MAX = 64;
/** So that sums of a few amounts stay exact. */
const AMOUNT_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 4);
/** The last millisecond that a date can say (ECMA-262, 21.4.1.1). */
const WALL_MS_MAX = 8.64e15;
/** Nothing that is invisible, breaks a line or turns the direction of writing. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

function refuse(param: string, message: string): never {
  throw new GatewayError("invalid_request", message, { param });
}

/** One line of at most so many characters (code points), with no blank at either end. */
function isLine(value: unknown, charactersMax: number): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > 2 * charactersMax) return false;
  return value.trim() === value && !INVISIBLE.test(value) && [...value].length <= charactersMax;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkName({ name }: KeyDraft): void {
  if (isLine(name, NAME_CHARACTERS_MAX)) return;
  refuse("name", `A key's name is one line of 1 to ${NAME_CHARACTERS_MAX} printable characters.`);
}

function checkOwner({ owner }: KeyDraft): void {
  if (owner === null || isLine(owner, NAME_CHARACTERS_MAX)) return;
  refuse("owner", `An owner is one line of 1 to ${NAME_CHARACTERS_MAX} printable characters, or null.`);
}

function isModelPattern(value: unknown): boolean {
  return typeof value === "string" && value.length <= PATTERN_CHARACTERS_MAX && VISIBLE_ASCII.test(value);
}

/** An empty list would mean a key that is good for nothing; elsewhere it means all models. */
function checkModels({ models }: KeyDraft): void {
  if (models === null) return;
  const isGood =
    Array.isArray(models) &&
    models.length > 0 &&
    models.length <= PATTERNS_MAX &&
    models.every(isModelPattern);
  if (isGood) return;
  refuse(
    "models",
    `'models' is null for all, or a list of 1 to ${PATTERNS_MAX} names or patterns (* any text, # one digit) ` +
      `of at most ${PATTERN_CHARACTERS_MAX} visible ASCII characters.`,
  );
}

function checkTags({ tags }: KeyDraft): void {
  const isGood =
    Array.isArray(tags) && tags.length <= TAGS_MAX && tags.every((tag) => isLine(tag, TAG_CHARACTERS_MAX));
  if (isGood) return;
  refuse("tags", `'tags' is a list of at most ${TAGS_MAX}, each of 1 to ${TAG_CHARACTERS_MAX} characters.`);
}

function isAmount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= AMOUNT_MAX;
}

function isBudget(value: unknown): value is Budget {
  if (!isPlainObject(value)) return false;
  const { unit, amount, period, ...rest } = value;
  const isUnit = budgetUnits.some((known) => known === unit);
  const isPeriod = budgetPeriods.some((known) => known === period);
  return isUnit && isPeriod && isAmount(amount) && Object.keys(rest).length === 0;
}

function checkBudgets(budgets: unknown): void {
  if (!Array.isArray(budgets) || !budgets.every(isBudget)) {
    refuse(
      "limits.budgets",
      `Each budget is a whole amount from 1 to ${AMOUNT_MAX}, of micro-yuan or of tokens, and its period: ` +
        `${budgetPeriods.join(", ")}.`,
    );
  }
  const kinds = new Set(budgets.map(({ unit, period }: Budget) => `${unit}/${period}`));
  if (kinds.size < budgets.length) {
    refuse("limits.budgets", "A key has at most one budget for each unit and period.");
  }
}

function checkLimit(param: string, value: unknown): void {
  if (value === null || isAmount(value)) return;
  refuse(param, `'${param}' is a whole number from 1 to ${AMOUNT_MAX}, or null for no limit.`);
}

function checkLimits(draft: KeyDraft): void {
  const limits: unknown = draft.limits;
  if (!isPlainObject(limits)) refuse("limits", "'limits' is an object; a null in it is no limit.");
  const { requestsPerMinute, tokensPerMinute, concurrent, budgets, ...rest } = limits;
  checkLimit("limits.requests_per_minute", requestsPerMinute);
  checkLimit("limits.tokens_per_minute", tokensPerMinute);
  checkLimit("limits.concurrent", concurrent);
  checkBudgets(budgets);
  for (const unknown of Object.keys(rest)) refuse(`limits.${unknown}`, "There is no such limit.");
}

/** @returns whether it is a time that a date can say */
export function isWallMs(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= WALL_MS_MAX;
}

function checkExpiry({ expiresAtWallMs }: KeyDraft): void {
  if (expiresAtWallMs === null || isWallMs(expiresAtWallMs)) return;
  refuse("expires_at", "'expires_at' is a time, or null for never.");
}

const checks = {
  name: checkName,
  owner: checkOwner,
  models: checkModels,
  limits: checkLimits,
  tags: checkTags,
  expiresAtWallMs: checkExpiry,
} as const satisfies Record<keyof KeyDraft, (draft: KeyDraft) => void>;

function isField(name: string): name is keyof KeyDraft {
  return Object.hasOwn(checks, name);
}

/**
 * Whatever the types say, drafts come from outside.
 * @throws GatewayError invalid_request, whose `param` is the first field that is not as it must be
 */
export function checkDraft(draft: KeyDraft): void {
  for (const field of Object.keys(draft)) {
    if (!isField(field)) refuse(field, "A key has no such field, or none that may be set.");
  }
  for (const check of Object.values(checks)) check(draft);
}

/** A copy of the draft's fields alone, which nobody can change. */
export function frozenDraft(draft: KeyDraft): KeyDraft {
  const { limits, models, tags } = draft;
  const budgets = Object.freeze(limits.budgets.map((budget) => Object.freeze({ ...budget })));
  return {
    name: draft.name,
    owner: draft.owner,
    models: models === null ? null : Object.freeze([...models]),
    limits: Object.freeze({ ...limits, budgets }),
    tags: Object.freeze([...tags]),
    expiresAtWallMs: draft.expiresAtWallMs,
  };
}

/** What of a record could have been set. */
export function draftOf(record: KeyRecord): KeyDraft {
  const { name, owner, models, limits, tags, expiresAtWallMs } = record;
  return { name, owner, models, limits, tags, expiresAtWallMs };
}

/** The record with what the patch sets. @throws GatewayError invalid_request */
export function patchedDraft(record: KeyRecord, patch: KeyPatch): KeyDraft {
  const set = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const draft = { ...draftOf(record), ...set };
  checkDraft(draft);
  return frozenDraft(draft);
}
