/** The journal's writer: what it does at each failure, and each of its bounds. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { KEPT_WITHIN_MS, WAIT_WITHIN_MS } from "../../../../src/ledger/journal/writer-settings.ts";
import type { WriteFault } from "../../../support/failing-disk.ts";
import { JournalMachine } from "../../../support/journal-machine.ts";

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setImmediate", "setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

function turn(): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(1);
}

type Policy = ConstructorParameters<typeof JournalMachine>[0];

function machineWith(policy: Partial<Policy> = {}, heldLinesMax?: number): JournalMachine {
  const machine = new JournalMachine({ durability: "process", onFailure: "refuse", ...policy }, heldLinesMax);
  machine.addSpare();
  machine.addSpare();
  return machine;
}

async function close(machine: JournalMachine): Promise<void> {
  const closed = machine.writer.close(1_000);
  await vi.advanceTimersByTimeAsync(1_100);
  expect(await closed).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
}

/** Some rows, each opened in one turn and settled in another, two of them at once. */
async function someLife(machine: JournalMachine): Promise<void> {
  for (let round = 0; round < 6; round++) {
    machine.open();
    machine.open();
    await turn();
    machine.settle(round);
    await turn();
    expect(machine.brokenPromises((write) => write % 2 === 0)).toEqual([]);
  }
}

const FAULTS: readonly WriteFault[] = ["EIO", "ENOSPC", "short", "torn"];

describe.each(["process", "power"] as const)("for %s", (durability) => {
  describe.each(["refuse", "continue"] as const)("on failure %s", (onFailure) => {
    test.each(FAULTS)("%s at each n-th write loses nothing that was promised", async (fault) => {
      for (const length of [1, 2, 5]) {
        let hasFailed = true;
        for (let nth = 1; hasFailed; nth++) {
          const machine = machineWith({ durability, onFailure });
          machine.disk.writeFault = (write) => (write >= nth && write < nth + length ? fault : null);
          await someLife(machine);
          hasFailed = machine.disk.writes >= nth;
          await vi.advanceTimersByTimeAsync(2_000);
          machine.addSpare();
          await vi.advanceTimersByTimeAsync(2_000);
          expect(machine.writer.trouble).toBeNull();
          await close(machine);
          expect(machine.wrongEnds(machine.disk.afterKill())).toEqual([]);
          expect(hasFailed || nth > 10).toBe(true);
        }
      }
    });
  });
});

test.each(["refuse", "continue"] as const)(
  "no n-th sync that fails loses what was promised, %s",
  async (onFailure) => {
    for (const length of [1, 2]) {
      let hasFailed = true;
      for (let nth = 1; hasFailed; nth++) {
        const machine = machineWith({ durability: "power", onFailure });
        machine.disk.syncFails = (sync) => sync >= nth && sync < nth + length;
        await someLife(machine);
        hasFailed = machine.disk.syncs >= nth;
        machine.addSpare();
        machine.addSpare();
        await vi.advanceTimersByTimeAsync(2_000);
        await close(machine);
        expect(machine.wrongEnds(machine.disk.afterPowerCut(() => false))).toEqual([]);
        expect(hasFailed || nth > 5).toBe(true);
      }
    }
  },
);

