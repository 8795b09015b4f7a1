/** The durable ledger keeps the contract under both durabilities, and outlives its process. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { attemptIdOf, newRequestId } from "../../src/core/ids.ts";
import { DurableLedger, type DurableLedgerOptions } from "../../src/ledger/durable-ledger.ts";
import { journalFolder } from "../../src/ledger/journal/segment.ts";
import type { AttemptSettled } from "../../src/ledger/ledger.ts";
import { openedRow, settledWith } from "../support/attempt-rows.ts";
import { readStoredRows, type StoredRow } from "../support/storage/ledger-rows.ts";
import { ledgerContract } from "./ledger-contract.ts";

const SILENT = { info() {}, warn() {}, error() {} };
const folders: string[] = [];
const ledgers: DurableLedger[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ledger-"));
  folders.push(folder);
  return folder;
}

async function openIn(folder: string, options: Partial<DurableLedgerOptions> = {}): Promise<DurableLedger> {
  const ledger = await DurableLedger.open({
    folder,
    durability: "process",
    onFailure: "refuse",
    retentionMs: 3_650 * 86_400_000,
    log: SILENT,
    segmentBytes: 65_536,
    ...options,
  });
  ledgers.push(ledger);
  return ledger;
}

afterEach(async () => {
  await Promise.all(ledgers.splice(0).map((ledger) => ledger.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

type FullRow = StoredRow & {
  readonly status: number | null;
  readonly error_code: string | null;
  readonly connect_ms: number | null;
  readonly first_byte_ms: number | null;
  readonly total_ms: number;
};

/** As it was settled; what was delivered is the estimator's business, and is not kept. */
function settledOf(row: StoredRow): AttemptSettled {
  const { status, error_code, connect_ms, first_byte_ms, total_ms } = row as FullRow;
  const usage = {
    inputTokens: row.input_tokens ?? 0,
    cachedInputTokens: row.cached_input_tokens ?? 0,
    outputTokens: row.output_tokens ?? 0,
    reasoningTokens: row.reasoning_tokens ?? 0,
  };
  return {
    attemptId: row.attempt_id as AttemptSettled["attemptId"],
    state: row.state as AttemptSettled["state"],
    cause: row.cause as AttemptSettled["cause"],
    status,
    errorCode: error_code,
    usage: row.input_tokens === null ? null : usage,
    provenance: row.provenance as AttemptSettled["provenance"],
    cost: row.cost_micro_yuan,
    dispatchedMs: connect_ms,
    firstByteMs: first_byte_ms,
    totalMs: total_ms,
  };
}

for (const durability of ["process", "power"] as const) {
  ledgerContract(`in a folder, for ${durability}`, async () => {
    const folder = newFolder();
    const ledger = await openIn(folder, { durability });
    const settledRows = async (): Promise<AttemptSettled[]> => {
      await ledger.close();
      return readStoredRows(folder)
        .filter(({ state }) => state !== "open")
        .map(settledOf);
    };
    return { ledger, openRows: () => ledger.openRows, settledRows };
  });
}

