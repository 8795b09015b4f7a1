/** Whatever happens to the disk, each row ends in one state, and nothing that was promised is missing. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { OPENED_BYTES_MAX, SETTLED_BYTES_MAX } from "../../src/ledger/journal/record.ts";
import type { WriteFault } from "../support/failing-disk.ts";
import { JournalMachine, MachineRow } from "../support/journal-machine.ts";

const DURABILITIES = ["process", "power"] as const;
const POLICIES = ["refuse", "continue"] as const;
const FAULTS: readonly WriteFault[] = ["EIO", "ENOSPC", "short", "torn"];
const HELD_LINES_MAX = 200;
/** Beyond the time that `kept()` waits. */
const LONG_MS = 11_000;

type Step =
  | { readonly kind: "open" | "settle"; readonly count: number; readonly which: number }
  | { readonly kind: "turn" | "spare" | "check" | "stick" | "release" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "writes"; readonly fault: WriteFault; readonly count: number }
  | { readonly kind: "syncs"; readonly count: number };

const healthySteps: fc.Arbitrary<Step>[] = [
  fc.record({
    kind: fc.constantFrom("open", "settle"),
    count: fc.integer({ min: 1, max: 12 }),
    which: fc.nat(),
  }),
  fc.record({
    kind: fc.constantFrom("open", "settle"),
    count: fc.integer({ min: 1, max: 3 }),
    which: fc.nat(),
  }),
  fc.record({ kind: fc.constantFrom("turn", "turn", "spare", "check") }),
];
const steps: fc.Arbitrary<Step> = fc.oneof(
  ...healthySteps,
  ...healthySteps,
  fc.record({ kind: fc.constantFrom("stick", "release") }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, 260, 2_300, LONG_MS) }),
  fc.record({
    kind: fc.constant("writes" as const),
    fault: fc.constantFrom(...FAULTS),
    count: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ kind: fc.constant("syncs" as const), count: fc.integer({ min: 1, max: 3 }) }),
);

/** One turn of the event loop, and what follows from it at once. */
function turn(): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(1);
}

async function take(machine: JournalMachine, step: Step, number: number): Promise<void> {
  const { disk } = machine;
  switch (step.kind) {
    case "open":
      for (let row = 0; row < step.count; row++) machine.open();
      break;
    case "settle":
      for (let row = 0; row < step.count; row++) machine.settle(step.which + row);
      break;
    case "turn":
      await turn();
      break;
    case "spare":
      machine.addSpare();
      break;
    case "check":
      expect(machine.brokenPromises((write) => (write * 7 + number) % 3 !== 0)).toEqual([]);
      break;
    case "stick":
      disk.isStuck = true;
      break;
    case "release":
      disk.release();
      break;
    case "wait":
      await vi.advanceTimersByTimeAsync(step.ms);
      break;
    case "writes": {
      const last = disk.writes + step.count;
      disk.writeFault = (write) => (write <= last ? step.fault : null);
      break;
    }
    case "syncs": {
      const last = disk.syncs + step.count;
      disk.syncFails = (sync) => sync <= last;
      break;
    }
  }
}

/** The disk is well again, and there are segments: then all that was held is written. */
async function recover(machine: JournalMachine): Promise<void> {
  machine.disk.writeFault = () => null;
  machine.disk.syncFails = () => false;
  machine.disk.release();
  for (let round = 0; round < 12; round++) {
    machine.addSpare();
    await vi.advanceTimersByTimeAsync(300);
  }
}

