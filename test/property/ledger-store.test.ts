/** Whatever order the journal's batches come in, and however often: one final state each, and exact sums. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS } from "../../src/core/beijing-day.ts";
import { settlements } from "../../src/core/ending.ts";
import { type Provenance, provenances } from "../../src/core/usage.ts";
import type { JournalRecord } from "../../src/ledger/journal/record.ts";
import { ledgerPath } from "../../src/ledger/store/ledger-file.ts";
import { LedgerStore } from "../../src/ledger/store/ledger-store.ts";
import { NOON } from "../support/attempt-rows.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";
import { select, sums } from "../unit/ledger/store/inspection.ts";
import { fourBytesAToken, opened, settled, start } from "../unit/ledger/store/records.ts";

const SHARE = 0.001;
const ATTEMPTS = 6;

const id = fc.integer({ min: 0, max: ATTEMPTS - 1 }).map((number) => `req_${number}`);

/** What a row was opened with never differs between two records of it, so the attempt's number decides. */
function opening(attemptId: string): JournalRecord {
  const number = Number(attemptId.slice("req_".length));
  return opened(attemptId, {
    keyId: `key-${number % 2}` as never,
    alias: number % 3 === 0 ? "fast" : "big",
    upstream: number === 5 ? "" : "ark",
    // One in the last millisecond of a day in Beijing, one before 1970, one when the clock was years ahead.
    openedAtWallMs: [NOON, NOON - 12 * HOUR_MS - 1, NOON - 12 * HOUR_MS, -1, NOON * 2, 0][number] ?? 0,
    ...(number === 1 ? { price: null } : {}),
  });
}

const tokens = fc.integer({ min: 0, max: 1_000_000_000 });
const usage = fc.option(
  fc.record({
    inputTokens: tokens,
    cachedInputTokens: tokens,
    outputTokens: tokens,
    reasoningTokens: tokens,
  }),
);
const ending = fc.record({
  state: fc.constantFrom(...settlements),
  usage,
  provenance: fc.constantFrom<Provenance>(...provenances),
  cost: fc.option(fc.integer({ min: 0, max: 1_000_000_000_000 })),
});

const record = fc.oneof(
  id.map(opening),
  fc.tuple(id, ending).map(([attemptId, changes]) => settled(attemptId, changes)),
);

type Step =
  | { readonly kind: "apply"; readonly records: readonly JournalRecord[] }
  | { readonly kind: "replay"; readonly from: number }
  | { readonly kind: "interrupt" }
  | { readonly kind: "restart" }
  | { readonly kind: "locked"; readonly records: readonly JournalRecord[] };

const records = fc.array(record, { maxLength: 8 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: records.map((batch): Step => ({ kind: "apply", records: batch })) },
  { weight: 3, arbitrary: fc.nat(9).map((from): Step => ({ kind: "replay", from })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "interrupt" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "restart" }) },
  { weight: 1, arbitrary: records.map((batch): Step => ({ kind: "locked", records: batch })) },
);

const PERIODS = ["day", "week", "month", "all"];
const SPENT = `SELECT key_id, alias, opened_at AS at, coalesce(input_tokens + output_tokens, 0) AS tokens,
  coalesce(cost_micro_yuan, 0) AS cost FROM attempts WHERE state <> 'open'`;

/** The name of the period of Beijing's calendar that a moment lies in, worked out from the calendar alone. */
function periodOf(period: string, wallMs: number): string {
  const there = new Date(wallMs + 8 * HOUR_MS);
  if (period === "all") return "";
  if (period === "month") return there.toISOString().slice(0, there.toISOString().length - 17);
  const sinceMonday = (there.getUTCDay() + 6) % 7;
  const first = period === "week" ? new Date(there.getTime() - sinceMonday * DAY_MS) : there;
  return first.toISOString().slice(0, -14);
}

type Spent = { readonly [period: string]: { tokens: number; cost: number } };

