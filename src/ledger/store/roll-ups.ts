/** Hourly and daily sums, kept for ever: gathered in memory for a batch of rows, then added by group. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { beijingDayNumber, HOUR_MS } from "../../core/beijing-day.ts";
import type { Settlement } from "../../core/ending.ts";
import type { MicroYuan } from "../../core/money.ts";
import type { Provenance, Usage } from "../../core/usage.ts";
import type { SpendingTable } from "./spending-table.ts";

/** What a finished row adds: to whom, when, and how much. */
export type FinishedRow = {
  readonly keyId: string;
  readonly alias: string;
  readonly upstream: string;
  readonly upstreamModel: string;
  readonly state: Settlement;
  readonly provenance: Provenance;
  readonly openedAtWallMs: number;
  readonly usage: Usage | null;
  readonly cost: MicroYuan | null;
};

type Group = Pick<FinishedRow, "keyId" | "alias" | "upstream" | "upstreamModel" | "state" | "provenance">;

class Sums {
  attempts = 0;
  inputTokens = 0;
  cachedInputTokens = 0;
  outputTokens = 0;
  reasoningTokens = 0;
  cost = 0;
  unknownCostAttempts = 0;

  addRow({ usage, cost }: FinishedRow): void {
    this.attempts++;
    if (usage !== null) {
      this.inputTokens += usage.inputTokens;
      this.cachedInputTokens += usage.cachedInputTokens;
      this.outputTokens += usage.outputTokens;
      this.reasoningTokens += usage.reasoningTokens;
    }
    if (cost === null) this.unknownCostAttempts++;
    else this.cost += cost;
  }

  add(other: Sums): void {
    this.attempts += other.attempts;
    this.inputTokens += other.inputTokens;
    this.cachedInputTokens += other.cachedInputTokens;
    this.outputTokens += other.outputTokens;
    this.reasoningTokens += other.reasoningTokens;
    this.cost += other.cost;
    this.unknownCostAttempts += other.unknownCostAttempts;
  }
}

type GroupSums = { readonly group: Group; readonly sums: Sums };
/** By hour or day, then by the group's text. */
type PeriodSums = Map<number, Map<string, GroupSums>>;

/** Groups of an hour or a day that keep their names; the keys of twice as many keep theirs. */
export const PERIOD_GROUPS_MAX = 10_000;
const OTHER = "other";
/** Ids remembered of groups; forgotten all at once, for the next batch to look up again. */
const GROUP_IDS_MAX = 50_000;
/** Hours and days whose groups are remembered: the present ones, and what late rows touch. */
const PERIODS_MAX = 8;

/** Names are of any letters, so their lengths keep two different groups from having one text. */
function textOf({ keyId, alias, upstream, upstreamModel, state, provenance }: Group): string {
  const lengths = `${keyId.length},${alias.length},${upstream.length}:`;
  return `${lengths}${keyId}${alias}${upstream}${upstreamModel}|${state}|${provenance}`;
}

function isSameGroup(one: Group, other: Group): boolean {
  return (
    one.keyId === other.keyId &&
    one.alias === other.alias &&
    one.upstream === other.upstream &&
    one.upstreamModel === other.upstreamModel &&
    one.state === other.state &&
    one.provenance === other.provenance
  );
}

function sumsOf(periods: PeriodSums, period: number, text: string, group: Group): Sums {
  let groups = periods.get(period);
  if (groups === undefined) {
    groups = new Map();
    periods.set(period, groups);
  }
  let entry = groups.get(text);
  if (entry === undefined) {
    entry = { group, sums: new Sums() };
    groups.set(text, entry);
  }
  return entry.sums;
}

/** One of the two tables of sums, with the bound on its groups. */
class PeriodTable {
  readonly #groupsOf: StatementSync;
  readonly #addSums: StatementSync;
  readonly #known = new Map<number, Set<number>>();

