/** Shows keys to people: a line for each, or all that is known of one. */
import { budgetText } from "../../config/budget-text.ts";
import { budgetOf } from "../../config/limit-settings.ts";
import { beijingMinuteOf } from "../../core/beijing-day.ts";
import type { Language } from "../../core/language.ts";
import { budgetPeriods } from "../../core/limits.ts";
import type { KeyJson } from "../../server/admin/key-schemas.ts";
import { groupedDigits, safeCell } from "../figure-cells.ts";
import { layOutTable } from "../text-layout.ts";
import { keyWords } from "./key-messages.ts";
import type { KeyDetail } from "./key-service.ts";

/** In Beijing, to the minute; a dash for never. */
export function momentCell(moment: string | null): string {
  return moment === null ? "-" : beijingMinuteOf(Date.parse(moment));
}

function limitsCell(key: KeyJson, language: Language): string {
  const { requests_per_minute: requests, tokens_per_minute: tokens, concurrent, budgets } = key.limits;
  const parts = [
    ...(requests === null ? [] : [keyWords.requests(groupedDigits(requests))[language]]),
    ...(tokens === null ? [] : [keyWords.tokens(groupedDigits(tokens))[language]]),
    ...(concurrent === null ? [] : [keyWords.concurrent(groupedDigits(concurrent))[language]]),
    ...budgets.map((budget) => budgetText(budgetOf(budget))),
  ];
  return parts.length === 0 ? "-" : parts.join(", ");
}

function cellsOf(key: KeyJson, language: Language): readonly string[] {
  return [
    safeCell(key.id),
    safeCell(key.name),
    key.owner === null ? "-" : safeCell(key.owner),
    safeCell(key.hint),
    keyWords.states[key.state][language],
    key.models === null ? keyWords.allModels[language] : key.models.map(safeCell).join(","),
    limitsCell(key, language),
    momentCell(key.expires_at),
  ];
}

/** A head, and a line for each key. */
export function keyTable(keys: readonly KeyJson[], language: Language): readonly string[] {
  const head = keyWords.columns.map((phrase) => phrase[language]);
  return layOutTable([head, ...keys.map((key) => cellsOf(key, language))]);
}

/** Enough to tell keys of one name apart. */
export function keyChoices(keys: readonly KeyJson[], language: Language): readonly string[] {
  return layOutTable(keys.map((key) => cellsOf(key, language).slice(0, 5)));
}

/** A line for each thing that is known of the key. */
export function keyLines(key: KeyDetail, language: Language): readonly string[] {
  const { used } = key;
  const cells = cellsOf(key, language);
  const rows = [
    ...keyWords.columns.map((phrase, index) => [phrase[language], cells[index] ?? ""]),
    [keyWords.created[language], momentCell(key.created_at)],
    ...(key.revoked_at === null ? [] : [[keyWords.revoked[language], momentCell(key.revoked_at)]]),
    ...(key.previous_until === null ? [] : [[keyWords.previous[language], momentCell(key.previous_until)]]),
    [keyWords.tags[language], key.tags.length === 0 ? "-" : key.tags.map(safeCell).join(", ")],
    ...(used === null
      ? []
      : budgetPeriods.map((period) => {
          const { tokens, cost_cny: yuan } = used[period];
          return [
            keyWords.used(period)[language],
            keyWords.use(groupedDigits(tokens), String(yuan))[language],
          ];
        })),
  ];
  return layOutTable(rows);
}
