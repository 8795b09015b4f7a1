/** `usage`: prints sums from the ledger, by key, model, day, outcome and where the numbers came from. */
import type { Language } from "../core/language.ts";
import type { KeyRecord } from "../keys/key-record.ts";
import type { UsageQuery, UsageReport, UsageRow, UsageSums } from "../ledger/reports.ts";
import { readUsageQuery, type UsageGroupName } from "../server/admin/usage-query.ts";
import { groupNamesOf, groupValue, knownCost, renderUsage } from "../server/admin/usage-rendering.ts";
import { groupedDigits, safeCell, yuanCell } from "./figure-cells.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { ledgerPhrases, usagePhrases } from "./ledger-messages.ts";
import { keysIn, readLedger } from "./ledger-reading.ts";
import { seeHelp } from "./messages.ts";
import { layOutTable, paintFor } from "./text-layout.ts";

function figuresOf(sums: UsageSums, language: Language): readonly string[] {
  const cost = knownCost(sums);
  const orDash = (count: number): string => (count === 0 ? "-" : groupedDigits(count));
  return [
    groupedDigits(sums.attempts),
    groupedDigits(sums.inputTokens),
    groupedDigits(sums.cachedInputTokens),
    groupedDigits(sums.outputTokens),
    groupedDigits(sums.reasoningTokens),
    cost === null ? usagePhrases.unknown[language] : yuanCell(cost),
    orDash(sums.unknownCostAttempts),
    orDash(sums.countedAttempts),
    orDash(sums.estimatedAttempts),
  ];
}

function notesOf({ totals, rows, truncated }: UsageReport, language: Language): readonly string[] {
  const { unknownCostAttempts, countedAttempts, estimatedAttempts } = totals;
  const { unknownNote, guessedNote, truncatedNote } = usagePhrases;
  return [
    ...(unknownCostAttempts === 0 ? [] : [unknownNote(groupedDigits(unknownCostAttempts))]),
    ...(countedAttempts + estimatedAttempts === 0
      ? []
      : [guessedNote(groupedDigits(countedAttempts), groupedDigits(estimatedAttempts))]),
    ...(truncated ? [truncatedNote(groupedDigits(rows.length))] : []),
  ].map((phrase) => phrase[language]);
}

/** The ids of all keys that are called so; a word that names none stands for itself, as an id. */
function idsOf(words: readonly string[], keys: readonly KeyRecord[]): readonly string[] {
  const ids = words.flatMap((word) => {
    const named = keys.filter(({ id, name }) => id === word || name === word);
    return named.some(({ id }) => id === word) || named.length === 0 ? [word] : named.map(({ id }) => id);
  });
  return [...new Set(ids)];
}

function withKeyIds(query: UsageQuery, keys: readonly KeyRecord[]): UsageQuery {
  const words = query.filters?.keyId;
  return words === undefined ? query : { ...query, filters: { ...query.filters, keyId: idsOf(words, keys) } };
}

/** A key of the gateway's own by its name too, as nobody remembers ids. */
function groupCell(row: UsageRow, group: UsageGroupName, keys: readonly KeyRecord[]): string {
  const value = groupValue(row, group);
  const key = group === "key" ? keys.find(({ id }) => id === value) : undefined;
  return safeCell(key === undefined ? value : `${key.name} (${value})`);
}

type Table = {
  readonly report: UsageReport;
  readonly keys: readonly KeyRecord[];
  readonly from: string;
  readonly to: string;
};

function printTable(invocation: Invocation, { report, keys, from, to }: Table): void {
  const { standardOutput: output, language, environment } = invocation;
  const paint = paintFor(output, environment);
  output.write(`${paint("dim", ledgerPhrases.period(from, to)[language])}\n\n`);
  if (report.totals.attempts === 0) {
    output.write(`${usagePhrases.nothing[language]}\n`);
    return;
  }
  const names = groupNamesOf(report);
  const head = [...names.map((name) => usagePhrases.groups[name]), ...usagePhrases.figures];
  const rows = report.rows.map((row) => [
    ...names.map((name) => groupCell(row, name, keys)),
    ...figuresOf(row, language),
  ]);
  const total = names.map((_name, index) => (index === 0 ? usagePhrases.total[language] : ""));
  const cells = [
    head.map((phrase) => phrase[language]),
    ...rows,
    [...total, ...figuresOf(report.totals, language)],
  ];
  const lines = layOutTable(cells, names.length);
  for (const [index, line] of lines.entries()) {
    const isEdge = index === 0 || index === lines.length - 1;
    output.write(`${isEdge ? paint("bold", line) : line}\n`);
  }
  const notes = notesOf(report, language);
  if (notes.length > 0) output.write(`\n${notes.join("\n")}\n`);
}

export async function usage(invocation: Invocation, wallMs: () => number = Date.now): Promise<number> {
  const { flags, language, standardOutput, standardError } = invocation;
  const reading = readUsageQuery(flags, wallMs());
  if (reading.kind === "wrong") {
    const phrase = ledgerPhrases.wrongFlag(reading.parameter, reading.expects);
    standardError.write(`${phrase[language]}\n${seeHelp("usage")[language]}\n`);
    return exitCodes.usage;
  }
  const { query, firstDay, lastDay } = reading;
  return readLedger(invocation, async (reports, config) => {
    const keys = keysIn(config.ledger.folder);
    const report = await reports.usage(withKeyIds(query, keys));
    if (flags.json === true) standardOutput.write(renderUsage(report, "json"));
    else if (flags.csv === true) standardOutput.write(renderUsage(report, "csv"));
    else printTable(invocation, { report, keys, from: firstDay, to: lastDay });
    return exitCodes.ok;
  });
}