describe("a disk that fails", () => {
  test("refuses what was opened at once, and takes rows again by itself when it is well", async () => {
    const machine = machineWith();
    machine.disk.writeFault = () => "EIO";
    machine.open();
    await turn();
    expect(machine.rows.map(({ isRefused }) => isRefused)).toEqual([true]);
    expect(machine.troubles).toHaveLength(1);
    expect(machine.writer.trouble).toContain("EIO");
    machine.open();
    expect(machine.refusals).toBe(1);
    machine.disk.writeFault = () => null;
    await vi.advanceTimersByTimeAsync(260);
    expect(machine.troubles).toEqual([expect.anything(), null]);
    machine.open();
    await turn();
    expect(machine.rows.map(({ isWritten }) => isWritten)).toEqual([false, true]);
    expect(machine.writer.openRows).toBe(1);
    await close(machine);
  });

  test("holds a settling that was kept to, for ten seconds, and writes it later all the same", async () => {
    const machine = machineWith();
    machine.open();
    await turn();
    machine.disk.writeFault = () => "ENOSPC";
    machine.settle(0);
    await vi.advanceTimersByTimeAsync(KEPT_WITHIN_MS - 500);
    expect(machine.rows[0]).toMatchObject({ isKept: false, keptRejections: 0 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(machine.rows[0]).toMatchObject({ isKept: false, keptRejections: 1 });
    machine.disk.writeFault = () => null;
    await vi.advanceTimersByTimeAsync(260);
    expect(machine.wrongEnds(machine.disk.afterKill())).toEqual([]);
    await close(machine);
  });

  test("that does not come back from a sync is waited for as long, and stops admission", async () => {
    const machine = machineWith({ durability: "power" });
    machine.disk.isStuck = true;
    machine.open();
    await turn();
    machine.settle(0);
    await vi.advanceTimersByTimeAsync(KEPT_WITHIN_MS - 500);
    expect(machine.rows[0]).toMatchObject({ isWritten: true, isKept: false, keptRejections: 0 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(machine.rows[0]).toMatchObject({ keptRejections: 1 });
    machine.open();
    expect(machine.refusals).toBe(1);
    machine.disk.release();
    await turn();
    machine.open();
    expect(machine.refusals).toBe(1);
    await turn();
    await close(machine);
  });

  test("keeps nobody waiting where the gateway goes on without it", async () => {
    const machine = machineWith({ onFailure: "continue" });
    machine.disk.writeFault = () => "EIO";
    machine.open();
    await turn();
    machine.settle(0);
    machine.open();
    await turn();
    expect(machine.rows.map(({ isWritten, isRefused }) => [isWritten, isRefused])).toEqual([
      [true, false],
      [true, false],
    ]);
    expect(machine.rows[0]?.isKept).toBe(true);
    machine.disk.writeFault = () => null;
    await vi.advanceTimersByTimeAsync(260);
    expect(machine.writer.heldLines).toBe(0);
    expect(machine.wrongEnds(machine.disk.afterKill())).toEqual([]);
    await close(machine);
  });

  test("is written to at the next segment at once, so that nobody notices one bad place", async () => {
    const machine = machineWith();
    machine.disk.writeFault = (write) => (write === 1 ? "EIO" : null);
    machine.open();
    await turn();
    expect(machine.rows[0]?.isWritten).toBe(true);
    expect(machine.troubles).toEqual([]);
    expect(machine.writer.chain.ended).toEqual([{ segment: 1, offset: 0 }]);
    await close(machine);
  });
});

describe("the bounds", () => {
  test("n lines are held where the gateway goes on, and one more is refused", async () => {
    const machine = machineWith({ onFailure: "continue" }, 5);
    machine.disk.writeFault = () => "EIO";
    for (let row = 0; row < 6; row++) machine.open();
    expect(machine.refusals).toBe(1);
    await turn();
    machine.open();
    expect(machine.refusals).toBe(2);
    // Rows that are open may settle all the same.
    for (let row = 0; row < 5; row++) machine.settle(row);
    expect(machine.writer.heldLines).toBe(10);
    machine.disk.writeFault = () => null;
    await vi.advanceTimersByTimeAsync(260);
    expect(machine.wrongEnds(machine.disk.afterKill())).toEqual([]);
    await close(machine);
  });

  test("rows wait for a segment that is coming, and are refused where none comes in time", async () => {
    const machine = machineWith();
    while (machine.rows.every(({ isWaiting }) => !isWaiting)) {
      machine.open();
      await turn();
    }
    const [waiting] = machine.rows.slice(-1);
    expect(waiting).toMatchObject({ isWritten: false, isRefused: false });
    machine.addSpare();
    await turn();
    expect(waiting).toMatchObject({ isWritten: true, isWaiting: false });
    while (machine.rows.at(-1)?.isWaiting === false) {
      machine.open();
      await turn();
    }
    const [late] = machine.rows.slice(-1);
    await vi.advanceTimersByTimeAsync(WAIT_WITHIN_MS - 100);
    expect(late?.isRefused).toBe(false);
    await vi.advanceTimersByTimeAsync(600);
    expect(late?.isRefused).toBe(true);
    expect(machine.writer.trouble).toBeNull();
    await close(machine);
  });

  test("nobody waits for a segment that cannot be prepared", async () => {
    const machine = machineWith();
    machine.writer.expectsSpares = false;
    while (machine.refusals === 0) {
      machine.open();
      await turn();
    }
    expect(machine.rows.every(({ isWritten }) => isWritten)).toBe(true);
    for (let open = machine.openRows.length; open > 0; open--) machine.settle(open);
    await turn();
    expect(machine.writer.heldLines).toBe(0);
    expect(machine.wrongEnds(machine.disk.afterKill())).toEqual([]);
    await close(machine);
  });

  test("a closed writer keeps nothing, and says so", async () => {
    const machine = machineWith();
    machine.open();
    await turn();
    await close(machine);
    machine.settle(0);
    await turn();
    expect(machine.rows[0]).toMatchObject({ isKept: false, keptRejections: 1 });
    expect(vi.getTimerCount()).toBe(0);
  });
});
