/** Responses outlive a restart, whatever has become of their file, and a disk that fails holds up nobody. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { KeyId } from "../../../src/core/ids.ts";
import {
  DiskResponseStore,
  type DiskResponseStoreSettings,
} from "../../../src/memory/disk-response-store.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { storedResponse } from "../../support/stored-responses.ts";
import { UnsteadyFiles } from "../../support/unsteady-files.ts";

const ALICE = "alice" as KeyId;
const BOB = "bob" as KeyId;
const HOUR_MS = 3_600_000;
const SECRET = Buffer.alloc(32, "s");

let folder = "";
let path = "";
let clock = new HandClock();
let failures: unknown[] = [];
const opened: DiskResponseStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "responses-"));
  path = join(folder, "responses.sealed");
  clock = new HandClock();
  failures = [];
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(folder, { recursive: true });
});

async function open(settings: Partial<DiskResponseStoreSettings> = {}): Promise<DiskResponseStore> {
  const { alarm } = clock;
  const onFailure = (error: unknown): void => void failures.push(error);
  const store = await DiskResponseStore.open({ path, secret: SECRET, clock, onFailure, alarm, ...settings });
  opened.push(store);
  return store;
}

function held(store: DiskResponseStore, ids: readonly string[], keyId = ALICE): string[] {
  return ids.filter((id) => store.find(keyId, id) !== null);
}

describe("a restart", () => {
  test("finds what was kept, and not what was removed", async () => {
    const first = await open();
    const odd = storedResponse("r1", null, 'a"\\\n\u2028😀\ud800');
    first.keep(ALICE, odd);
    first.keep(BOB, storedResponse("r2", "gone"));
    first.keep(ALICE, storedResponse("r3"));
    expect([first.remove(ALICE, "r3"), first.remove(ALICE, "r2")]).toEqual([true, false]);
    await first.close();
    const second = await open();
    expect(second.find(ALICE, "r1")).toEqual(odd);
    expect(second.find(BOB, "r2")).toEqual(storedResponse("r2", "gone"));
    expect([second.find(ALICE, "r3"), second.find(ALICE, "r2"), second.size]).toEqual([null, null, 2]);
    expect(failures).toEqual([]);
  });

  test("gives a response no more than its hour, by the wall clock, even if that is set back", async () => {
    const first = await open();
    first.keep(ALICE, storedResponse("r1"));
    await first.close();
    clock.nowWallMs += HOUR_MS - 1;
    const second = await open();
    expect(held(second, ["r1"])).toEqual(["r1"]);
    await second.close();
    clock.nowWallMs -= 10 * HOUR_MS;
    const third = await open();
    clock.advance(HOUR_MS - 1);
    expect(held(third, ["r1"])).toEqual(["r1"]);
    clock.advance(1);
    expect(held(third, ["r1"])).toEqual([]);
    await third.close();
    clock.nowWallMs += 20 * HOUR_MS;
    expect((await open()).size).toBe(0);
  });

  test("keeps a conversation's beginning as long as its end", async () => {
    const first = await open();
    first.keep(ALICE, storedResponse("r1"));
    clock.advance(HOUR_MS - 1);
    first.keep(ALICE, storedResponse("r2", "r1"));
    await first.close();
    clock.advance(HOUR_MS - 1);
    const second = await open();
    expect(held(second, ["r1", "r2"])).toEqual(["r1", "r2"]);
    await second.close();
    clock.advance(1);
    expect((await open()).size).toBe(0);
  });

  test("under another secret finds nothing, and begins anew", async () => {
    const first = await open();
    first.keep(ALICE, storedResponse("r1"));
    await first.close();
    const second = await open({ secret: Buffer.alloc(32, "t") });
    expect(second.size).toBe(0);
    await second.close();
    expect(statSync(path).size).toBe(0);
  });
});

describe("the file", () => {
  test("is its owner's alone, and says nothing", async () => {
    const store = await open();
    store.keep(ALICE, storedResponse("resp_vp1", null, "a secret word"));
    await store.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, "latin1");
    for (const word of ["secret", "alice", "resp_vp1", "kept", "output"]) expect(text).not.toContain(word);
    expect(readdirSync(folder)).toEqual(["responses.sealed"]);
  });

  test("may end anywhere: what is whole is there", async () => {
    const store = await open();
    const ends = [0];
    for (const id of ["r1", "r2", "r3"]) {
      store.keep(ALICE, storedResponse(id));
      await store.flush();
      ends.push(statSync(path).size);
    }
    await store.close();
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(ends[3]);
    for (let length = 0; length <= bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const again = await open();
      expect([length, again.size]).toEqual([length, ends.filter((end) => end > 0 && end <= length).length]);
      await again.close();
      opened.pop();
    }
  });

  test("may be damaged anywhere: one response is lost, and no more", async () => {
    const store = await open();
    for (const id of ["r1", "r2", "r3"]) store.keep(ALICE, storedResponse(id));
    await store.close();
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, damaged);
      const again = await open();
      expect([at, again.size]).toEqual([at, 2]);
      await again.close();
      opened.pop();
    }
    expect(failures).toEqual([]);
  });

  test("may hold a torn frame before good ones, and anything between them", async () => {
    const store = await open();
    store.keep(ALICE, storedResponse("r1"));
    await store.close();
    const frame = readFileSync(path);
    const pieces = [
      frame.subarray(0, frame.length - 1),
      "VPR1VPRVVP",
      frame,
      Buffer.alloc(300_000, "VPR1"),
      "VPR",
    ];
    writeFileSync(path, Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
    const again = await open();
    expect(held(again, ["r1"])).toEqual(["r1"]);
    expect(statSync(path).size).toBe(frame.length);
  });

  test("is written anew once it is mostly dead, and holds what is live", async () => {
    const store = await open();
    const text = "x".repeat(100_000);
    store.keep(ALICE, storedResponse("first"));
    for (let index = 0; index < 30; index++) {
      store.keep(ALICE, storedResponse(`r${index}`, null, text));
      await store.flush();
      store.remove(ALICE, `r${index}`);
    }
    store.keep(ALICE, storedResponse("last"));
    await store.flush();
    expect(statSync(path).size).toBeLessThan(1_200_000);
    await store.close();
    const again = await open();
    expect([held(again, ["first", "last"]), again.size]).toEqual([["first", "last"], 2]);
  });

  test("forgets what has expired, though nobody writes to it", async () => {
    const store = await open();
    store.keep(ALICE, storedResponse("r1"));
    await store.flush();
    expect(statSync(path).size).toBeGreaterThan(0);
    clock.advance(HOUR_MS + HOUR_MS / 6);
    await store.flush();
    expect(statSync(path).size).toBe(0);
  });

  test("is left alone once it is closed, and rings no more", async () => {
    const store = await open();
    store.keep(ALICE, storedResponse("r1"));
    await store.close();
    await store.close();
    const { size } = statSync(path);
    store.keep(ALICE, storedResponse("r2"));
    await store.flush();
    expect([statSync(path).size, clock.alarmsSet]).toEqual([size, 0]);
    expect(held(store, ["r1", "r2"])).toEqual(["r1", "r2"]);
  });
});

describe("a disk that fails", () => {
  test.each(["ENOSPC", "EIO"] as const)(
    "with %s is told once; memory goes on, and the file later",
    async (code) => {
      const files = new UnsteadyFiles();
      const store = await open({ files });
      store.keep(ALICE, storedResponse("r1"));
      await store.flush();
      files.writeFault = code;
      for (const id of ["r2", "r3"]) {
        store.keep(ALICE, storedResponse(id));
        await store.flush();
      }
      expect(failures).toMatchObject([{ code }]);
      expect(held(store, ["r1", "r2", "r3"])).toEqual(["r1", "r2", "r3"]);
      store.remove(ALICE, "r1");
      files.writeFault = null;
      clock.advance(60_000);
      store.keep(ALICE, storedResponse("r4"));
      await store.flush();
      files.writeFault = code;
      store.keep(ALICE, storedResponse("r5"));
      await store.flush();
      expect(failures).toHaveLength(2);
      files.writeFault = null;
      await store.close();
      const again = await open();
      expect(held(again, ["r1", "r2", "r3", "r4", "r5"])).toEqual(["r2", "r3", "r4", "r5"]);
    },
  );

  test("gets a torn frame read as none by a process that starts on it", async () => {
    const files = new UnsteadyFiles();
    const store = await open({ files });
    store.keep(ALICE, storedResponse("r1"));
    await store.flush();
    files.writeFault = "ENOSPC";
    store.keep(ALICE, storedResponse("r2"));
    await store.flush();
    const again = await open();
    expect(held(again, ["r1", "r2"])).toEqual(["r1"]);
  });

  test("from the start leaves a store in memory", async () => {
    const store = await open({ path: join(folder, "none", "responses.sealed") });
    store.keep(ALICE, storedResponse("r1"));
    await store.flush();
    expect(held(store, ["r1"])).toEqual(["r1"]);
    expect(failures).toMatchObject([{ code: "ENOENT" }]);
    await store.close();
    expect(failures).toHaveLength(1);
  });

  test("that cannot be read is told, and leaves a store in memory", async () => {
    const files = new UnsteadyFiles();
    files.openFault = "EACCES";
    const store = await open({ files });
    store.keep(ALICE, storedResponse("r1"));
    expect(held(store, ["r1"])).toEqual(["r1"]);
    expect(failures).toMatchObject([{ code: "EACCES" }]);
  });

  test("that is slow holds up nobody, and what waits for it has a bound", async () => {
    const files = new UnsteadyFiles();
    const store = await open({ files });
    files.holdWrites();
    const text = "x".repeat(1_000_000);
    // The first is being written, and sixteen of them fill the 32 MiB.
    for (let index = 0; index <= 16; index++) store.keep(ALICE, storedResponse(`r${index}`, null, text));
    const before = failures.length;
    for (let index = 17; index <= 18; index++) store.keep(ALICE, storedResponse(`r${index}`, null, text));
    const after = failures.length;
    store.remove(ALICE, "r18");
    files.letWritesGo();
    expect([before, after]).toEqual([0, 1]);
    await store.close();
    const again = await open();
    expect(held(again, ["r16", "r17", "r18"])).toEqual(["r16", "r17"]);
    expect(again.size).toBe(store.size);
  });
});
