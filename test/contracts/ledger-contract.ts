/** What every ledger sink must do: keep a row for each attempt, and settle it exactly once. */
import { describe, expect, test } from "vitest";
import { type AttemptId, attemptIdOf, type KeyId, newRequestId, type RequestId } from "../../src/core/ids.ts";
import type { AttemptOpened, AttemptSettled, Ledger } from "../../src/ledger/ledger.ts";

/** A sink, and a look into it. */
export type OpenedLedger = {
  readonly ledger: Ledger;
  readonly openRows: () => number;
  /** May close the ledger, where its rows can be read only then. */
  readonly settledRows: () => readonly AttemptSettled[] | Promise<readonly AttemptSettled[]>;
};

export function openedRow(requestId: RequestId, attempt = 1): AttemptOpened {
  return {
    attemptId: attemptIdOf(requestId, attempt),
    requestId,
    clientRequestId: null,
    keyId: "ark-000000000000" as KeyId,
    door: "chat",
    alias: "deepseek-r1",
    upstream: "ark",
    upstreamModel: "ep-20250218144306-sshj5",
    stream: true,
    openedAtWallMs: 1_795_000_000_000,
    queueMs: 0.5,
    body: {
      events: 1,
      narrowBytes: 200,
      marks: 20,
      middleCharacters: 0,
      wideCharacters: 12,
      thoughtBytes: 0,
    },
    outputTokensMax: null,
    price: null,
  };
}

export function settledRow(attemptId: AttemptId, outputTokens: number): AttemptSettled {
  return {
    attemptId,
    state: "settled",
    cause: "-E",
    status: 200,
    errorCode: null,
    usage: { inputTokens: 7, cachedInputTokens: 0, outputTokens, reasoningTokens: 0 },
    provenance: "upstream_final",
    cost: null,
    dispatchedMs: 1,
    firstByteMs: 2,
    totalMs: 3,
  };
}

export function ledgerContract(name: string, openLedger: () => OpenedLedger | Promise<OpenedLedger>): void {
  describe(`the ledger ${name}`, () => {
    test("keeps an open row until it settles, with what it settled to", async () => {
      const { ledger, openRows, settledRows } = await openLedger();
      const row = openedRow(newRequestId(0));
      const open = ledger.open(row);
      expect(openRows()).toBe(1);
      const settled = settledRow(row.attemptId, 5);
      open.settle(settled);
      expect(openRows()).toBe(0);
      expect(await settledRows()).toEqual([settled]);
    });

    test("settles each attempt once: a second settling changes nothing", async () => {
      const { ledger, openRows, settledRows } = await openLedger();
      const row = openedRow(newRequestId(0));
      const open = ledger.open(row);
      open.settle(settledRow(row.attemptId, 5));
      open.settle(settledRow(row.attemptId, 500));
      expect(openRows()).toBe(0);
      expect((await settledRows()).map(({ usage }) => usage?.outputTokens)).toEqual([5]);
    });

    test("keeps the attempts of one request apart", async () => {
      const { ledger, openRows, settledRows } = await openLedger();
      const requestId = newRequestId(0);
      ledger.open(openedRow(requestId, 1));
      ledger.open(openedRow(requestId, 2)).settle(settledRow(attemptIdOf(requestId, 2), 9));
      expect(openRows()).toBe(1);
      expect((await settledRows()).map(({ attemptId }) => attemptId)).toEqual([attemptIdOf(requestId, 2)]);
    });

    test("says when a row is written, and when its figures are kept", async () => {
      const { ledger, settledRows } = await openLedger();
      const row = openedRow(newRequestId(0));
      const open = ledger.open(row);
      await ledger.written();
      expect(ledger.written()).toBeNull();
      open.settle(settledRow(row.attemptId, 5));
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
