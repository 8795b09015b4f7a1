/** Reads what is asked of the ledger's sums: the same words on the command line and in the admin API. */
import { z } from "zod";
import { expecting } from "../../config/expectations.ts";
import { type BeijingDay, beijingDayOf, dayAfter, readBeijingDay } from "../../core/beijing-day.ts";
import type { Phrase } from "../../core/language.ts";
import type { UsageDimension, UsageQuery } from "../../ledger/reports.ts";

/** What sums can be asked for by, in the words of users, and what the ledger calls it. */
export const usageGroups = {
  key: "keyId",
  model: "alias",
  day: "day",
  outcome: "state",
  provenance: "provenance",
} as const satisfies Readonly<Record<string, UsageDimension>>;

export type UsageGroupName = keyof typeof usageGroups;
export const usageGroupNames = Object.keys(usageGroups) as readonly UsageGroupName[];

export const usageParameters = ["by", "from", "to", "key", "model"] as const;
export type UsageParameter = (typeof usageParameters)[number];

/** As they were typed; one that is missing has its default. */
export type UsageParameters = { readonly [name in UsageParameter]?: string | undefined };

export type UsageReading =
  | {
      readonly kind: "ok";
      readonly query: UsageQuery;
      /** Both included. */
      readonly firstDay: BeijingDay;
      readonly lastDay: BeijingDay;
    }
  | { readonly kind: "wrong"; readonly parameter: UsageParameter; readonly expects: Phrase };

const DEFAULT_DAYS = 30;
export const NAMES_MAX = 100;
const NAME_CHARACTERS_MAX = 256;
const DAYS_MAX = 3_700;

const groupsSchema = z
  .string()
  .transform((text) => text.split(",").map((word) => word.trim()))
  .pipe(z.array(z.enum(usageGroupNames as [UsageGroupName, ...UsageGroupName[]])))
  .refine((names) => new Set(names).size === names.length)
  .default(["day", "model"]);

const daySchema = z
  .string()
  .transform((text) => readBeijingDay(text.trim()))
  .refine((day) => day !== null)
  .optional();

const names: Phrase = {
  en: `1 to ${NAMES_MAX} names, separated by commas`,
  zh: ` 1 到 ${NAMES_MAX} 个名称，以逗号分隔`,
};

/** Names separated by commas, as a list. */
export const namesSchema = expecting(
  z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(z.string().min(1).max(NAME_CHARACTERS_MAX)).max(NAMES_MAX)),
  names.en,
  names.zh,
).optional();

const parametersSchema = z.object({
  by: groupsSchema,
  from: daySchema,
  to: daySchema,
  key: namesSchema,
  model: namesSchema,
});

const day: Phrase = { en: "a day such as 2026-11-22", zh: "日期，例如 2026-11-22" };
const expectations: { readonly [name in UsageParameter]: Phrase } = {
  by: {
    en: `some of ${usageGroupNames.join(",")}, each once`,
    zh: `以下若干项，各一次：${usageGroupNames.join(",")}`,
  },
  from: day,
  to: day,
  key: names,
  model: names,
};

function textSchema({ en, zh }: Phrase) {
  return expecting(z.string(), en, zh)
    .optional()
    .describe(`${en[0]?.toUpperCase()}${en.slice(1)}.`);
}

/** The parameters as texts, for a document of them: `readUsageQuery` says what is wrong with one. */
export const usageParameterSchemas = {
  by: textSchema(expectations.by),
  from: textSchema(expectations.from),
  to: textSchema(expectations.to),
  key: textSchema(expectations.key),
  model: textSchema(expectations.model),
};

const laterDay: Phrase = { en: "a day that is not before `from`", zh: "不早于 from 的日期" };
const nearerDay: Phrase = {
  en: `a day at most ${DAYS_MAX} days before \`to\``,
  zh: `早于 to 不超过 ${DAYS_MAX} 天的日期`,
};

function wrong(parameter: UsageParameter, expects: Phrase = expectations[parameter]): UsageReading {
  return { kind: "wrong", parameter, expects };
}

/** @param nowWallMs what `today` is: the last of the default 30 days */
export function readUsageQuery(parameters: UsageParameters, nowWallMs: number): UsageReading {
  const result = parametersSchema.safeParse(parameters);
  if (!result.success) {
    const at = result.error.issues[0]?.path[0];
    return wrong(usageParameters.find((name) => name === at) ?? "by");
  }
  const { by, from, to, key, model } = result.data;
  const lastDay = to ?? beijingDayOf(nowWallMs);
  const firstDay = from ?? dayAfter(lastDay, 1 - DEFAULT_DAYS);
  if (firstDay > lastDay) return to === undefined ? wrong("from") : wrong("to", laterDay);
  if (firstDay <= dayAfter(lastDay, -DAYS_MAX)) return wrong("from", nearerDay);
  const filters = {
    ...(key === undefined ? {} : { keyId: key }),
    ...(model === undefined ? {} : { alias: model }),
  };
  const groupBy = by.map((name) => usageGroups[name]);
  return { kind: "ok", query: { period: { firstDay, lastDay }, groupBy, filters }, firstDay, lastDay };
}
