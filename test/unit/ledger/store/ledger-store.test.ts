/** The store folds what the journal says into rows, once, whatever comes again or comes late. */
import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS } from "../../../../src/core/beijing-day.ts";
import { type AttemptId, idPrefixAt } from "../../../../src/core/ids.ts";
import { EARLY_SETTLEMENTS_MAX } from "../../../../src/ledger/store/early-settlements.ts";
import { NOON } from "../../../support/attempt-rows.ts";
import { select, sums } from "./inspection.ts";
import { fourBytesAToken, newFolder, opened, openStore, settled, start, wholeAttempts } from "./records.ts";

describe("a batch of records", () => {
  test("opening and settlement become one row with all that they say", () => {
    const folder = newFolder();
    const store = openStore(folder);
    store.apply([opened("req_a", { clientRequestId: "mine" }), settled("req_a")], { segment: 3, offset: 99 });
    expect(store.position()).toEqual({ segment: 3, offset: 99 });
    expect(select(folder, "SELECT * FROM attempts")).toEqual([
      {
        attempt_id: "req_a.1",
        request_id: "req_a",
        client_request_id: "mine",
        key_id: "key-1",
        door: "chat",
        alias: "fast",
        upstream: "ark",
        upstream_model: "doubao-seed-1-6",
        stream: 1,
        state: "settled",
        cause: "-E",
        status: 200,
        error_code: null,
        opened_at: NOON,
        queue_ms: 1.5,
        connect_ms: 2.5,
        first_byte_ms: 100.25,
        total_ms: 900.75,
        input_tokens: 100,
        cached_input_tokens: 20,
        output_tokens: 50,
        reasoning_tokens: 10,
        provenance: "upstream_final",
        cost_micro_yuan: 200,
        price_version: "ark-2026-08-27",
        estimate_from: null,
        idempotency: null,
        strayed: 1,
      },
    ]);
  });

  test("a row is open between its batches, and counts in the sums with its settlement only", () => {
    const folder = newFolder();
    const store = openStore(folder);
    store.apply([opened("req_a")], start);
    expect(store.openRows).toBe(1);
    expect(sums(folder).kept.hours).toEqual([]);
    store.apply([settled("req_a", { state: "partial", cause: "US", cost: null, usage: null })], start);
    expect(store.openRows).toBe(0);
    expect(sums(folder).kept.days).toMatchObject([
      { state: "partial", attempts: 1, input_tokens: 0, cost_micro_yuan: 0, unknown_cost_attempts: 1 },
    ]);
  });

  test("what is free costs 0, and what has no known price costs null", () => {
    const folder = newFolder();
    openStore(folder).apply(
      [
        opened("req_free"),
        settled("req_free", { cost: 0 }),
        opened("req_unknown", { price: null }),
        settled("req_unknown", { cost: null }),
      ],
      start,
    );
    expect(select(folder, "SELECT cost_micro_yuan, price_version FROM attempts ORDER BY attempt_id")).toEqual(
      [
        { cost_micro_yuan: 0, price_version: "ark-2026-08-27" },
        { cost_micro_yuan: null, price_version: null },
      ],
    );
  });

  test("a final row is changed by nothing that comes again", () => {
    const folder = newFolder();
    const store = openStore(folder);
    const first = [opened("req_a"), settled("req_a")];
    store.apply(first, start);
    const before = select(folder, "SELECT * FROM attempts");
    store.apply(first, start);
    store.apply([opened("req_a")], start);
    store.apply([settled("req_a", { state: "failed", cost: 9 })], start);
    store.apply([opened("req_a"), settled("req_a", { state: "failed", cost: 9 })], start);
    expect(select(folder, "SELECT * FROM attempts")).toEqual(before);
    expect(sums(folder).kept).toEqual(sums(folder).due);
    expect(store.earlySettlements).toBe(0);
  });

  test("a settlement waits for an opening that comes after it, over a restart too", () => {
    const folder = newFolder();
    const store = openStore(folder);
    store.apply([settled("req_a")], start);
    expect(select(folder, "SELECT * FROM attempts")).toEqual([]);
    store.close();
    const again = openStore(folder);
    expect(again.earlySettlements).toBe(1);
    again.apply([opened("req_a")], start);
    expect(again.earlySettlements).toBe(0);
    expect(select(folder, "SELECT state, cost_micro_yuan FROM attempts")).toEqual([
      { state: "settled", cost_micro_yuan: 200 },
    ]);
    expect(sums(folder).kept).toEqual(sums(folder).due);
  });

  test(`at most ${EARLY_SETTLEMENTS_MAX} settlements wait; the oldest goes first`, () => {
    const store = openStore(newFolder());
    const early = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => settled(`req_${from + index}`));
    store.apply(early(0, EARLY_SETTLEMENTS_MAX), start);
    expect(store.earlySettlements).toBe(EARLY_SETTLEMENTS_MAX);
    store.apply(early(EARLY_SETTLEMENTS_MAX, 1), start);
    expect(store.earlySettlements).toBe(EARLY_SETTLEMENTS_MAX);
    store.apply([opened("req_0"), opened("req_1")], start);
    expect(store.openRows).toBe(1);
  });

  test("the wall clock may jump: rows go to the hour they were opened in, each once", () => {
    const folder = newFolder();
    const store = openStore(folder);
    const moments = [NOON, NOON - 40 * 365 * DAY_MS, NOON + 20 * 365 * DAY_MS, NOON - 1, -HOUR_MS - 1, 0];
    for (const [index, openedAtWallMs] of moments.entries()) {
      store.apply([opened(`req_${index}`, { openedAtWallMs })], start);
    }
    for (const index of moments.keys()) store.apply([settled(`req_${index}`)], start);
    const { kept, due } = sums(folder);
    expect(kept).toEqual(due);
    expect(kept.hours).toHaveLength(6);
    expect(
      kept.hours.every(({ attempts, cost_micro_yuan }) => attempts === 1 && cost_micro_yuan === 200),
    ).toBe(true);
  });

  test("midnight in Beijing parts two days", () => {
    const folder = newFolder();
    const midnight = Date.parse("2026-08-27T00:00:00+08:00");
    openStore(folder).apply(
      [
        opened("req_a", { openedAtWallMs: midnight - 1 }),
        settled("req_a"),
        opened("req_b", { openedAtWallMs: midnight }),
        settled("req_b"),
      ],
      start,
    );
    const [before, after] = sums(folder).kept.days.map(({ period }) => Number(period));
    expect(after).toBe(Date.UTC(2026, 7, 27) / DAY_MS);
    expect(before).toBe(Number(after) - 1);
  });
});