describe("from one run to the next", () => {
  test("rows that are open at the end are interrupted by the next start, with an estimate", async () => {
    const folder = newFolder();
    const first = await openIn(folder);
    for (let row = 0; row < 3; row++) first.open(openedRow(newRequestId(row)));
    await first.written();
    await first.close();
    await (await openIn(folder)).close();
    const rows = readStoredRows(folder);
    expect(rows.map(({ state, cause, provenance }) => [state, cause, provenance])).toEqual(
      Array.from({ length: 3 }, () => ["interrupted", "GS", "estimated"]),
    );
  });

  test("10,000 open rows are seen to within five seconds", async () => {
    const folder = newFolder();
    const first = await openIn(folder, { segmentBytes: 16_777_216 });
    for (let row = 0; row < 10_000; row++) first.open(openedRow(newRequestId(row)));
    await first.close();
    const began = performance.now();
    const second = await openIn(folder);
    await second.close();
    expect(performance.now() - began).toBeLessThan(5_000);
    const states = readStoredRows(folder).map(({ state }) => state);
    expect(states).toHaveLength(10_000);
    expect(new Set(states)).toEqual(new Set(["interrupted"]));
  });

  test("the salt, small values and what was learned stay", async () => {
    const folder = newFolder();
    const first = await openIn(folder);
    const { salt } = first;
    expect(salt).toHaveLength(16);
    expect(first.adminKeyHash).toBeNull();
    await first.setMeta("admin_key_hash", "abc");
    expect(first.adminKeyHash).toBe("abc");
    const { body } = openedRow(newRequestId(0));
    const usage = { inputTokens: 9, cachedInputTokens: 0, outputTokens: 4_000, reasoningTokens: 0 };
    for (let answer = 0; answer < 9; answer++) first.estimator.learn("ark/m", body, null, usage);
    const learned = first.estimator.unseenOutputTokens("ark/m", null);
    await first.close();
    const second = await openIn(folder);
    expect(second.salt).toEqual(salt);
    expect(second.adminKeyHash).toBe("abc");
    expect(second.estimator.unseenOutputTokens("ark/m", null)).toBe(learned);
  });

  test("a closed ledger leaves no segment behind, and takes no row", async () => {
    const folder = newFolder();
    const ledger = await openIn(folder);
    ledger.open(openedRow(newRequestId(0)));
    await ledger.close();
    expect(readdirSync(journalFolder(folder))).toEqual([]);
    expect(() => ledger.open(openedRow(newRequestId(1)))).toThrow(
      expect.objectContaining({ code: "shutting_down" }),
    );
  });

  test("a second gateway on the folder is refused, and told why", async () => {
    const folder = newFolder();
    await openIn(folder);
    await expect(openIn(folder)).rejects.toMatchObject({
      name: "LedgerOpenError",
      fault: "in_use",
      message: expect.stringContaining(`pid ${process.pid}`),
    });
  });

  test("the folder is not free while the thread is dead, but once the ledger is closed", async () => {
    const folder = newFolder();
    const threads = heardThreads();
    const troubles: unknown[] = [];
    const error = ({ trouble }: { readonly [name: string]: unknown }) => troubles.push(trouble);
    const ledger = await openIn(folder, { log: { ...SILENT, error } });
    const requestId = newRequestId(1);
    const open = ledger.open(openedRow(requestId));
    await ledger.written();
    await Promise.all(threads.map((thread) => thread.terminate()));
    expect(troubles).toEqual([expect.stringContaining("thread has ended")]);
    // From outside, too: a system's lock goes when any descriptor of its file is closed.
    expect(await opensElsewhere(folder)).toContain(`(pid ${process.pid})`);
    await expect(openIn(folder)).rejects.toMatchObject({ fault: "in_use" });
    expect(await opensElsewhere(folder)).toContain(`(pid ${process.pid})`);
    open.settle(settledWith(attemptIdOf(requestId, 1), 7));
    await ledger.kept();
    await ledger.close();
    expect(readStoredRows(folder).map(({ state }) => state)).toEqual(["settled"]);
    expect(await opensElsewhere(folder)).toBe("");
  });

  test("a folder is free again after its ledger could not be opened", async () => {
    const folder = newFolder();
    mkdirSync(join(folder, "ledger.sqlite"));
    await expect(openIn(folder)).rejects.toMatchObject({ fault: "not_writable" });
    rmdirSync(join(folder, "ledger.sqlite"));
    expect(await opensElsewhere(folder)).toBe("");
  });
});

/** What another process is told that opens the store of this folder; nothing where it may. */
async function opensElsewhere(folder: string): Promise<string> {
  const file = new URL("../../src/ledger/store/ledger-store.ts", import.meta.url).href;
  const program = `import { LedgerStore } from ${JSON.stringify(file)};
    try { LedgerStore.open(${JSON.stringify(folder)}).close(); }
    catch (error) { console.log(error.message); }`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
  return stdout;
}

