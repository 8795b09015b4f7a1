/** Proves that a saved change is taken over, whichever way it is saved, and a bad one changes nothing. */
import { EventEmitter } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ConfigSource, readConfig } from "../../../src/config/read-config.ts";
import { type ConfigWatch, watchConfig } from "../../../src/config/watch-config.ts";
import { CONFIG_BYTES_MAX } from "../../../src/config/yaml-tree.ts";

const POLL_MS = 10;

let folder = "";
let path = "";
let watch: ConfigWatch | null = null;
let signals = new EventEmitter();
/** What the listener was told: the port of a new configuration, or the kind of the first fault. */
let told: (number | string)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "watch-"));
  path = join(folder, "volcano-proxy.yaml");
  told = [];
  signals = new EventEmitter();
});

afterEach(() => {
  watch?.close();
  rmSync(folder, { recursive: true });
});

const settings = (port: number): string => `server:\n  port: ${port}\n`;

function begin(pollMs = POLL_MS): void {
  const source: ConfigSource = { environment: {}, flags: {}, workingFolder: folder };
  const reading = readConfig(source);
  if (reading.kind === "broken") expect.fail("the first reading is broken");
  const listener = {
    onChange: (changed: { config: { server: { port: number } } }) => told.push(changed.config.server.port),
    onFailure: (problems: readonly { reason: { kind: string } }[]) =>
      told.push(problems[0]?.reason.kind ?? ""),
  };
  watch = watchConfig(source, reading, listener, { pollMs, signals });
}

async function waitFor(expected: readonly (number | string)[]): Promise<void> {
  await expect.poll(() => told, { timeout: 5_000, interval: 5 }).toEqual(expected);
}

/** Long enough for the watch to have looked several times. */
async function looks(): Promise<void> {
  await new Promise((done) => setTimeout(done, POLL_MS * 8));
}

test("a file written in place, at the standard pace, within a second", async () => {
  writeFileSync(path, settings(1));
  begin(250);
  const tookMs: number[] = [];
  // The quickest of three: a machine that stands still for a moment proves nothing.
  for (const port of [2, 3, 4]) {
    const savedAt = performance.now();
    writeFileSync(path, settings(port));
    await expect.poll(() => told.at(-1), { timeout: 5_000, interval: 5 }).toBe(port);
    tookMs.push(performance.now() - savedAt);
  }
  expect(told).toEqual([2, 3, 4]);
  expect(Math.min(...tookMs)).toBeLessThan(1_000);
});

test("a file replaced by a rename, as editors save", async () => {
  writeFileSync(path, settings(1));
  begin();
  writeFileSync(`${path}.new`, settings(2));
  renameSync(`${path}.new`, path);
  await waitFor([2]);
});

test("a link swapped to another folder, as containers mount", async () => {
  for (const [name, port] of [
    ["one", 1],
    ["two", 2],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "volcano-proxy.yaml"), settings(port));
  }
  symlinkSync("one", join(folder, "current"));
  symlinkSync("current/volcano-proxy.yaml", path);
  begin();
  symlinkSync("two", join(folder, "next"));
  renameSync(join(folder, "next"), join(folder, "current"));
  await waitFor([2]);
});

test("a broken file is told once and changes nothing; mended, it is taken over", async () => {
  writeFileSync(path, settings(1));
  begin();
  writeFileSync(path, "server:\n  prot: 2\n");
  await waitFor(["unknown-setting"]);
  utimesSync(path, 1, 1);
  await looks();
  expect(told).toEqual(["unknown-setting"]);
  writeFileSync(path, settings(3));
  await waitFor(["unknown-setting", 3]);
});

test("a file that is away is told once; back as it was, it is in force again", async () => {
  writeFileSync(path, settings(1));
  begin();
  unlinkSync(path);
  await waitFor(["not-found"]);
  writeFileSync(path, settings(1));
  await waitFor(["not-found", 1]);
});

test("an emptied file, a folder in its place, a file too large", async () => {
  writeFileSync(path, settings(1));
  begin();
  writeFileSync(path, "");
  await waitFor(["empty-file"]);
  unlinkSync(path);
  mkdirSync(path);
  await waitFor(["empty-file", "not-a-file"]);
  rmSync(path, { recursive: true });
  writeFileSync(path, "#".repeat(CONFIG_BYTES_MAX + 1));
  await waitFor(["empty-file", "not-a-file", "too-large"]);
});

test("a file that may not be read", async () => {
  writeFileSync(path, settings(1));
  begin();
  chmodSync(path, 0o000);
  // Root reads it all the same, and finds the same bytes.
  if (process.getuid?.() === 0) {
    await looks();
    expect(told).toEqual([]);
  } else {
    await waitFor(["unreadable"]);
  }
});

test("a file that is touched but not changed is no change", async () => {
  writeFileSync(path, settings(1));
  begin();
  utimesSync(path, 1, 1);
  await looks();
  expect(told).toEqual([]);
});

test("a file that keeps changing is not read before it rests", async () => {
  writeFileSync(path, settings(1));
  begin(60);
  for (let port = 10; port < 40; port++) {
    writeFileSync(path, settings(port));
    await new Promise((done) => setTimeout(done, 10));
  }
  await waitFor([39]);
});

test("SIGHUP reads the file again though it is the same", async () => {
  writeFileSync(path, settings(1));
  begin();
  signals.emit("SIGHUP");
  await waitFor([1]);
});

test("without a file, SIGHUP finds the one that is there by now", async () => {
  begin();
  writeFileSync(path, settings(2));
  await looks();
  expect(told).toEqual([]);
  signals.emit("SIGHUP");
  await waitFor([2]);
  writeFileSync(path, settings(3));
  await waitFor([2, 3]);
});

test("closed, it looks no more and lets go of the signal", async () => {
  writeFileSync(path, settings(1));
  begin();
  watch?.close();
  expect(signals.listenerCount("SIGHUP")).toBe(0);
  writeFileSync(path, settings(2));
  await looks();
  expect(told).toEqual([]);
});