describe("groups of an hour", () => {
  test("beyond the bound models count as other, and beyond twice the bound keys too", () => {
    const folder = newFolder();
    const store = openStore(folder, { periodGroupsMax: 2 });
    const attempt = (id: string, keyId: string, alias: string) => [
      opened(id, { keyId: keyId as never, alias, upstreamModel: alias }),
      settled(id),
    ];
    store.apply(
      ["a", "b", "c", "d"].flatMap((key) => attempt(`req_${key}`, key, `model-${key}`)),
      start,
    );
    store.apply([...attempt("req_e", "e", "model-e"), ...attempt("req_f", "f", "model-f")], start);
    store.apply(attempt("req_a2", "a", "model-a"), start);
    const named = [
      { key_id: "a", alias: "model-a", upstream_model: "model-a", attempts: 2 },
      { key_id: "b", alias: "model-b", upstream_model: "model-b", attempts: 1 },
      { key_id: "c", alias: "other", upstream_model: "other", attempts: 1 },
      { key_id: "d", alias: "other", upstream_model: "other", attempts: 1 },
      { key_id: "other", alias: "other", upstream_model: "other", attempts: 2 },
    ];
    expect(sums(folder).kept.hours).toMatchObject(named);
    expect(sums(folder).kept.days).toMatchObject(named);
    // What budgets ask for is exact all the same.
    expect(sums(folder).kept.spending).toEqual(sums(folder).due.spending);
  });

  test("names that only look alike when joined stay apart", () => {
    const folder = newFolder();
    openStore(folder).apply(
      [
        opened("req_a", { keyId: "k1" as never, alias: "1a" }),
        settled("req_a"),
        opened("req_b", { keyId: "k11" as never, alias: "a" }),
        settled("req_b"),
      ],
      start,
    );
    expect(sums(folder).kept).toEqual(sums(folder).due);
    expect(sums(folder).kept.hours).toHaveLength(2);
  });
});

describe("rows that nobody settled", () => {
  test("are interrupted with an estimate and its cost", () => {
    const folder = newFolder();
    const store = openStore(folder);
    store.apply([opened("req_a", { outputTokensMax: 40 }), opened("req_b", { price: null })], start);
    expect(store.interruptOpenRows(fourBytesAToken)).toBe(2);
    expect(
      select(
        folder,
        `SELECT state, cause, provenance, input_tokens, output_tokens, cost_micro_yuan, total_ms, estimate_from
         FROM attempts ORDER BY attempt_id`,
      ),
    ).toEqual([
      {
        state: "interrupted",
        cause: "GS",
        provenance: "estimated",
        input_tokens: 100,
        output_tokens: 40,
        cost_micro_yuan: 180,
        total_ms: null,
        estimate_from: null,
      },
      expect.objectContaining({ output_tokens: 25, cost_micro_yuan: null }),
    ]);
    expect(sums(folder).kept).toEqual(sums(folder).due);
    expect(store.interruptOpenRows(fourBytesAToken)).toBe(0);
  });

  test("cost nothing where they had not come to an upstream", () => {
    const folder = newFolder();
    const store = openStore(folder);
    store.apply([opened("req_a", { upstream: "", upstreamModel: "", price: null })], start);
    store.interruptOpenRows(fourBytesAToken);
    expect(select(folder, "SELECT provenance, input_tokens, cost_micro_yuan FROM attempts")).toEqual([
      { provenance: "none", input_tokens: null, cost_micro_yuan: 0 },
    ]);
  });

  test("stay open where somebody will settle them still", () => {
    const store = openStore(newFolder());
    store.apply([opened("req_a"), opened("req_b")], start);
    expect(store.interruptOpenRows(fourBytesAToken, new Set(["req_b.1" as AttemptId]))).toBe(1);
    expect(store.openRows).toBe(1);
  });

  test("an estimate that is no number counts as nothing", () => {
    const folder = newFolder();
    const store = openStore(folder);
    store.apply([opened("req_a")], start);
    store.interruptOpenRows({ ...fourBytesAToken, inputTokens: () => Number.NaN });
    expect(select(folder, "SELECT input_tokens FROM attempts")).toEqual([{ input_tokens: 0 }]);
  });

  test("ten thousand are found and ended in less than 5 s", () => {
    const folder = newFolder();
    const store = openStore(folder);
    store.apply(
      wholeAttempts(10_001).filter(({ kind }) => kind === "opened"),
      start,
    );
    store.close();
    const began = performance.now();
    const again = openStore(folder);
    expect(again.interruptOpenRows(fourBytesAToken)).toBe(10_001);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(sums(folder).kept).toEqual(sums(folder).due);
  });
});

