/** A key in JSON, as the admin API and the command line take it and give it. */
import { z } from "zod";
import { expecting, section } from "../../config/expectations.ts";
import { budgetSettings, budgetsSchema, limitsOf, rates } from "../../config/limit-settings.ts";
import { budgetPeriods, type LimitSettings } from "../../core/limits.ts";
import type { KeyDraft, KeyPatch } from "../../keys/key-desk.ts";
import type { KeyRecord } from "../../keys/key-record.ts";

const NAME_CHARACTERS_MAX = 128;
const MODELS_MAX = 256;
const MODEL_CHARACTERS_MAX = 256;
const TAGS_MAX = 32;
const TAG_CHARACTERS_MAX = 64;
export const OVERLAP_SECONDS_MAX = 30 * 86_400;

/** By code points; which characters they may be, the key desk says. */
function textSchema(charactersMax: number, en: string, zh: string) {
  return expecting(
    z
      .string()
      .min(1)
      .refine((text) => [...text].length <= charactersMax),
    `${en} of 1 to ${charactersMax} characters`,
    `${zh}，1 到 ${charactersMax} 个字符`,
  );
}

const nameText = textSchema(NAME_CHARACTERS_MAX, "a name", "名称");

const owner = expecting(
  textSchema(NAME_CHARACTERS_MAX, "a name", "名称").nullable(),
  `a name of 1 to ${NAME_CHARACTERS_MAX} characters, or null for nobody`,
  `名称，1 到 ${NAME_CHARACTERS_MAX} 个字符；null 表示不属于任何人`,
).describe("Whom the key belongs to: keys of one owner see each other's usage.");

const models = expecting(
  z
    .array(textSchema(MODEL_CHARACTERS_MAX, "a name or pattern", "名称或模式"))
    .min(1)
    .max(MODELS_MAX)
    .nullable(),
  `1 to ${MODELS_MAX} names of models, or null for all`,
  ` 1 到 ${MODELS_MAX} 个模型名称；null 表示全部`,
).describe("What the key may use; `*` is any text, `#` one digit.");

const tags = expecting(
  z
    .array(textSchema(TAG_CHARACTERS_MAX, "a tag", "标签"))
    .max(TAGS_MAX)
    .refine((all) => new Set(all).size === all.length),
  `at most ${TAGS_MAX} tags, each once`,
  `至多 ${TAGS_MAX} 个互不相同的标签`,
);

const moment = expecting(
  z.iso.datetime({ offset: true }).nullable(),
  "a moment such as 2027-01-31T00:00:00+08:00, or null for never",
  "时刻，例如 2027-01-31T00:00:00+08:00；null 表示永不",
).describe("From then on the key opens nothing.");

const settable = {
  owner: owner.optional(),
  models: models.optional(),
  limits: section({
    ...rates,
    budgets: budgetsSchema.optional().describe("What may be used within a day, week, month or in all."),
  }).optional(),
  tags: tags.optional(),
  expires_at: moment.optional(),
};

/** All that can be said of a new key. What is left out is not limited. */
export const keyDraftSchema = section({ name: nameText, ...settable });

/** All that can be changed of a key. What is left out stays, of the limits too; lists change as a whole. */
export const keyPatchSchema = section({ name: nameText.optional(), ...settable });

export const rotationSchema = section({
  overlap_seconds: expecting(
    z.int().min(0).max(OVERLAP_SECONDS_MAX),
    `a whole number from 0 to ${OVERLAP_SECONDS_MAX}`,
    ` 0 到 ${OVERLAP_SECONDS_MAX} 的整数`,
  )
    .optional()
    .describe("How long the old key still opens; 0 when left out."),
});

export type KeyDraftJson = z.infer<typeof keyDraftSchema>;
export type KeyPatchJson = z.infer<typeof keyPatchSchema>;

export function keyDraftOf(json: KeyDraftJson): KeyDraft {
  return {
    name: json.name,
    owner: json.owner ?? null,
    models: json.models ?? null,
    limits: limitsOf(json.limits ?? {}),
    tags: json.tags ?? [],
    expiresAtWallMs: wallMsOf(json.expires_at ?? null),
  };
}

/** @param present the limits that the key has by now: of them, too, only what is named changes */
export function keyPatchOf(json: KeyPatchJson, { limits: present }: KeyRecord): KeyPatch {
  const { name, owner, models, limits, tags, expires_at: expiresAt } = json;
  return {
    ...(name === undefined ? {} : { name }),
    ...(owner === undefined ? {} : { owner }),
    ...(models === undefined ? {} : { models }),
    ...(tags === undefined ? {} : { tags }),
    ...(expiresAt === undefined ? {} : { expiresAtWallMs: wallMsOf(expiresAt) }),
    ...(limits === undefined ? {} : { limits: limitsOf({ ...limitsJson(present), ...limits }) }),
  };
}

function wallMsOf(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

export const keyStates = ["active", "expired", "revoked"] as const;
const nullableMoment = z.iso.datetime().nullable();
const nullableLimit = z.int().nullable();

/** What is told of a key: never the key itself, nor its hash. */
export const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string().nullable(),
  hint: z.string().describe("The end of the key, to tell it from others."),
  state: z.enum(keyStates),
  models: z.array(z.string()).nullable(),
  limits: z.object({
    requests_per_minute: nullableLimit,
    tokens_per_minute: nullableLimit,
    concurrent: nullableLimit,
    budgets: z.array(
      z.object({ cny: z.number().optional(), tokens: z.int().optional(), per: z.enum(budgetPeriods) }),
    ),
  }),
  tags: z.array(z.string()),
  created_at: z.iso.datetime(),
  expires_at: nullableMoment,
  revoked_at: nullableMoment,
  previous_until: nullableMoment.describe("The key before the last rotation opens until then."),
});

export type KeyJson = z.infer<typeof keySchema>;

export function keyJson(record: KeyRecord, nowWallMs: number): KeyJson {
  const { limits, previous } = record;
  const isOverlapping = previous !== null && previous.untilWallMs > nowWallMs;
  return {
    id: record.id,
    name: record.name,
    owner: record.owner,
    hint: record.hint,
    state: stateOf(record, nowWallMs),
    models: record.models === null ? null : [...record.models],
    limits: limitsJson(limits),
    tags: [...record.tags],
    created_at: momentText(record.createdAtWallMs),
    expires_at: nullableMomentText(record.expiresAtWallMs),
    revoked_at: nullableMomentText(record.revokedAtWallMs),
    previous_until: isOverlapping ? momentText(previous.untilWallMs) : null,
  };
}

/** In the words of the configuration file. */
function limitsJson({ requestsPerMinute, tokensPerMinute, concurrent, budgets }: LimitSettings) {
  return {
    requests_per_minute: requestsPerMinute,
    tokens_per_minute: tokensPerMinute,
    concurrent,
    budgets: budgets.map(budgetSettings),
  };
}

function stateOf({ revokedAtWallMs, expiresAtWallMs }: KeyRecord, nowWallMs: number): KeyJson["state"] {
  if (revokedAtWallMs !== null) return "revoked";
  return expiresAtWallMs !== null && expiresAtWallMs <= nowWallMs ? "expired" : "active";
}

/** Such as `2026-11-22T10:00:00.000Z`. */
export function momentText(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

export function nullableMomentText(wallMs: number | null): string | null {
  return wallMs === null ? null : momentText(wallMs);
}
