/** What every ledger sink must do: keep a row for each attempt, and settle it exactly once. */
import { describe, expect, test } from "vitest";
import { attemptIdOf, newRequestId } from "../../src/core/ids.ts";
import type { AttemptSettled, Ledger } from "../../src/ledger/ledger.ts";
import { openedRow, settledWith } from "../support/attempt-rows.ts";

/** A sink, and a look into it. */
export type OpenedLedger = {
  readonly ledger: Ledger;
  readonly openRows: () => number;
  /** May close the ledger, where its rows can be read only then. */
  readonly settledRows: () => readonly AttemptSettled[] | Promise<readonly AttemptSettled[]>;
};

export function ledgerContract(name: string, openLedger: () => OpenedLedger | Promise<OpenedLedger>): void {
  describe(`the ledger ${name}`, () => {
    test("keeps an open row until it settles, with what it settled to", async () => {
      const { ledger, openRows, settledRows } = await openLedger();
      const row = openedRow(newRequestId(0));
      const open = ledger.open(row);
      expect(openRows()).toBe(1);
      const settled = settledWith(row.attemptId, 5);
      open.settle(settled);
      expect(openRows()).toBe(0);
      expect(await settledRows()).toEqual([settled]);
    });

    test("settles each attempt once: a second settling changes nothing", async () => {
      const { ledger, openRows, settledRows } = await openLedger();
      const row = openedRow(newRequestId(0));
      const open = ledger.open(row);
      open.settle(settledWith(row.attemptId, 5));
      open.settle(settledWith(row.attemptId, 500));
      expect(openRows()).toBe(0);
      expect((await settledRows()).map(({ usage }) => usage?.outputTokens)).toEqual([5]);
    });

    test("keeps the attempts of one request apart", async () => {
      const { ledger, openRows, settledRows } = await openLedger();
      const requestId = newRequestId(0);
      ledger.open(openedRow(requestId));
      ledger.open(openedRow(attemptIdOf(requestId, 2))).settle(settledWith(attemptIdOf(requestId, 2), 9));
      expect(openRows()).toBe(1);
      expect((await settledRows()).map(({ attemptId }) => attemptId)).toEqual([attemptIdOf(requestId, 2)]);
    });

    test("says when a row is written, and when its figures are kept", async () => {
      const { ledger, settledRows } = await openLedger();
      const row = openedRow(newRequestId(0));
      const open = ledger.open(row);
      await ledger.written();
      expect(ledger.written()).toBeNull();
      open.settle(settledWith(row.attemptId, 5));
      await ledger.kept();
      expect(ledger.kept()).toBeNull();
      expect(await settledRows()).toHaveLength(1);
    });

    test("closes", async () => {
      const { ledger } = await openLedger();
      await expect(ledger.close()).resolves.toBeUndefined();
    });
  });
}