describe("retention", () => {
  test("takes the oldest rows, so many at a time, and leaves the sums", () => {
    const folder = newFolder();
    const store = openStore(folder);
    store.apply(wholeAttempts(10), start);
    const before = sums(folder).kept;
    expect(store.retire(NOON + DAY_MS + 5, DAY_MS, 3)).toBe(3);
    expect(select(folder, "SELECT min(opened_at) AS oldest FROM attempts")).toEqual([{ oldest: NOON + 3 }]);
    expect(store.retire(NOON + DAY_MS + 5, DAY_MS, 3)).toBe(2);
    expect(store.retire(NOON + DAY_MS + 5, DAY_MS, 3)).toBe(0);
    expect(select(folder, "SELECT count(*) AS n FROM attempts")).toEqual([{ n: 5 }]);
    expect(sums(folder).kept).toEqual(before);
  });

  test("takes those that strayed from the time in their ids by when they were opened", () => {
    const folder = newFolder();
    const store = openStore(folder);
    const openings = [
      // As it should be, old and new; the clock was years behind, or ahead; it was set back a moment.
      [NOON, NOON + 10],
      [NOON + 100, NOON + 110],
      [0, NOON + 100],
      [0, NOON],
      [2 * NOON, NOON],
      [NOON, 2 * NOON],
      [NOON + 60, NOON + 40],
    ] as const;
    const idOf = ([requestedAt]: readonly [number, number], index: number) =>
      `${idPrefixAt(requestedAt)}${String(index).padStart(16, "0")}`;
    store.apply(
      openings.flatMap((opening, index) => {
        const id = idOf(opening, index);
        return [opened(id, { openedAtWallMs: opening[1] }), settled(id)];
      }),
      start,
    );
    expect(select(folder, "SELECT count(*) AS n FROM attempts WHERE strayed = 1")).toEqual([{ n: 4 }]);
    const left = () =>
      select(folder, "SELECT substr(attempt_id, 30, 1) AS n FROM attempts ORDER BY n").map(({ n }) => n);
    expect(store.retire(NOON + DAY_MS + 50, DAY_MS, 2)).toBe(2);
    expect(left()).toEqual(["0", "1", "2", "5", "6"]);
    expect(store.retire(NOON + DAY_MS + 50, DAY_MS, 10)).toBe(1);
    expect(left()).toEqual(["1", "2", "5", "6"]);
    expect(store.retire(NOON + DAY_MS + 61, DAY_MS, 10)).toBe(1);
    expect(left()).toEqual(["1", "2", "5"]);
    expect(store.retire(3 * NOON, DAY_MS, 10)).toBe(3);
  });

  test("never takes an open row, however old", () => {
    const folder = newFolder();
    const store = openStore(folder);
    store.apply([opened("req_old", { openedAtWallMs: 0 }), ...wholeAttempts(2)], start);
    expect(store.retire(NOON + DAY_MS, 0, 100)).toBe(2);
    expect(store.openRows).toBe(1);
  });
});

describe("what is kept with the ledger", () => {
  test("the salt is made once, and differs from ledger to ledger", () => {
    const folder = newFolder();
    const store = openStore(folder);
    const { salt } = store;
    expect(salt).toHaveLength(16);
    store.close();
    store.close();
    expect(openStore(folder).salt).toEqual(salt);
    expect(openStore(newFolder()).salt).not.toEqual(salt);
  });

  test("small values by name, over a restart; null takes one away", () => {
    const folder = newFolder();
    const store = openStore(folder);
    expect(store.meta("calibration")).toBeNull();
    expect(store.position()).toBeNull();
    store.setMeta("calibration", "{}");
    store.setMeta("calibration", "{1}");
    store.close();
    const again = openStore(folder);
    expect(again.meta("calibration")).toBe("{1}");
    again.setMeta("calibration", null);
    expect(again.meta("calibration")).toBeNull();
  });
});
