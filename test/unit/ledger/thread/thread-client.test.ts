/** The ledger's thread may die, or be kept from its work: rows are taken all the same, and none is lost. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { attemptIdOf, newRequestId } from "../../../../src/core/ids.ts";
import { JournalWriter } from "../../../../src/ledger/journal/journal-writer.ts";
import { openedLine, settledLine } from "../../../../src/ledger/journal/record.ts";
import { journalFolder, segmentName } from "../../../../src/ledger/journal/segment.ts";
import { ThreadClient } from "../../../../src/ledger/thread/thread-client.ts";
import { openedRow, settledWith } from "../../../support/attempt-rows.ts";
import { MachineRow } from "../../../support/journal-machine.ts";
import { readStoredRows } from "../../../support/storage/ledger-rows.ts";

const SEGMENT_BYTES = 65_536;

let folder = "";
let heard: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ledger-"));
  heard = [];
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Makes the next news of a writer unreadable, which is more than the thread can bear. */
function poison(writer: JournalWriter): void {
  const { chain } = writer;
  Object.defineProperty(writer, "chain", {
    configurable: true,
    get() {
      Object.defineProperty(writer, "chain", { value: chain });
      return { ended: null, position: null };
    },
  });
}

type Works = { readonly writer: JournalWriter; readonly thread: ThreadClient };

function works(): Works {
  const writer = new JournalWriter({
    folder: journalFolder(folder),
    segmentBytes: SEGMENT_BYTES,
    durability: "process",
    onFailure: "refuse",
    onProgress: (hasEnded) => thread.progress(hasEnded),
    onTrouble: (error) => heard.push(error === null ? "journal well" : "journal trouble"),
  });
  const log = {
    info: (_: object, message: string) => heard.push(message),
    warn: (_: object, message: string) => heard.push(message),
    error: (_: object, message: string) => heard.push(message),
  };
  const thread = new ThreadClient({ folder, segmentBytes: SEGMENT_BYTES, retentionMs: 1e13, writer, log });
  return { writer, thread };
}

async function live(writer: JournalWriter, first: number, count: number): Promise<void> {
  for (let number = first; number < first + count; number++) {
    const row = new MachineRow(number);
    const requestId = newRequestId(number);
    writer.open(openedLine(openedRow(requestId, { price: null })), row);
    await writer.written();
    row.isSettled = true;
    writer.settle(settledLine(settledWith(attemptIdOf(requestId, 1), number)), row);
    await writer.kept();
  }
}