  constructor(database: DatabaseSync, table: "usage_hours" | "usage_days", column: "hour" | "day") {
    this.#groupsOf = database.prepare(`SELECT group_id FROM ${table} WHERE ${column} = ?`);
    this.#addSums = database.prepare(`
      INSERT INTO ${table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (${column}, group_id) DO UPDATE SET
        attempts = attempts + excluded.attempts,
        input_tokens = input_tokens + excluded.input_tokens,
        cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
        output_tokens = output_tokens + excluded.output_tokens,
        reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
        cost_micro_yuan = cost_micro_yuan + excluded.cost_micro_yuan,
        unknown_cost_attempts = unknown_cost_attempts + excluded.unknown_cost_attempts`);
  }

  groupsIn(period: number): Set<number> {
    let groups = this.#known.get(period);
    if (groups === undefined) {
      if (this.#known.size >= PERIODS_MAX) this.#known.clear();
      groups = new Set(this.#groupsOf.all(period).map((row) => Number(row["group_id"])));
      this.#known.set(period, groups);
    }
    return groups;
  }

  add(period: number, groupId: number, sums: Sums): void {
    this.groupsIn(period).add(groupId);
    this.#addSums.run(
      period,
      groupId,
      sums.attempts,
      sums.inputTokens,
      sums.cachedInputTokens,
      sums.outputTokens,
      sums.reasoningTokens,
      sums.cost,
      sums.unknownCostAttempts,
    );
  }

  forget(): void {
    this.#known.clear();
  }
}

/** Every call belongs inside a transaction; after one that was rolled back, call `forget`. */
export class RollUps {
  readonly #hours: PeriodTable;
  readonly #days: PeriodTable;
  readonly #spending: SpendingTable;
  readonly #findGroup: StatementSync;
  readonly #insertGroup: StatementSync;
  readonly #groupIds = new Map<string, number>();
  readonly #groupsMax: number;
  #gathered: PeriodSums = new Map();
  /** Of the row before, whose group is often the next one's too. */
  #last: { readonly hour: number; readonly row: FinishedRow; readonly sums: Sums } | null = null;

  constructor(database: DatabaseSync, spending: SpendingTable, groupsMax = PERIOD_GROUPS_MAX) {
    this.#spending = spending;
    this.#groupsMax = groupsMax;
    this.#hours = new PeriodTable(database, "usage_hours", "hour");
    this.#days = new PeriodTable(database, "usage_days", "day");
    this.#findGroup = database.prepare(`
      SELECT id FROM usage_groups WHERE key_id = ? AND alias = ? AND upstream = ? AND upstream_model = ?
        AND state = ? AND provenance = ?`);
    this.#insertGroup = database.prepare(`
      INSERT INTO usage_groups (key_id, alias, upstream, upstream_model, state, provenance)
      VALUES (?, ?, ?, ?, ?, ?)`);
  }

  /** A row that has just come to its final state. */
  add(row: FinishedRow): void {
    const hour = Math.floor(row.openedAtWallMs / HOUR_MS);
    if (this.#last?.hour !== hour || !isSameGroup(this.#last.row, row)) {
      this.#last = { hour, row, sums: sumsOf(this.#gathered, hour, textOf(row), row) };
    }
    this.#last.sums.addRow(row);
  }

  /** Writes what was gathered. */
  flush(): void {
    if (this.#gathered.size === 0) return;
    const hours = this.#gathered;
    const days: PeriodSums = new Map();
    for (const [hour, groups] of hours) {
      // Beijing is whole hours from UTC, so each hour lies in one day.
      const day = beijingDayNumber(hour * HOUR_MS);
      for (const [text, { group, sums }] of groups) sumsOf(days, day, text, group).add(sums);
    }
    this.#spend(days);
    this.#write(this.#hours, hours);
    this.#write(this.#days, days);
    this.#gathered = new Map();
    this.#last = null;
  }

  /** What was gathered, and all that is remembered of the file. */
  forget(): void {
    this.#gathered = new Map();
    this.#last = null;
    this.#groupIds.clear();
    this.#hours.forget();
    this.#days.forget();
    this.#spending.forget();
  }

  /** Budgets are exact: for them no group is too many. */
  #spend(days: PeriodSums): void {
    for (const [day, groups] of days) {
      for (const { group, sums } of groups.values()) {
        const tokens = sums.inputTokens + sums.outputTokens;
        this.#spending.add({ day, keyId: group.keyId, alias: group.alias, tokens, cost: sums.cost });
      }
    }
    this.#spending.flush();
  }

  #write(table: PeriodTable, periods: PeriodSums): void {
    for (const [period, groups] of periods) {
      for (const [text, { group, sums }] of groups) {
        table.add(period, this.#groupWithin(table.groupsIn(period), text, group), sums);
      }
    }
  }

  /** The group's id; where the period has too many, that of a coarser group. */
  #groupWithin(known: ReadonlySet<number>, text: string, group: Group): number {
    const id = this.#idOf(text, group);
    if (id !== null && known.has(id)) return id;
    if (known.size < this.#groupsMax) return id ?? this.#newId(text, group);
    const coarse = { ...group, alias: OTHER, upstreamModel: OTHER };
    const coarseText = textOf(coarse);
    const coarseId = this.#idOf(coarseText, coarse);
    if (coarseId !== null && known.has(coarseId)) return coarseId;
    if (known.size < 2 * this.#groupsMax) return coarseId ?? this.#newId(coarseText, coarse);
    const coarsest = { ...coarse, keyId: OTHER };
    const coarsestText = textOf(coarsest);
    return this.#idOf(coarsestText, coarsest) ?? this.#newId(coarsestText, coarsest);
  }

  #idOf(text: string, { keyId, alias, upstream, upstreamModel, state, provenance }: Group): number | null {
    const remembered = this.#groupIds.get(text);
    if (remembered !== undefined) return remembered;
    const found = this.#findGroup.get(keyId, alias, upstream, upstreamModel, state, provenance);
    return found === undefined ? null : this.#remember(text, Number(found["id"]));
  }

  #newId(text: string, { keyId, alias, upstream, upstreamModel, state, provenance }: Group): number {
    const { lastInsertRowid } = this.#insertGroup.run(
      keyId,
      alias,
      upstream,
      upstreamModel,
      state,
      provenance,
    );
    return this.#remember(text, Number(lastInsertRowid));
  }

  #remember(text: string, id: number): number {
    if (this.#groupIds.size >= GROUP_IDS_MAX) this.#groupIds.clear();
    this.#groupIds.set(text, id);
    return id;
  }
}
