/**
 * The ledger's disk fails under a running gateway: streams go on, new calls are told, nothing that was
 * acknowledged is lost, and it comes back by itself.
 */
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { DurableLedger, type DurableLedgerOptions } from "../../src/ledger/durable-ledger.ts";
import { readRows, rollUpFlaws, untrueRows } from "../support/fault-matrix/stored.ts";
import { type Answered, callChat, chatBodyFor } from "../support/gateway-call.ts";
import { callInto, type ObservedCall } from "../support/observed-call.ts";
import { until } from "../support/raw-origin.ts";
import { untilQuiet } from "../support/reconcile.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";
import { Seeded } from "../support/seeded.ts";
import { type DiskFault, UnsteadyDisk } from "../support/unsteady-disk.ts";

const SILENT = { info() {}, warn() {}, error() {} };
const YEAR_MS = 365 * 86_400_000;
const BODY = chatBodyFor("deepseek-v3");
const faults = ["EIO", "ENOSPC", "EROFS", "EDQUOT"] as const satisfies readonly DiskFault[];

/** More writes than that each call has of its own. */
const NTH_WRITES = 8;

type Opening = {
  readonly durability?: DurableLedgerOptions["durability"];
  readonly onFailure?: DurableLedgerOptions["onFailure"];
  readonly segmentBytes?: number;
};

class House {
  readonly running: RunningGateway;
  readonly disk: UnsteadyDisk;
  readonly folder: string;
  /** Ids of calls that were answered. */
  readonly answered: string[] = [];

  constructor(running: RunningGateway, disk: UnsteadyDisk, folder: string) {
    this.running = running;
    this.disk = disk;
    this.folder = folder;
  }

  async call(): Promise<Answered> {
    const answer = await callChat(this.running, BODY);
    if (answer.status === 200) this.answered.push(answer.header("x-request-id") ?? "");
    return answer;
  }

  /** A stream with some of its events out, and the rest still to come. */
  async stream(): Promise<ObservedCall> {
    const call = callInto(this.running, { kind: "stall", afterBytes: 3_000, ms: 700 }, { stream: true });
    await call.caller.untilText('"delta"');
    return call;
  }

  async untilWell(): Promise<void> {
    await expect.poll(async () => (await this.call()).status, { timeout: 5_000, interval: 50 }).toBe(200);
  }

  /** Closes it all, and holds the file against what was answered, told and billed. */
  async settle(): Promise<void> {
    await untilQuiet(this.running);
    await this.running.close();
    const rows = readRows(this.folder);
    expect(untrueRows(rows, this.running.ledger.rows())).toEqual([]);
    const known = new Set(rows.map(({ request_id: id }) => id));
    expect(this.answered.filter((id) => !known.has(id))).toEqual([]);
    expect(rows.filter(({ state }) => state === "open")).toEqual([]);
    const sent = rows.filter(({ connect_ms: ms }) => ms !== null);
    expect(sent.length).toBe(this.running.simulator.bill.length);
    expect(rollUpFlaws(this.folder)).toEqual([]);
  }
}