function spendingIn(folder: string, atWallMs: number): Map<string, Spent> {
  const due = new Map<string, Spent>();
  for (const row of select(folder, SPENT)) {
    const tokens = Number(row["tokens"]);
    const cost = Number(row["cost"]);
    if (tokens === 0 && cost === 0) continue;
    for (const spender of [`key ${row["key_id"]}`, `model ${row["alias"]}`, "all "]) {
      const known = due.get(spender);
      const periods = known ?? Object.fromEntries(PERIODS.map((period) => [period, { tokens: 0, cost: 0 }]));
      due.set(spender, periods);
      for (const [period, sum] of Object.entries(periods)) {
        if (periodOf(period, Number(row["at"])) !== periodOf(period, atWallMs)) continue;
        sum.tokens += tokens;
        sum.cost += cost;
      }
    }
  }
  return due;
}

type States = Map<string, string>;

function statesIn(folder: string): States {
  const rows = select(folder, "SELECT attempt_id, state, cost_micro_yuan, opened_at FROM attempts");
  return new Map(rows.map((row) => [String(row["attempt_id"]), JSON.stringify(row)]));
}

/** A final row is never changed, and none goes away. */
function expectFinalRowsKept(before: States, after: States): void {
  for (const [attemptId, row] of before) {
    if (row.includes('"open"')) expect(after.has(attemptId)).toBe(true);
    else expect(after.get(attemptId)).toBe(row);
  }
}

class Play {
  readonly #folder = mkdtempSync(join(tmpdir(), "ledger-property-"));
  readonly #applied: (readonly JournalRecord[])[] = [];
  #store = LedgerStore.open(this.#folder, { busyTimeoutMs: 0 });

  run(steps: readonly Step[]): void {
    let before = statesIn(this.#folder);
    for (const one of steps) {
      this.#take(one);
      const after = statesIn(this.#folder);
      expectFinalRowsKept(before, after);
      before = after;
      const { kept, due } = sums(this.#folder);
      expect(kept).toEqual(due);
    }
    for (const at of [NOON, NOON - 12 * HOUR_MS - 1, 0, NOON * 2]) this.#expectSpending(at);
    this.#expectOneRowEach();
  }

  end(): void {
    this.#store.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #take(one: Step): void {
    switch (one.kind) {
      case "apply":
        this.#applied.push(one.records);
        this.#store.apply(one.records, start);
        return;
      case "replay":
        for (const batch of this.#applied.slice(one.from)) this.#store.apply(batch, start);
        return;
      case "interrupt":
        this.#store.interruptOpenRows(fourBytesAToken);
        return;
      case "restart":
        this.#store.close();
        this.#store = LedgerStore.open(this.#folder, { busyTimeoutMs: 0 });
        return;
      case "locked":
        this.#applyLocked(one.records);
        return;
    }
  }

  /** Refused once, then given again. */
  #applyLocked(batch: readonly JournalRecord[]): void {
    const other = new DatabaseSync(ledgerPath(this.#folder));
    other.exec("BEGIN IMMEDIATE");
    expect(() => this.#store.apply(batch, start)).toThrow("locked");
    other.close();
    this.#applied.push(batch);
    this.#store.apply(batch, start);
  }

  /** What is read of the sums is what the rows add up to. */
  #expectSpending(atWallMs: number): void {
    const due = spendingIn(this.#folder, atWallMs);
    const read = this.#store.spendingAt(atWallMs);
    expect(new Map(read.map(({ kind, name, periods }) => [`${kind} ${name}`, periods]))).toEqual(due);
  }

  /** Each attempt that was opened has a row, final if a settlement of it came. */
  #expectOneRowEach(): void {
    const all = this.#applied.flat();
    const states = statesIn(this.#folder);
    const openings = new Set(all.filter(({ kind }) => kind === "opened").map(({ row }) => row.attemptId));
    const endings = new Set(all.filter(({ kind }) => kind === "settled").map(({ row }) => row.attemptId));
    expect(new Set(states.keys())).toEqual(new Set<string>(openings));
    for (const [attemptId, row] of states) {
      if (endings.has(attemptId as never)) expect(row).not.toContain('"open"');
    }
    const waiting = [...endings].filter((attemptId) => !openings.has(attemptId));
    expect(this.#store.earlySettlements).toBe(waiting.length);
  }
}

test(
  "each attempt comes to one final state, and the sums are those of the rows",
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
        const play = new Play();
        try {
          play.run(steps);
        } finally {
          play.end();
        }
      }),
      propertyRuns(SHARE),
    );
  },
  propertyTimeoutMs(SHARE),
);