/** Opens rows for as long as there is room; they number from 7,000 on. */
function fill(writer: JournalWriter): MachineRow[] {
  const rows: MachineRow[] = [];
  for (let number = 7_000; number < 12_000; number++) {
    const requestId = newRequestId(number);
    const row = new MachineRow(number);
    Object.assign(row, { id: attemptIdOf(requestId, 1) });
    try {
      writer.open(openedLine(openedRow(requestId)), row);
    } catch {
      break;
    }
    rows.push(row);
  }
  return rows;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 8_000;
  while (!condition() && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

async function close({ writer, thread }: Works): Promise<void> {
  expect(await writer.close(2_000)).toBe(true);
  expect(await thread.close(6_000)).toBe(true);
}

function storedTokens(): (number | null)[] {
  return readStoredRows(folder)
    .map(({ output_tokens }) => output_tokens)
    .sort((one, other) => Number(one) - Number(other));
}

describe("the ledger's thread", () => {
  test("is started again where it dies, goes on where it stood, and interrupts no row of this process", async () => {
    const both = works();
    const { writer, thread } = both;
    await thread.begin();
    writer.open(openedLine(openedRow(newRequestId(9_999))), new MachineRow(9_999));
    await live(writer, 0, 50);
    for (let death = 1; death <= 2; death++) {
      // While the thread is away nobody prepares segments: these rows have their room.
      await until(() => writer.chain.sparesLeft >= 1);
      poison(writer);
      thread.progress(true);
      await until(() => thread.trouble !== null);
      await live(writer, death * 1_000, 20);
      await until(() => thread.trouble === null && writer.chain.sparesLeft >= 1);
      await live(writer, death * 1_000 + 20, 80);
    }
    await live(writer, 5_000, 50);
    await close(both);
    expect(heard.filter((message) => message === "the ledger is well again")).toHaveLength(2);
    expect(heard.filter((message) => message.includes("interrupted"))).toEqual([]);
    const rows = readStoredRows(folder);
    expect(rows.filter(({ state }) => state === "settled")).toHaveLength(300);
    expect(rows.filter(({ state }) => state !== "settled").map(({ state }) => state)).toEqual(["open"]);
    expect(readdirSync(journalFolder(folder))).toEqual([]);
  });

  test("that cannot prepare a segment says so, and rows go on while there is room", async () => {
    const both = works();
    const { writer, thread } = both;
    await thread.begin();
    await until(() => writer.chain.sparesLeft >= 1);
    const last = Math.max(...writer.chain.segments);
    // The name of the next one is taken, by a folder.
    for (let next = 1; next <= 3; next++) {
      mkdirSync(join(journalFolder(folder), `${segmentName(last + next)}.preparing`), { recursive: true });
    }
    const refused = await live(writer, 0, 2_000).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "ledger_unavailable", status: 503 });
    expect(thread.trouble).toContain("preparing");
    for (let next = 1; next <= 3; next++) {
      rmSync(join(journalFolder(folder), `${segmentName(last + next)}.preparing`), { recursive: true });
    }
    await until(() => thread.trouble === null);
    await live(writer, 5_000, 10);
    await close(both);
    const tokens = storedTokens();
    expect(tokens.length).toBeGreaterThan(100);
    expect(tokens.slice(-10)).toEqual(Array.from({ length: 10 }, (_, number) => 5_000 + number));
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  test("keeps nobody waiting for room while it is dead, or its file cannot be opened", async () => {
    const both = works();
    const { writer, thread } = both;
    await thread.begin();
    expect(writer.expectsSpares).toBe(true);
    // The dead thread's successor finds a folder in the place of its file.
    const path = join(folder, "ledger.sqlite");
    renameSync(path, `${path}.away`);
    mkdirSync(path);
    poison(writer);
    thread.progress(true);
    await until(() => thread.trouble !== null);
    const rows = fill(writer);
    await until(() => thread.trouble?.includes("cannot be opened") === true);
    rows.push(...fill(writer));
    expect(rows.filter(({ isWaiting }) => isWaiting)).toHaveLength(0);
    rmdirSync(path);
    renameSync(`${path}.away`, path);
    await until(() => thread.trouble === null);
    expect(writer.expectsSpares).toBe(true);
    for (const row of rows) writer.settle(settledLine(settledWith(row.id as never, row.number)), row);
    await close(both);
    expect(storedTokens()).toHaveLength(rows.length);
  });

  test("holds one value of a name while it is dead, and keeps the last", async () => {
    const both = works();
    const { writer, thread } = both;
    await thread.begin();
    poison(writer);
    thread.progress(true);
    await until(() => thread.trouble !== null);
    const told: string[] = [];
    for (const value of ["1", "2"]) {
      thread.setMeta("admin_key_hash", value).catch((error: Error) => told.push(error.message));
    }
    const last = thread.setMeta("admin_key_hash", "3");
    const other = thread.setMeta("other", "1");
    await new Promise((resolve) => setImmediate(resolve));
    expect(thread.trouble).not.toBeNull();
    expect(told).toEqual(Array.from({ length: 2 }, () => expect.stringContaining("later value")));
    await Promise.all([last, other]);
    await close(both);
    const again = works();
    expect((await again.thread.begin()).adminKeyHash).toBe("3");
    await close(again);
  });

  test("tells of values that it could not keep, and of those it did", async () => {
    const both = works();
    await both.thread.begin();
    await both.thread.setMeta("one", "1");
    await expect(both.thread.setMeta("two", {} as never)).rejects.toThrow();
    await both.thread.setMeta("one", null);
    await close(both);
    await expect(both.thread.setMeta("three", "3")).rejects.toThrow("closed");
  });

  test("refuses a folder that is none, with a message for the operator", async () => {
    writeFileSync(join(folder, "file"), "");
    folder = join(folder, "file");
    await expect(works().thread.begin()).rejects.toMatchObject({ name: "LedgerOpenError" });
    folder = join(folder, "..");
  });
});