async function open({ durability = "process", onFailure = "refuse", segmentBytes = 65_536 }: Opening = {}) {
  const folder = mkdtempSync(join(tmpdir(), "volcano-proxy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const disk = new UnsteadyDisk();
  const options = { folder, durability, onFailure, retentionMs: YEAR_MS, log: SILENT, segmentBytes, disk };
  const durable = await DurableLedger.open(options);
  const running = await startGateway({ durable, simulator: { replyTokens: 40 } });
  return new House(running, disk, folder);
}

function expectRefusal(answer: Answered): void {
  expect(answer.status).toBe(503);
  expect(answer.error).toMatchObject({ type: "server_error", code: "ledger_unavailable" });
  expect(Number(answer.header("retry-after"))).toBeGreaterThan(0);
  // Nothing was sent, so it may come again.
  expect(answer.header("x-should-retry")).toBeNull();
}

describe.each(["process", "power"] as const)("under durability: %s", (durability) => {
  test.each(["EIO", "ENOSPC"] as const)(
    "%s: streams go on to their end, calls are told, and then all is well",
    async (fault) => {
      const house = await open({ durability });
      expect((await house.call()).status).toBe(200);
      const stream = await house.stream();
      house.disk.fail(fault);
      const asked = house.running.simulator.requests.length;
      for (let count = 0; count < 5; count++) expectRefusal(await house.call());
      expect(house.running.simulator.requests.length).toBe(asked);
      await until(() => stream.caller.text.includes('"finish_reason":"stop"'), "the stream's text");
      expect(stream.caller.text).not.toContain("[DONE]");
      house.disk.fail(null);
      await stream.caller.untilText("[DONE]");
      expect(await stream.row()).toMatchObject({ state: "settled", provenance: "upstream_final" });
      await house.untilWell();
      await house.settle();
    },
  );

  test("whichever write fails, no call is half known", async () => {
    for (let nth = 1; nth <= NTH_WRITES; nth++) {
      const house = await open({ durability });
      const fault = faults[nth % faults.length] ?? "EIO";
      house.disk.writeFault = (write) => (write === nth ? fault : null);
      // Some of them wait for one write together.
      for (let round = 0; round < NTH_WRITES; round++) {
        const answers = await Promise.all(Array.from({ length: 1 + (round % 3) }, () => house.call()));
        for (const answer of answers) if (answer.status !== 200) expectRefusal(answer);
      }
      expect(house.disk.failures).toBe(1);
      await house.settle();
    }
  });

  test.each([1, 2])("half of all writes fail, no call is half known: seed %s", async (seed) => {
    const house = await open({ durability });
    const random = new Seeded(seed);
    house.disk.writeFault = () => (random.below(2) === 0 ? "ENOSPC" : null);
    for (let round = 0; round < 8; round++) {
      const answers = await Promise.all(Array.from({ length: 5 }, () => house.call()));
      for (const answer of answers) if (answer.status !== 200) expectRefusal(answer);
    }
    expect(house.disk.failures).toBeGreaterThan(0);
    house.disk.fail(null);
    await house.untilWell();
    await house.settle();
  });
});

test("each second sync fails: every answer waits for one that did not", async () => {
  const house = await open({ durability: "power" });
  house.disk.syncFault = (sync) => (sync % 2 === 0 ? "EIO" : null);
  for (let count = 0; count < 10; count++) await house.call();
  expect(house.disk.failures).toBeGreaterThan(0);
  house.disk.fail(null);
  await house.untilWell();
  await house.settle();
});

test("a disk that does not answer holds up ends, and nothing else", async () => {
  const house = await open({ durability: "power" });
  house.disk.holdSyncs();
  const call = callInto(house.running, null, { stream: true });
  await until(() => house.disk.syncsHeld > 0, "a sync");
  await call.caller.untilText('"finish_reason":"stop"');
  expect(call.caller.text).not.toContain("[DONE]");
  house.disk.letSyncsGo();
  await call.caller.untilText("[DONE]");
  await house.settle();
});

describe("on_failure: continue", () => {
  test.each(["process", "power"] as const)(
    "under durability: %s calls go on, and rows come later",
    async (durability) => {
      const house = await open({ durability, onFailure: "continue" });
      expect((await house.call()).status).toBe(200);
      house.disk.fail("ENOSPC");
      const stream = await house.stream();
      for (let count = 0; count < 20; count++) expect((await house.call()).status).toBe(200);
      await stream.caller.untilText("[DONE]");
      expect(house.disk.failures).toBeGreaterThan(0);
      house.disk.fail(null);
      await house.untilWell();
      await house.settle();
    },
  );
});

test("SQLite locked by another program: calls go on, and rows come when it is free", async () => {
  const house = await open();
  const other = new DatabaseSync(join(house.folder, "ledger.sqlite"), { timeout: 5_000 });
  other.exec("BEGIN IMMEDIATE");
  const stream = await house.stream();
  for (let count = 0; count < 20; count++) expect((await house.call()).status).toBe(200);
  await stream.caller.untilText("[DONE]");
  // Longer than the ledger waits for a lock at a time.
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(other.prepare("SELECT count(*) AS rows FROM attempts").get()).toEqual({ rows: 0 });
  other.exec("ROLLBACK");
  other.close();
  await house.settle();
});

test("no room for another segment: calls are told before it is short, and all that is open settles", async () => {
  const house = await open({ segmentBytes: 16_384 });
  const stream = await house.stream();
  const journal = join(house.folder, "journal");
  renameSync(journal, `${journal}.gone`);
  await expect.poll(async () => (await house.call()).status, { timeout: 5_000, interval: 1 }).toBe(503);
  expectRefusal(await house.call());
  await stream.caller.untilText("[DONE]");
  expect(await stream.row()).toMatchObject({ state: "settled", provenance: "upstream_final" });
  renameSync(`${journal}.gone`, journal);
  await house.untilWell();
  await house.settle();
});
