/** What earlier runs have spent, as budgets ask for it, and which requests were to be done once. */
import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS } from "../../../../src/core/beijing-day.ts";
import type { AttemptOpened, AttemptSettled } from "../../../../src/ledger/ledger.ts";
import type { LedgerStore } from "../../../../src/ledger/store/ledger-store.ts";
import { SPENDING_DAYS_KEPT } from "../../../../src/ledger/store/spending-table.ts";
import { NOON } from "../../../support/attempt-rows.ts";
import { select } from "./inspection.ts";
import { fourBytesAToken, newFolder, opened, openStore, settled, start } from "./records.ts";

let made = 0;

function spend(
  store: LedgerStore,
  changes: Partial<AttemptOpened>,
  ending: Partial<AttemptSettled> = {},
): void {
  const id = `req_${made++}`;
  store.apply([opened(id, changes), settled(id, ending)], start);
}

function spendingOf(store: LedgerStore, wallMs: number, kind = "all", name = "") {
  return store.spendingAt(wallMs).find((sums) => sums.kind === kind && sums.name === name)?.periods ?? null;
}

const once = { tokens: 150, cost: 200 };
const none = { tokens: 0, cost: 0 };

describe("spending", () => {
  // The 27th of August 2026 is a Thursday: its week began on the 24th, its month on the 1st.
  const startOfDay = NOON - 12 * HOUR_MS;
  const startOfWeek = startOfDay - 3 * DAY_MS;
  const startOfMonth = startOfDay - 26 * DAY_MS;

  test.each([
    ["the day's first moment", startOfDay, [once, once, once, once]],
    ["the day's last", startOfDay + DAY_MS - 1, [once, once, once, once]],
    ["the day before's last", startOfDay - 1, [none, once, once, once]],
    ["the next day's first", startOfDay + DAY_MS, [none, once, once, once]],
    ["the week's first", startOfWeek, [none, once, once, once]],
    ["the week before's last", startOfWeek - 1, [none, none, once, once]],
    ["the next week's first", startOfWeek + 7 * DAY_MS, [none, none, once, once]],
    ["the month's first", startOfMonth, [none, none, once, once]],
    ["the month before's last", startOfMonth - 1, [none, none, none, once]],
    ["the next month's first", startOfMonth + 31 * DAY_MS, [none, none, none, once]],
  ])("of %s counts in its day, week and month, and for ever", (_what, openedAtWallMs, expected) => {
    const store = openStore(newFolder());
    spend(store, { openedAtWallMs });
    const [day, week, month, all] = expected;
    expect(spendingOf(store, NOON)).toEqual({ day, week, month, all });
  });

  test("is added up by key, by model and of all; what has no known price counts with its tokens", () => {
    const store = openStore(newFolder());
    spend(store, { keyId: "alice" as never, alias: "fast" });
    spend(store, { keyId: "bob" as never, alias: "fast" }, { cost: null });
    spend(store, { keyId: "bob" as never, alias: "big" }, { cost: 7 });
    const days = store.spendingAt(NOON).map(({ kind, name, periods }) => [kind, name, periods.day]);
    expect(days).toEqual([
      ["all", "", { tokens: 450, cost: 207 }],
      ["key", "alice", once],
      ["key", "bob", { tokens: 300, cost: 7 }],
      ["model", "big", { tokens: 150, cost: 7 }],
      ["model", "fast", { tokens: 300, cost: 200 }],
    ]);
  });

  test("of nothing leaves no name behind", () => {
    const store = openStore(newFolder());
    spend(store, { alias: "made-up" }, { state: "failed", usage: null, provenance: "none", cost: 0 });
    expect(store.spendingAt(NOON)).toEqual([]);
  });

  test(`by the day goes after ${SPENDING_DAYS_KEPT} days, and the total stays`, () => {
    const folder = newFolder();
    const store = openStore(folder);
    spend(store, {});
    const days = () => select(folder, "SELECT count(*) AS n FROM spending_days");
    store.retire(NOON + SPENDING_DAYS_KEPT * DAY_MS, 0, 10);
    expect(days()).toEqual([{ n: 3 }]);
    store.retire(NOON + (SPENDING_DAYS_KEPT + 1) * DAY_MS, 0, 10);
    expect(days()).toEqual([{ n: 0 }]);
    expect(spendingOf(store, NOON)).toEqual({ day: none, week: none, month: none, all: once });
  });
});

describe("requests that were to be done once", () => {
  const failed = { state: "failed", usage: null, provenance: "none", cost: 0 } as const;

  test("are those that a model may have seen, the newest first", () => {
    const store = openStore(newFolder());
    const at = (age: number, text: string | null) => ({ openedAtWallMs: NOON - age, idempotency: text });
    store.apply(
      [
        opened("req_old", at(1_001, "old")),
        settled("req_old"),
        opened("req_edge", at(1_000, "edge")),
        settled("req_edge"),
        opened("req_plain", at(2, null)),
        settled("req_plain"),
        opened("req_unsent", at(3, "unsent")),
        settled("req_unsent", { ...failed, dispatchedMs: null }),
        opened("req_refused", at(4, "refused")),
        settled("req_refused", failed),
        opened("req_open", at(5, "open")),
      ],
      start,
    );
    const texts = (rowsMax = 100) => store.onceRows(NOON - 1_000, rowsMax).map(({ text }) => text);
    expect(texts()).toEqual(["refused", "open", "edge"]);
    store.interruptOpenRows(fourBytesAToken);
    expect(texts()).toEqual(["refused", "open", "edge"]);
    expect(texts(2)).toEqual(["refused", "open"]);
    expect(store.onceRows(NOON - 4, 1)).toEqual([
      { text: "refused", requestId: "req_refused", openedAtWallMs: NOON - 4 },
    ]);
  });
});