async function close(machine: JournalMachine): Promise<void> {
  const closed = machine.writer.close(1_000);
  await vi.advanceTimersByTimeAsync(1_100);
  expect(await closed).toBe(true);
  expect(machine.writer.heldLines).toBe(0);
  expect(machine.disk.openFiles).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setImmediate", "setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

describe.each(DURABILITIES)("for %s", (durability) => {
  test.each(POLICIES)(
    "every sequence of events leaves each row in one state, on failure %s",
    async (onFailure) => {
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { maxLength: 60, size: "max" }), async (sequence) => {
          vi.clearAllTimers();
          const machine = new JournalMachine({ durability, onFailure }, HELD_LINES_MAX);
          machine.addSpare();
          machine.addSpare();
          for (const [number, step] of sequence.entries()) {
            await take(machine, step, number);
            expect(machine.writer.openRows).toBe(machine.openRows.length);
            expect(machine.writer.heldLines).toBeLessThanOrEqual(HELD_LINES_MAX + machine.rows.length);
          }
          await recover(machine);
          expect(machine.writer.trouble).toBeNull();
          const rejected = machine.rows.filter(({ keptRejections }) => keptRejections > 0);
          for (const { isSettled, isKept } of machine.rows)
            expect(isKept || !isSettled || rejected.length > 0).toBe(true);
          await close(machine);
          expect(machine.wrongEnds(machine.disk.afterKill())).toEqual([]);
          if (durability === "power")
            expect(machine.wrongEnds(machine.disk.afterPowerCut(() => false))).toEqual([]);
        }),
        { numRuns: 400, seed: 1 },
      );
    },
  );

  test("where the disk is well, no settling ever lacks room, however seldom segments come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(...healthySteps), { maxLength: 120, size: "max" }),
        async (sequence) => {
          vi.clearAllTimers();
          const machine = new JournalMachine({ durability, onFailure: "refuse" });
          machine.addSpare();
          for (const [number, step] of sequence.entries()) await take(machine, step, number);
          // No more segments: what waits for one is refused, and all that is open settles into what is left.
          await vi.advanceTimersByTimeAsync(3_000);
          for (let open = machine.openRows.length; open > 0; open--) machine.settle(open);
          await turn();
          await turn();
          expect(machine.troubles).toEqual([]);
          // What was settled before it was even written, so that nothing was sent for it, may wait in memory.
          const sent = machine.rows.filter(({ wasSent }) => wasSent);
          expect(sent.filter(({ isKept }) => !isKept)).toEqual([]);
          expect(machine.brokenPromises(() => false)).toEqual([]);
          await recover(machine);
          expect(machine.wrongEnds(machine.disk.afterKill())).toEqual([]);
          await close(machine);
        },
      ),
      { numRuns: 400, seed: 2 },
    );
  });
});

/** A line of so many bytes; nobody reads it. */
function lineOf(bytes: number): string {
  return `${"x".repeat(bytes - 1)}\n`;
}

test("rows that take all the room there is settle into it, each with the longest line", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: OPENED_BYTES_MAX }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 4 }),
      async (sizes, perTurn, segments) => {
        vi.clearAllTimers();
        const machine = new JournalMachine({ durability: "process", onFailure: "refuse" });
        const { writer, troubles } = machine;
        writer.expectsSpares = false;
        for (let segment = 0; segment < segments; segment++) machine.addSpare();
        const rows: MachineRow[] = [];
        // Ever shorter lines, until there is no room for the shortest.
        for (const bytes of [...sizes, ...Array.from({ length: 14 }, (_, index) => 8_192 >> index)]) {
          for (let isRefused = false; !isRefused; ) {
            const row = new MachineRow(rows.length);
            try {
              writer.open(lineOf(bytes), row);
              rows.push(row);
            } catch {
              isRefused = true;
            }
            if (rows.length % perTurn === 0) await turn();
          }
        }
        await turn();
        for (const [index, row] of rows.entries()) {
          writer.settle(lineOf(SETTLED_BYTES_MAX), row);
          if (index % perTurn === 0) await turn();
        }
        await turn();
        expect(troubles).toEqual([]);
        expect(writer.heldLines).toBe(0);
        expect(writer.openRows).toBe(0);
      },
    ),
    { numRuns: 200, seed: 3 },
  );
});