/** Rows opened and settled one after the other, each awaited. */
async function live(ledger: DurableLedger, first: number, count: number): Promise<void> {
  for (let number = first; number < first + count; number++) {
    const requestId = newRequestId(number);
    const open = ledger.open(openedRow(requestId));
    await ledger.written();
    open.settle(settledWith(attemptIdOf(requestId, 1), number));
    await ledger.kept();
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 8_000;
  while (!condition() && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

const entry = { atWallMs: 1, actor: "admin", action: "key.create", subject: "key_1", detail: { name: "a" } };

function auditIn(folder: string): number {
  const file = new DatabaseSync(join(folder, "ledger.sqlite"), { readOnly: true, timeout: 5_000 });
  const count = Number(file.prepare("SELECT count(*) AS n FROM audit").get()?.["n"]);
  file.close();
  return count;
}

/** Threads that are started until the test is over. */
function heardThreads(): Worker[] {
  const threads: Worker[] = [];
  const hear = (thread: Worker): number => threads.push(thread);
  process.on("worker", hear);
  onTestFinished(() => {
    process.off("worker", hear);
  });
  return threads;
}

describe("records", () => {
  test("are there at the next start, by kind", async () => {
    const folder = newFolder();
    const first = await openIn(folder);
    expect(first.records("key")).toEqual([]);
    await first.keepRecord("key", "key_1", "one", entry);
    await first.keepRecord("other", "o", "two", { ...entry, subject: "o" });
    await first.keepRecord("key", "key_1", "three", { ...entry, atWallMs: 2 });
    await first.close();
    const second = await openIn(folder);
    expect(second.records("key")).toEqual([{ kind: "key", id: "key_1", body: "three" }]);
    expect(auditIn(folder)).toBe(3);
  });

  test("that are asked for while the thread is dead are kept once there is another, once each", async () => {
    const threads = heardThreads();
    const folder = newFolder();
    const ledger = await openIn(folder);
    const before = ledger.keepRecord("key", "key_1", "one", entry);
    const deaths = Promise.all(threads.splice(0).map((thread) => thread.terminate()));
    const during = ledger.keepRecord("key", "key_2", "two", { ...entry, subject: "key_2" });
    await deaths;
    const after = ledger.keepRecord("key", "key_1", "three", { ...entry, atWallMs: 2 });
    await Promise.all([before, during, after]);
    await ledger.close();
    expect((await openIn(folder)).records("key").map(({ body }) => body)).toEqual(["three", "two"]);
    expect(auditIn(folder)).toBe(3);
  });

  test("that cannot be kept are refused, with the reason or after their time", async () => {
    const folder = newFolder();
    const threads = heardThreads();
    const ledger = await openIn(folder, { recordWithinMs: 1_500 });
    const other = new DatabaseSync(join(folder, "ledger.sqlite"), { timeout: 5_000 });
    other.exec("BEGIN IMMEDIATE");
    await expect(ledger.keepRecord("key", "a", "one", entry)).rejects.toMatchObject({
      code: "ledger_unavailable",
      message: expect.stringContaining("locked"),
    });
    other.close();
    // The next thread is refused its file until there is no time left.
    renameSync(join(folder, "ledger.sqlite"), join(folder, "away"));
    mkdirSync(join(folder, "ledger.sqlite"));
    await Promise.all(threads.map((thread) => thread.terminate()));
    await expect(ledger.keepRecord("key", "a", "two", entry)).rejects.toMatchObject({
      code: "ledger_unavailable",
      message: expect.stringContaining("did not answer in time"),
    });
    rmdirSync(join(folder, "ledger.sqlite"));
    renameSync(join(folder, "away"), join(folder, "ledger.sqlite"));
    await ledger.close();
    await expect(ledger.keepRecord("key", "a", "three", entry)).rejects.toMatchObject({
      code: "ledger_unavailable",
    });
    expect((await openIn(folder)).records("key")).toEqual([]);
    expect(auditIn(folder)).toBe(0);
  });
});

describe("at its start", () => {
  test("what earlier runs have spent is told, with what a killed one left in its journal", async () => {
    const folder = newFolder();
    const wallMs = Date.now();
    const first = await openIn(folder);
    expect(await first.spendingAtStart).toEqual([]);
    expect(first.idempotencyAtStart).toEqual([]);
    const rows = [0, 1].map((index) =>
      openedRow(newRequestId(wallMs), { openedAtWallMs: wallMs, idempotency: `once-${index}` }),
    );
    const [settling, orphan] = rows;
    if (settling === undefined || orphan === undefined) throw new TypeError("there are two");
    first.open(settling).settle(settledWith(settling.attemptId, 5));
    first.open(orphan);
    await first.close();
    const second = await openIn(folder);
    // Read before anything of the second run is applied, whenever it is asked for.
    second.open(openedRow(newRequestId(wallMs), { openedAtWallMs: wallMs })).settle(settledWith("req_x", 7));
    const sums = await second.spendingAtStart;
    expect(sums.map(({ kind, name }) => [kind, name])).toEqual([
      ["all", ""],
      ["key", "key-1"],
      ["model", "fast"],
    ]);
    const estimated = readStoredRows(folder).filter(({ state }) => state === "interrupted");
    const estimate = estimated.map((row) => Number(row.input_tokens) + Number(row.output_tokens))[0] ?? 0;
    expect(sums[0]?.periods.all.tokens).toBe(105 + estimate);
    expect(sums[0]?.periods.day).toEqual(sums[0]?.periods.all);
    expect(second.idempotencyAtStart.map(({ text }) => text).toSorted()).toEqual(["once-0", "once-1"]);
  });
});

describe("while it runs", () => {
  test("segments are filled, applied and removed, and no row is lost between them", async () => {
    const folder = newFolder();
    const ledger = await openIn(folder, { segmentBytes: 16_384 });
    await live(ledger, 0, 600);
    await until(() => readdirSync(journalFolder(folder)).length < 8);
    await ledger.close();
    const tokens = readStoredRows(folder).map(({ output_tokens }) => output_tokens);
    expect(tokens.toSorted((one, other) => Number(one) - Number(other))).toEqual(
      Array.from({ length: 600 }, (_, number) => number),
    );
  });

  test("a locked file keeps no row from being kept, and is told of; later all of it is there", async () => {
    const folder = newFolder();
    const heard: string[] = [];
    const log = {
      ...SILENT,
      error: ({ trouble }: { readonly [name: string]: unknown }) => heard.push(String(trouble)),
      info: () => heard.push("well"),
    };
    const ledger = await openIn(folder, { log });
    const other = new DatabaseSync(join(folder, "ledger.sqlite"), { timeout: 5_000 });
    other.exec("BEGIN IMMEDIATE");
    await live(ledger, 0, 20);
    await until(() => heard.length > 0);
    await live(ledger, 20, 20);
    other.exec("ROLLBACK");
    other.close();
    await until(() => heard.length > 1);
    expect(heard).toEqual([expect.stringContaining("locked"), "well"]);
    await ledger.close();
    expect(readStoredRows(folder)).toHaveLength(40);
  });

  test("rows that are old are removed, and open ones are not", async () => {
    const folder = newFolder();
    const ledger = await openIn(folder, { retentionMs: 1_000 });
    await live(ledger, 0, 5);
    ledger.open({ ...openedRow(newRequestId(9)), openedAtWallMs: 0 });
    await ledger.close();
    expect(readStoredRows(folder)).toHaveLength(6);
    const next = await openIn(folder, { retentionMs: 1_000 });
    const kept = new DatabaseSync(join(folder, "ledger.sqlite"), { readOnly: true, timeout: 5_000 });
    const count = kept.prepare("SELECT count(*) AS rows FROM attempts");
    await until(() => count.get()?.["rows"] === 0);
    kept.close();
    await next.close();
  });
});
