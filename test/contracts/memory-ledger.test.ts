/** The ledger in memory keeps the contract, and its own bounds. */
import { describe, expect, test } from "vitest";
import { newRequestId } from "../../src/core/ids.ts";
import type { AttemptSettled } from "../../src/ledger/ledger.ts";
import { MemoryLedger } from "../../src/ledger/memory.ts";
import { openedRow, settledWith } from "../support/attempt-rows.ts";
import { ledgerContract } from "./ledger-contract.ts";

function settledOf(ledger: MemoryLedger): AttemptSettled[] {
  return ledger.rows().flatMap(({ settled }) => (settled === null ? [] : [settled]));
}

ledgerContract("in memory", () => {
  const ledger = new MemoryLedger();
  return { ledger, openRows: () => ledger.openRows, settledRows: () => settledOf(ledger) };
});

describe("the bounds of the ledger in memory", () => {
  test("n open rows are kept, one more is refused with 503", () => {
    const ledger = new MemoryLedger({ openRowsMax: 3 });
    for (let row = 0; row < 3; row++) ledger.open(openedRow(newRequestId(row)));
    expect(() => ledger.open(openedRow(newRequestId(3)))).toThrow(
      expect.objectContaining({ code: "overloaded", status: 503 }),
    );
    expect(ledger.openRows).toBe(3);
  });

  test("n settled rows are kept in order, and the oldest gives way to one more", () => {
    const ledger = new MemoryLedger({ settledRowsMax: 3 });
    for (let tokens = 1; tokens <= 7; tokens++) {
      const row = openedRow(newRequestId(tokens));
      ledger.open(row).settle(settledWith(row.attemptId, tokens));
    }
    expect(settledOf(ledger).map(({ usage }) => usage?.outputTokens)).toEqual([5, 6, 7]);
  });

  test("a second settling is counted, so that a test can see the defect", () => {
    const ledger = new MemoryLedger();
    const row = openedRow(newRequestId(0));
    const open = ledger.open(row);
    open.settle(settledWith(row.attemptId, 1));
    open.settle(settledWith(row.attemptId, 1));
    expect(ledger.refusedSettlements).toBe(1);
  });
});
